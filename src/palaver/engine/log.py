"""The log of a run: numbered events, durable before anybody sees them.

All runs of a process share one flush: what was appended since the last one is written in one
transaction, at once when nothing is under way, else every few milliseconds. Only then are the
followers woken. A follower reads the memory's tail first and the stored log behind it, so a reader
that is slow, late or of another process costs no memory.

Every event is one line of JSON whose first field is its ``message_type``.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import get_args

from pydantic import TypeAdapter

from palaver.domain.message import Message, MessageType, Stop, StreamError, Usage
from palaver.errors import Unavailable
from palaver.store import events, runs
from palaver.store.db import Database, Tx

Frame = Message | Stop | StreamError | Usage

MESSAGES = frozenset(get_args(MessageType))
"""The kinds of event that are messages; the others are the ends of a stream."""

_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)

FLUSH_EVERY = 0.01  # seconds between flushes while there is always something to write
_TAIL = 1024  # events of a run kept in memory for its followers
_BATCH = 500  # events read from the database at once
_POLL = 0.2  # seconds between looks at a run that another process carries out


@dataclass(slots=True)
class Event:
    """One numbered event of a run."""

    seq: int
    data: str

    @property
    def kind(self) -> str:
        """Its ``message_type``."""
        return self.data.split('"', 4)[3]


def messages_in(logged: Iterable[Event]) -> list[Message]:
    """The messages, whole or in fragments, among the events of a run."""
    return [_MESSAGE.validate_json(event.data) for event in logged if event.kind in MESSAGES]


@dataclass(slots=True)
class Tail:
    """The newest events of a run that this process carries out."""

    run_id: str
    last: int = 0  # number of the newest event, written or not
    written: int = 0  # number of the newest durable event
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=_TAIL))
    ended: bool = False
    lost: bool = False  # somebody else owns the run now
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def number(self, frame: Frame) -> Event:
        """The event that `frame` becomes, with the run's next number."""
        self.last += 1
        return Event(self.last, frame.model_copy(update={"seq_id": self.last}).model_dump_json())

    def add(self, written: Sequence[Event]) -> None:
        """Make durable events visible to the followers."""
        if written:
            self.events.extend(written)
            self.written = written[-1].seq
            self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self) -> None:
        """Wait until there is something new."""
        await self._changed.wait()

    @property
    def over(self) -> bool:
        """Whether nothing more will come from this process."""
        return self.ended or self.lost

    def after(self, seq: int) -> list[Event] | None:
        """The durable events after `seq`, or None where memory does not reach back so far."""
        if seq >= self.written:
            return []
        first = self.events[0].seq if self.events else self.written + 1
        if seq + 1 < first:
            return None
        return list(islice(self.events, seq + 1 - first, None))


class Log:
    """The event logs of the runs of one process, and a way to follow any run's."""

    def __init__(self, db: Database, worker: str) -> None:
        self._db = db
        self._worker = worker
        self._tails: dict[str, Tail] = {}
        self._waiting: dict[str, list[Event]] = {}
        self._filled = asyncio.Event()
        self._flushed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to flush; needs a running event loop."""
        self._task = asyncio.create_task(self._flush_for_ever(), name="flush")

    async def stop(self) -> None:
        """Write what is left and stop flushing."""
        if self._task is not None:
            while self._waiting:
                await self._next_flush()
            self._task.cancel()
            self._task = None

    def open(self, run_id: str, last: int = 0) -> Tail:
        """Begin (or take over after event `last`) the log of a run that this process carries."""
        tail = self._tails[run_id] = Tail(run_id, last=last, written=last)
        return tail

    def append(self, tail: Tail, frame: Frame) -> None:
        """Add an event; it is seen once it is durable."""
        self._waiting.setdefault(tail.run_id, []).append(tail.number(frame))
        self._filled.set()

    async def drain(self, tail: Tail, upto: int | None = None) -> None:
        """Wait until all that was appended to `tail`, or all up to a number, is durable."""
        seq = tail.last if upto is None else upto
        while tail.written < seq and not tail.lost:
            await self._next_flush()

    def close(self, tail: Tail) -> None:
        """End the log of a run that has ended, or that this process has lost."""
        tail.ended = True
        tail.wake()
        self._tails.pop(tail.run_id, None)

    async def follow(
        self, run_id: str, after: int = 0, patience: float | None = None
    ) -> AsyncIterator[Sequence[Event]]:
        """The events of a run after number `after`, in batches, until the run has ended.

        It does not matter which process carries out the run, nor whether it still goes on. An
        empty batch says that nothing came for `patience` seconds.
        """
        tail, quiet = self._tails.get(run_id), 0.0
        while True:
            over = tail.over if tail else not await self._db.read(runs.is_active, run_id)
            batch = tail.after(after) if tail else None
            if batch is None:
                batch = await self._stored(run_id, after)
            if batch:
                after, quiet = batch[-1].seq, 0.0
                yield batch
            elif over:
                return
            elif tail is not None:
                if not await _news(tail, patience):
                    yield ()
            else:
                await asyncio.sleep(_POLL)
                quiet += _POLL
                if patience is not None and quiet >= patience:
                    quiet = 0.0
                    yield ()

    async def _stored(self, run_id: str, after: int) -> list[Event]:
        rows = await self._db.read(events.after, run_id, after, _BATCH)
        return [Event(seq, data) for seq, data in rows]

    async def _next_flush(self) -> None:
        flushed = self._flushed
        await flushed.wait()

    async def _flush_for_ever(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await self._filled.wait()
            begun = clock()
            await self._flush()
            self._flushed.set()
            self._flushed = asyncio.Event()
            if self._waiting:
                await asyncio.sleep(FLUSH_EVERY - (clock() - begun))

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, {}
        self._filled.clear()
        try:
            owned = await self._db.tx(write, self._worker, batch)
        except Unavailable:
            for run_id, waiting in self._waiting.items():
                batch.setdefault(run_id, []).extend(waiting)
            self._waiting = batch
            self._filled.set()
            await asyncio.sleep(_POLL)
            return
        for run_id, written in batch.items():
            tail = self._tails.get(run_id)
            if tail is None:
                continue
            if run_id in owned:
                tail.add(written)
            else:
                tail.lost = True
                tail.wake()


def write(tx: Tx, worker: str, batch: dict[str, list[Event]]) -> set[str]:
    """Store the events of the runs that `worker` still owns; the ids of those runs."""
    owned = runs.owned(tx, worker, list(batch))
    events.append(tx, [(run, event.seq, event.data) for run in owned for event in batch[run]])
    return owned


async def _news(tail: Tail, patience: float | None) -> bool:
    """Wait for something new; False if nothing came within `patience` seconds."""
    try:
        async with asyncio.timeout(patience):
            await tail.change()
    except TimeoutError:
        return False
    return True
