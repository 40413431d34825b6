"""One call to a model: what it is asked, and what it answers with, event by event."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from palaver.domain.entry import Entry
from palaver.domain.model_settings import ModelSettings, ResponseFormat
from palaver.domain.token_details import TokenDetails
from palaver.domain.tool import ToolSpec
from palaver.errors import Invalid

FinishReason = Literal["stop", "length", "tool_call", "content_filter", "error"]

LONGEST_HANDLE = 500  # characters; with more, the index of a database would not hold it


@dataclass(frozen=True, slots=True)
class Handle:
    """``provider/model``, split at the first slash."""

    provider: str
    model: str

    @classmethod
    def of(cls, spelled: str) -> "Handle":
        """The handle that `spelled` spells. Raises `Invalid` where it is none."""
        provider, _, model = spelled.partition("/")
        if not provider or not model:
            raise Invalid(f"The model {spelled!r} is no handle: it must be provider/model.")
        if len(spelled) > LONGEST_HANDLE:
            raise Invalid(f"A model's handle has at most {LONGEST_HANDLE} characters.")
        return cls(provider, model)

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a model is asked. ``system`` is the text above ``entries``, which hold no system entry.

    ``conversation`` only names the caller's thread (for the provider's cache key); it is not sent
    as text. ``logprobs`` is how many alternatives of each token are to be told with their
    likelihoods; null asks for none of it. ``token_ids`` asks for ids. One of the tools
    that ``must_call`` names has to be called, if it names any. ``form`` is the form of the answer,
    before that of the settings. A provider that has no such thing is not asked for it.
    """

    handle: Handle
    system: str
    entries: tuple[Entry, ...]
    tools: tuple[ToolSpec, ...] = ()
    settings: ModelSettings | None = None
    conversation: str = ""
    logprobs: int | None = None
    token_ids: bool = False
    must_call: tuple[str, ...] = ()
    form: ResponseFormat | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More words for the people. ``part`` numbers the parts of one answer, from 0."""

    part: int
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More words that the model says to itself."""

    part: int
    text: str


@dataclass(frozen=True, slots=True)
class HiddenReasoningGiven:
    """Reasoning that stays with the provider, in one piece."""

    part: int
    state: Literal["redacted", "omitted"]
    data: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """More of a tool call. The first delta of a part has ``call_id`` and ``name``."""

    part: int
    call_id: str
    name: str | None
    arguments: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the provider attached to a part: to be stored with it and sent back unchanged.

    May come at any time after the part's first delta, and more than once; later keys win.
    """

    part: int
    seal: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens of one call; null where the provider said nothing.

    ``prompt`` includes what was read from and written to the cache.
    """

    prompt: int | None = None
    completion: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """Always the last event: how the answer ended, what it cost, what is told of its tokens."""

    finish: FinishReason
    tokens: TokenCount = field(default_factory=TokenCount)
    raw_finish: str | None = None
    response_id: str | None = None
    token_details: TokenDetails | None = None


StreamEvent = (
    TextDelta | ReasoningDelta | HiddenReasoningGiven | ToolCallDelta | Sealed | Completion
)


class ChatModel(Protocol):
    """Somebody who answers."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """Answer, event by event; closing the generator closes the connection to the provider.

        Raises a kind of `palaver.errors.LLMError`, before or after the first event.
        """
        ...

    async def preview(self, request: ChatRequest) -> dict[str, Any]:
        """The body that the provider would get; it gets nothing. Raises as `stream` does."""
        ...
