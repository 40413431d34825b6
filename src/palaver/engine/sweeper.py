"""What is kept for some time only is removed: old logs, old traces, and what was deleted.

Some time after a run has ended, its entries tell all that it said; and some time after something
was deleted, nobody is going to ask for it back.
"""

from datetime import timedelta

from palaver import clock
from palaver.engine.rounds import Rounds
from palaver.store import events, garbage, traces
from palaver.store.db import Database

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
        shortest = min(events_keep, deleted_keep, traces_keep or events_keep).total_seconds()
        self._rounds = Rounds("sweeper", self._sweep, min(_SELDOM, shortest / 4))

    def start(self) -> None:
        """Begin to sweep; needs a running event loop."""
        self._rounds.start()

    def stop(self) -> None:
        """Sweep no more."""
        self._rounds.stop()

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
