"""Tool rules: what may be called next, one kind at a time and then all kinds together."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaver.core import rules
from palaver.core.rules import VIOLATION, Course
from palaver.core.turn import CallModel, Remind, Reply, RunTools, take_turn
from palaver.core.window import Window
from palaver.domain.entry import Entry, Role
from palaver.domain.llm import Handle
from palaver.domain.part import Part, Text, ToolCall, ToolReturn
from palaver.domain.rule import ToolRule
from palaver.domain.run import StopReason
from palaver.domain.tool import ToolSpec
from palaver.errors import Invalid
from tests.core.said import entry

Json = dict[str, Any]
Steps = list[list[str]]

NAMES = ("a", "b", "c", "d")
WINDOW = Window(
    Handle("palaver", "offline"),
    entries=(entry("user", Text(text="Go.")),),
    tools=tuple(ToolSpec(name=name) for name in NAMES),
)


def rule(kind: str, tool: str = "a", **more: Any) -> Json:
    """A rule as a caller writes it."""
    return {"type": kind, "tool_name": tool, **more}


def came(*kept: Json, steps: Steps = (), says: str = "fine") -> Course:  # type: ignore[assignment]
    """How far a turn has come under these rules, when these steps have called these tools."""
    course = Course.of(WINDOW, rules.read(kept))
    for names in steps:
        course = course.after(returns(*names, says=says))
    return course


def returns(*names: str, says: str = "fine", status: str = "success") -> Entry:
    """What tools have returned."""
    parts = [
        ToolReturn.model_validate(
            {"call_id": f"call-{n}", "name": name, "status": status, "content": says}
        )
        for n, name in enumerate(names)
    ]
    return entry("tool", *parts)


def calls(*names: str, arguments: str = "{}") -> list[ToolCall]:
    """Calls of tools."""
    return [
        ToolCall(call_id=f"call-{n}", name=name, arguments=arguments)
        for n, name in enumerate(names)
    ]


CHILD = rule("constrain_child_tools", children=["b", "c"])
PARENT = rule("parent_last_tool", children=["b"])
FORK = rule("conditional", child_output_mapping={"yes": "b", "7": "c", "True": "d"})
TWICE = rule("max_count_per_step", max_count_limit=2)


@pytest.mark.parametrize(
    ("kept", "steps", "allowed"),
    [
        ([], [], "abcd"),
        ([rule("run_first")], [], "a"),
        ([rule("run_first"), rule("run_first", "c")], [], "ac"),
        ([rule("run_first")], [["a"]], "abcd"),
        ([rule("run_first", "unknown")], [], "abcd"),
        ([CHILD], [], "abcd"),
        ([CHILD], [["a"]], "bc"),
        ([CHILD], [["a"], ["b"]], "abcd"),
        ([CHILD], [["a", "d"]], "bc"),
        ([CHILD, rule("constrain_child_tools", children=["d"])], [["a"]], "bcd"),
        ([rule("constrain_child_tools", children=[])], [["a"]], ""),
        ([PARENT], [], "acd"),
        ([PARENT], [["a"]], "abcd"),
        ([PARENT], [["a"], ["c"]], "acd"),
        ([PARENT, rule("parent_last_tool", "c", children=["b"])], [["c"]], "abcd"),
        ([TWICE], [["a"]], "abcd"),
        ([TWICE], [["a"], ["b"], ["a"]], "bcd"),
        ([TWICE, rule("max_count_per_step", max_count_limit=1)], [["a"]], "bcd"),
        ([rule("run_first"), rule("exit_loop"), rule("continue_loop", "b")], [["b"]], "abcd"),
    ],
)
def test_what_may_be_called_next(kept: list[Json], steps: Steps, allowed: str) -> None:
    assert "".join(came(*kept, steps=steps).allowed) == allowed


@pytest.mark.parametrize(
    ("says", "more", "allowed"),
    [
        ("yes", {}, "b"),
        ('"yes"', {}, "b"),
        (" 7\n", {}, "c"),
        ("true", {}, "d"),
        ("no", {}, "abcd"),
        ("no", {"default_child": "a"}, "a"),
        ("no", {"require_output_mapping": True}, ""),
        ("yes", {"default_child": "a", "require_output_mapping": True}, "b"),
    ],
)
def test_what_a_tool_returns_may_say_what_is_next(says: str, more: Json, allowed: str) -> None:
    assert "".join(came({**FORK, **more}, steps=[["a"]], says=says).allowed) == allowed


@pytest.mark.parametrize(
    ("kept", "steps", "must"),
    [
        ([], [], ()),
        ([rule("run_first")], [], ("a",)),
        ([CHILD], [["a"]], ("b", "c")),
        ([PARENT], [["a"]], ()),
        ([rule("constrain_child_tools", children=["unknown"])], [["a"]], ()),
    ],
)
def test_a_call_is_wanted_where_a_rule_says_which(
    kept: list[Json], steps: Steps, must: tuple[str, ...]
) -> None:
    facing = came(*kept, steps=steps).facing(WINDOW)

    assert facing.must_call == must
    assert facing.tools == WINDOW.tools


@pytest.mark.parametrize("role", ["user", "system"])
def test_what_people_say_begins_a_turn_anew_and_a_reminder_does_not(role: Role) -> None:
    course = came(rule("run_first"), steps=[["a"]])
    reminder = entry("user", Text(text="[heartbeat]")).model_copy(update={"step_id": "step-1"})

    assert course.after(reminder) == course
    assert course.after(entry(role, Text(text="And now?"))).allowed == ("a",)


def test_a_refusal_names_what_is_valid_and_counts_for_nothing() -> None:
    course = came(CHILD, steps=[["a"]])

    _, refused = course.judge(calls("d", "b", "nothing"))

    assert [part.call_id for part in refused] == ["call-0", "call-2"]
    assert refused[0].content == f"{VIOLATION} `d` may not be called now; valid tools: b, c."
    assert refused[1].content == f"{VIOLATION} There is no tool `nothing`; valid tools: b, c."
    assert course.after(entry("tool", *refused)) == course


def test_a_limit_counts_the_calls_of_one_step_and_what_was_returned_beside_them() -> None:
    _, refused = came(TWICE).judge(calls("a", "a", "a", "b"))
    (given,) = returns("a").parts
    assert isinstance(given, ToolReturn)
    _, beside = came(TWICE, steps=[["a"]]).judge(calls("a"), [given])

    assert [part.call_id for part in refused] == ["call-2"]
    assert str(refused[0].content).endswith("valid tools: b, c, d.")
    assert len(beside) == 1


@pytest.mark.parametrize(
    ("said", "carried"),
    [
        ("{}", '{"x": 1}'),
        ('{"x": 2, "y": 3}', '{"x": 1, "y": 3}'),
        ("", '{"x": 1}'),
        ("[1]", "[1]"),
        ("{broken", "{broken"),
    ],
)
def test_arguments_that_a_rule_gives_take_the_place_of_the_models(said: str, carried: str) -> None:
    first = came(rule("run_first", args={"x": 1}))
    nodes = [{"name": "b", "args": {"x": 1}}, {"name": "c"}]
    child = came({**CHILD, "child_arg_nodes": nodes}, steps=[["a"]])

    (call,), _ = first.judge(calls("a", arguments=said))
    assert call.arguments == carried
    (call, other), _ = child.judge(calls("b", "c", arguments=said))
    assert (call.arguments, other.arguments) == (carried, said)
    (later,), _ = first.after(returns("a")).judge(calls("a", arguments=said))
    assert later.arguments == said


@pytest.mark.parametrize(
    ("kept", "names", "ordered"),
    [
        ([], "ab", False),
        ([CHILD], "ad", True),
        ([CHILD], "dd", False),
        ([PARENT], "bd", True),
        ([FORK], "dd", True),
        ([rule("run_first")], "aa", True),
        ([TWICE, rule("exit_loop"), rule("required_before_exit")], "aa", False),
    ],
)
def test_calls_run_in_order_where_a_rule_is_about_their_order(
    kept: list[Json], names: str, ordered: bool
) -> None:
    assert came(*kept).is_ordered(calls(*names)) is ordered


@pytest.mark.parametrize(
    ("kept", "what"),
    [
        ([rule("exit_loop"), rule("continue_loop")], "continue_loop"),
        ([rule("required_before_exit"), {**TWICE, "max_count_limit": 0}], "max_count_per_step 0"),
        ([rule("run_first"), {**TWICE, "max_count_limit": 0}], "called first"),
        ([rule("run_first", "b"), PARENT], "parent_last_tool"),
    ],
)
def test_rules_that_no_turn_can_follow_are_refused(kept: list[Json], what: str) -> None:
    with pytest.raises(Invalid, match=what):
        rules.check(rules.read(kept))


@dataclass
class Played:
    """A turn played by a model that calls what is in its script, and then only talks."""

    stop: StopReason = "end_turn"
    asked: list[Window] = field(default_factory=list)
    steps: list[RunTools] = field(default_factory=list)
    reminders: list[str] = field(default_factory=list)

    @property
    def made(self) -> list[list[str]]:
        """What was carried out, step by step."""
        return [[call.name for call in step.due] for step in self.steps]


def played(kept: tuple[ToolRule, ...], script: Steps, says: str = "fine", most: int = 12) -> Played:
    """Play a turn to its end; each tool returns `says`."""
    turn, told = take_turn(WINDOW, most, rules=kept), Played()
    answer: Any = None
    script = [list(names) for names in script]
    try:
        while True:
            match turn.send(answer):
                case CallModel(window):
                    told.asked.append(window)
                    names = script.pop(0) if script else []
                    answer = _reply(names, f"step-{len(told.asked)}")
                case RunTools() as tools:
                    told.steps.append(tools)
                    done = [
                        ToolReturn(call_id=c.call_id, name=c.name, status="success", content=says)
                        for c in tools.due
                    ]
                    answer = (entry("tool", *tools.returned(done)),)
                case Remind(text, step_id):
                    told.reminders.append(text)
                    answer = entry("user", Text(text=text)).model_copy(update={"step_id": step_id})
    except StopIteration as stopped:
        told.stop = stopped.value
        return told


def _reply(names: list[str], step_id: str) -> Reply:
    parts: list[Part] = [*calls(*names)] or [Text(text="Well.")]
    said = entry("assistant", *parts).model_copy(update={"step_id": step_id})
    return Reply(said, "tool_call" if names else "stop")


def test_a_turn_ends_after_a_tool_that_ends_it() -> None:
    told = played(rules.read([rule("exit_loop")]), [["b"], ["a", "c"], ["d"]])

    assert (told.made, told.stop) == ([["b"], ["a", "c"]], "tool_rule")


def test_a_tool_that_failed_or_was_refused_ends_no_turn() -> None:
    course = came(rule("exit_loop"))

    assert not course.after(returns("a", status="error")).is_over
    assert course.after(returns("a", "b")).is_over


def test_what_is_required_is_reminded_of_until_it_was_called() -> None:
    kept = rules.read([rule("required_before_exit", "c"), rule("exit_loop")])

    told = played(kept, [["a"], [], ["c"]])

    assert told.made == [["a"], ["c"]]
    assert len(told.reminders) == 2
    assert all(text.endswith("have to be called: c]") for text in told.reminders)
    assert told.stop == "end_turn"
    assert told.asked[-1].entries[-1] == entry("tool", *told.steps[-1].returned(_done("c")))


def _done(name: str) -> list[ToolReturn]:
    return [ToolReturn(call_id="call-0", name=name, status="success", content="fine")]


def test_reminders_end_with_the_steps() -> None:
    told = played(rules.read([rule("required_before_exit")]), [], most=3)

    assert (told.stop, len(told.asked), len(told.reminders)) == ("max_steps", 3, 3)


def test_a_turn_that_was_left_after_its_last_tool_ends_where_it_is_taken_up() -> None:
    window = WINDOW.with_entries(entry("assistant", *calls("a")), returns("a"))

    with pytest.raises(StopIteration) as stopped:
        next(take_turn(window, 5, done=1, rules=rules.read([rule("exit_loop")])))
    assert stopped.value.value == "tool_rule"


# All kinds together.

patient = settings(deadline=None)  # a busy machine is no failure

tools = st.sampled_from(NAMES)
anything = st.sampled_from((*NAMES, "nothing"))
some = st.lists(anything, max_size=3)


def _kind(kind: str, **more: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"type": st.just(kind), "tool_name": anything, **more})


one_rule = st.one_of(
    _kind("run_first"),
    _kind("constrain_child_tools", children=some),
    _kind("parent_last_tool", children=some),
    _kind(
        "conditional",
        child_output_mapping=st.dictionaries(st.sampled_from(["fine", "bad"]), anything),
        default_child=st.none() | anything,
        require_output_mapping=st.booleans(),
    ),
    _kind("exit_loop"),
    _kind("continue_loop"),
    _kind("required_before_exit"),
    _kind("max_count_per_step", max_count_limit=st.integers(0, 3)),
    _kind("requires_approval"),
)
any_rules = st.lists(one_rule, max_size=5).map(rules.read)
scripts = st.lists(st.lists(anything, max_size=3), max_size=8)


@patient
@given(any_rules, scripts)
def test_nothing_is_carried_out_that_was_not_allowed(
    kept: tuple[ToolRule, ...], script: Steps
) -> None:
    told = played(kept, script)
    asked = [window for window, names in zip(told.asked, script, strict=False) if names]

    for window, step in zip(asked, told.steps, strict=True):
        offered = {tool.name for tool in window.tools} - window.barred
        assert {call.name for call in step.due} <= offered
        assert set(window.must_call) <= offered
        assert [part.call_id for part in step.refused] == [
            call.call_id for call in step.calls if call not in step.due
        ]
        assert all(str(part.content).startswith(VIOLATION) for part in step.refused)


@patient
@given(any_rules, scripts)
def test_no_tool_is_called_more_often_than_it_may(
    kept: tuple[ToolRule, ...], script: Steps
) -> None:
    made = Counter(name for names in played(kept, script).made for name in names)

    for one in kept:
        if one.type == "max_count_per_step":
            assert made[one.tool_name] <= one.max_count_limit


@patient
@given(any_rules, scripts)
def test_no_turn_ends_before_what_is_required(kept: tuple[ToolRule, ...], script: Steps) -> None:
    told = played(kept, script)
    made = {name for names in told.made for name in names}
    required = {one.tool_name for one in kept if one.type == "required_before_exit"} & {*NAMES}

    assert told.stop == "max_steps" or required <= made


@patient
@given(any_rules, scripts)
def test_the_first_tool_is_one_that_has_to_be_first(
    kept: tuple[ToolRule, ...], script: Steps
) -> None:
    made = [names for names in played(kept, script).made if names]
    first = {one.tool_name for one in kept if one.type == "run_first"} & set(
        Course(tuple(one for one in kept if one.type != "run_first"), NAMES).allowed
    )

    assert not made or not first or set(made[0]) <= first


@patient
@given(any_rules, scripts)
def test_the_tools_that_are_offered_stay_the_same(
    kept: tuple[ToolRule, ...], script: Steps
) -> None:
    told = played(kept, script)

    for before, after in zip(told.asked, told.asked[1:], strict=False):
        assert after.tools == before.tools
        assert after.entries[: len(before.entries)] == before.entries


@patient
@given(any_rules, any_rules, scripts)
def test_rules_about_tools_that_are_not_there_are_without_effect(
    kept: tuple[ToolRule, ...], more: tuple[ToolRule, ...], script: Steps
) -> None:
    elsewhere = tuple(one.model_copy(update={"tool_name": "elsewhere"}) for one in more)
    free = tuple(one for one in elsewhere if one.type != "parent_last_tool")

    with_them, without = played((*kept, *free), script), played(kept, script)

    assert (with_them.made, with_them.stop) == (without.made, without.stop)


@patient
@given(any_rules, scripts)
def test_a_turn_that_is_taken_up_stands_where_it_was_left(
    kept: tuple[ToolRule, ...], script: Steps
) -> None:
    for window in played(kept, script).asked:
        course = Course.of(window, kept)
        assert course.facing(window) == window
        assert list(course.missing) == [name for name in NAMES if name in course.missing]


@patient
@given(any_rules, st.lists(anything, min_size=1, max_size=6))
def test_returns_come_in_the_order_of_the_calls(
    kept: tuple[ToolRule, ...], names: list[str]
) -> None:
    told = played(kept, [names])
    (step,) = told.steps
    done = [ToolReturn(call_id=c.call_id, status="success", content="fine") for c in step.due]

    assert [part.call_id for part in step.returned(done)] == [c.call_id for c in step.calls]
