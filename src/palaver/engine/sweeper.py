"""Old logs are removed: some time after a run has ended, its entries tell all that it said."""

import asyncio
import logging
from datetime import timedelta

from palaver import clock
from palaver.errors import PalaverError
from palaver.store import events
from palaver.store.db import Database

logger = logging.getLogger(__name__)

_RUNS = 20  # runs whose events are removed in one transaction
_SELDOM = 60.0  # seconds between looks, at most


class Sweeper:
    """Removes the events of runs that ended longer ago than `keep`."""

    def __init__(self, db: Database, keep: timedelta) -> None:
        self._db = db
        self._keep = keep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sweep; needs a running event loop."""
        self._task = asyncio.create_task(self._sweep_for_ever(), name="sweeper")

    def stop(self) -> None:
        """Sweep no more."""
        if self._task is not None:
            self._task.cancel()

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(min(_SELDOM, self._keep.total_seconds() / 4))
            try:
                while await self._db.tx(events.prune, clock.now() - self._keep, _RUNS) == _RUNS:
                    pass
            except PalaverError as error:
                logger.warning("old logs cannot be removed: %s", error)
