"""The primary dies under load, its synchronous standby is promoted: two processes go on with it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic

import pytest

from tests.api.here import Client
from tests.api.sending import talking
from tests.clusters import Cluster, pair, url_of
from tests.outages import checks
from tests.outages.callers import Caller, Chatter, until_answered
from tests.servers import serve

_CHATTERS = 6
_STREAMS = 4
_LONG = "[[words: 160]] [[pace: 50]]"  # 8 seconds
_LOAD = _CHATTERS * 5  # answers that begin before the primary dies, and so many afterwards
_LOOK = 0.02  # seconds between looks at what was heard
_LOADED_WITHIN = 60  # seconds, for machines that do something else as well
_NOTICED = 1  # seconds until somebody promotes the standby
_ON_WITHIN = 15  # seconds after the promotion
_OPTIONS = "?target_session_attrs=read-write&connect_timeout=2"


@pytest.fixture
def clusters() -> Iterator[tuple[Cluster, Cluster]]:
    """A primary and its standby."""
    with pair() as both:
        yield both


@pytest.fixture
async def doors(
    clusters: tuple[Cluster, Cluster], tmp_path: Path
) -> AsyncIterator[tuple[Client, Client]]:
    """Two processes that know both, and a client of each."""
    environment = {"PALAVER_DATABASE_URL": url_of(*clusters, options=_OPTIONS)}
    homes = [tmp_path / "one", tmp_path / "other"]
    async with AsyncExitStack() as stack:
        for home in homes:
            home.mkdir()
        servers = [stack.enter_context(serve(home, environment)) for home in homes]
        one, other = [await stack.enter_async_context(talking(server.url)) for server in servers]
        yield one, other


@pytest.mark.timeout(300)
async def test_nothing_acknowledged_is_lost(
    clusters: tuple[Cluster, Cluster], doors: tuple[Client, Client]
) -> None:
    primary, standby = clusters
    agent = await doors[0].agent()
    talks = [await doors[0].conversation(agent) for _ in range(_CHATTERS + _STREAMS)]
    chatters = [Chatter(doors, talk, "[[words: 5]] [[pace: 20]]") for talk in talks[:_CHATTERS]]
    streams = [
        Caller(doors[n % 2 :] + doors[: n % 2], talk, _LONG, "once")
        for n, talk in enumerate(talks[_CHATTERS:])
    ]
    async with asyncio.TaskGroup() as load:
        for one in chatters:
            load.create_task(one.go_on())
        for stream in streams:
            load.create_task(stream.insist())
        await asyncio.gather(*(stream.until(events=3) for stream in streams))
        await _until_heard(chatters, since=0)
        await asyncio.to_thread(primary.kill)
        died = monotonic()
        await asyncio.sleep(_NOTICED)
        await asyncio.to_thread(standby.promote)
        waits = [until_answered(door, lambda answer: answer.status_code == 200) for door in doors]
        late = await asyncio.gather(*waits)
        assert max(late) <= _ON_WITHIN, f"They went on {late} s after the promotion."
        await _until_heard(chatters, since=died)
        for one in chatters:
            one.stopped = True
    said = [*streams, *(caller for one in chatters for caller in one.said)]
    assert all(caller.heard_at is not None for caller in said)
    await checks.check(doors[1], said)
    for talk in talks:
        assert await doors[0].history(talk) == await doors[1].history(talk)


async def _until_heard(chatters: Sequence[Chatter], since: float) -> None:
    """Wait until enough answers have begun: there is something to lose, or something came after."""
    async with asyncio.timeout(_LOADED_WITHIN):
        while sum(at > since for at in _heard_at(chatters)) <= _LOAD:
            await asyncio.sleep(_LOOK)


def _heard_at(chatters: Sequence[Chatter]) -> Iterator[float]:
    return (said.heard_at for one in chatters for said in one.said if said.heard_at is not None)
