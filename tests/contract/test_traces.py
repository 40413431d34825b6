"""What a provider was asked and what it answered can be read afterwards, where that is kept."""

import httpx2
import pytest
from letta_client import Letta

from tests.contract.conftest import Say
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Refusal, Reply
from tests.fakes.reply import Say as Said

MODELS = ("openai/gpt-4o", "anthropic/claude-sonnet-4-6", "google_ai/gemini-2.5-flash")


@pytest.mark.parametrize("model", MODELS)
def test_a_step_has_the_request_and_the_answer(
    client: Letta, http: httpx2.Client, fake: FakeProvider, say: Say, agent: str, model: str
) -> None:
    fake.script(Reply(parts=(Said(("How", " nice")),)))
    conversation = client.conversations.create(agent_id=agent, model=model).id
    answer = say(conversation, "Hello")
    (step,) = client.runs.steps.list(answer.run_id)

    trace = client.steps.trace.retrieve(step.id)

    assert trace is not None
    assert trace.request_json == fake.bodies[-1]
    assert " nice" in str(trace.response_json["text"])
    assert (trace.step_id, trace.run_id, trace.agent_id) == (step.id, answer.run_id, agent)
    assert trace.call_type == "agent_step"
    assert trace.latency_ms is not None
    told = http.get(f"/v1/telemetry/{step.id}").json()
    assert told["http"]["status"] == 200
    assert client.runs.trace.retrieve(answer.run_id, limit=1) == [told]


def test_a_run_has_all_tries_and_its_step_the_last(
    client: Letta, fake: FakeProvider, say: Say, agent: str
) -> None:
    fake.script(Refusal(500, {"error": {"message": "Not now"}}))
    conversation = client.conversations.create(agent_id=agent, model="openai/gpt-4o").id
    answer = say(conversation, "Hello")
    (step,) = client.runs.steps.list(answer.run_id)

    first, second = client.runs.trace.retrieve(answer.run_id)

    assert first["response_json"] == {"error": {"message": "Not now"}}
    assert first["step_id"] == second["step_id"] == step.id
    assert client.runs.trace.retrieve(answer.run_id, limit=1) == [first]
    of_step = client.steps.trace.retrieve(step.id)
    assert of_step is not None
    assert of_step.id == second["id"]


def test_who_asks_nobody_has_no_trace(client: Letta, say: Say, conversation: str) -> None:
    answer = say(conversation, "Hello")
    (step,) = client.runs.steps.list(answer.run_id)

    assert client.steps.trace.retrieve(step.id) is None
    assert client.runs.trace.retrieve(answer.run_id) == []
