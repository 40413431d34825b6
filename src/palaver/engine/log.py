"""The log of a run: numbered events, durable before anybody sees them.

All runs of a process share one flush: what was appended since the last one is written in one
transaction, at once when nothing is under way, else every few milliseconds. Only then are the
followers woken. A follower reads the memory's tail first and the stored log behind it, so a reader
that is slow, late or of another process costs no memory.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from palaver.engine.hints import Hints
from palaver.engine.tail import Event, Frame, Tail
from palaver.engine.watch import Watch
from palaver.errors import Refused, Stopping, Unavailable
from palaver.store import claims, events
from palaver.store.claims import Owner
from palaver.store.db import Database, Tx

FLUSH_EVERY = 0.01  # seconds between flushes while there is always something to write
_AGAIN = 0.2  # seconds before the next try when the database is away
_BATCH = 500  # events read from the database at once

Batch = dict[Tail, list[Event]]


class Log:
    """The event logs of the runs of one process, and a way to follow any run's."""

    def __init__(self, db: Database, hints: Hints) -> None:
        self._db = db
        self._hints = hints
        self._watch = Watch(db, hints)
        self._tails: dict[str, Tail] = {}
        self._waiting: Batch = {}
        self._filled = asyncio.Event()
        self._flushed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to flush; needs a running event loop."""
        self._watch.start()
        self._task = asyncio.create_task(self._flush_for_ever(), name="flush")

    def stop(self) -> None:
        """Flush no more. All runs that have ended are written by now."""
        self._watch.stop()
        if self._task is not None:
            self._task.cancel()

    def open(self, owner: Owner, last: int = 0) -> Tail:
        """Begin the log of a run that this process carries out, or go on after event `last`."""
        earlier = self._tails.get(owner.run_id)
        if earlier is not None:
            earlier.lose()
        tail = Tail(owner.run_id, owner, last=last, written=last)
        self._tails[owner.run_id] = tail
        self._watch.give_up(owner.run_id)
        return tail

    def append(self, tail: Tail, frame: Frame) -> None:
        """Add an event; it is seen once it is durable."""
        self._waiting.setdefault(tail, []).append(tail.number(frame))
        self._filled.set()

    async def drain(self, tail: Tail, upto: int | None = None) -> None:
        """Wait until all that was appended to `tail`, or all up to a number, is durable."""
        seq = tail.last if upto is None else upto
        while tail.written < seq and not tail.lost:
            await self._next_flush()

    def show(self, tail: Tail, written: Sequence[Event]) -> None:
        """Let the followers see events that are durable."""
        if written:
            tail.add(written)
            self._hints.tell("events")

    def leave_others(self) -> None:
        """Follow no runs of other processes any more: this one ends."""
        self._watch.close()

    def close(self, tail: Tail, *, ended: bool) -> None:
        """Close the log of a run that has ended, or that this process does not carry out."""
        if ended:
            tail.end()
        else:
            tail.lose()
        if self._tails.get(tail.run_id) is tail:
            del self._tails[tail.run_id]

    async def follow(
        self, run_id: str, after: int = 0, patience: float | None = None
    ) -> AsyncGenerator[Sequence[Event], None]:
        """The events of a run after number `after`, in batches, until the run has ended.

        It does not matter which process carries out the run, nor whether it still goes on. An
        empty batch says that nothing came for `patience` seconds. Raises `Stopping` when this
        process ends before a run that it does not carry out.
        """
        clock = asyncio.get_running_loop().time
        heard = clock()
        tail: Tail | None = None
        try:
            while True:
                try:
                    tail = await self._tail(run_id, tail)
                    batch = await self._batch(tail, after)
                except Unavailable:
                    if self._watch.closed:
                        raise Stopping from None
                    await asyncio.sleep(_AGAIN)
                    if patience is not None and clock() - heard >= patience:
                        heard = clock()
                        yield ()
                    continue
                if batch:
                    after, heard = batch[-1].seq, clock()
                    yield batch
                elif tail.ended and after < tail.written:
                    tail.lose()  # its events were removed meanwhile
                elif tail.ended:
                    return
                elif not await tail.change(patience):
                    heard = clock()
                    yield ()
        finally:
            if tail is not None and tail.owner is None:
                self._watch.leave(tail)

    async def _tail(self, run_id: str, before: Tail | None) -> Tail:
        """Where the run's events come to now."""
        if before is not None and not before.lost:
            return before
        if before is not None and before.owner is None:
            self._watch.leave(before)
        watched = None
        if run_id not in self._tails:
            watched = await self._watch.enter(run_id)
        own = self._tails.get(run_id)
        if own is None or own.lost:
            return watched or await self._watch.enter(run_id)
        if watched is not None:
            self._watch.leave(watched)
        return own

    async def _batch(self, tail: Tail, after: int) -> list[Event]:
        """The next events after a number: from memory, or where that does not reach, stored."""
        kept = tail.after(after)
        if kept is not None:
            return kept
        rows = await self._db.read(events.after, tail.run_id, after, _BATCH)
        return [Event(seq, data) for seq, data in rows]

    async def _next_flush(self) -> None:
        flushed = self._flushed
        await flushed.wait()

    async def _flush_for_ever(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await self._filled.wait()
            begun = clock()
            batch, self._waiting = self._waiting, {}
            self._filled.clear()
            await self._flush(batch)
            self._flushed.set()
            self._flushed = asyncio.Event()
            if self._waiting:
                await asyncio.sleep(FLUSH_EVERY - (clock() - begun))

    async def _flush(self, batch: Batch) -> None:
        """Write a batch, however long the database is away."""
        again = False
        while True:
            try:
                owners = await self._db.tx(write, batch, again)
                break
            except Unavailable:
                again = True
                await asyncio.sleep(_AGAIN)
            except Refused:
                if len(batch) == 1:
                    owners = set()
                    break
                for tail, written in batch.items():
                    await self._flush({tail: written})
                return
        for tail, written in batch.items():
            if tail.owner in owners:
                self.show(tail, written)
            else:
                tail.lose()


def write(tx: Tx, batch: Batch, again: bool = False) -> set[Owner]:
    """Store the events of the runs that their owners still have; those owners.

    Done `again`, it leaves out what a try that seemed to fail has written after all.
    """
    owned = claims.owned(tx, [tail.owner for tail in batch if tail.owner is not None])
    rows = []
    for tail, waiting in batch.items():
        if tail.owner in owned:
            last = events.last(tx, tail.run_id) if again else 0
            rows += [(tail.run_id, event.seq, event.data) for event in waiting if event.seq > last]
    events.append(tx, rows)
    return owned
