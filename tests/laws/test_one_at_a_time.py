"""Law 3: one active run per conversation; conversations of one agent never wait for each other."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import httpx2
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.api.here import Client, serving
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Fault, Reply

_ONCE = (Phase.explicit, Phase.generate)  # where it fails it waits: there is no time to shrink
_WITHIN = 10  # seconds; what waits for a run that goes on would wait for ever
_STALLED = Reply(fault=Fault("stall", after=2))
_MODEL = "openai/gpt-4o"

Doors = tuple[Client, Client]


@pytest.fixture(scope="module")
async def fake() -> AsyncIterator[FakeProvider]:
    """The provider that both servers ask."""
    async with FakeProvider() as fake:
        yield fake


@pytest.fixture(scope="module")
async def doors(module_url: str, fake: FakeProvider) -> AsyncIterator[Doors]:
    """Clients of two servers that share a database and nothing else."""
    environment = {"OPENAI_BASE_URL": fake.openai_url}
    async with serving(module_url, environment) as one, serving(module_url, environment) as other:
        yield one, other


async def _send(client: Client, conversation: str, streaming: bool) -> httpx2.Response:
    body = {"input": "Hello", "streaming": streaming}
    return await client.ask("POST", f"/v1/conversations/{conversation}/messages", body)


@settings(max_examples=15, phases=_ONCE)
@given(st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=2, max_size=6))
async def test_of_sends_that_race_one_wins(
    doors: Doors, fake: FakeProvider, racers: Sequence[tuple[int, bool]]
) -> None:
    conversation = await doors[0].conversation(await doors[0].agent(model=_MODEL))
    asked = len(fake.requests)
    fake.script(_STALLED)
    racing = [
        asyncio.create_task(_send(doors[door], conversation, streaming))
        for door, streaming in racers
    ]

    losers = []
    async with asyncio.timeout(_WITHIN):
        for answer in asyncio.as_completed(racing):
            losers.append(await answer)
            if len(losers) == len(racing) - 1:
                break
        await fake.until_streaming()
    run = await doors[0].newest_run(conversation)

    for loser in losers:
        assert loser.status_code == 409
        assert loser.json()["run_id"] == run["id"]
        assert "is currently being processed" in loser.json()["detail"]
        assert loser.headers["x-should-retry"] == "false"
    assert run["status"] == "running"
    assert len(fake.requests) == asked + 1
    assert len(await doors[1].get("/v1/runs/", conversation_id=conversation)) == 1
    assert len(await doors[1].history(conversation)) == 2  # the system's and one input

    await _end(doors, conversation, racing)
    assert (await doors[1].send(conversation, "And now?")).stop == "end_turn"


async def _end(
    doors: Doors, conversation: str, racing: Sequence[asyncio.Task[httpx2.Response]]
) -> None:
    """Cancel what goes on, through the door that may not be the run's own."""
    assert (await doors[1].cancel(conversation)).status_code == 200
    async with asyncio.timeout(_WITHIN):
        answers = await asyncio.gather(*racing)
    (winner,) = [answer for answer in answers if answer.status_code == 200]
    assert "cancelled" in winner.text


@settings(max_examples=6, phases=_ONCE)
@given(st.lists(st.booleans(), min_size=1, max_size=4), st.booleans())
async def test_a_busy_conversation_keeps_nobody_else_waiting(
    doors: Doors, fake: FakeProvider, busy: Sequence[bool], streaming: bool
) -> None:
    here, there = doors
    agent = await here.agent(model=_MODEL)
    held = [await here.conversation(agent) for _ in busy]
    fake.script(*[_STALLED] * len(held))
    async with asyncio.timeout(_WITHIN):
        holding = [
            asyncio.create_task(_send(here, conversation, kind))
            for conversation, kind in zip(held, busy, strict=True)
        ]
        await fake.until_streaming(len(held))
        for door in (here, there):
            other = await door.conversation(agent)
            assert (await _send(door, other, streaming)).status_code == 200
            assert "Hello you" in str((await door.history(other))[-1]["content"])
    for conversation in held:
        assert (await here.newest_run(conversation))["status"] == "running"
        assert (await here.cancel(conversation)).status_code == 200
    async with asyncio.timeout(_WITHIN):
        await asyncio.gather(*holding)
