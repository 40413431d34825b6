"""What is kept for some time only is removed: old logs, old traces, and what was deleted.

Some time after a run has ended, its entries tell all that it said; and some time after something
was deleted, nobody is going to ask for it back.
"""

import asyncio
import logging
from datetime import timedelta

from palaver import clock
from palaver.errors import PalaverError
from palaver.store import events, garbage, traces
from palaver.store.db import Database

logger = logging.getLogger(__name__)

_RUNS = 20  # runs whose events are removed in one transaction
_ROWS = 500  # rows of what was deleted that are removed in one
_TRACES = 20  # traces that are; each may be large
_SELDOM = 60.0  # seconds between looks, at most


class Sweeper:
    """Removes events of runs that ended, and what was deleted, longer ago than they say.

    So it does with traces; where none are to be kept, all that are there.
    """

    def __init__(
        self,
        db: Database,
        events_keep: timedelta,
        deleted_keep: timedelta,
        traces_keep: timedelta | None = None,
    ) -> None:
        self._db = db
        self._events_keep = events_keep
        self._deleted_keep = deleted_keep
        self._traces_keep = traces_keep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sweep; needs a running event loop."""
        self._task = asyncio.create_task(self._sweep_for_ever(), name="sweeper")

    def stop(self) -> None:
        """Sweep no more."""
        if self._task is not None:
            self._task.cancel()

    async def _sweep_for_ever(self) -> None:
        kept = (self._events_keep, self._deleted_keep, self._traces_keep or self._events_keep)
        shortest = min(kept).total_seconds()
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
        traced = clock.now() - (self._traces_keep or timedelta())
        while await self._db.tx(traces.prune, traced, _TRACES) == _TRACES:
            pass
