"""The archival memory of agents: passages put in, listed, found and removed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from letta_client import BadRequestError, Letta, NotFoundError, UnprocessableEntityError, omit

SPRING, AUTUMN = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def stocked(client: Letta, agent: str) -> dict[str, str]:
    """Passages of the agent: what they say, by what they are called."""
    put = client.agents.passages.create
    texts = {
        "boat": ("The boat is painted green.", ["things", "ours"], SPRING),
        "car": ("The car is painted red.", ["things"], AUTUMN),
        "aunt": ("Aunt Ada paints boats.", ["people", "ours"], AUTUMN),
    }
    made = {}
    for name, (text, tags, at) in texts.items():
        (passage,) = put(agent, text=text, tags=tags, created_at=at)
        made[name] = passage.id or ""
    return made


def test_a_passage_is_put_in_and_removed(client: Letta, agent: str) -> None:
    (made,) = client.agents.passages.create(
        agent, text="Rex is a dog.", tags=["pets"], created_at=SPRING
    )

    assert (made.text, made.tags, made.created_at) == ("Rex is a dog.", ["pets"], SPRING)
    assert client.agents.passages.list(agent) == [made]
    client.agents.passages.delete(made.id or "", agent_id=agent)
    assert client.agents.passages.list(agent) == []
    assert client.agents.passages.search(agent, query="Rex").count == 0
    with pytest.raises(NotFoundError):
        client.agents.passages.delete(made.id or "", agent_id=agent)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"query": "green"}, ["boat"]),
        ({"query": "BOAT"}, ["aunt", "boat"]),
        ({"query": "boat painted"}, ["boat", "aunt", "car"]),
        ({"query": "boat painted", "top_k": 1}, ["boat"]),
        ({"query": "painted", "tags": ["ours"]}, ["boat"]),
        ({"query": "paint", "tags": ["people", "things"]}, ["aunt", "car", "boat"]),
        ({"query": "paint", "tags": ["ours", "things"], "tag_match_mode": "all"}, ["boat"]),
        ({"query": "paint", "start_datetime": AUTUMN}, ["aunt", "car"]),
        ({"query": "paint", "end_datetime": SPRING}, ["boat"]),
        ({"query": "\"'(*) AND NEAR:"}, []),
        ({"query": "?!"}, []),
    ],
)
def test_the_best_passages_come_first(
    client: Letta, agent: str, stocked: dict[str, str], asked: dict[str, Any], found: list[str]
) -> None:
    answer = client.agents.passages.search(agent, **asked)

    names = {passage_id: name for name, passage_id in stocked.items()}
    assert [names[one.id] for one in answer.results] == found
    assert answer.count == len(found)


def test_a_result_says_what_there_is_to_say(
    client: Letta, agent: str, stocked: dict[str, str]
) -> None:
    (found,) = client.agents.passages.search(agent, query="red").results

    assert (found.content, found.tags) == ("The car is painted red.", ["things"])
    assert datetime.fromisoformat(found.timestamp) == AUTUMN


def test_pages_of_passages_tile(client: Letta, agent: str, stocked: dict[str, str]) -> None:
    def walk(limit: int, **how: Any) -> list[str]:
        ids: list[str] = []
        while page := client.agents.passages.list(
            agent, limit=limit, after=ids[-1] if ids else omit, **how
        ):
            ids += [str(one.id) for one in page]
        return ids

    made = list(stocked.values())
    for limit in (1, 2, 3):
        assert walk(limit) == walk(limit, ascending=True) == made
        assert walk(limit, ascending=False) == made[::-1]
        assert walk(limit, search="painted") == made[:2]
    assert [one.id for one in client.agents.passages.list(agent, before=made[2])] == made[:2]
    assert client.agents.passages.list(agent, search="?!") == []


def test_agents_do_not_see_each_others_passages(
    client: Letta, agent: str, stocked: dict[str, str]
) -> None:
    other = client.agents.create(model="palaver/offline").id

    assert client.agents.passages.list(other) == []
    assert client.agents.passages.search(other, query="paint").count == 0
    with pytest.raises(NotFoundError):
        client.agents.passages.delete(stocked["boat"], agent_id=other)
    assert len(client.agents.passages.list(agent)) == 3


def test_what_cannot_be_meant_is_refused(client: Letta, agent: str) -> None:
    with pytest.raises((UnprocessableEntityError, BadRequestError)):
        client.agents.passages.create(agent, text="")
    with pytest.raises(UnprocessableEntityError):
        client.agents.passages.search(agent, query="x", top_k=0)
    with pytest.raises(NotFoundError):
        client.agents.passages.list(agent, after="passage-00000000-0000-4000-8000-00000000dead")
