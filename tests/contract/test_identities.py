"""Identities: made, given to agents and blocks, and found by."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from letta_client import Letta

from tests.contract.talk import Json, paged

OFFLINE = "palaver/offline"
Ask = Callable[..., Any]


@pytest.fixture
def key() -> str:
    """A key that nobody else has."""
    return f"k{uuid4().hex}"


@pytest.fixture
def ask(http: httpx2.Client) -> Ask:
    """What a request below /v1/identities is answered with; it must be one of 200."""

    def request(method: str, path: str = "/", body: Any = None, **query: Any) -> Any:
        answer = http.request(method, f"/v1/identities{path}", json=body, params=query)
        return answer.raise_for_status().json()

    return request


@pytest.fixture
def identity(ask: Ask, key: str) -> Json:
    """An identity that nothing has."""
    made: Json = ask("POST", "/", {"identifier_key": key, "name": "Ada", "identity_type": "user"})
    return made


def test_an_identity_is_made_read_changed_and_removed(ask: Ask, key: str) -> None:
    tea = {"key": "drink", "value": "tea", "type": "string"}
    age = {"key": "age", "value": 36, "type": "number"}
    likes = {"key": "likes", "value": {"cats": [1, 2.5]}, "type": "json"}
    new = {"identifier_key": key, "name": "Ada", "identity_type": "user"}

    made = ask("POST", "/", {**new, "properties": [tea, age, {**tea, "value": "coffee"}]})
    path = f"/{made['id']}"

    assert made == ask("GET", path) == ask("GET", f"{path}/")
    assert made["properties"] == [{**tea, "value": "coffee"}, age]
    assert (made["agent_ids"], made["block_ids"]) == ([], [])
    put = ask("PUT", f"{path}/properties", [likes, {**age, "value": 37}])
    assert put["properties"] == [{**tea, "value": "coffee"}, {**age, "value": 37}, likes]
    changed = ask("PATCH", path, {"name": "Ada L.", "properties": [tea], "identity_type": None})
    assert changed == {**made, "name": "Ada L.", "properties": [tea]}
    assert ask("DELETE", path) is None
    with pytest.raises(httpx2.HTTPStatusError, match="404"):
        ask("GET", path)


def test_a_key_is_there_once(http: httpx2.Client, ask: Ask, identity: Json) -> None:
    key = identity["identifier_key"]
    other = {"identifier_key": key, "name": "Acme", "identity_type": "org"}

    refused = http.post("/v1/identities", json=other)
    assert (refused.status_code, "PUT /v1/identities/" in refused.text) == (409, True)
    assert ask("PUT", "", other) == {**identity, "name": "Acme", "identity_type": "org"}
    new = ask("PUT", "/", {**other, "identifier_key": f"{key}-2"})
    assert new["id"] != identity["id"]
    taken = http.patch(f"/v1/identities/{new['id']}", json={"identifier_key": key})
    assert taken.status_code == 409
    assert ask("GET", f"/{new['id']}") == new


def test_identities_are_listed_and_counted(ask: Ask, key: str) -> None:
    before = ask("GET", "/count")
    made = [
        ask("POST", "", {"identifier_key": f"{key}-{n}", "name": key, "identity_type": kind})["id"]
        for n, kind in enumerate(("org", "user", "user", "other"))
    ]

    def listed(**wanted: Any) -> list[str]:
        return [one["id"] for one in ask("GET", "", name=key, **wanted)]

    assert listed() == made[::-1]
    assert listed(order="asc", order_by="created_at", after=made[0], limit=2) == made[1:3]
    assert listed(order="asc", before=made[3]) == made[:3]
    assert listed(identity_type="user", project_id="other") == [made[2], made[1]]
    assert listed(identifier_key=f"{key}-3") == [made[3]]
    assert ask("GET", "/count") == before + 4


def test_agents_are_somebodys(client: Letta, ask: Ask, http: httpx2.Client, identity: Json) -> None:
    key, name = identity["identifier_key"], identity["id"]
    made = client.agents.create(model=OFFLINE, identity_ids=[name, name])
    later = client.agents.create(model=OFFLINE, hidden=True)
    for _ in range(2):
        client.agents.identities.attach(name, agent_id=later.id)
    both = [later.id, made.id]

    assert made.identities is not None
    assert ([one.id for one in made.identities], made.identity_ids) == ([name], [name])
    assert client.agents.retrieve(made.id).identities == []
    read = client.agents.retrieve(made.id, include=["agent.identities"])
    assert read.identities is not None
    assert read.identities[0].agent_ids == both[::-1] == ask("GET", f"/{name}")["agent_ids"]
    assert [one["id"] for one in ask("GET", f"/{name}/agents", include="agent.identities")] == both
    assert ask("GET", f"/{name}/agents/", after=later.id)[0]["id"] == made.id

    by_any = {"identifier_keys": ["nobody's", key], "identity_id": name}
    client.agents.update(later.id, hidden=False)
    for wanted in ({"identity_id": name}, {"identifier_keys": [key]}, by_any):
        assert paged(lambda limit: client.agents.list(limit=limit, **wanted)) == [both] * 3  # noqa: B023
        assert http.get("/v1/agents/count", params=wanted).json() == 2
    assert list(client.agents.list(identity_id=name, identifier_keys=["nobody's"])) == []

    client.agents.identities.detach(name, agent_id=later.id)
    assert client.agents.update(made.id, name="Bob").identity_ids == [name]
    assert client.agents.update(made.id, identity_ids=[]).identity_ids == []
    assert ask("GET", f"/{name}/agents") == []


def test_blocks_are_somebodys(client: Letta, ask: Ask, http: httpx2.Client, identity: Json) -> None:
    key, name = identity["identifier_key"], identity["id"]
    block, other = (client.blocks.create(label="notes", value="").id for _ in range(2))
    for _ in range(2):
        http.patch(f"/v1/blocks/{block}/identities/attach/{name}").raise_for_status()

    assert [one.id for one in client.blocks.list(identity_id=name)] == [block]
    assert [one.id for one in client.blocks.list(identifier_keys=[key])] == [block]
    assert ask("PATCH", f"/{name}", {"block_ids": [other, block]})["block_ids"] == [block, other]
    assert [one["id"] for one in ask("GET", f"/{name}/blocks", order="asc")] == [block, other]
    http.patch(f"/v1/blocks/{block}/identities/detach/{name}").raise_for_status()
    again = http.patch(f"/v1/blocks/{block}/identities/detach/{name}")
    assert again.status_code == 404
    client.blocks.delete(other)
    assert ask("GET", f"/{name}")["block_ids"] == []


def test_who_goes_is_detached_and_nothing_is_half_done(
    client: Letta, ask: Ask, http: httpx2.Client, identity: Json
) -> None:
    name, nowhere = identity["id"], f"agent-{uuid4()}"
    agent = client.agents.create(model=OFFLINE, identity_ids=[name]).id
    change = {"name": "Eve", "agent_ids": [nowhere]}

    assert http.patch(f"/v1/identities/{name}", json=change).status_code == 404
    assert ask("GET", f"/{name}") == {**identity, "agent_ids": [agent]}
    ask("PATCH", f"/{name}", {"agent_ids": []})
    assert client.agents.retrieve(agent, include=["agent.identities"]).identities == []
    gone = client.agents.create(model=OFFLINE, identity_ids=[name]).id
    client.agents.delete(gone)
    assert ask("PATCH", f"/{name}", {"agent_ids": [agent]})["agent_ids"] == [agent]
    ask("DELETE", f"/{name}")
    assert client.agents.retrieve(agent, include=["agent.identities"]).identities == []
    assert list(client.agents.list(identity_id=name)) == []
    assert http.post("/v1/agents/", json={"identity_ids": [name]}).status_code == 404
