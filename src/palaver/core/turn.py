"""The turn: what to do next, from the newest input to a reason to stop.

A turn is a generator of *wants*. It yields what it wants done, is sent the answer, and never does
anything itself; so it can be played by hand in a test, and driven by `palaver.engine.runner`.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from palaver.core.compaction import Trigger
from palaver.core.window import Window
from palaver.domain.entry import Entry
from palaver.domain.llm import FinishReason
from palaver.domain.part import ToolCall, ToolReturn
from palaver.domain.run import StopReason
from palaver.errors import ContextOverflow

Answer = TypeVar("Answer")


class Want(Generic[Answer]):
    """Something to be done, and the type of what comes back."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said; nothing at all is None. `prompt` is the tokens that it was asked."""

    entry: Entry | None
    finish: FinishReason
    prompt: int | None = None

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls in it, in order."""
        parts = self.entry.parts if self.entry else ()
        return tuple(part for part in parts if isinstance(part, ToolCall))

    def tools(self) -> "RunTools":
        """To carry out the calls in it."""
        return RunTools(self.calls, step_id=self.entry.step_id if self.entry else None)


@dataclass(frozen=True, slots=True)
class CallModel(Want[Reply]):
    """Let the model answer the window."""

    window: Window


@dataclass(frozen=True, slots=True)
class Compact(Want[Window]):
    """Make room in a window; the answer has less in it."""

    window: Window
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class RunTools(Want[tuple[Entry, ...]]):
    """Carry out these calls, which the model made in a step.

    The answer is one entry that holds the returns that are `given` already and those of the calls,
    followed by what is said `then`.
    """

    calls: tuple[ToolCall, ...]
    given: tuple[ToolReturn, ...] = ()
    step_id: str | None = None
    then: tuple[Entry, ...] = ()


Turn = Generator[Want[Any], Any, StopReason]


def take_turn(window: Window, max_steps: int, done: int = 0, begin: RunTools | None = None) -> Turn:
    """Carry a conversation from the newest input to a reason to stop.

    If the newest input answers calls that have waited, `begin` is what it comes to. `max_steps`
    bounds the calls of the model, of which some may have been `done` before; with none allowed the
    turn ends at once.
    """
    if begin is not None:
        window = window.with_entries(*(yield from ask(begin)))
    if max_steps < 1:
        return "end_turn"
    for _ in range(done, max_steps):
        window, reply = yield from _step(window)
        if reply.finish == "length":
            return "max_tokens_exceeded"
        if reply.entry is None:
            return "end_turn"
        window = window.counted(reply.prompt).with_entries(reply.entry)
        if not reply.calls:
            return "end_turn"
        if any(call.gate for call in reply.calls):
            return "requires_approval"
        window = window.with_entries(*(yield from ask(reply.tools())))
    return "max_steps"


def _step(window: Window) -> Generator[Want[Any], Any, tuple[Window, Reply]]:
    """One call of the model, on a window that has room; at most once room is made for it."""
    if window.is_full:
        window = yield from ask(Compact(window, "post_step_context_check"))
        return window, (yield from ask(CallModel(window)))
    try:
        return window, (yield from ask(CallModel(window)))
    except ContextOverflow:  # its provider knows better
        window = yield from ask(Compact(window, "context_window_exceeded"))
    return window, (yield from ask(CallModel(window)))


def ask(want: Want[Answer]) -> Generator[Want[Any], Any, Answer]:
    """Yield `want`; the answer that comes back has the type that the want promises."""
    answer: Answer = yield want
    return answer
