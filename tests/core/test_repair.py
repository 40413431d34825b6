"""Windows are mended: what is sound stays as it is, and what is not becomes sound."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.core.approval import waiting
from palaver.core.repair import LOST, mended, mended_at_rest
from palaver.domain.entry import Entry
from palaver.domain.ids import shape
from palaver.domain.part import Part, Reasoning, Text, ToolCall, ToolReturn, Verdict
from tests.core.said import NOON
from tests.repair.damage import (
    BROKEN,
    Line,
    answer,
    call,
    came,
    model,
    says,
    tool,
    verdict,
)

Window = tuple[Entry, ...]

_IDS = st.sampled_from(["a", "b", ""])
_PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=st.sampled_from(["", "Well."])),
    st.just(Reasoning(text="Hm.")),
    st.builds(call, _IDS, st.sampled_from([None, "client", "approval"])),
    st.builds(came, _IDS, st.sampled_from(["one", "two"])),
    st.builds(verdict, _IDS, st.booleans()),
)
_ROLES = st.sampled_from(["user", "assistant", "tool", "approval", "summary"])
_LINES: st.SearchStrategy[Line] = st.tuples(
    _ROLES, st.lists(_PARTS, max_size=4).map(tuple), st.booleans()
)
_STEPS: st.SearchStrategy[list[Line]] = st.one_of(
    st.just([says()]),
    st.just([model()]),
    st.just([model(Reasoning(text="Hm."), call("a"), call("b")), tool("b", "a")]),
    st.just([model(call("a")), tool("a")]),
    st.just([model(call("a", "approval")), answer(verdict("a")), tool("a"), says()]),
    st.just([model(call("a", "client")), answer(came("a")), tool("a")]),
    st.just([model(call("c"), call("d"), cut=True), tool("c"), tool("d")]),
)
broken_lines = st.lists(_LINES, max_size=10)
broken = broken_lines.map(lambda lines: window(*lines))
sound = st.lists(_STEPS, max_size=6).map(lambda steps: window(*(x for one in steps for x in one)))


def window(*lines: Line) -> Window:
    """The entries of lines."""
    return tuple(
        Entry(
            id=shape("message", number, 0),
            seq=number,
            role=role,
            parts=parts,
            created_at=NOON,
            cut=cut,
        )
        for number, (role, parts, cut) in enumerate(lines, start=1)
    )


def complaints(entries: Sequence[Entry]) -> Iterator[str]:
    """What a strict reader finds wrong, with rules of its own."""
    due: list[str] = []
    for entry in entries:
        calls = _ids(entry, ToolCall)
        if not entry.parts or (calls and entry.role != "assistant") or _repeats(calls):
            yield f"{entry.id} is empty, or calls what it may not"
        match entry.role:
            case "tool":
                returns = _ids(entry, ToolReturn)
                if not {*returns} <= {*due} or _repeats(returns):
                    yield f"{entry.id} returns {returns} where {due} are due"
                due = [call_id for call_id in due if call_id not in returns]
            case "approval":
                if not {*_ids(entry, ToolReturn), *_ids(entry, Verdict)} <= {*due}:
                    yield f"{entry.id} answers what is not due"
            case _:
                if due or _ids(entry, ToolReturn):
                    yield f"{entry.id} comes where {due} are due, or returns something"
                due = calls
    if due:
        yield f"{due} are not answered"


def _ids(entry: Entry, kind: type[ToolCall | ToolReturn | Verdict]) -> list[str]:
    return [part.call_id for part in entry.parts if isinstance(part, kind)]


def _repeats(ids: Sequence[str]) -> bool:
    return len({*ids}) < len(ids)


@given(sound)
def test_a_sound_window_stays_as_it_is(entries: Window) -> None:
    assert mended(entries).entries is entries
    assert mended(entries).mends == ()


@given(broken)
def test_a_window_is_sound_afterwards_and_then_stays_as_it_is(entries: Window) -> None:
    whole = mended(entries).entries

    assert list(complaints(whole)) == []
    assert mended(whole).entries is whole


@given(broken)
def test_whatever_is_wrong_is_told(entries: Window) -> None:
    found = mended(entries)

    assert bool(found.mends) == (found.entries is not entries)
    assert bool(found.mends) or not list(complaints(entries))


@given(broken)
def test_nothing_is_lost_that_has_a_place(entries: Window) -> None:
    """Words and reasoning stay, in order; so do calls but for doubles, each with what came of it.

    Entries stand in the order they stood in.
    """
    whole = mended(entries).entries
    kept = [one.id for one in whole if not one.id.endswith("+")]

    assert kept == [one.id for one in entries if one.id in kept]
    assert words_in(whole) == words_in(entries)
    assert calls_in(whole) == calls_in(entries)


@given(sound, broken)
def test_what_is_sound_before_the_damage_is_not_touched(before: Window, after: Window) -> None:
    after = tuple(one.model_copy(update={"id": f"{one.id}-after"}) for one in after)
    whole = mended((*before, *after)).entries

    assert whole[: len(before)] == before


@pytest.mark.parametrize("lines", [case.lines for case in BROKEN.values()], ids=list(BROKEN))
def test_a_known_damage_is_mended(lines: tuple[Line, ...]) -> None:
    assert list(complaints(mended(window(*lines)).entries)) == []


@given(broken)
def test_at_rest_only_the_newest_calls_may_wait(entries: Window) -> None:
    whole = mended_at_rest(entries).entries
    waits = bool(whole) and bool(waiting(whole[-1]))

    assert list(complaints(whole[:-1] if waits else whole)) == []
    assert mended_at_rest(whole).entries is whole


def test_what_waits_is_what_is_left_of_the_calls_of_one_id() -> None:
    entries = window(says(), model(call("a"), call("a", "approval")))

    assert [one.role for one in mended_at_rest(entries).entries] == ["user", "assistant", "tool"]


def test_a_late_return_goes_to_its_call() -> None:
    entries = window(says(), model(call("a")), says("Well?"), tool("a"), model())
    found = mended(entries)

    assert [one.role for one in found.entries] == [
        "user", "assistant", "tool", "user", "assistant",
    ]  # fmt: skip
    assert found.entries[2].parts == (came("a"),)
    assert [(mend.fault, mend.call_id) for mend in found.mends] == [("late return", "a")]


def test_what_nothing_came_to_gets_a_return_that_says_so() -> None:
    (returned,) = mended(window(says(), model(call("a")))).entries[-1].parts

    assert isinstance(returned, ToolReturn)
    assert (returned.call_id, returned.name, returned.status) == ("a", "look", "error")
    assert returned.content == LOST


def test_what_a_client_has_answered_counts_where_nothing_was_carried_out() -> None:
    given = window(says(), model(call("a", "client"), call("b", "approval")),
                   answer(came("a"), verdict("b", approve=False)))  # fmt: skip
    returned, refused = mended(given).entries[-1].parts

    assert returned == came("a")
    assert isinstance(refused, ToolReturn)
    assert "denied" in str(refused.content)


def test_a_return_belongs_to_the_newest_call_of_its_id() -> None:
    entries = window(says(), model(call("a")), says(), model(call("a")), tool("a"))
    found = mended(entries)

    assert [str(mend.fault) for mend in found.mends] == ["unanswered call"]
    assert found.entries[-1] is entries[-1]


def words_in(entries: Sequence[Entry]) -> list[Part]:
    """What was said aloud or thought, where it may be."""
    talks = {"user": Text, "summary": Text, "assistant": Text | Reasoning}
    said = [p for e in entries for p in e.parts if isinstance(p, talks.get(e.role, ()))]
    return [part for part in said if part != Text(text="")]


def calls_in(entries: Sequence[Entry]) -> list[Part]:
    """The calls of the model, each of an id once in a say."""
    found: list[Part] = []
    for entry in entries:
        known: set[str] = set()
        for part in entry.parts if entry.role == "assistant" else ():
            if isinstance(part, ToolCall) and part.call_id not in known:
                known.add(part.call_id)
                found.append(part)
    return found
