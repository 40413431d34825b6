"""Small things that clients ask for: tags, counts, secrets, resets, runs nobody waits for."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from letta_client import BadRequestError, ConflictError, Letta

from tests.contract.conftest import Say
from tests.contract.talk import Record

OFFLINE = "palaver/offline"


@pytest.fixture
def word() -> str:
    """A word that nothing else has in it."""
    return f"w{uuid4().hex}"


def test_tags_are_those_of_agents_and_blocks_by_the_alphabet(client: Letta, word: str) -> None:
    tags = [f"{word}-{letter}" for letter in "abcd"]
    made = client.agents.create(model=OFFLINE, tags=[tags[2], tags[0]])
    client.agents.create(model=OFFLINE, tags=[tags[2]])
    client.blocks.create(label="notes", value="", tags=[tags[1], tags[3]])

    assert client.tags.list(name=word) == tags
    assert client.tags.list(query_text=word.upper(), order="desc") == tags[::-1]
    assert client.tags.list(name=word, limit=2, after=tags[0]) == tags[1:3]
    assert client.tags.list(name=word, limit=2, before=tags[3]) == tags[1:3]
    assert client.tags.list(name=word, limit=2, before=tags[0], order="desc") == [tags[2], tags[1]]
    client.agents.delete(made.id)
    assert client.tags.list(name=word) == tags[1:]


def test_agents_and_blocks_are_counted_by_what_they_are_listed_by(
    client: Letta, http: httpx2.Client, word: str
) -> None:
    for _ in range(3):
        client.agents.create(model=OFFLINE, tags=[word])
    client.agents.create(model=OFFLINE, tags=[word], hidden=True)
    client.blocks.create(label="notes", value="", tags=[word])

    def counted(path: str, **wanted: Any) -> int:
        count: int = http.get(f"/v1/{path}/count", params=wanted).raise_for_status().json()
        return count

    assert counted("agents", tags=word) == len(list(client.agents.list(tags=[word]))) == 3
    assert counted("agents") >= 3
    assert counted("agents", tags=word, name="Nobody") == 0
    assert counted("agents", identity_id="identity-1") == 0
    assert counted("agents", created_by_id="user-1") == 0
    assert counted("blocks", tags=word) == 1
    assert counted("blocks", tags=word, label="other") == 0


def test_core_memory_and_secrets_are_read_by_themselves(client: Letta, http: httpx2.Client) -> None:
    made = client.agents.create(
        model=OFFLINE, memory_blocks=[{"label": "human", "value": "Ada"}], secrets={"KEY": "value"}
    )

    memory = http.get(f"/v1/agents/{made.id}/core-memory").json()
    secrets = http.get(f"/v1/agents/{made.id}/secrets").json()

    assert [(one["label"], one["value"]) for one in memory["blocks"]] == [("human", "Ada")]
    assert [(one["key"], one["value"]) for one in secrets] == [("KEY", "value")]


def test_the_older_name_of_recompile_does_the_same(
    client: Letta, http: httpx2.Client, agent: str
) -> None:
    client.agents.update(agent, system="You count.")

    text = http.post(f"/v1/agents/{agent}/system-prompt/recompile", params={"dry_run": True})

    assert text.json().startswith("You count.")


def test_a_reset_begins_anew_and_loses_nothing(client: Letta, say: Say, agent: str) -> None:
    said = say("default", "Remember the lighthouse.", agent_id=agent)
    client.blocks.create(label="notes", value="")

    state = client.agents.messages.reset(agent, add_default_initial_messages=True)

    assert state is not None
    assert state.id == agent
    anew = list(client.conversations.messages.list("default", agent_id=agent))
    assert [one.message_type for one in anew] == ["system_message"]
    assert state.message_ids == [anew[0].id]
    [kept] = client.conversations.list(agent_id=agent)
    before = [one.id for one in client.conversations.messages.list(kept.id)]
    assert {one.id for one in said.messages} <= set(before)
    system = next(iter(client.conversations.messages.list(kept.id, order="asc", limit=1)))
    assert kept.id in system.content  # type: ignore[union-attr]
    assert say(kept.id, "Go on.").stop == say("default", "Hello", agent_id=agent).stop == "end_turn"


def test_what_goes_on_is_not_reset(client: Letta, agent: str) -> None:
    slow = "[[pace: 20]] [[words: 1000]]"
    stream: Any = client.agents.messages.create(
        agent, input=slow, streaming=True, stream_tokens=True
    )
    run_id = next(iter(stream)).run_id

    with pytest.raises(ConflictError, match=run_id):
        client.agents.messages.reset(agent)

    client.agents.messages.cancel(agent)
    stream.close()
    assert client.conversations.list(agent_id=agent) == []


def test_a_run_that_nobody_waits_for(client: Letta, agent: str) -> None:
    run = client.agents.messages.create_async(agent, input="Hello", max_steps=3)

    kinds = [event.message_type for event in client.runs.messages.stream(run.id)]

    assert (run.agent_id, run.background) == (agent, True)
    assert kinds[-2:] == ["stop_reason", "usage_statistics"]
    assert client.runs.retrieve(run.id).status == "completed"
    with pytest.raises(BadRequestError, match="not public"):
        client.agents.messages.create_async(agent, input="Hello", callback_url="http://10.0.0.1")


def test_active_runs_are_listed_by_themselves(
    client: Letta, http: httpx2.Client, agent: str
) -> None:
    slow = "[[pace: 20]] [[words: 1000]]"
    run = client.agents.messages.create_async(agent, input=slow)

    def active(**wanted: Any) -> list[str]:
        found = http.get("/v1/runs/active", params={"agent_id": agent, **wanted}).json()
        return [one["id"] for one in found]

    assert active() == active(background=True) == [run.id]
    assert active(background=False) == []
    client.agents.messages.cancel(agent, run_ids=[run.id])
    list(client.runs.messages.stream(run.id))
    assert active() == []


def test_a_run_that_has_ended_is_removed_and_what_was_said_stays(
    client: Letta, http: httpx2.Client, say: Say, records: list[Record], agent: str
) -> None:
    conversation = client.conversations.create(agent_id=agent).id
    first, second = say(conversation, "Hello").run_id, say(conversation, "And you?").run_id
    (step,) = client.runs.steps.list(second)
    said = client.conversations.messages.list(conversation)
    client.steps.feedback.create(step.id, feedback="positive", tags=["t"])

    assert http.delete(f"/v1/runs/{second}").json() is None
    records.clear()  # a run that is gone is not held against its stream

    assert [one.id for one in client.runs.list(conversation_id=conversation)] == [first]
    assert list(client.conversations.messages.list(conversation)) == list(said)
    gone = (
        (http.get, f"/v1/runs/{second}"),
        (http.get, f"/v1/runs/{second}/messages"),
        (http.get, f"/v1/steps/{step.id}"),
        (http.post, f"/v1/runs/{second}/stream"),
        (http.delete, f"/v1/runs/{second}"),
    )
    assert {ask(path).status_code for ask, path in gone} == {404}
    assert http.get(f"/v1/conversations/{conversation}/context").status_code == 200
    assert say(conversation, "Go on.").stop == "end_turn"


def test_a_run_that_has_not_ended_is_not_removed(
    client: Letta, http: httpx2.Client, say: Say, records: list[Record], agent: str
) -> None:
    run = client.agents.messages.create_async(agent, input="[[pace: 20]] [[words: 1000]]")
    busy = http.delete(f"/v1/runs/{run.id}")
    client.agents.messages.cancel(agent, run_ids=[run.id])
    list(client.runs.messages.stream(run.id))
    http.delete(f"/v1/runs/{run.id}").raise_for_status()
    records.clear()
    ask = {"name": "ask", "description": "Asks.", "parameters": {"type": "object"}}
    conversation = client.conversations.create(agent_id=agent).id
    asks = say(conversation, "[[call: ask {}]] Hello", client_tools=[ask]).run_id
    waits = http.delete(f"/v1/runs/{asks}")

    assert (busy.status_code, waits.status_code) == (409, 409)
    assert "wait for an answer" in waits.text
    assert client.runs.retrieve(asks).stop_reason == "requires_approval"


def test_what_names_a_group_finds_none(client: Letta, http: httpx2.Client, agent: str) -> None:
    sent = {"role": "user", "content": "Hello", "group_id": "group-1"}
    client.agents.messages.create(agent, messages=[sent])  # type: ignore[list-item]

    found = http.get(f"/v1/agents/{agent}/messages", params={"group_id": "group-1"}).json()

    assert [one["message_type"] for one in found] == ["user_message"]
    assert list(client.agents.messages.list(agent, group_id="group-2")) == []
    state = client.agents.retrieve(agent, include=["agent.managed_group"])
    assert (state.managed_group, state.multi_agent_group) == (None, None)


def test_the_metrics_of_a_run(client: Letta, http: httpx2.Client, say: Say) -> None:
    made = client.agents.create(model=OFFLINE, memory_blocks=[{"label": "notes", "value": ""}])
    tool = next(one for one in made.tools if one.name == "memory_insert")
    conversation = client.conversations.create(agent_id=made.id).id
    call = '[[call: memory_insert {"label": "notes", "new_str": "x"}]] Hello'
    run_id = say(conversation, call).run_id

    metrics = http.get(f"/v1/runs/{run_id}/metrics").json()

    assert (metrics["id"], metrics["agent_id"]) == (run_id, made.id)
    assert metrics["num_steps"] == 2
    assert metrics["tools_used"] == [tool.id]
    assert metrics["run_ns"] == client.runs.retrieve(run_id).total_duration_ns
    created = client.runs.retrieve(run_id).created_at
    assert created is not None
    assert metrics["run_start_ns"] / 1e9 == pytest.approx(created.timestamp(), abs=1e-3)


def test_auto_is_the_servers_default(client: Letta, server_default: str) -> None:
    assert client.agents.create(model="letta/auto").model == server_default
    assert client.agents.create().model == server_default


@pytest.fixture
def server_default(client: Letta) -> str:
    """The model of agents that name none."""
    model = client.agents.create().model
    assert model
    return model


def test_what_people_think_of_a_step(client: Letta, say: Say, word: str, agent: str) -> None:
    conversation = client.conversations.create(agent_id=agent).id
    run_id = say(conversation, '[[call: memory_insert {"label": "x"}]] Hello').run_id
    first, second = client.runs.steps.list(run_id, order="asc")

    def found(**wanted: Any) -> list[str]:
        return [one.id for one in client.steps.list(agent_id=agent, order="asc", **wanted)]

    judged = client.steps.feedback.create(first.id, feedback="positive", tags=[word, "good"])
    assert (judged.feedback, judged.tags) == ("positive", [word, "good"])
    assert client.steps.retrieve(first.id) == judged
    assert (
        found(feedback="positive") == found(has_feedback=True) == found(tags=[word]) == [first.id]
    )
    assert found(feedback="negative") == found(tags=[word, "bad"]) == []
    assert found(has_feedback=False) == [second.id]

    kept = client.steps.feedback.create(first.id, feedback="negative")
    assert (kept.feedback, kept.tags) == ("negative", [word, "good"])
    assert found(feedback="positive") == []
    client.steps.feedback.create(first.id, feedback=None, tags=[])
    assert client.steps.retrieve(first.id) == first
    assert found(has_feedback=True) == found(tags=[word]) == []


def test_providers_are_listed_without_their_keys(http: httpx2.Client) -> None:
    listed = http.get("/v1/providers", params={"order": "asc"}).json()

    named = {one["name"]: one for one in listed}
    assert {"palaver", "openai", "anthropic"} <= named.keys()
    assert named["openai"]["base_url"].startswith("http://127.0.0.1")
    assert "sk-" not in str(listed)
    one = named["openai"]
    assert http.get(f"/v1/providers/{one['id']}").json() == one
    assert http.get("/v1/providers/", params={"name": "openai"}).json() == [one]
    pages = [http.get("/v1/providers", params={"order": "asc", "limit": 2}).json()]
    while pages[-1]:
        query = {"order": "asc", "limit": 2, "after": pages[-1][-1]["id"]}
        pages.append(http.get("/v1/providers", params=query).json())
    assert [one for page in pages for one in page] == listed
    nowhere = "provider-00000000-0000-4000-8000-000000000000"
    assert http.get(f"/v1/providers/{nowhere}").status_code == 404
    assert http.get("/v1/providers", params={"after": nowhere}).status_code == 404
