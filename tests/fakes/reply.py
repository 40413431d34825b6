"""What a fake provider is told to answer."""

from collections.abc import Callable, Mapping
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


@dataclass(frozen=True, slots=True)
class Refuse:
    """Words by which the model declines, told apart from others where the wire does that."""

    pieces: tuple[str, ...] = ("I will", " not")

    @property
    def text(self) -> str:
        """The words."""
        return "".join(self.pieces)


Part = Say | Think | Redacted | Call | Refuse

Quirk = Literal[
    "reasoning", "details", "usage always", "usage in x_groq", "usage in choice", "cache hits",
    "no finish", "one index",
]  # fmt: skip
"""What a server that speaks Chat Completions does in its own way.

Reasoning comes in the field ``reasoning``, or as OpenRouter's ``reasoning_details`` (text where it
is sealed, else a summary). Usage comes with every chunk, or in a place or with a word of its own.
No finish reason is given. All calls have the same index.
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider reports them; None is not reported."""

    prompt: int = 100
    completion: int = 20
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


WORDS = -1
"""In `Fault.after`: as many frames as it takes until the first words are out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong in a stream after so many frames.

    The connection breaks, or nothing comes any more, or an error event, or what is no JSON, or the
    answer just ends there; the connection breaks in the middle of a frame, or nothing comes any
    more from there on; it is reset; from there on bytes come one by one, and slowly.
    """

    kind: Literal["break", "stall", "error", "nonsense", "end", "cut", "hang", "reset", "drip"]
    after: int = 0


Bend = Callable[[list[bytes]], list[bytes]]
"""What a server does to the frames of an answer, where frames are lines."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that streams. `finish` is the wire's own word; empty is the usual one.

    Without parts it is a question that is not answered, which only Gemini has a form for.
    """

    parts: tuple[Part, ...] = (Say(),)
    finish: str = ""
    usage: Usage | None = Usage()
    fault: Fault | None = None
    quirks: frozenset[Quirk] = frozenset()
    error: Mapping[str, Any] = field(
        default_factory=lambda: {"type": "overloaded_error", "message": "Overloaded"}
    )
    bend: Bend = list
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no stream: an error, or with status 200 something that is no answer."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Reply | Refusal
