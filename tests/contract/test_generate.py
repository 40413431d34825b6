"""A question to an agent's model, past the agent."""

from typing import Any

import httpx2
import pytest
from letta_client import Letta

from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Refusal, Reply, Say, Usage

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
ANSWER = Reply((Say(('{"n":', " 7}")),), usage=Usage(prompt=40, completion=8))


@pytest.fixture
def agent(client: Letta) -> str:
    """An agent with a prompt, a block and tools."""
    return client.agents.create(
        model="openai/gpt-4o",
        system="You sing.",
        memory_blocks=[{"label": "human", "value": "Ada."}],
    ).id


def test_only_what_is_asked_is_sent_and_nothing_is_kept(
    client: Letta, http: httpx2.Client, fake: FakeProvider, agent: str
) -> None:
    before = client.agents.retrieve(agent)
    fake.script(ANSWER)

    said = http.post(f"/v1/agents/{agent}/generate", json={"prompt": "How many?"}).json()

    assert (said["content"], said["model"]) == ('{"n": 7}', "openai/gpt-4o")
    usage = said["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (
        40,
        8,
        48,
    )
    assert (usage["step_count"], usage["run_ids"]) == (1, None)
    assert [one["content"] for one in fake.bodies[0]["messages"]] == ["How many?"]
    assert "tools" not in fake.bodies[0]
    assert client.agents.retrieve(agent) == before
    assert [*client.runs.list(agent_id=agent), *client.steps.list(agent_id=agent)] == []


@pytest.mark.parametrize(
    ("model", "form"),
    [
        ("openai/gpt-4o", lambda body: body["response_format"]["json_schema"]["schema"]),
        ("openai/gpt-5-mini", lambda body: body["text"]["format"]["schema"]),
        ("anthropic/claude-sonnet-4-6", lambda body: body["output_config"]["format"]["schema"]),
        ("google_ai/gemini-2.5-flash", lambda body: body["generationConfig"]["responseJsonSchema"]),
    ],
)
def test_another_model_answers_in_a_form(
    http: httpx2.Client, fake: FakeProvider, agent: str, model: str, form: Any
) -> None:
    fake.script(ANSWER)
    wishes = {"system_prompt": "You count.", "override_model": model, "response_schema": SCHEMA}

    said = http.post(f"/v1/agents/{agent}/generate/", json={"prompt": "How many?", **wishes}).json()

    assert (said["content"], said["model"]) == ('{"n": 7}', model)
    assert form(fake.bodies[0])["properties"] == SCHEMA["properties"]
    assert "You count." in str(fake.bodies[0])


def test_what_fails_is_told_as_ever(http: httpx2.Client, fake: FakeProvider, agent: str) -> None:
    path = f"/v1/agents/{agent}/generate"
    fake.script(Refusal(401))

    refused = http.post(path, json={"prompt": "How many?"})

    assert refused.status_code == 401
    assert refused.json()["error"]["type"] == "llm_authentication"
    assert http.post(path, json={"prompt": ""}).status_code == 422
    other = {"prompt": "x", "override_model": "nobody/nothing"}
    assert http.post(path, json=other).status_code == 404
    assert len(fake.bodies) == 1
