"""What waits, what an answer means, and which answers are none."""

import pytest

from palaver.core import approval
from palaver.core.expand import messages_of
from palaver.core.turn import CallModel, Reply, RunTools, take_turn
from palaver.core.window import Window
from palaver.domain.entry import Entry
from palaver.domain.llm import Handle
from palaver.domain.part import Gate, Image, Part, Text, ToolCall, ToolReturn, UrlImage, Verdict
from palaver.domain.tool import ToolSpec
from palaver.errors import Invalid
from tests.core.said import entry, play, said

WINDOW = Window(
    Handle("palaver", "offline"),
    tools=tuple(ToolSpec(name=name) for name in ("look", "erase", "shout", "type")),
)


def call(name: str, gate: Gate | None = None) -> ToolCall:
    """A call, named after its tool."""
    return ToolCall(call_id=f"call-{name}", name=name, arguments="{}", gate=gate)


def returned(name: str, text: str = "seen") -> ToolReturn:
    """What the client says that a call came to."""
    return ToolReturn(call_id=f"call-{name}", status="success", content=text)


def verdict(name: str, approve: bool, reason: str | None = None) -> Verdict:
    """A yes or no to a call."""
    return Verdict(call_id=f"call-{name}", approve=approve, reason=reason)


def answer(*parts: Part) -> Entry:
    """An answer as it comes in."""
    return entry("approval", *parts, number=2)


ASKED = entry(
    "assistant",
    Text(text="may I?"),
    call("erase", "approval"),
    call("look"),
    call("shout", "approval"),
    call("type", "client"),
)


def test_what_a_client_brings_is_the_clients_own_even_under_the_name_of_ours() -> None:
    ours = [ToolSpec(name="look", description="ours"), ToolSpec(name="erase")]
    theirs = [ToolSpec(name="look", description="theirs"), ToolSpec(name="type")]
    rules = [
        {"type": "requires_approval", "tool_name": "look"},
        {"type": "requires_approval", "tool_name": "erase"},
        {"type": "exit_loop", "tool_name": "other"},
    ]

    assert approval.gates(rules, theirs) == {
        "look": "client",
        "erase": "approval",
        "type": "client",
    }
    told = [(spec.name, spec.description) for spec in approval.offered(ours, theirs)]
    assert told == [("look", "theirs"), ("erase", ""), ("type", "")]


def test_an_entry_waits_for_its_calls_with_a_gate() -> None:
    assert [one.name for one in approval.waiting(ASKED)] == ["erase", "shout", "type"]
    assert approval.waiting(said("nothing")) == ()
    assert approval.waiting(ASKED.model_copy(update={"cut": True})) == ()


def test_an_answer_becomes_returns_and_calls_in_their_order() -> None:
    given = answer(verdict("shout", False, "too loud"), returned("type"), verdict("erase", True))

    due = approval.carrying_out(ASKED, approval.matched(ASKED, given))

    assert [one.name for one in due.calls] == ["erase", "look"]
    assert [(one.name, one.status, one.content) for one in due.given] == [
        ("type", "success", "seen"),
        ("shout", "error", "Error: request to call tool denied. User reason: too loud"),
    ]


def test_a_clients_own_tool_has_to_return() -> None:
    asked = entry("assistant", call("type", "client"))

    due = approval.carrying_out(asked, approval.matched(asked, answer(verdict("type", True))))

    assert due.calls == ()
    assert due.given[0].status == "error"
    assert "Tool not found" in str(due.given[0].content)


def test_a_return_may_stand_for_an_approval() -> None:
    asked = entry("assistant", call("erase", "approval"))

    due = approval.carrying_out(asked, approval.matched(asked, answer(returned("erase"))))

    assert (due.calls, [one.content for one in due.given]) == ((), ["seen"])


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (verdict("erase", True),),
        (verdict("erase", True), verdict("shout", True), returned("other")),
        (verdict("erase", True), verdict("shout", True), returned("type"), returned("type")),
        (verdict("erase", True), verdict("shout", True), returned("type"), returned("look")),
    ],
    ids=["none", "some", "another", "one twice", "one that does not wait"],
)
def test_all_that_waits_is_answered_once_and_nothing_else(parts: tuple[Part, ...]) -> None:
    with pytest.raises(Invalid, match=r"Invalid tool call IDs\. Expected .*, but received"):
        approval.matched(ASKED, answer(*parts))


def test_the_older_form_names_the_request() -> None:
    asked = entry("assistant", call("erase", "approval"))
    older = answer(Verdict(call_id=asked.id, approve=True))

    assert approval.matched(asked, older).parts == (verdict("erase", True),)
    with pytest.raises(Invalid):
        approval.matched(ASKED, older)


def test_the_same_answer_is_known_again_in_any_order() -> None:
    parts = (verdict("shout", False), returned("type"), verdict("erase", True))
    first = approval.matched(ASKED, answer(*parts))

    assert approval.is_repeated(answer(*reversed(parts)), ASKED, first)
    others = (verdict("shout", True), *parts[1:])
    assert not approval.is_repeated(answer(*others), ASKED, first)
    assert not approval.is_repeated(answer(*parts[1:]), ASKED, first)


def test_a_denial_answers_everything() -> None:
    denied = approval.denial(ASKED, answer(), "nobody was there")

    due = approval.carrying_out(ASKED, approval.matched(ASKED, denied))

    assert [one.name for one in due.calls] == ["look"]
    assert all("nobody was there" in str(one.content) for one in due.given)


def test_a_turn_stops_where_a_call_waits_and_carries_nothing_out() -> None:
    wants, stop = play(take_turn(WINDOW, 5), Reply(ASKED, "tool_call"))

    assert ([type(want) for want in wants], stop) == ([CallModel], "requires_approval")


def test_an_answer_is_how_a_turn_begins() -> None:
    given = answer(returned("type"), verdict("erase", True), verdict("shout", True))
    more = entry("user", Text(text="and now?"), number=4)
    due = approval.carrying_out(ASKED, approval.matched(ASKED, given), [more])
    results = entry("tool", returned("type"), number=3)
    window = WINDOW.with_entries(ASKED, given)

    turn = take_turn(window, 5, begin=due)
    wants, stop = play(turn, (results, more), Reply(said("done"), "stop"))

    assert wants[0] == due
    assert isinstance(wants[1], CallModel)
    assert wants[1].window.entries == (ASKED, given, results, more)
    assert stop == "end_turn"


def test_an_answer_is_carried_out_even_where_no_step_is_left() -> None:
    due = RunTools((call("look"),))

    wants, stop = play(take_turn(WINDOW, 0, begin=due), (entry("tool", returned("look")),))

    assert (wants, stop) == ([due], "end_turn")


def test_calls_that_wait_are_one_message_where_the_first_of_them_stands() -> None:
    shown = messages_of(ASKED)

    assert [one.message_type for one in shown] == [
        "assistant_message",
        "approval_request_message",
        "tool_call_message",
    ]
    assert len({one.otid for one in shown}) == 3


def test_what_a_tool_returned_is_clipped_for_the_model_alone() -> None:
    picture = Image(source=UrlImage(url="http://here/a.png"))
    long = returned("look", "x" * 9_000)
    mixed = returned("look").model_copy(
        update={"content": [Text(text="y" * 4_000), picture, Text(text="z" * 4_000)]}
    )
    kept = entry("tool", long, mixed)

    (told,) = Window(Handle("a", "b"), entries=(kept,), tokens=100).request().entries
    (whole,) = Window(Handle("a", "b"), entries=(kept,), tokens=100_000).request().entries

    first, second = told.parts
    assert isinstance(first, ToolReturn)
    assert first.content == "x" * 5_000 + "... [truncated 4000 chars]"
    assert isinstance(second, ToolReturn)
    assert second.content == [
        Text(text="y" * 4_000),
        picture,
        Text(text="z" * 1_000 + "... [truncated 3000 chars]"),
    ]
    assert whole is kept
