"""Blocks by themselves, and as the core memory of agents."""

from uuid import uuid4

import httpx2
import pytest
from letta_client import Letta, NotFoundError

from tests.contract.talk import paged


def test_a_block_is_made_read_changed_and_removed(client: Letta) -> None:
    made = client.blocks.create(
        label="persona",
        value="I am.",
        description="Who I am",
        limit=500,
        read_only=True,
        metadata={"k": 1},
        tags=["t"],
    )
    changed = client.blocks.update(made.id, value="I was.")

    assert client.blocks.retrieve(made.id) == changed
    assert (changed.value, changed.description, changed.limit) == ("I was.", "Who I am", 500)
    assert (changed.read_only, changed.metadata, changed.tags) == (True, {"k": 1}, ["t"])
    client.blocks.delete(made.id)
    with pytest.raises(NotFoundError):
        client.blocks.retrieve(made.id)


def test_deleting_answers_null(http: httpx2.Client, client: Letta) -> None:
    made = client.blocks.create(label="x", value="")

    assert http.delete(f"/v1/blocks/{made.id}").text == "null"


def test_filters_find_blocks(client: Letta) -> None:
    label = f"label/{uuid4().hex}"
    value, tag = uuid4().hex, uuid4().hex
    made = client.blocks.create(label=label, value=f"a {value} b", description=tag, tags=[tag])

    for wanted in (
        client.blocks.list(label=label),
        client.blocks.list(label_search=label[2:-2]),
        client.blocks.list(value_search=value),
        client.blocks.list(description_search=tag),
        client.blocks.list(tags=[tag]),
        client.blocks.list(label=label, connected_to_agents_count_eq=[0]),
        client.blocks.list(label=label, connected_to_agents_count_lt=1),
    ):
        assert [block.id for block in wanted] == [made.id]
    assert list(client.blocks.list(label=label, connected_to_agents_count_gt=0)) == []
    assert list(client.blocks.list(label=label, templates_only=True)) == []


def test_pages_of_blocks_tile(client: Letta) -> None:
    label = uuid4().hex
    made = [client.blocks.create(label=label, value=str(n)).id for n in range(4)]

    up = paged(lambda limit: client.blocks.list(label=label, limit=limit))
    down = paged(lambda limit: client.blocks.list(label=label, limit=limit, order="desc"))

    assert up == [made] * 3
    assert down == [made[::-1]] * 3


def test_an_agent_reads_and_changes_its_blocks_by_label(client: Letta, agent: str) -> None:
    block = client.blocks.create(label="human/name", value="Charles")
    client.agents.blocks.attach(block.id, agent_id=agent)

    changed = client.agents.blocks.update("human/name", agent_id=agent, value="Ada")

    assert changed.value == "Ada"
    assert client.agents.blocks.retrieve("human/name", agent_id=agent) == changed
    assert client.blocks.retrieve(block.id).value == "Ada"
    with pytest.raises(NotFoundError):
        client.agents.blocks.retrieve("human", agent_id=agent)


def test_attaching_and_detaching_answer_the_agent(client: Letta, agent: str) -> None:
    block = client.blocks.create(label="notes", value="")

    attached = client.agents.blocks.attach(block.id, agent_id=agent)
    again = client.agents.blocks.attach(block.id, agent_id=agent)
    detached = client.agents.blocks.detach(block.id, agent_id=agent)

    assert [one.id for one in attached.blocks] == [block.id]
    assert again.blocks == attached.blocks
    assert detached.blocks == []
    assert client.blocks.retrieve(block.id) == block


def test_pages_of_an_agents_blocks_tile(client: Letta, agent: str) -> None:
    made = [client.blocks.create(label=f"b{n}", value="").id for n in range(4)]
    for block_id in made:
        client.agents.blocks.attach(block_id, agent_id=agent)

    up = paged(lambda limit: client.agents.blocks.list(agent, limit=limit, order="asc"))
    down = paged(lambda limit: client.agents.blocks.list(agent, limit=limit))

    assert up == [made] * 3
    assert down == [made[::-1]] * 3


def test_the_agents_of_a_block_are_listed(client: Letta, agent: str) -> None:
    block = client.blocks.create(label="shared", value="")
    other = client.agents.create(model="palaver/offline", block_ids=[block.id])
    client.agents.blocks.attach(block.id, agent_id=agent)

    found = client.blocks.agents.list(block.id, limit=1, include=["agent.blocks"])

    assert {one.id: [held.id for held in one.blocks] for one in found} == {
        agent: [block.id],
        other.id: [block.id],
    }
