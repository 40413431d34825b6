"""Two server processes on one database: what goes on in one is held and ended from the other."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice

import httpx2
import pytest

from tests.api.here import Client
from tests.fakes.provider import FakeProvider
from tests.fakes.reply import Fault, Reply
from tests.servers import Server, asking, serve_two

_WITHIN = 20  # seconds, for what would otherwise never happen
_MODEL = "openai/gpt-4o"


@pytest.fixture(scope="module")
def servers(
    module_url: str, fake: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Server]]:
    """The processes."""
    environment = asking(fake) | {"PALAVER_DATABASE_URL": module_url}
    with serve_two(tmp_path_factory.mktemp, environment) as servers:
        yield servers


@pytest.fixture(scope="module")
async def doors(servers: tuple[Server, Server]) -> AsyncIterator[tuple[Client, Client]]:
    """A client of each."""
    one, other = (
        httpx2.AsyncClient(base_url=server.url, timeout=60, trust_env=False) for server in servers
    )
    async with one, other:
        yield Client(one), Client(other)


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_conversation_is_held_and_freed_across_processes(
    doors: tuple[Client, Client], fake: FakeProvider, streaming: bool
) -> None:
    here, there = doors
    conversation = await here.conversation(await here.agent(model=_MODEL))
    path = f"/v1/conversations/{conversation}/messages"
    asked = len(fake.requests)
    fake.script(Reply(fault=Fault("stall", after=2)))
    async with asyncio.timeout(_WITHIN):
        sending = asyncio.create_task(
            here.ask("POST", path, {"input": "Hi", "streaming": streaming})
        )
        await fake.until_streaming()

        refused = await there.ask("POST", path, {"input": "Me too", "streaming": streaming})
        run = await there.newest_run(conversation)
        assert (refused.status_code, refused.json()["run_id"]) == (409, run["id"])
        assert len(fake.requests) == asked + 1

        assert (await there.cancel(conversation)).json() == {run["id"]: "cancelled"}
        assert '"stop_reason":"cancelled"' in (await sending).text
        await fake.until_quiet()
    assert (await there.history(conversation))[-1]["is_err"] is True
    assert (await there.send(conversation, "And now?")).text == "Hello you"
    assert await here.history(conversation) == await there.history(conversation)


async def test_racing_sends_through_both_have_one_winner(
    doors: tuple[Client, Client], fake: FakeProvider
) -> None:
    here, there = doors
    conversation = await here.conversation(await here.agent(model=_MODEL))
    path = f"/v1/conversations/{conversation}/messages"
    asked = len(fake.requests)
    fake.script(Reply(fault=Fault("stall", after=2)))
    async with asyncio.timeout(_WITHIN):
        racing = [
            asyncio.create_task(door.ask("POST", path, {"input": "Hi"}))
            for door in (here, there) * 4
        ]
        await fake.until_streaming()
        losers = [await first for first in islice(asyncio.as_completed(racing), 7)]
        assert [loser.status_code for loser in losers] == [409] * 7
        assert len(fake.requests) == asked + 1
        assert (await there.cancel(conversation)).status_code == 200
        await asyncio.gather(*racing)
