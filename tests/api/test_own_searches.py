"""The tools with which a model finds again what was said, and what it has put aside."""

import json
from typing import Any

import pytest

from tests.api.here import Client, Json

ARCHIVAL = ["archival_memory_insert", "archival_memory_search"]


async def use(client: Client, conversation: str, tool: str, **arguments: Any) -> Json:
    """The return of a call that the model makes."""
    heard = await client.send(conversation, f"[[call: {tool} {json.dumps(arguments)}]]")
    (returned,) = heard.of_type("tool_return_message")
    return returned


async def results(client: Client, conversation: str, tool: str, **arguments: Any) -> list[Json]:
    """What a search finds."""
    returned = await use(client, conversation, tool, **arguments)
    assert returned["status"] == "success", returned
    found = json.loads(returned["tool_return"])
    assert found["count"] == len(found["results"])
    return list(found["results"])


@pytest.fixture
async def agent(client: Client) -> str:
    """An agent that has all of these tools."""
    return await client.agent(tools=ARCHIVAL)


async def test_what_was_said_is_found_in_all_conversations_of_the_agent(
    client: Client, agent: str
) -> None:
    one, two = [await client.conversation(agent) for _ in range(2)]
    await client.send(one, "My dog is called Rex.")
    await client.send(two, "Cats are fine, too.")

    found = await results(client, two, "conversation_search", query="dog rex")
    assert [one["role"] for one in found] == ["assistant", "user"]  # the offline model repeats
    assert found[1]["content"] == "My dog is called Rex."
    assert {each["conversation"] for each in found} == {one}
    assert found[1]["timestamp"] == (await client.history(one))[1]["date"]


async def test_arguments_narrow_what_is_found(client: Client, agent: str) -> None:
    one, two = [await client.conversation(agent) for _ in range(2)]
    for conversation in (one, two):
        await client.send(conversation, "Tea, please.")

    async def count(**arguments: Any) -> int:
        asked = {"query": "tea", "limit": 50, **arguments}
        found = await results(client, two, "conversation_search", **asked)
        return len([one for one in found if "Tea, please." in one["content"]])

    assert await count(roles="assistant", this_conversation_only=True) == 1
    assert await count(roles=["user"]) == 2
    assert await count(roles=["user"], start_date="2026-01-01", end_date=None) == 2
    assert await count(end_date="2026-01-01") == 0
    newest = await results(client, two, "conversation_search", roles=["user"], limit=1)
    assert len(newest) == 1
    assert newest[0]["content"].startswith("[[call: conversation_search")  # the one before
    assert '"end_date": "2026-01-01"' in newest[0]["content"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"limit": 0}, "`limit`"),
        ({"roles": ["tool"]}, "`roles.0`"),
        ({"start_date": "yesterday"}, "must be a date such as 2026-01-31"),
        ({"query": 5}, "`query`"),
    ],
)
async def test_what_cannot_be_meant_is_told_to_the_model(
    client: Client, agent: str, arguments: Json, complaint: str
) -> None:
    conversation = await client.conversation(agent)

    returned = await use(client, conversation, "conversation_search", **arguments)

    assert returned["status"] == "error"
    assert complaint in returned["tool_return"]


async def test_what_was_put_aside_is_found_again(client: Client, agent: str) -> None:
    conversation = await client.conversation(agent)
    put, search = ARCHIVAL

    await use(client, conversation, put, content="The key is under the mat.", tags=["home"])
    await use(client, conversation, put, content="The car needs a new key.", tags=["car", "todo"])

    found = await results(client, conversation, search, query="key mat")
    assert [one["content"][:7] for one in found] == ["The key", "The car"]
    assert found[0]["tags"] == ["home"]
    both = {"tags": ["car", "home"], "query": "key"}
    assert len(await results(client, conversation, search, **both)) == 2
    assert await results(client, conversation, search, **both, tag_match_mode="all") == []
    assert len(await results(client, conversation, search, query="key", top_k=1)) == 1
    late = {"query": "key", "start_datetime": "2100-01-01T00:00:00Z"}
    assert await results(client, conversation, search, **late) == []
    listed = await client.get(f"/v1/agents/{agent}/archival-memory")
    assert [one["text"][:7] for one in listed] == ["The key", "The car"]


async def test_a_long_text_is_found_and_shown_in_part(client: Client, agent: str) -> None:
    conversation = await client.conversation(agent)
    await client.post(f"/v1/agents/{agent}/archival-memory", {"text": "needle " + "hay " * 9_000})

    (found,) = await results(client, conversation, ARCHIVAL[1], query="needle")

    assert found["content"].startswith("needle hay")
    assert "the first 2000 of 36007 characters are shown" in found["content"]


async def test_new_agents_can_search_and_archives_are_for_those_who_want_them(
    client: Client,
) -> None:
    made = await client.post("/v1/agents/", {"model": "palaver/offline"})

    names = [tool["name"] for tool in made["tools"]]
    assert names == ["conversation_search", "memory_insert", "memory_replace"]
