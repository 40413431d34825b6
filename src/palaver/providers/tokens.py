"""What is asked and told of the tokens of an answer, through the library."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.settings import ModelSettings as WireSettings

from palaver.domain.llm import ChatRequest
from palaver.domain.token_details import Logprobs, TokenDetails, TokenLogprob
from palaver.providers.line import Line
from palaver.providers.table import Provider

ROWS = "output_token_logprobs"
"""The field, unknown to the library, in which a chunk of Chat Completions has rows of tokens."""

_LOGPROBS = "logprobs"
_TELLS_LOGPROBS = ("chat", "responses")


def ask(wire: WireSettings, request: ChatRequest, line: Line, provider: Provider) -> None:
    """Add to `wire` what the request wants to be told of tokens, where the provider tells it.

    Who reasons does not tell likelihoods, and Groq refuses whoever asks. Only SGLang tells ids; it
    is asked by the field that its Chat Completions has for it, but see `palaver.providers.sglang`.
    """
    asked = cast(dict[str, Any], wire)  # it may have the fields of the library's other classes
    if request.logprobs is not None and line.wire in _TELLS_LOGPROBS and provider.name != "groq":
        silent = asked.get("openai_reasoning_effort") == "none"
        if silent or not line.model.profile.get("openai_supports_reasoning"):
            asked |= {"openai_logprobs": True, "openai_top_logprobs": request.logprobs}
    if request.token_ids and provider.dialect == "sglang":
        parser = getattr(request.settings, "tool_call_parser", None)
        extra = {"return_token_ids": True, "tool_call_parser": parser}
        asked["extra_body"] = {**asked.get("extra_body", {}), **extra}
        asked["openai_include_unmapped_response_data"] = True


def told(response: ModelResponse) -> TokenDetails | None:
    """What is told of them: by Chat Completions in the answer, by Responses in its texts."""
    details = response.provider_details or {}
    likely = [TokenLogprob.model_validate(one) for one in _logprobs(response, details)]
    rows = [row for chunk in details.get("unmapped", {}).get("chunks", ()) for row in _rows(chunk)]
    if not likely and not rows:
        return None
    return TokenDetails(logprobs=Logprobs(content=likely) if likely else None, rows=rows or None)


def without(details: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The details of a part that belong to it when it is sent back; None where there are none."""
    return {name: one for name, one in (details or {}).items() if name != _LOGPROBS} or None


def _logprobs(response: ModelResponse, details: Mapping[str, Any]) -> Iterator[Any]:
    yield from details.get(_LOGPROBS, ())
    for part in response.parts:
        if isinstance(part, TextPart):
            yield from (part.provider_details or {}).get(_LOGPROBS, ())


def _rows(chunk: Mapping[str, Any]) -> list[Any]:
    rows: list[Any] = chunk.get("choice", {}).get(ROWS, [])
    return rows
