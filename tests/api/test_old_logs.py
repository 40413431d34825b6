"""Events go some time after their run; its streams are then told from what was said."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.api.here import Client, Heard, Json, joined, serving

_WITHIN = 20  # seconds, for what would otherwise never happen
_KEEP = timedelta(seconds=1)


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    """A client of a server that keeps events for a second."""
    async with serving(database_url, keep=_KEEP) as client:
        yield client


def events_kept(database_url: str) -> int:
    """How many events there are."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM run_events")).scalar_one())


async def until_gone(database_url: str) -> None:
    """Wait until all events have been removed."""
    async with asyncio.timeout(_WITHIN):
        while await asyncio.to_thread(events_kept, database_url):
            await asyncio.sleep(0.05)


async def followed(client: Client, run_id: str, after: int = 0) -> str:
    """What a run's stream says, as it is sent."""
    body = {"starting_after": after, "include_pings": False}
    answer = await client.ask("POST", f"/v1/runs/{run_id}/stream", body)
    assert answer.status_code == 200
    return answer.text


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

    whole = await followed(client, run["id"])
    told = _heard(whole)

    history = [one for one in await client.history(conversation) if one["step_id"]]
    ends = [frame for frame in heard.frames if frame not in heard.messages]
    assert told.done
    assert [{**message, "seq_id": None} for message in told.messages] == history
    assert [frame for frame in told.frames if frame not in told.messages] == ends
    assert joined(heard.messages) == joined(told.messages)
    numbers = [frame["seq_id"] for frame in told.frames if "seq_id" in frame]
    last = len(heard.frames)
    assert numbers == list(range(last - len(numbers) + 1, last + 1))


async def test_whoever_had_heard_a_part_hears_the_rest(client: Client, database_url: str) -> None:
    conversation = await client.conversation(await client.agent())
    heard = await client.send(conversation, "[[words: 30]]", stream_tokens=True)
    run = await client.newest_run(conversation)
    await until_gone(database_url)

    whole = await followed(client, run["id"])

    assert await followed(client, run["id"], 10) == whole
    last = len(heard.frames)
    assert whole.endswith(await followed(client, run["id"], last - 1))
    assert await followed(client, run["id"], last) == "data: [DONE]\n\n"


async def test_what_goes_on_keeps_its_events(client: Client, database_url: str) -> None:
    conversation = await client.conversation(await client.agent())
    frames: list[Json] = []
    async for frame in client.stream(
        conversation, "[[words: 60]] [[pace: 50]]", stream_tokens=True
    ):
        if frame is not None:
            frames.append(frame)
    assert [frame["seq_id"] for frame in frames] == list(range(1, len(frames) + 1))
    assert await asyncio.to_thread(events_kept, database_url) >= 60


def _heard(stream: str) -> Heard:
    """A stream taken apart."""
    lines = [line[6:] for line in stream.splitlines() if line.startswith("data: ")]
    frames = tuple(json.loads(line) for line in lines if line != "[DONE]")
    return Heard(frames, lines[-1] == "[DONE]")
