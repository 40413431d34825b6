"""The turn, played by hand."""

from dataclasses import replace

import pytest

from palaver.core.turn import CallModel, Compact, Reply, RunTools, take_turn
from palaver.core.window import Window
from palaver.domain.llm import Handle
from palaver.domain.part import ToolReturn
from palaver.errors import ContextOverflow
from tests.core.said import called, entry, play, said

WINDOW = Window(Handle("palaver", "offline"))
RETURNED = (entry("tool", ToolReturn(call_id="call-0", status="success", content="seen")),)


def test_room_is_made_before_a_step_if_the_window_is_full() -> None:
    full = replace(WINDOW, system="x" * 4_000, tokens=1_000)
    roomy = replace(full, system="x")

    wants, stop = play(take_turn(full, 5), roomy, Reply(said("rain"), "stop"))

    assert wants == [Compact(full, "post_step_context_check"), CallModel(roomy)]
    assert stop == "end_turn"


def test_room_is_made_once_if_the_provider_refuses() -> None:
    turn, roomy = take_turn(WINDOW, 5), replace(WINDOW, system="x")

    assert next(turn) == CallModel(WINDOW)
    assert turn.throw(ContextOverflow("full")) == Compact(WINDOW, "context_window_exceeded")
    assert turn.send(roomy) == CallModel(roomy)
    with pytest.raises(ContextOverflow, match="still"):
        turn.throw(ContextOverflow("still"))


def test_room_is_not_made_twice_for_a_step() -> None:
    full = replace(WINDOW, system="x" * 4_000, tokens=1_000)
    turn = take_turn(full, 5)

    assert next(turn) == Compact(full, "post_step_context_check")
    assert turn.send(full) == CallModel(full)
    with pytest.raises(ContextOverflow):
        turn.throw(ContextOverflow("full"))


def test_what_the_provider_has_counted_is_its_measure() -> None:
    window = replace(WINDOW, system="x" * 4_000, tokens=1_900)
    look = Reply(called("look"), "tool_call", prompt=2_000)
    assert not window.is_full

    wants, _ = play(take_turn(window, 5), look, RETURNED, window, Reply(said("rain"), "stop"))

    assert [type(want) for want in wants] == [CallModel, RunTools, Compact, CallModel]


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
