"""The turn, played by hand."""

from palaver.core.turn import CallModel, Reply, RunTools, take_turn
from palaver.core.window import Window
from palaver.domain.llm import Handle
from palaver.domain.part import ToolReturn
from tests.core.said import called, entry, play, said

WINDOW = Window(Handle("palaver", "offline"))
RETURNED = (entry("tool", ToolReturn(call_id="call-0", status="success", content="seen")),)


def test_an_answer_without_calls_ends_the_turn() -> None:
    wants, stop = play(take_turn(WINDOW, 5), Reply(said("rain"), "stop"))

    assert [type(want) for want in wants] == [CallModel]
    assert stop == "end_turn"


def test_a_turn_runs_tools_until_the_model_only_talks() -> None:
    look, rain = Reply(called("look"), "tool_call"), Reply(said("rain"), "stop")

    wants, stop = play(take_turn(WINDOW, 5), look, RETURNED, rain)

    assert [type(want) for want in wants] == [CallModel, RunTools, CallModel]
    assert stop == "end_turn"


def test_the_model_sees_what_was_said_and_returned() -> None:
    look = Reply(called("look"), "tool_call")

    wants, _ = play(take_turn(WINDOW, 5), look, RETURNED, Reply(said("rain"), "stop"))

    last = wants[-1]
    assert isinstance(last, CallModel)
    assert last.window.entries == (look.entry, *RETURNED)


def test_several_calls_are_carried_out_together() -> None:
    both = Reply(called("look", "listen"), "tool_call")

    wants, _ = play(take_turn(WINDOW, 5), both, RETURNED, Reply(said("rain"), "stop"))

    assert isinstance(wants[1], RunTools)
    assert [call.name for call in wants[1].calls] == ["look", "listen"]


def test_a_turn_stops_when_its_steps_are_used_up() -> None:
    look = Reply(called("look"), "tool_call")

    wants, stop = play(take_turn(WINDOW, 2), look, RETURNED, look, RETURNED)

    assert len(wants) == 4
    assert stop == "max_steps"


def test_steps_that_were_done_before_count() -> None:
    look = Reply(called("look"), "tool_call")

    wants, stop = play(take_turn(WINDOW, 3, done=2), look, RETURNED)

    assert ([type(want) for want in wants], stop) == ([CallModel, RunTools], "max_steps")
    assert play(take_turn(WINDOW, 3, done=3)) == ([], "max_steps")


def test_no_step_allowed_is_an_end_without_a_call() -> None:
    assert play(take_turn(WINDOW, 0)) == ([], "end_turn")


def test_an_empty_answer_ends_the_turn() -> None:
    assert play(take_turn(WINDOW, 5), Reply(None, "stop"))[1] == "end_turn"


def test_an_answer_cut_by_its_length_ends_the_turn_and_runs_nothing() -> None:
    wants, stop = play(take_turn(WINDOW, 5), Reply(called("look"), "length"))

    assert len(wants) == 1
    assert stop == "max_tokens_exceeded"
