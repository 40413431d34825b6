"""Groups: made of agents, read, changed, and found by whoever is in them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from letta_client import Letta

from tests.contract.talk import Json

OFFLINE = "palaver/offline"
Ask = Callable[..., Any]
Agents = tuple[str, str, str]


@pytest.fixture
def ask(http: httpx2.Client) -> Ask:
    """What a request below /v1/groups is answered with; it must be one of 200."""

    def request(method: str, path: str = "/", body: Any = None, **query: Any) -> Any:
        answer = http.request(method, f"/v1/groups{path}", json=body, params=query)
        return answer.raise_for_status().json()

    return request


@pytest.fixture
def agents(client: Letta) -> Agents:
    """Three agents."""
    ada, bob, eve = (client.agents.create(model=OFFLINE).id for _ in range(3))
    return ada, bob, eve


def _group(*agent_ids: str, **config: Any) -> Json:
    managed = {"manager_config": config} if config else {}
    return {"agent_ids": list(agent_ids), "description": "They talk.", **managed}


def test_a_group_is_made_read_changed_and_removed(
    client: Letta, ask: Ask, agents: Agents, http: httpx2.Client
) -> None:
    ada, bob, eve = agents
    notes, more = (client.blocks.create(label="notes", value="").id for _ in range(2))
    config = {"manager_type": "dynamic", "manager_agent_id": ada, "max_turns": 5}
    shared = {"shared_block_ids": [notes, more]}

    made = ask("POST", "/", {**_group(eve, bob, eve, **config), **shared})
    path = f"/{made['id']}"

    assert made == ask("GET", path) == ask("GET", f"{path}/")
    assert made["id"].startswith("group-")
    said = {key: value for key, value in made.items() if value is not None and key != "id"}
    assert said == {
        **config,
        **shared,
        "agent_ids": [eve, bob],
        "description": "They talk.",
        "termination_token": "DONE!",
    }
    client.blocks.delete(more)
    told = {"max_turns": 7, "manager_agent_id": bob, "sleeptime_agent_frequency": 9}
    change = {"agent_ids": [ada, eve], "description": None, "manager_config": told}
    after = {"agent_ids": [ada, eve], "max_turns": 7, "manager_agent_id": bob}
    changed = ask("PATCH", path, change)
    assert changed == {**made, **after, "shared_block_ids": [notes]}
    assert ask("PATCH", path, {"description": "They sleep."})["agent_ids"] == [ada, eve]
    other = http.patch(f"/v1/groups{path}", json={"manager_config": {"manager_type": "supervisor"}})
    assert (other.status_code, "dynamic" in other.text) == (400, True)
    nobody = {"description": "They go.", "agent_ids": [ada, f"agent-{uuid4()}"]}
    assert http.patch(f"/v1/groups{path}", json=nobody).status_code == 404
    assert ask("GET", path) == {**changed, "description": "They sleep."}
    assert ask("DELETE", path) is None
    assert http.get(f"/v1/groups{path}").status_code == 404
    assert client.agents.retrieve(ada).id == ada


def test_groups_are_listed_and_counted(
    ask: Ask, agents: Agents, http: httpx2.Client, client: Letta
) -> None:
    ada, bob, eve = agents
    before = ask("GET", "/count")
    led = {"manager_type": "supervisor", "manager_agent_id": ada}
    bodies = (_group(ada, bob), _group(bob, **led), _group(ada), _group(eve), _group(ada, **led))
    made = [ask("POST", "", body)["id"] for body in bodies]
    hidden = ask("POST", "", {**_group(ada), "hidden": True})["id"]

    def listed(**wanted: Any) -> list[str]:
        return [one["id"] for one in ask("GET", "", **{"limit": 1000, **wanted})]

    def of(agent_id: str, **wanted: Any) -> list[str]:
        answer = http.get(f"/v1/agents/{agent_id}/groups", params=wanted)
        return [one["id"] for one in answer.raise_for_status().json()]

    assert listed()[-5:] == made
    assert listed(order="desc", limit=2) == [made[4], made[3]]
    assert listed(after=made[0], limit=2) == made[1:3]
    assert listed(manager_type="supervisor", after=made[0]) == [made[1], made[4]]
    assert listed(manager_type="swarm") == []
    assert ask("GET", "/count") == before + 5
    hers = [hidden, made[4], made[2], made[1], made[0]]
    assert of(ada) == hers
    tiles = of(ada, limit=2)
    while page := of(ada, limit=2, after=tiles[-1]):
        tiles += page
    assert tiles == hers
    assert of(ada, order="asc", before=made[4]) == made[:3]
    assert of(ada, manager_type="supervisor") == [made[4], made[1]]
    assert of(bob, manager_type="of no such type") == []
    assert http.get(f"/v1/agents/agent-{uuid4()}/groups").status_code == 404


def test_an_agent_shows_the_group_that_it_manages(client: Letta, ask: Ask, agents: Agents) -> None:
    ada, bob, _ = agents
    config = {"manager_type": "sleeptime", "manager_agent_id": ada, "sleeptime_agent_frequency": 5}
    for _ in range(2):
        group = ask("POST", "/", _group(bob, **config))

    shown = client.agents.retrieve(ada, include=["agent.managed_group"])
    assert shown.managed_group is not None
    assert (shown.managed_group.id, shown.managed_group.agent_ids) == (group["id"], [bob])
    assert shown.multi_agent_group is not None
    assert shown.managed_group.sleeptime_agent_frequency == 5
    assert client.agents.retrieve(ada).managed_group is None
    member = client.agents.retrieve(bob, include=["agent.managed_group"])
    assert member.managed_group is None
    assert client.agents.update(ada, description="leads").managed_group == shown.managed_group


def test_who_is_deleted_leaves_its_groups_and_those_it_managed_go(
    client: Letta, ask: Ask, agents: Agents, http: httpx2.Client
) -> None:
    ada, bob, eve = agents
    led = {"manager_type": "supervisor", "manager_agent_id": ada}
    plain, managed = ask("POST", "/", _group(bob, ada, eve)), ask("POST", "/", _group(bob, **led))

    client.agents.delete(ada)

    assert ask("GET", f"/{plain['id']}") == {**plain, "agent_ids": [bob, eve]}
    assert http.get(f"/v1/groups/{managed['id']}").status_code == 404
    assert client.agents.retrieve(bob).id == bob
    for path, body in (("", _group(ada)), ("", _group(bob, **led))):
        assert http.post(f"/v1/groups{path}", json=body).status_code == 404


def test_a_group_is_changed_while_its_agents_go(
    ask: Ask, agents: Agents, http: httpx2.Client
) -> None:
    led = {"manager_type": "supervisor", "manager_agent_id": agents[0]}
    plain, managed = ask("POST", "/", _group(*agents)), ask("POST", "/", _group(*agents, **led))
    changes = [
        ("PATCH", f"/v1/groups/{group['id']}", {"agent_ids": list(named), "manager_config": config})
        for group, config in ((plain, None), (managed, {"manager_agent_id": agents[1]}))
        for named in (agents, agents[::-1], agents[1:])
    ]
    goings = [("DELETE", f"/v1/agents/{agent_id}", None) for agent_id in agents[:2]]

    with ThreadPoolExecutor(4) as pool:
        asked = [*changes[::2], goings[0], *changes[1::2], goings[1], *changes]
        told = list(pool.map(lambda one: http.request(one[0], one[1], json=one[2]), asked))

    assert {answer.status_code for answer in told} <= {200, 404}
    assert set(ask("GET", f"/{plain['id']}")["agent_ids"]) <= {agents[2]}
    assert http.get(f"/v1/groups/{managed['id']}").status_code == 404
