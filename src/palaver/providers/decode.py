"""The library's events in, ours out."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Any

from pydantic_ai.messages import (
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.usage import RequestUsage

from palaver.domain.llm import (
    Completion,
    FinishReason,
    HiddenReasoningGiven,
    ReasoningDelta,
    Sealed,
    StreamEvent,
    TextDelta,
    TokenCount,
    ToolCallDelta,
)
from palaver.errors import BrokenReply
from palaver.providers import tokens

_REDACTED = ("redacted_thinking", "redacted_content")  # Anthropic's word and Amazon's
# What Anthropic, DeepSeek and Moonshot call the tokens that came from their caches.
_CACHED = ("cache_read_input_tokens", "prompt_cache_hit_tokens", "cached_tokens")
_REASONING_TOKENS = ("reasoning_tokens", "thinking_tokens", "thoughts_tokens")


class Decoder:
    """One answer of `system`. A part gets its number when it first has something to say.

    `taken` are the ids of earlier calls: some servers count from 1 in every answer, and others want
    each id but once.
    """

    def __init__(self, system: str, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._numbers: dict[int, int] = {}  # ours, by the library's
        self._calls: dict[int, str] = {}  # call ids
        self._silent: set[int] = set()  # calls without a word of arguments so far
        self._seals: dict[int, dict[str, Any]] = {}
        self._system = system

    def hear(self, event: ModelResponseStreamEvent) -> Iterator[StreamEvent]:
        """What the next event of the library says."""
        if isinstance(event, PartDeltaEvent):
            delta = event.delta
            if isinstance(delta, TextPartDelta):
                yield from self._text(event.index, delta.content_delta)
            elif isinstance(delta, ThinkingPartDelta):
                yield from self._reasoning(event.index, delta.content_delta or "")
            elif isinstance(delta, ToolCallPartDelta):
                yield from self._arguments(event.index, delta.args_delta)
        elif isinstance(event, PartStartEvent):
            yield from self._start(event.index, event.part)
        elif isinstance(event, PartEndEvent):
            yield from self._seal(event.index, event.part)

    def end(self, response: ModelResponse) -> Iterator[StreamEvent]:
        """What is left to say when the stream is over. Raises `BrokenReply` if it was cut short."""
        details = response.provider_details or {}
        raw = details.get("finish_reason") or details.get("block_reason")
        refusal = details.get("refusal")
        if response.finish_reason is None and raw is None and refusal is None:
            raise BrokenReply("The provider's answer stopped in the middle; send again.")
        for index, part in enumerate(response.parts):
            yield from self._seal(index, part)  # some seals come after their part has ended
        if isinstance(refusal, str):
            yield from self._text(len(response.parts), refusal)
        for index in sorted(self._silent):  # a call without arguments is a call with none
            yield ToolCallDelta(self._numbers[index], self._calls[index], None, "{}")
        finish: FinishReason = response.finish_reason or "stop"
        if finish == "stop" and self._calls:
            finish = "tool_call"
        yield Completion(
            finish,
            _tokens(response.usage),
            raw_finish=str(raw) if raw is not None else None,
            response_id=response.provider_response_id,
            token_details=tokens.told(response),
        )

    def _number(self, index: int) -> int:
        return self._numbers.setdefault(index, len(self._numbers))

    def _start(self, index: int, part: ModelResponsePart) -> Iterator[StreamEvent]:
        if isinstance(part, TextPart):
            yield from self._text(index, part.content)
        elif isinstance(part, ThinkingPart):
            yield from self._reasoning(index, part.content)
        elif isinstance(part, ToolCallPart) and index not in self._calls:
            self._calls[index] = self._id_of_its_own(part.tool_call_id)
            self._silent.add(index)
            yield ToolCallDelta(self._number(index), self._calls[index], part.tool_name, "")
            yield from self._arguments(index, part.args)

    def _id_of_its_own(self, call_id: str) -> str:
        tries = (f"{call_id}_{number}" for number in count(2))
        free = next(one for one in chain([call_id], tries) if one not in self._taken)
        self._taken.add(free)
        return free

    def _text(self, index: int, text: str) -> Iterator[StreamEvent]:
        if text:
            yield TextDelta(self._number(index), text)

    def _reasoning(self, index: int, text: str) -> Iterator[StreamEvent]:
        if text:
            yield ReasoningDelta(self._number(index), text)

    def _arguments(self, index: int, more: str | Mapping[str, Any] | None) -> Iterator[StreamEvent]:
        if more and index in self._calls:
            self._silent.discard(index)
            text = more if isinstance(more, str) else json.dumps(more)
            yield ToolCallDelta(self._numbers[index], self._calls[index], None, text)

    def _seal(self, index: int, part: ModelResponsePart) -> Iterator[StreamEvent]:
        seal = _seal_of(part, self._system)
        if seal is None or seal == self._seals.get(index):
            return
        if index not in self._numbers:
            if not isinstance(part, ThinkingPart):
                return
            redacted = part.id in _REDACTED
            yield HiddenReasoningGiven(
                self._number(index),
                "redacted" if redacted else "omitted",
                part.signature if redacted else None,
            )
        self._seals[index] = seal
        yield Sealed(self._numbers[index], seal)


def _seal_of(part: ModelResponsePart, system: str) -> dict[str, Any] | None:
    """What the provider wants back with the part, in the library's own fields.

    Reasoning says whose it is even where nothing is attached to it.
    """
    if not isinstance(part, TextPart | ThinkingPart | ToolCallPart):
        return None
    seal = {
        "id": part.id,
        "signature": part.signature if isinstance(part, ThinkingPart) else None,
        "provider_details": tokens.without(part.provider_details),
    }
    attached = {name: value for name, value in seal.items() if value is not None}
    if attached:
        return {**attached, "provider_name": part.provider_name}
    is_told = isinstance(part, ThinkingPart) and part.content
    return {"provider_name": system} if is_told else None


def _tokens(usage: RequestUsage) -> TokenCount:
    """The counts that the provider gave; a part that it did not mention is None."""
    if usage.unmeasured_requests:
        return TokenCount()
    details = usage.details
    named = (details[name] for name in _CACHED if name in details)
    cached = usage.cache_read_tokens or next(named, None)
    if cached is None and "reasoning_tokens" in details:
        cached = 0  # OpenAI reports both or neither, and the library keeps no 0 of this one
    return TokenCount(
        prompt=usage.input_tokens,
        completion=usage.output_tokens,
        cached=cached,
        cache_write=usage.cache_write_tokens or details.get("cache_creation_input_tokens"),
        reasoning=next((details[name] for name in _REASONING_TOKENS if name in details), None),
    )
