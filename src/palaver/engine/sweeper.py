"""What is kept for some time only is removed: old logs, and what was deleted.

Some time after a run has ended, its entries tell all that it said; and some time after something
was deleted, nobody is going to ask for it back.
"""

import asyncio
import logging
from datetime import timedelta

from palaver import clock
from palaver.errors import PalaverError
from palaver.store import events, garbage
from palaver.store.db import Database

logger = logging.getLogger(__name__)

_RUNS = 20  # runs whose events are removed in one transaction
_ROWS = 500  # rows of what was deleted that are removed in one
_SELDOM = 60.0  # seconds between looks, at most


class Sweeper:
    """Removes the events of runs that ended, and what was deleted, longer ago than they say."""

    def __init__(self, db: Database, events_keep: timedelta, deleted_keep: timedelta) -> None:
        self._db = db
        self._events_keep = events_keep
        self._deleted_keep = deleted_keep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sweep; needs a running event loop."""
        self._task = asyncio.create_task(self._sweep_for_ever(), name="sweeper")

    def stop(self) -> None:
        """Sweep no more."""
        if self._task is not None:
            self._task.cancel()

    async def _sweep_for_ever(self) -> None:
        shortest = min(self._events_keep, self._deleted_keep).total_seconds()
        while True:
            await asyncio.sleep(min(_SELDOM, shortest / 4))
            try:
                await self._sweep()
            except PalaverError as error:
                logger.warning("what is old cannot be removed: %s", error)

    async def _sweep(self) -> None:
        ended = clock.now() - self._events_keep
        while await self._db.tx(events.prune, ended, _RUNS) == _RUNS:
            pass
        deleted = clock.now() - self._deleted_keep
        while await self._db.tx(garbage.collect, deleted, _ROWS):
            pass
