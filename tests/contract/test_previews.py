"""What a send would ask the provider is shown before it is sent, and is what is sent then."""

from typing import Any

import httpx2
import pytest
from letta_client import Letta

from tests.contract.conftest import Say
from tests.fakes.provider import FakeProvider

ASK = {"name": "ask", "description": "Asks.", "parameters": {"type": "object", "properties": {}}}
WISHES: dict[str, Any] = {
    "client_tools": [ASK],
    "client_skills": [{"name": "tea", "description": "Makes tea.", "location": "/tea"}],
}
MODELS = (
    "openai/gpt-4o", "openai/gpt-5-mini", "anthropic/claude-sonnet-4-6",
    "google_ai/gemini-2.5-flash", "sglang/qwen3",
)  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_what_is_shown_is_what_is_sent(
    client: Letta, http: httpx2.Client, fake: FakeProvider, say: Say, agent: str, model: str
) -> None:
    conversation = client.conversations.create(agent_id=agent, model=model).id
    say(conversation, "Before")
    asked = len(fake.bodies)
    before = http.get(f"/v1/conversations/{conversation}/messages").json()

    path = f"/v1/conversations/{conversation}/messages/preview-raw-payload"
    shown = http.post(path, json={"input": "Hello", **WISHES}).json()

    assert len(fake.bodies) == asked
    assert http.get(f"/v1/conversations/{conversation}/messages").json() == before
    say(conversation, "Hello", **WISHES)
    assert shown == fake.bodies[asked]
    assert "Makes tea." in str(shown)


def test_other_models_and_other_prompts_are_shown_too(
    client: Letta, http: httpx2.Client, fake: FakeProvider, agent: str
) -> None:
    path = f"/v1/agents/{agent}/messages/preview-raw-payload"
    wishes = {"override_model": "openai/gpt-4o", "override_system": "You sing."}

    shown = http.post(path, json={"input": "Hello", **wishes}).json()
    offline = http.post(path, json={"input": "Hello"}).json()

    assert shown["model"] == "gpt-4o"
    assert [one["content"] for one in shown["messages"]] == ["You sing.", "Hello"]
    assert offline["model"] == "palaver/offline"
    assert offline["messages"][-1]["parts"][0]["text"] == "Hello"
    assert fake.bodies == []
    assert list(client.runs.list(agent_id=agent)) == []


def test_what_cannot_be_sent_is_not_shown(http: httpx2.Client, agent: str) -> None:
    path = f"/v1/agents/{agent}/messages/preview-raw-payload"
    answer = {"type": "approval", "approvals": []}

    unknown = http.post(path, json={"input": "Hello", "override_model": "nobody/nothing"})

    assert unknown.status_code == 404
    assert http.post(path, json={}).status_code == 422
    assert http.post(path, json={"messages": [answer]}).status_code in (400, 422)
