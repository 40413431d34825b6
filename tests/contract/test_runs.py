"""Runs and steps: what became of a send, and what it cost."""

from time import time_ns

import httpx2
import pytest
from letta_client import Letta, NotFoundError

from tests.contract.conftest import Say

CALLING = '[[think: well]] [[call: memory_insert {"label": "x"}]] Hello'


def test_a_run_tells_what_became_of_a_send(
    client: Letta, say: Say, agent: str, conversation: str
) -> None:
    turn = say(conversation, "Hello", background=True)

    run = client.runs.retrieve(turn.run_id)

    assert (run.agent_id, run.conversation_id) == (agent, conversation)
    assert (run.status, run.stop_reason, run.background) == ("completed", "end_turn", True)
    assert run.created_at is not None
    assert run.completed_at is not None
    assert run.created_at <= run.completed_at
    assert run.total_duration_ns is not None
    assert run.ttft_ns is not None
    assert 0 < run.ttft_ns <= run.total_duration_ns


def test_runs_of_the_default_conversation_name_none(client: Letta, say: Say, agent: str) -> None:
    turn = say("default", "Hello", agent_id=agent)

    assert client.runs.retrieve(turn.run_id).conversation_id is None


def test_runs_are_found_by_what_became_of_them(
    client: Letta, say: Say, agent: str, conversation: str
) -> None:
    good = say(conversation, "Hello").run_id
    other = client.conversations.create(agent_id=agent).id
    stopped = say(other, '[[call: memory_insert {"label": "x"}]]', max_steps=1).run_id

    def found(**wanted: object) -> set[str]:
        return {run.id for run in client.runs.list(agent_id=agent, **wanted)}  # type: ignore[arg-type]

    assert found() == found(statuses=["completed"]) == {good, stopped}
    assert found(conversation_id=conversation) == {good}
    assert found(stop_reason="max_steps") == {stopped}
    assert found(active=True) == found(background=True) == set()


def test_a_runs_messages_begin_with_its_input(client: Letta, say: Say, conversation: str) -> None:
    turn = say(conversation, CALLING)

    kinds = [one.message_type for one in client.runs.messages.list(turn.run_id, limit=2)]

    assert kinds == [
        "user_message",
        "reasoning_message",
        "tool_call_message",
        "tool_return_message",
        "reasoning_message",
        "assistant_message",
    ]


def test_a_step_tells_of_its_call_of_the_model(
    client: Letta, say: Say, agent: str, conversation: str
) -> None:
    turn = say(conversation, CALLING)

    first, second = client.runs.steps.list(turn.run_id, order="asc")

    assert client.steps.retrieve(first.id) == first
    assert {event["step_id"] for event in turn.of("tool_call_message")} == {first.id}
    assert (first.agent_id, first.run_id) == (agent, turn.run_id)
    assert (first.model, first.provider_name) == ("offline", "palaver")
    assert [step.status for step in (first, second)] == ["success", "success"]


def test_the_metrics_of_a_step_tell_how_long_it_took(
    client: Letta, say: Say, agent: str, conversation: str
) -> None:
    began = time_ns()
    turn = say(conversation, CALLING)
    ended = time_ns()

    steps = list(client.runs.steps.list(turn.run_id, order="asc"))
    first, second = (client.steps.metrics.retrieve(step.id) for step in steps)

    for one, step in zip((first, second), steps, strict=True):
        assert (one.id, one.agent_id, one.run_id) == (step.id, agent, turn.run_id)
        assert one.step_start_ns and one.llm_request_start_ns
        assert began <= one.step_start_ns <= one.llm_request_start_ns < ended
        assert one.step_ns and one.llm_request_ns
        assert one.llm_request_ns + (one.tool_execution_ns or 0) <= one.step_ns
    assert first.tool_execution_ns
    assert second.tool_execution_ns is None
    extra = first.model_extra or {}
    assert (extra["prefix_changed_at"], extra["cached_input_tokens"]) == (None, None)


def test_usage_is_the_sum_of_the_steps(client: Letta, say: Say, conversation: str) -> None:
    turn = say(conversation, CALLING)
    [told] = turn.of("usage_statistics")

    steps = list(client.runs.steps.list(turn.run_id))
    usage = client.runs.usage.retrieve(turn.run_id)

    assert told["step_count"] == len(steps) == 2
    assert usage.prompt_tokens == told["prompt_tokens"] == sum(s.prompt_tokens or 0 for s in steps)
    assert usage.completion_tokens == told["completion_tokens"]
    assert usage.total_tokens == told["total_tokens"]
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == told["reasoning_tokens"]


@pytest.mark.parametrize("path", ["", "/messages", "/steps", "/usage"])
def test_an_unknown_run_is_not_found(http: httpx2.Client, path: str) -> None:
    answer = http.get(f"/v1/runs/run-00000000-0000-4000-8000-000000000000{path}")

    assert answer.status_code == 404


def test_an_unknown_step_is_not_found(client: Letta) -> None:
    with pytest.raises(NotFoundError):
        client.steps.retrieve("step-00000000-0000-4000-8000-000000000000")
    with pytest.raises(NotFoundError):
        client.steps.metrics.retrieve("step-00000000-0000-4000-8000-000000000000")
