"""Two server processes on one database: what goes on in one is held and ended from the other."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import cycle, islice

import httpx2
import pytest

from tests.api.answering import answer, approvals, paused, returned, until_runs
from tests.api.here import Client, check_calls
from tests.api.sending import ended, post
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


async def test_what_nobody_answers_goes_on_once_whichever_process_looks_first(
    doors: tuple[Client, Client],
) -> None:
    here, there = doors
    agent = await here.agent()
    conversations = [await here.conversation(agent) for _ in range(12)]
    for conversation, door in zip(conversations, cycle(doors)):
        await paused(door, conversation, approval_ttl=0.3)

    for conversation in conversations:
        newest, _ = await until_runs(there, conversation, 2)
        assert await ended(here, newest["id"]) == ["end_turn"]

    for conversation in conversations:
        assert len(await until_runs(here, conversation, 2)) == 2
        history = await there.history(conversation)
        check_calls(history)
        assert [one["message_type"] for one in history].count("approval_response_message") == 1


async def test_calls_that_wait_are_answered_through_any_process(
    doors: tuple[Client, Client],
) -> None:
    here, there = doors
    conversation = await here.conversation(await here.agent())
    (call_id,) = await paused(here, conversation)
    assert (await post(there, conversation, "Hi")).status_code == 409

    both = await asyncio.gather(
        *(answer(door, conversation, approvals(returned(call_id))) for door in doors)
    )

    assert both[0].frames == both[1].frames
    await paused(there, conversation)
    assert (await here.cancel(conversation)).status_code == 200
    assert (await there.send(conversation, "Hi")).stop == "end_turn"
