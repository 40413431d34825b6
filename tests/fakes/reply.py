"""What a fake provider is told to answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Say:
    """Words, in the pieces they are streamed in. Gemini alone puts a seal on them."""

    pieces: tuple[str, ...] = ("Hello", " you")
    seal: str | None = None

    @property
    def text(self) -> str:
        """The words."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Think:
    """Reasoning. `seal` is its signature or its encrypted text; `id` its item's, in Responses.

    In Responses each piece is a summary of its own; without pieces only the seal comes.
    """

    pieces: tuple[str, ...] = ("Let me", " see")
    seal: str | None = None
    id: str = "rs_1"


@dataclass(frozen=True, slots=True)
class Redacted:
    """Reasoning that nobody may read."""

    data: str = "redacted-data"


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call, its arguments in the pieces they are streamed in.

    Gemini tells no `id`, and alone puts a seal on calls.
    """

    id: str = "call_1"
    name: str = "look"
    pieces: tuple[str, ...] = ('{"where"', ':"up"}')
    seal: str | None = None

    @property
    def arguments(self) -> str:
        """The arguments as JSON."""
        return "".join(self.pieces)


Part = Say | Think | Redacted | Call


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider reports them; None is not reported."""

    prompt: int = 100
    completion: int = 20
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong in a stream after so many frames.

    The connection breaks, or nothing comes any more, or an error event, or what is no JSON, or the
    answer just ends there.
    """

    kind: Literal["break", "stall", "error", "nonsense", "end"]
    after: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that streams. `finish` is the wire's own word; empty is the usual one.

    Without parts it is a question that is not answered, which only Gemini has a form for.
    """

    parts: tuple[Part, ...] = (Say(),)
    finish: str = ""
    usage: Usage | None = Usage()
    fault: Fault | None = None
    error: Mapping[str, Any] = field(
        default_factory=lambda: {"type": "overloaded_error", "message": "Overloaded"}
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no stream: an error, or with status 200 something that is no answer."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Reply | Refusal
