"""Things to say in tests of core: entries, answers and a hand that plays turns."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from palaver.core.speech import Speech
from palaver.core.turn import Turn, Want
from palaver.domain.entry import Entry, Role
from palaver.domain.ids import shape
from palaver.domain.llm import StreamEvent
from palaver.domain.message import Message
from palaver.domain.part import Part, Text, ToolCall
from palaver.domain.run import StopReason

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


def entry(role: Role, *parts: Part, number: int = 1) -> Entry:
    """An entry that holds `parts`."""
    return Entry(
        id=shape("message", 1, number), seq=number, role=role, parts=parts, created_at=NOON
    )


def said(text: str) -> Entry:
    """The model says something."""
    return entry("assistant", Text(text=text))


def called(*names: str) -> Entry:
    """The model calls tools."""
    return entry(
        "assistant",
        *(ToolCall(call_id=f"call-{n}", name=name, arguments="{}") for n, name in enumerate(names)),
    )


def play(turn: Turn, *answers: Any) -> tuple[list[Want[Any]], StopReason]:
    """Answer the wants of a turn one after the other; what it wanted, and why it stopped."""
    wants, waiting = [], list(answers)
    try:
        want = next(turn)
        while True:
            wants.append(want)
            want = turn.send(waiting.pop(0))
    except StopIteration as stopped:
        assert not waiting, "the turn stopped before it took all answers"
        return wants, stopped.value


def heard(events: Sequence[StreamEvent]) -> tuple[list[Message], Entry | None]:
    """The fragments that a stream of events is shown as, and the entry that it becomes.

    Calls of the tool `ask` wait for an answer.
    """
    speech = Speech(entry("assistant"), {"ask": "approval"})
    fragments = [fragment for event in events if (fragment := speech.hear(event)) is not None]
    return fragments, speech.entry()
