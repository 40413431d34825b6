"""Agents: made, read, listed, changed and removed by the official clients."""

from uuid import uuid4

import httpx2
import pytest
from letta_client import BadRequestError, Letta, NotFoundError

from tests.contract.talk import paged

OFFLINE = "palaver/offline"


def test_an_agent_is_made_with_all_it_has(client: Letta) -> None:
    made = client.agents.create(
        name="Ada",
        model=OFFLINE,
        description="A mathematician.",
        system="You count.",
        memory_blocks=[{"label": "human", "value": "Charles"}],
        tools=["memory_rethink"],
        tags=["b", "a"],
        metadata={"born": 1815},
        timezone="Europe/London",
        context_window_limit=32_000,
        secrets={"KEY": "value"},
        model_settings={"provider_type": "openai", "max_output_tokens": 100},
        tool_rules=[{"type": "exit_loop", "tool_name": "memory_rethink"}],
        compaction_settings={"model": "letta/auto"},
        hidden=False,
    )

    assert made.id.startswith("agent-")
    assert made.name == "Ada"
    assert made.agent_type == "letta_v1_agent"
    assert (made.description, made.system, made.timezone) == (
        "A mathematician.",
        "You count.",
        "Europe/London",
    )
    assert [block.value for block in made.blocks] == ["Charles"]
    assert [tool.name for tool in made.tools] == [
        "conversation_search",
        "memory_insert",
        "memory_replace",
        "memory_rethink",
    ]
    assert set(made.tags) == {"a", "b"}
    assert made.metadata == {"born": 1815}
    assert made.llm_config.context_window == 32_000
    assert made.secrets is not None
    assert [(one.key, one.value) for one in made.secrets] == [("KEY", "value")]
    assert made.message_ids is not None
    assert len(made.message_ids) == 1


def test_relations_are_read_only_where_they_are_included(client: Letta) -> None:
    made = client.agents.create(
        model=OFFLINE, memory_blocks=[{"label": "human", "value": "x"}], tags=["t"]
    )

    bare = client.agents.retrieve(made.id)
    full = client.agents.retrieve(made.id, include=["agent.blocks", "agent.tags", "agent.tools"])

    assert (bare.blocks, bare.tags, bare.tools) == ([], [], [])
    assert (full.blocks, full.tags, full.tools) == (made.blocks, made.tags, made.tools)


def test_a_change_leaves_the_rest_as_it_was(client: Letta, agent: str) -> None:
    client.agents.update(agent, description="before", tags=["kept"])

    changed = client.agents.update(agent, name="Grace")

    assert (changed.name, changed.description, changed.tags) == ("Grace", "before", ["kept"])


def test_null_clears_what_may_be_null(client: Letta, agent: str) -> None:
    client.agents.update(agent, description="before")

    assert client.agents.update(agent, description=None).description is None


def test_a_deleted_agent_is_gone(client: Letta, agent: str) -> None:
    client.agents.delete(agent)

    with pytest.raises(NotFoundError):
        client.agents.retrieve(agent)
    with pytest.raises(NotFoundError):
        client.agents.delete(agent)


def test_tags_find_agents_by_any_or_by_all(client: Letta) -> None:
    one, two, both = (uuid4().hex for _ in range(3))
    first = client.agents.create(model=OFFLINE, tags=[both, one])
    second = client.agents.create(model=OFFLINE, tags=[both, two])

    any_of = client.agents.list(tags=[one, two])
    all_of = client.agents.list(tags=[both, two], match_all_tags=True)

    assert {agent.id for agent in any_of} == {first.id, second.id}
    assert [agent.id for agent in all_of] == [second.id]


def test_names_find_agents_exactly_and_texts_by_their_parts(client: Letta) -> None:
    name = f"Agent {uuid4().hex}"
    made = client.agents.create(model=OFFLINE, name=name)

    assert [agent.id for agent in client.agents.list(name=name)] == [made.id]
    assert [agent.id for agent in client.agents.list(query_text=name[3:-3])] == [made.id]
    assert list(client.agents.list(name=name[3:])) == []


def test_pages_of_agents_tile(client: Letta) -> None:
    tag = uuid4().hex
    made = [client.agents.create(model=OFFLINE, tags=[tag]).id for _ in range(4)]

    up = paged(lambda limit: client.agents.list(tags=[tag], limit=limit, order="asc"))
    down = paged(lambda limit: client.agents.list(tags=[tag], limit=limit))

    assert up == [made] * 3
    assert down == [made[::-1]] * 3


def test_before_pages_backwards(client: Letta) -> None:
    tag = uuid4().hex
    made = [client.agents.create(model=OFFLINE, tags=[tag]).id for _ in range(4)]

    page = client.agents.list(tags=[tag], order="asc", limit=2, before=made[3])

    assert [agent.id for agent in page.items] == made[1:3]


def test_recompiling_takes_up_changed_blocks(client: Letta) -> None:
    made = client.agents.create(model=OFFLINE, memory_blocks=[{"label": "human", "value": "old"}])
    client.blocks.update(str(made.blocks[0].id), value="new")

    tried = client.agents.recompile(made.id, dry_run=True)
    done = client.agents.recompile(made.id)

    assert "new" in tried
    assert done == tried


def test_a_model_that_is_unknown_is_refused(client: Letta) -> None:
    with pytest.raises(NotFoundError):
        client.agents.create(model="nobody/knows")
    with pytest.raises(BadRequestError):
        client.agents.create(model="no-handle")


def test_an_unknown_tool_is_refused_by_name(client: Letta) -> None:
    with pytest.raises(BadRequestError, match="web_search"):
        client.agents.create(model=OFFLINE, tools=["web_search"])


def test_the_default_model_stands_in_for_auto(client: Letta) -> None:
    assert client.agents.create(model="letta/auto").model == "openai/gpt-5-mini"


@pytest.mark.parametrize("kind", ["letta", "ollama", "vllm", "mistral"])
def test_settings_may_name_a_kind_of_provider_that_has_none_of_its_own(
    http: httpx2.Client, kind: str
) -> None:
    settings = {"provider_type": kind, "parallel_tool_calls": False}

    made = http.post("/v1/agents/", json={"model": OFFLINE, "model_settings": settings}).json()

    assert made["model_settings"]["provider_type"] == "openai"
    assert made["model_settings"]["parallel_tool_calls"] is False
