"""Outlines of prompts: where one leaves the one before it."""

from typing import Any

import pytest

from palaver.core.prefix import Outline
from palaver.core.window import Window
from palaver.domain.entry import Entry
from palaver.domain.llm import Handle
from palaver.domain.tool import ToolSpec
from tests.core.said import NOON

LOOK, WAIT = ToolSpec(name="look"), ToolSpec(name="wait")
TOOL = len(
    b'{"description":"","name":"look","parameters":{"properties":{},"type":"object"}}'
)  # fmt: skip
MODEL = len(b"openai/gpt-4o")


def say(name: str) -> Entry:
    """An entry, of which only the name counts."""
    return Entry(id=name, seq=0, role="user", parts=(), created_at=NOON)


ENTRIES = tuple(say(name) for name in "abc")


def window(**changes: Any) -> Window:
    """A window with two tools, three lines of system text and three entries."""
    given: dict[str, Any] = {
        "handle": Handle("openai", "gpt-4o"),
        "system": "Sei gütig.\nSay little.\nEnd.",
        "entries": ENTRIES,
        "tools": (LOOK, WAIT),
    }
    return Window(**{**given, **changes})


def changed_at(before: Window, after: Window) -> int | None:
    """Where `after` leaves `before`."""
    return Outline.of(after).changed_at(Outline.of(before), after)


@pytest.mark.parametrize(
    "after",
    [
        window(),
        window(entries=(*ENTRIES, say("d"))),
        window(entries=(*ENTRIES, say("d"), say("e"))),
    ],
)
def test_the_same_and_more_of_it_change_nothing(after: Window) -> None:
    assert changed_at(window(), after) is None


SYSTEM = MODEL + 2 * TOOL
END = SYSTEM + len("Sei gütig.\nSay little.\nEnd.".encode())


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"handle": Handle("openai", "gpt-5")}, 0),
        ({"tools": (WAIT, LOOK)}, MODEL),
        ({"tools": ()}, MODEL),
        ({"tools": (LOOK,)}, MODEL + TOOL),
        ({"tools": (LOOK, WAIT, ToolSpec(name="go"))}, SYSTEM),
        ({"system": "Sei böse.\nSay little.\nEnd."}, SYSTEM),
        ({"system": "Sei gütig.\nSay much.\nEnd."}, SYSTEM + len("Sei gütig.\n".encode())),
        ({"system": "Sei gütig.\nSay little.\nEnd.\nMore"}, END - len(b"End.")),
        ({"system": "Sei gütig.\nSay little.\n"}, END - len(b"End.")),
        ({"entries": ENTRIES[1:]}, END),
        ({"entries": ENTRIES[:2]}, END),
        ({"entries": (say("summary"), *ENTRIES[2:])}, END),
        ({"entries": ()}, END),
    ],
)
def test_a_change_is_found_where_it_begins(changes: dict[str, Any], at: int) -> None:
    assert changed_at(window(), window(**changes)) == at


def test_an_outline_does_not_grow_with_what_was_said() -> None:
    short, long = window(), window(entries=tuple(say(f"message-{n}") for n in range(5_000)))

    assert sum(map(len, Outline.of(long))) == sum(map(len, Outline.of(short)))


def test_without_its_entries_an_outline_is_the_beginning_of_any_of_its_head() -> None:
    source = Outline(Outline.of(window()).head)

    assert Outline.of(window(entries=ENTRIES[:1])).changed_at(source, window()) is None
