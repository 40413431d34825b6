"""Archives: made, shared by agents, filled and searched."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from letta_client import Letta, NotFoundError, UnprocessableEntityError

from tests.contract.talk import paged

SPRING, AUTUMN = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)


def test_an_archive_is_made_read_changed_and_removed(client: Letta, agent: str) -> None:
    made = client.archives.create(name="Papers", description="Old ones", embedding="some/model")
    passage = client.archives.passages.create(made.id, text="A paper on ants.")
    client.agents.archives.attach(made.id, agent_id=agent)
    changed = client.archives.update(made.id, name="Letters", description="New ones")

    assert client.archives.retrieve(made.id) == changed
    assert (made.name, changed.name, changed.description) == ("Papers", "Letters", "New ones")
    client.archives.delete(made.id)
    with pytest.raises(NotFoundError):
        client.archives.retrieve(made.id)
    assert client.agents.passages.list(agent) == []
    assert client.passages.search(query="ants") == []
    with pytest.raises(NotFoundError):
        client.archives.passages.delete(passage.id or "", archive_id=made.id)


def test_archives_are_listed_by_name_and_agent(client: Letta, agent: str) -> None:
    name = uuid4().hex
    made = [client.archives.create(name=name).id for _ in range(4)]
    client.agents.archives.attach(made[1], agent_id=agent)

    up = paged(lambda limit: client.archives.list(name=name, limit=limit, order="asc"))
    down = paged(lambda limit: client.archives.list(name=name, limit=limit, order_by="created_at"))
    assert up == [made] * 3
    assert down == [made[::-1]] * 3
    assert [one.id for one in client.archives.list(agent_id=agent)] == [made[1]]
    assert [one.id for one in client.archives.list(name=name, before=made[0])] == made[:0:-1]


def test_passages_are_put_in_one_by_one_and_many_at_once(client: Letta) -> None:
    archive = client.archives.create(name="Papers").id
    one = client.archives.passages.create(
        archive, text="ants", tags=["t"], metadata={"k": 1}, created_at=SPRING.isoformat()
    )
    many = client.archives.passages.create_many(
        archive, passages=[{"text": "bees", "tags": ["u"]}, {"text": "wasps"}]
    )

    assert (one.text, one.tags, one.metadata, one.created_at) == ("ants", ["t"], {"k": 1}, SPRING)
    assert [each.text for each in many] == ["bees", "wasps"]
    assert {each.archive_id for each in (one, *many)} == {archive}
    client.archives.passages.delete(one.id or "", archive_id=archive)
    found = client.passages.search(archive_id=archive)
    assert [hit.passage.text for hit in found] == ["wasps", "bees"]
    with pytest.raises(UnprocessableEntityError):
        client.archives.passages.create_many(archive, passages=[{"text": "flies"}, {"text": ""}])
    assert len(client.passages.search(archive_id=archive)) == 2


def test_agents_share_an_archive(client: Letta, agent: str) -> None:
    other = client.agents.create(model="palaver/offline").id
    archive = client.archives.create(name="Ours").id
    for each in (agent, other, other):
        client.agents.archives.attach(archive, agent_id=each)

    client.agents.passages.create(agent, text="We share this.")

    assert [one.text for one in client.agents.passages.list(other)] == ["We share this."]
    client.agents.archives.detach(archive, agent_id=other)
    assert client.agents.passages.list(other) == []
    with pytest.raises(NotFoundError):
        client.agents.archives.detach(archive, agent_id=other)


def test_the_agents_of_an_archive_are_listed(
    client: Letta, http: httpx2.Client, agent: str
) -> None:
    other = client.agents.create(model="palaver/offline", tags=["t"]).id
    archive = client.archives.create(name="Ours").id
    for each in (agent, other):
        client.agents.archives.attach(archive, agent_id=each)

    def listed(**wanted: Any) -> list[Any]:
        return list(http.get(f"/v1/archives/{archive}/agents", params=wanted).json())

    assert [one["id"] for one in listed()] == [other, agent]
    assert [one["id"] for one in listed(order="asc", after=agent, limit=1)] == [other]
    assert listed(include=["agent.tags", "agent.managed_group"])[0]["tags"] == ["t"]
    client.agents.archives.detach(archive, agent_id=other)
    assert [one["id"] for one in listed()] == [agent]


def test_passages_are_searched_everywhere_or_somewhere(client: Letta, agent: str) -> None:
    word = f"w{uuid4().hex}"
    box = client.archives.create(name="box").id
    client.archives.passages.create_many(
        box,
        passages=[
            {"text": f"{word} one", "tags": ["a", "b"], "created_at": SPRING.isoformat()},
            {"text": f"{word} two", "tags": ["a"], "created_at": AUTUMN.isoformat()},
        ],
    )
    client.agents.passages.create(agent, text=f"{word} three", created_at=SPRING)

    def texts(**asked: Any) -> list[str]:
        hits = client.passages.search(query=word, **asked)
        assert all(0 < hit.score <= 1 for hit in hits)
        return [hit.passage.text.removeprefix(f"{word} ") for hit in hits]

    assert sorted(texts()) == ["one", "three", "two"]
    assert texts(archive_id=box) == ["two", "one"]
    assert texts(agent_id=agent) == ["three"]
    assert texts(agent_id=agent, archive_id=box) == []
    assert texts(limit=1) == ["two"]
    assert texts(tags=["a", "b"]) == ["two", "one"]
    assert texts(tags=["a", "b"], tag_match_mode="all") == ["one"]
    assert texts(start_date=AUTUMN) == ["two"]
    assert sorted(texts(end_date=SPRING)) == ["one", "three"]
