"""Titles: written once a run has ended, and in nobody's way."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from palaver.app import prepare
from palaver.domain.ids import DEFAULT_PROJECT
from palaver.engine import titling
from palaver.errors import NotFound
from palaver.settings import read
from tests.api.here import Client, Json, serving
from tests.api.tables import looking_into
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import WORDS, Fault, Refusal, Reply, Say

MODEL = "openai/gpt-4o"
ANSWER = Reply((Say(("Hello.",)),))
TITLE = Reply((Say(('"Tea in', ' the garden."')),))


@pytest.fixture(scope="module")
async def client(module_url: str, fake: FakeProvider) -> AsyncIterator[Client]:
    """A client of a server whose conversations get titles from their own models."""
    async with serving(module_url, {"OPENAI_BASE_URL": fake.openai_url}, titles="1") as client:
        yield client


async def titled(client: Client, conversation: str) -> str:
    """The summary of a conversation, as soon as it has one."""
    async with asyncio.timeout(20):
        while True:
            found: Json = await client.get(f"/v1/conversations/{conversation}")
            if found["summary"] is not None:
                return str(found["summary"])


async def test_a_conversation_gets_a_title_after_its_first_turn(
    client: Client, fake: FakeProvider
) -> None:
    conversation = await client.conversation(await client.agent(model=MODEL))
    fake.forget()
    fake.script(ANSWER, TITLE, ANSWER)

    heard = await client.send(conversation, "How do I make tea?")

    assert await titled(client, conversation) == "Tea in the garden"
    asked = fake.bodies[1]["messages"]
    assert "How do I make tea?" in asked[-1]["content"]
    (told,) = (one for one in heard.frames if one["message_type"] == "usage_statistics")
    assert told["step_count"] == 1
    await client.send(conversation, "And coffee?")
    await fake.until_quiet()
    assert len(fake.bodies) == 3
    assert len(fake.bodies[2]["messages"]) == 4  # the title stands in no window


async def test_what_fails_is_tried_again_and_harms_no_run(
    client: Client, fake: FakeProvider
) -> None:
    conversation = await client.conversation(await client.agent(model=MODEL))
    fake.forget()
    fake.script(ANSWER, Refusal(400, {"error": {"message": "no"}}))
    heard = await client.send(conversation, "Hi")
    async with asyncio.timeout(20):
        while len(fake.bodies) < 2:
            await client.get(f"/v1/conversations/{conversation}")
    await fake.until_quiet()
    assert heard.stop == "end_turn"
    assert (await client.get(f"/v1/conversations/{conversation}"))["summary"] is None

    for _ in range(3):  # the next that comes when the failure has been noted tries again
        fake.script(ANSWER, TITLE)
        await client.send(conversation, "Hi again")
        if (await client.get(f"/v1/conversations/{conversation}"))["summary"] is not None:
            break
    assert await titled(client, conversation)


async def test_what_somebody_has_set_meanwhile_stays(client: Client, module_url: str) -> None:
    agent = await client.agent()
    conversation, untitled = await client.conversation(agent), await client.conversation(agent)
    await client.patch(f"/v1/conversations/{conversation}", {"summary": "Mine"})
    async with looking_into(module_url) as db:
        for one in (conversation, untitled):
            await db.tx(titling.keep, DEFAULT_PROJECT, one, "Tea in the garden")

    assert await titled(client, conversation) == "Mine"
    assert await titled(client, untitled) == "Tea in the garden"


async def test_the_offline_model_writes_titles_only_if_it_is_named(
    client: Client, module_url: str
) -> None:
    agent = await client.agent()
    untitled = await client.conversation(agent)
    await client.send(untitled, "Hi")
    async with serving(module_url, titles="palaver/offline") as other:
        conversation = await other.conversation(agent)
        await other.send(conversation, "Hi")
        assert len(await titled(other, conversation)) <= 80
    assert (await client.get(f"/v1/conversations/{untitled}"))["summary"] is None


async def test_a_model_that_is_not_there_is_told_at_the_start(module_url: str) -> None:
    settings = read({"PALAVER_DATABASE_URL": module_url, "PALAVER_TITLES": "nobody/knows"})
    with pytest.raises(NotFound, match="nobody/knows"):
        await prepare(settings)


async def test_a_shutdown_waits_for_no_title(module_url: str, fake: FakeProvider) -> None:
    fake.forget()
    fake.script(ANSWER, Reply((Say(("Never", " said")),), fault=Fault("stall", WORDS)))
    environment = {"OPENAI_BASE_URL": fake.openai_url}
    async with asyncio.timeout(20):
        async with serving(module_url, environment, titles="1") as client:
            await client.send(await client.conversation(await client.agent(model=MODEL)), "Hi")
            await fake.until_streaming()
        await fake.until_quiet()
