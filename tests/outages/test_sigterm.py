"""A process with many streams is told to stop: it ends in time, and the next one has everything."""

import asyncio
import os
import signal
from pathlib import Path
from time import monotonic

import httpx2

from tests.api.here import Client
from tests.api.sending import talking
from tests.clusters import alone
from tests.outages import checks
from tests.outages.callers import Caller
from tests.outages.scenes import playing
from tests.servers import Server, serve

_STREAMS = 100
_WAITING = 10
_LONG = "[[words: 80]] [[pace: 200]]"  # 16 seconds
_ENDS_WITHIN = 10  # seconds
_AWAY = 1  # seconds for which the database is away before the process is told to stop


async def test_with_a_hundred_streams(empty_database_url: str, tmp_path: Path) -> None:
    environment = {"PALAVER_DATABASE_URL": empty_database_url}
    with serve(_home(tmp_path, "one"), environment, program=True) as server:
        async with talking(server.url) as client:
            streams, waiting = await _callers(client)
            answer = asyncio.create_task(_answer_that_comes_too_late(client))
            asking = [asyncio.create_task(caller.ask(client)) for caller in streams]
            await asyncio.gather(*(caller.until(events=2) for caller in streams))
            asking += [asyncio.create_task(caller.ask(client)) for caller in waiting]
            await asyncio.gather(*(caller.until(events=0) for caller in waiting))
            await _check_end(server)
            checks.check_refusal(await answer)
            await asyncio.gather(*asking)
    callers = streams + waiting
    with serve(_home(tmp_path, "other"), environment) as server:
        async with talking(server.url) as client:
            for caller in callers:
                caller.doors = [client]
            await asyncio.gather(*(caller.insist() for caller in callers))
            await checks.check(client, callers)


async def test_while_the_database_is_away(tmp_path: Path) -> None:
    with alone() as cluster:
        environment = {"PALAVER_DATABASE_URL": cluster.url}
        with serve(_home(tmp_path, "one"), environment, program=True) as server:
            async with playing(server.url, lasts=_AWAY + 2) as scene:
                await asyncio.to_thread(cluster.stop, "immediate")
                await asyncio.sleep(_AWAY)
                await _check_end(server)
        await asyncio.to_thread(cluster.start)
        with serve(_home(tmp_path, "other"), environment) as server:
            async with talking(server.url) as client:
                for caller in scene.said:
                    caller.doors = [client]
                await asyncio.gather(*(caller.insist() for caller in scene.said))
                await checks.check(client, scene.said)


async def _callers(client: Client) -> tuple[list[Caller], list[Caller]]:
    agent = await client.agent()
    talks = [await client.conversation(agent) for _ in range(_STREAMS)]
    streams = [Caller([client], talk, _LONG, "first") for talk in talks]
    waiting = [
        Caller([client], talk, "then [[words: 2]]", "then", {"on_busy": "queue"})
        for talk in talks[:_WAITING]
    ]
    return streams, waiting


async def _answer_that_comes_too_late(client: Client) -> httpx2.Response:
    """What is answered to a question that belongs to no run."""
    path = f"/v1/agents/{await client.agent()}/generate"
    return await client.ask("POST", path, {"prompt": "[[words: 3000]] [[pace: 100]]"})


async def _check_end(server: Server) -> None:
    """It ends when it is told to, in time and well."""
    told = monotonic()
    os.kill(server.pid, signal.SIGTERM)
    await asyncio.to_thread(server.process.join)
    late = monotonic() - told
    assert server.process.exitcode == 0
    assert late <= _ENDS_WITHIN, f"It took {late:.1f} s to end."


def _home(folder: Path, name: str) -> Path:
    home = folder / name
    home.mkdir()
    return home
