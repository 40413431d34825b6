"""The logs of runs that other processes carry out, for those who follow them here.

One query asks for all of them, when another process hints at something new and every now and then
without a hint. What it finds is shown from memory, as for runs of this process.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from palaver.engine import rebuilding
from palaver.engine.hints import Hints
from palaver.engine.tail import Event, Tail
from palaver.errors import Stopping, Unavailable
from palaver.store import events, runs
from palaver.store.db import Database, Tx

_BATCH = 2_000  # events read at once
_AGAIN = 0.5  # seconds before the next try when the database is away


@dataclass(slots=True)
class _News:
    """What a look has found: events by run, and the runs that go on."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    whole: bool = True  # there are no more events than these


class Watch:
    """The tails of the runs that others carry out and somebody follows here."""

    def __init__(self, db: Database, hints: Hints) -> None:
        self._db = db
        self._hints = hints
        self._tails: dict[str, Tail] = {}
        self._some = asyncio.Event()
        self.closed = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look; needs a running event loop."""
        self._task = asyncio.create_task(self._look_for_ever(), name="watch")

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Let nobody follow a run of another process here any more."""
        self.closed = True
        for tail in self._tails.values():
            tail.lose()
        self._tails.clear()

    async def enter(self, run_id: str) -> Tail:
        """A tail to follow the run by, until `leave`. Raises `Unavailable`, or `Stopping`."""
        tail = self._tails.get(run_id)
        if tail is None:
            tail = await self._db.read(_opened, run_id)
            if tail.ended:
                return tail
            if self.closed:
                raise Stopping
            tail = self._tails.setdefault(run_id, tail)
        tail.readers += 1
        self._some.set()
        return tail

    def leave(self, tail: Tail) -> None:
        """Follow a tail no more."""
        tail.readers -= 1
        if tail.readers < 1 and self._tails.get(tail.run_id) is tail:
            del self._tails[tail.run_id]

    def give_up(self, run_id: str) -> None:
        """This process carries out the run itself from now on."""
        tail = self._tails.pop(run_id, None)
        if tail is not None:
            tail.lose()

    async def _look_for_ever(self) -> None:
        while True:
            if not self._tails:
                self._some.clear()
                await self._some.wait()
            await self._hints.wait("events")
            cursors = {run_id: tail.written for run_id, tail in self._tails.items()}
            try:
                news = await self._db.read(_look, cursors)
            except Unavailable:
                await asyncio.sleep(_AGAIN)
                continue
            for run_id in cursors:
                self._show(run_id, news)

    def _show(self, run_id: str, news: _News) -> None:
        tail = self._tails.get(run_id)
        if tail is None:
            return
        found = news.events.get(run_id, [])
        tail.add([event for event in found if event.seq > tail.written])
        if news.whole and run_id not in news.active:
            del self._tails[run_id]
            tail.end()


def _opened(tx: Tx, run_id: str) -> Tail:
    """A tail that stands where the run's log stands now."""
    state = runs.state(tx, run_id)
    if state.pruned_to is not None:
        return rebuilding.tail_of(tx, run_id, state.pruned_to)
    last = events.last(tx, run_id)
    return Tail(run_id, last=last, written=last, ended=not state.active)


def _look(tx: Tx, cursors: Mapping[str, int]) -> _News:
    rows = events.after_each(tx, cursors, _BATCH)
    news = _News(active=runs.still_active(tx, list(cursors)), whole=len(rows) < _BATCH)
    for row in rows:
        news.events.setdefault(row.run_id, []).append(Event(row.seq, row.data))
    return news
