"""The turn: what to do next, from the newest input to a reason to stop.

A turn is a generator of *wants*. It yields what it wants done, is sent the answer, and never does
anything itself; so it can be played by hand in a test, and driven by `palaver.engine.runner`.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from palaver.core.compaction import Trigger
from palaver.core.rules import Course
from palaver.core.window import Window
from palaver.domain.entry import Entry
from palaver.domain.llm import FinishReason
from palaver.domain.part import ToolCall, ToolReturn
from palaver.domain.rule import ToolRule
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
        parts = (part for entry in self.said for part in entry.parts)
        return tuple(part for part in parts if isinstance(part, ToolCall))

    @property
    def said(self) -> tuple[Entry, ...]:
        """It as what is added to a window."""
        return () if self.entry is None else (self.entry,)

    def tools(self) -> "RunTools":
        """To carry out the calls in it."""
        return RunTools(self.calls, step_id=self.entry.step_id if self.entry else None)


@dataclass(frozen=True, slots=True)
class CallModel(Want[Reply]):
    """Let the model answer the window."""

    window: Window


@dataclass(frozen=True, slots=True)
class Compact(Want[Window]):
    """Make room in a window. The answer has less in it, or is the same if nothing can leave it."""

    window: Window
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class RunTools(Want[tuple[Entry, ...]]):
    """Carry out these calls, which the model made in a step.

    The answer is one entry that holds the returns that are `given` already and those of the calls,
    followed by what is said `then`. Calls that are `refused` have their returns, and are not
    carried out; the others one after the other where they are `ordered`.
    """

    calls: tuple[ToolCall, ...]
    given: tuple[ToolReturn, ...] = ()
    step_id: str | None = None
    then: tuple[Entry, ...] = ()
    refused: tuple[ToolReturn, ...] = ()
    ordered: bool = False

    @property
    def due(self) -> tuple[ToolCall, ...]:
        """The calls that are to be carried out."""
        refused = {part.call_id for part in self.refused}
        return tuple(call for call in self.calls if call.call_id not in refused)

    def returned(self, done: Sequence[ToolReturn]) -> tuple[ToolReturn, ...]:
        """All returns, with those that were `done`: the calls' in the order of the calls."""
        place = {call.call_id: n for n, call in enumerate(self.calls)}
        made = sorted((*done, *self.refused), key=lambda part: place[part.call_id])
        return (*self.given, *made)


@dataclass(frozen=True, slots=True)
class Remind(Want[Entry]):
    """Tell the model, as the people's side, what it has left undone in a step."""

    text: str
    step_id: str | None


Turn = Generator[Want[Any], Any, StopReason]


def take_turn(
    window: Window,
    max_steps: int,
    done: int = 0,
    begin: RunTools | None = None,
    rules: tuple[ToolRule, ...] = (),
) -> Turn:
    """Carry a conversation from the newest input to a reason to stop, as the `rules` want it.

    If the newest input answers calls that have waited, `begin` is what it comes to. `max_steps`
    bounds the calls of the model, of which some may have been `done` before; with none allowed the
    turn ends at once.
    """
    course = Course.of(window, rules)
    if begin is not None:
        returned = yield from ask(_judged(course, begin))
        window, course = window.with_entries(*returned), course.after(*returned)
    if course.is_over and not course.missing:
        return "tool_rule"
    if max_steps < 1:
        return "end_turn"
    for _ in range(done, max_steps):
        window, reply = yield from _step(course.facing(window))
        stop = _stop_after(reply)
        if stop is not None:
            return stop
        window = window.counted(reply.prompt).with_entries(*reply.said)
        if reply.calls:
            returned = yield from ask(_judged(course, reply.tools()))
            window, course = window.with_entries(*returned), course.after(*returned)
        if course.is_over or not reply.calls:
            if not course.missing:
                return "tool_rule" if course.is_over else "end_turn"
            window = window.with_entries((yield from ask(_reminder(course, reply))))
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


def _stop_after(reply: Reply) -> StopReason | None:
    """Why a turn cannot go on from a reply, if it cannot."""
    if reply.finish == "length":
        return "max_tokens_exceeded"
    return "requires_approval" if any(call.gate for call in reply.calls) else None


def _judged(course: Course, tools: RunTools) -> RunTools:
    """The same calls as the rules take them."""
    calls, refused = course.judge(tools.calls, tools.given)
    return replace(tools, calls=calls, refused=refused, ordered=course.is_ordered(calls))


def _reminder(course: Course, reply: Reply) -> Remind:
    names = ", ".join(course.missing)
    text = f"[heartbeat: before your turn can end, these tools have to be called: {names}]"
    return Remind(text, reply.entry.step_id if reply.entry else None)


def ask(want: Want[Answer]) -> Generator[Want[Any], Any, Answer]:
    """Yield `want`; the answer that comes back has the type that the want promises."""
    answer: Answer = yield want
    return answer
