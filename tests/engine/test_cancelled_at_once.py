"""A run that is cancelled before it has taken its first step ends like any other."""

import asyncio
from pathlib import Path

from palaver.app import open_house
from palaver.clock import mint, now
from palaver.domain.conversation import Address
from palaver.domain.ids import DEFAULT_PROJECT
from palaver.domain.run import Run
from palaver.engine import line
from palaver.engine.live_run import LiveRun
from palaver.engine.send import Send
from palaver.engine.stage import Stage
from palaver.settings import Settings
from palaver.store import runs, workers
from palaver.store.db import Tx
from tests.store import making

_WITHIN = 20  # seconds, for what would otherwise never happen


def keep(tx: Tx) -> Address:
    """A conversation of an agent, and a worker that is alive."""
    workers.beat(tx, "worker-1")
    return making.keep_conversation(tx)


async def not_needed() -> Stage:
    """Nobody asks what the run would have been carried out with."""
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_run_that_is_cancelled_at_once_ends(database_url: str) -> None:
    settings = Settings(home=Path("nowhere"), database_url=database_url)
    async with open_house(settings) as house, asyncio.timeout(_WITHIN):
        address = await house.db.tx(keep)
        send = Send(project=DEFAULT_PROJECT, address=address, inputs=(making.entry(),))
        run = Run(id=mint("run"), agent_id=address.agent_id, created_at=now())
        admitted = await house.db.tx(line.admit, "worker-1", send, run)
        assert admitted.owner is not None

        tail = house.log.open(admitted.owner)
        live = LiveRun(run, send, admitted.owner, house.db, house.log, tail, not_needed)
        live.task = asyncio.create_task(_carry(live))
        live.stop("cancelled")
        await live.task

        over = await house.db.read(runs.get, DEFAULT_PROJECT, run.id)
        assert (over.status, over.stop_reason) == ("cancelled", "cancelled")


async def _carry(live: LiveRun) -> None:
    assert await live.carry() is None
