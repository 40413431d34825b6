"""Asking a provider which models it has, and what it tells of them.

Vertex, Azure and Bedrock are not asked: they have no list for a key of this kind. Their models are
chosen by their names. A ChatGPT subscription has none either; it has a few models, named here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx2

from palaver.providers.certificates import trusted
from palaver.providers.table import Account

_SECONDS = 5.0
_KNOCK_SECONDS = 0.3  # for a server on this machine that may not be there
_NOT_FOR_CHAT = (
    "audio", "babbage", "dall-e", "davinci", "embed", "image", "moderation", "realtime", "rerank",
    "sora", "speech", "transcribe", "tts", "whisper",
)  # fmt: skip
_NOT_ASKED = ("azure", "bedrock", "google_vertex")
_OF_CHATGPT = ("gpt-5-codex", "gpt-5.1-codex", "gpt-5.1-codex-max", "gpt-5.1-codex-mini")

_WINDOW = (
    "context_length", "context_window", "max_model_len", "max_context_length", "inputTokenLimit",
    "max_input_tokens",
)  # fmt: skip
_OUTPUT = ("max_completion_tokens", "outputTokenLimit", "max_output_tokens", "max_tokens")
"""What the providers call the sizes that they tell."""

EMBEDDINGS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
"""Embedding models and the length of their vectors, which no provider tells."""

Failure = (httpx2.HTTPError, httpx2.InvalidURL, ValueError, LookupError, TypeError, AttributeError)
"""What goes wrong when a provider does not list its models."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A model in its provider's list. Sizes are in tokens, None where it does not tell."""

    name: str
    window: int | None = None
    most_output: int | None = None


async def ask(account: Account) -> tuple[Listed, ...]:
    """The account's models, by name. Raises one of `Failure`."""
    provider = account.provider
    if provider.name in _NOT_ASKED:
        return ()
    if provider.dialect == "codex":
        return tuple(map(Listed, _OF_CHATGPT))
    connect = _SECONDS if account.given else _KNOCK_SECONDS
    timeout = httpx2.Timeout(_SECONDS, connect=connect)
    url, headers = _question(account)
    async with httpx2.AsyncClient(timeout=timeout, verify=trusted()) as client:
        reply = await client.get(url, headers=headers)
    body: Any = reply.raise_for_status().json()
    if isinstance(body, dict):
        body = body["models" if provider.dialect == "gemini" else "data"]
    return tuple(sorted((_listed(one) for one in body if _talks(one)), key=lambda one: one.name))


def reason(error: Exception) -> str:
    """Why a provider did not list its models, without a word of what was sent to it."""
    if isinstance(error, httpx2.HTTPStatusError):
        return f"it answered {error.response.status_code}"
    return type(error).__name__


def role(model: str) -> Literal["chat", "embedding"] | None:
    """What a model is for, by its name; None is something that palaver has no use for."""
    if model in EMBEDDINGS:
        return "embedding"
    return None if any(word in model for word in _NOT_FOR_CHAT) else "chat"


def _question(account: Account) -> tuple[str, dict[str, str]]:
    match account.provider.dialect:
        case "anthropic":
            headers = {"x-api-key": account.key, "anthropic-version": "2023-06-01"}
            return f"{account.url}/v1/models?limit=1000", headers
        case "gemini":
            headers = {"x-goog-api-key": account.key}
            return f"{account.url}/v1beta/models?pageSize=1000", headers
        case _:
            return f"{account.url}/models", {"authorization": f"Bearer {account.key}"}


def _talks(model: Mapping[str, Any]) -> bool:
    """Whether a model talks, as far as its provider tells more of it than its name."""
    methods = model.get("supportedGenerationMethods")
    return methods is None or "generateContent" in methods


def _listed(model: Mapping[str, Any]) -> Listed:
    name = model["id"] if "id" in model else model["name"].removeprefix("models/")
    more = model.get("top_provider")  # of OpenRouter's, which asks others
    sources = (model, more) if isinstance(more, Mapping) else (model,)
    return Listed(str(name), _size(sources, _WINDOW), _size(sources, _OUTPUT))


def _size(sources: tuple[Mapping[str, Any], ...], names: tuple[str, ...]) -> int | None:
    told = (source.get(name) for source in sources for name in names)
    return next((size for size in told if type(size) is int and size > 0), None)
