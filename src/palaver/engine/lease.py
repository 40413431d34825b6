"""Who is alive: the heartbeat of this process, and the runs of those whose heart stopped.

A process that is dead leaves its runs active, and an active run keeps its conversation to itself.
So every process looks for runs whose owner is gone, takes them over in one atomic update (which
raises their epoch, so that a late owner can write no more) and ends them.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from palaver import clock
from palaver.engine import abandoned
from palaver.engine.runner import Runner
from palaver.errors import Unavailable
from palaver.store import runs, workers
from palaver.store.db import Database, Tx

logger = logging.getLogger(__name__)

BEAT = 1.0  # seconds between heartbeats
LEASE = timedelta(seconds=4)  # how long a heartbeat is good for
_LOOK = 0.2  # seconds between looks for cancels that came in by another process


class Lease:
    """This process's claim on its runs."""

    def __init__(self, db: Database, runner: Runner, worker: str) -> None:
        self._db = db
        self._runner = runner
        self._worker = worker
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Say that this process is alive, and go on saying so."""
        await self._db.tx(_beat, self._worker)
        self._tasks = [
            asyncio.create_task(self._beat_for_ever(), name="heartbeat"),
            asyncio.create_task(self._heed_for_ever(), name="cancels"),
        ]

    async def stop(self) -> None:
        """Stop, and leave: whatever this process still owned may be taken over at once."""
        for task in self._tasks:
            task.cancel()
        with suppress(Unavailable):
            await self._db.tx(workers.leave, self._worker)

    async def _beat_for_ever(self) -> None:
        while True:
            try:
                await self._db.tx(_beat, self._worker)
                for run_id in await self._db.tx(abandoned.end_all, self._worker):
                    logger.warning("%s was left by a process that is gone; it was ended", run_id)
            except Unavailable as error:
                logger.warning("no heartbeat: %s", error)
            await asyncio.sleep(BEAT)

    async def _heed_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            if self._runner.busy:
                try:
                    self._runner.stop(await self._db.read(runs.cancel_wanted, self._worker))
                except Unavailable as error:
                    logger.warning("cannot look for cancelled runs: %s", error)


def _beat(tx: Tx, worker: str) -> None:
    now = clock.now()
    workers.beat(tx, worker, now + LEASE)
    workers.forget_dead(tx, now)
