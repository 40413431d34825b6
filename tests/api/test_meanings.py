"""Search by meaning over HTTP, with the model that needs no network, on both databases."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import pytest

from palaver.providers.remote import Patience
from tests.api.here import Client, Json, serving
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Refusal

TRIGRAMS = {"PALAVER_EMBEDDING": "palaver/trigrams"}
_WITHIN = 60  # seconds, for what would otherwise never happen
MISSPELT = "colurful parots"  # no word of it is in any text


@pytest.fixture(scope="module")
async def client(module_url: str) -> AsyncIterator[Client]:
    """A client of a server that has an embedding model."""
    async with serving(module_url, TRIGRAMS) as client:
        yield client


@pytest.fixture
async def agent(client: Client) -> str:
    """An agent with an archive and all tools that search."""
    return await client.agent(tools=["archival_memory_insert", "archival_memory_search"])


async def until(find: Callable[[], Awaitable[Any]], whole: Callable[[Any], bool] = bool) -> Any:
    """What is found as soon as it is whole: vectors are made in the background."""
    with anyio.fail_after(_WITHIN):
        while not whole(found := await find()):
            await anyio.sleep(0.05)
    return found


async def put(client: Client, agent: str, *texts: str, **more: Any) -> None:
    """Put texts into the agent's archive."""
    for text in texts:
        await client.post(f"/v1/agents/{agent}/archival-memory", {"text": text, **more})


async def passages(client: Client, query: str = MISSPELT, **asked: Any) -> list[Json]:
    """What a search for passages finds."""
    found: list[Json] = await client.post("/v1/passages/search", {"query": query, **asked})
    return found


def by_meaning(hits: list[Json]) -> list[str]:
    """The texts that were found by what they mean, in order."""
    near = [hit for hit in hits if hit["metadata"]["vector_rank"]]
    return [hit["passage"]["text"] for hit in near]


async def test_what_is_meant_is_found_where_no_word_is(client: Client, agent: str) -> None:
    await put(client, agent, "A colourful parrot flew by.", "Bread is baked at dawn.", tags=["t"])
    hits = await until(
        lambda: passages(client, agent_id=agent), lambda hits: len(by_meaning(hits)) == 2
    )

    assert [hit["passage"]["text"][:5] for hit in hits] == ["A col", "Bread"]
    assert hits[0]["metadata"] == {"search_mode": "hybrid", "fts_rank": None, "vector_rank": 1}
    assert 0 < hits[1]["score"] < hits[0]["score"] <= 1
    (both, *_) = await passages(client, "the bread of dawn", agent_id=agent)
    assert both["metadata"] == {"search_mode": "hybrid", "fts_rank": 1, "vector_rank": 1}
    assert both["score"] == 1
    assert await passages(client, agent_id=agent, tags=["other"]) == []
    assert await passages(client, agent_id=await client.agent()) == []
    url = f"/v1/agents/{agent}/archival-memory/search"
    found = await client.get(url, query=MISSPELT, top_k=1)
    assert [one["content"] for one in found["results"]] == ["A colourful parrot flew by."]


async def test_the_agents_own_tools_find_what_is_meant(client: Client, agent: str) -> None:
    conversation = await client.conversation(agent)
    put = {"content": "The colourful parrot is called Bo."}
    await client.send(conversation, f"[[call: archival_memory_insert {json.dumps(put)}]]")
    other = await client.conversation(agent)
    await client.send(other, "My cat eats strawberries.")

    async def use(tool: str, query: str) -> list[Json]:
        call = json.dumps({"query": query})
        heard = await client.send(conversation, f"[[call: {tool} {call}]]")
        (returned,) = heard.of_type("tool_return_message")
        return list(json.loads(returned["tool_return"])["results"])

    (archived,) = await until(lambda: use("archival_memory_search", MISSPELT))
    assert archived["content"] == put["content"]
    said = await until(
        lambda: use("conversation_search", "strawbery kat"),
        lambda found: found and found[0]["conversation"] == other,
    )
    assert "strawberries" in said[0]["content"]


async def test_messages_are_found_by_any_mode(client: Client, agent: str) -> None:
    conversation = await client.conversation(agent)
    await client.send(conversation, "[[words: 3]] Elephants never forget.")

    async def search(mode: str, query: str = "elefants forgett") -> list[str]:
        body = {"query": query, "search_mode": mode, "agent_id": agent}
        found = await client.post("/v1/messages/search", body)
        return [one["content"] for one in found]

    near = await until(lambda: search("vector"), lambda found: len(found) == 2)
    assert near == ["[[words: 3]] Elephants never forget.", "so many words"]
    assert await search("hybrid") == near
    assert await search("fts") == []
    assert await search("fts", "elephants") == near[:1]
    body = {"query": "elefants", "agent_id": agent, "start_date": "2100-01-01T00:00:00Z"}
    assert await client.post("/v1/messages/search", body) == []

    async def whole(**asked: Any) -> list[Json]:
        body = {"query": "elefants forgett", "agent_id": agent, **asked}
        found: list[Json] = await client.post("/v1/agents/messages/search", body)
        return found

    (user, assistant) = await whole()
    assert (user["embedded_text"], assistant["embedded_text"]) == tuple(near)
    assert (user["vector_rank"], user["fts_rank"], assistant["vector_rank"]) == (1, None, 2)
    assert 0 < assistant["rrf_score"] < user["rrf_score"] <= 1
    assert user["message"]["role"] == "user"
    assert user["message"]["content"] == [{"type": "text", "text": near[0], "signature": None}]
    assert user["message"]["conversation_id"] == conversation
    assert [one["message"]["role"] for one in await whole(roles=["assistant"])] == ["assistant"]
    newest = await whole(query=None, limit=1)
    assert newest == [{**assistant, "vector_rank": None, "rrf_score": 1}]
    for nothing in ({"roles": ["tool"]}, {"project_id": "other"}, {"template_id": "any"}):
        assert await whole(**nothing) == []


async def test_the_model_is_shown_where_vectors_are_made_by_it(client: Client, agent: str) -> None:
    (model,) = [
        one
        for one in await client.get("/v1/models/embedding")
        if one["handle"] == "palaver/trigrams"
    ]
    assert (model["embedding_dim"], model["embedding_endpoint_type"]) == (256, "openai")
    archive = await client.post("/v1/archives/", {"name": "Papers"})
    url = f"/v1/archives/{archive['id']}"
    passage = await client.post(f"{url}/passages", {"text": "one"})
    state = await client.get(f"/v1/agents/{agent}")
    (hit,) = await passages(client, "one", archive_id=archive["id"])
    for shown in (archive, passage, state, await client.get(url), hit["passage"]):
        assert shown["embedding_config"]["handle"] == "palaver/trigrams"
        assert shown["embedding_config"]["embedding_dim"] == 256
    assert (state["embedding"], passage["embedding"]) == ("palaver/trigrams", None)


async def test_pieces_of_files_are_found_by_what_they_mean(client: Client) -> None:
    folder = (await client.post("/v1/folders/", {"name": "birds"}))["id"]
    path = f"/v1/folders/{folder}/upload"
    for name, text in (("a.txt", "A colourful parrot flew by."), ("b.txt", "Bread is baked.")):
        await client.http.post(path, files={"file": (name, text.encode())})
    agent = await client.agent(folder_ids=[folder])
    run = f"/v1/agents/{agent}/tools/semantic_search_files/run"

    async def found() -> str:
        told = await client.post(run, {"args": {"query": MISSPELT}})
        return str(told["func_return"])

    told = await until(found, lambda told: "b.txt" in told)
    shown = (await client.get(f"/v1/folders/{folder}"))["embedding_config"]
    assert (shown["handle"], shown["embedding_chunk_size"]) == ("palaver/trigrams", 300)
    assert told.startswith("[birds/a.txt, from line 1]\nA colourful parrot")
    assert "\n\n[birds/b.txt" in told


async def test_a_provider_that_is_away_costs_no_send_and_no_text(
    file_url: str, fake: FakeProvider
) -> None:
    async def asked_for_vectors() -> int:
        return sum(request.path.endswith("/embeddings") for request in fake.requests)

    places = {"OPENAI_BASE_URL": fake.openai_url}
    async with serving(file_url, places) as client:
        agent = await client.agent()
        await put(client, agent, "Two weeks at the beach.")
        (found,) = await passages(client, "weeks", agent_id=agent)
        assert found["metadata"]["search_mode"] == "fts"
        assert found["passage"]["embedding_config"] is None
        assert await asked_for_vectors() == 0
    fake.away = Refusal(503, {})
    chosen = {**places, "PALAVER_EMBEDDING": "openai/text-small"}
    async with serving(file_url, chosen, Patience(tries=1)) as client:
        await put(client, agent, "Loaf by loaf.")
        heard = await client.send(await client.conversation(agent), "Frost and ice.")
        assert heard.stop == "end_turn"
        assert await passages(client, "holiday", agent_id=agent) == []
        (found,) = await passages(client, "weeks", agent_id=agent)
        assert found["metadata"]["search_mode"] == "fts"
        await until(asked_for_vectors)
        fake.away = None
        hits = await until(
            lambda: passages(client, "holiday", agent_id=agent), lambda hits: len(hits) == 2
        )
        assert hits[0]["passage"]["text"] == "Two weeks at the beach."
        body = {"query": "winter", "agent_id": agent, "search_mode": "vector", "limit": 1}
        (said,) = await until(lambda: client.post("/v1/messages/search", body))
        assert "Frost and ice." in said["content"]
