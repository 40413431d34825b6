"""Events go some time after their run; its streams are then told from what was said."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.api.here import Client, Json, joined, serving
from tests.api.sending import json_of, log_of
from tests.api.tables import counts, looking_into

_WITHIN = 20  # seconds, for what would otherwise never happen
_KEEP = timedelta(seconds=1)


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    """A client of a server that keeps events for a second."""
    async with serving(database_url, keep=_KEEP) as client:
        yield client


async def events_kept(database_url: str) -> int:
    """How many events there are."""
    async with looking_into(database_url) as db:
        return (await db.read(counts))["run_events"]


async def until_gone(database_url: str) -> None:
    """Wait until all events have been removed."""
    async with asyncio.timeout(_WITHIN), looking_into(database_url) as db:
        while (await db.read(counts))["run_events"]:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "said",
    [
        "[[words: 30]]",
        '[[think: a while]] [[call: memory_insert {"label": "x"}]]',
        "[[fail: error]]",
        "half of it [[fail: cut]]",
    ],
)
async def test_a_run_is_told_from_its_entries(client: Client, database_url: str, said: str) -> None:
    conversation = await client.conversation(await client.agent())
    heard = await client.send(conversation, said, stream_tokens=True)
    run = await client.newest_run(conversation)
    await until_gone(database_url)

    told = await log_of(client, run["id"])
    frames = [json_of(frame) for frame in told.events]

    history = [one for one in await client.history(conversation) if one["step_id"]]
    messages = [frame for frame in frames if frame.get("id")]
    ends = [frame for frame in heard.frames if frame not in heard.messages]
    assert told.done
    assert [{**message, "seq_id": None} for message in messages] == history
    assert frames[len(messages) :] == ends
    assert joined(heard.messages) == joined(messages)
    last = len(heard.frames)
    assert told.numbers == list(range(last - len(frames) + 1, last + 1))


async def test_whoever_had_heard_a_part_hears_the_rest(client: Client, database_url: str) -> None:
    conversation = await client.conversation(await client.agent())
    heard = await client.send(conversation, "[[words: 30]]", stream_tokens=True)
    run = await client.newest_run(conversation)
    await until_gone(database_url)

    whole = await log_of(client, run["id"])

    assert await log_of(client, run["id"], starting_after=10) == whole
    last = len(heard.frames)
    for after in (last - 1, last):
        rest = await log_of(client, run["id"], starting_after=after)
        assert rest.done
        assert rest.events == whole.after(after)


async def test_what_goes_on_keeps_its_events(client: Client, database_url: str) -> None:
    conversation = await client.conversation(await client.agent())
    frames: list[Json] = []
    async for frame in client.stream(
        conversation, "[[words: 60]] [[pace: 50]]", stream_tokens=True
    ):
        if frame is not None:
            frames.append(frame)
    assert [frame["seq_id"] for frame in frames] == list(range(1, len(frames) + 1))
    assert await events_kept(database_url) >= 60
