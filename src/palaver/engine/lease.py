"""Who is alive: the beat of this process, and the runs of those whose beat has stopped.

A process that is dead leaves its runs running, and a running run keeps its conversation to itself.
So every process looks for runs whose worker is gone and takes them over in one atomic update, which
raises their epoch, so that a late owner can write no more.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from palaver import clock
from palaver.engine import line
from palaver.engine.hints import Hints
from palaver.engine.runner import Runner
from palaver.errors import PalaverError, Unavailable
from palaver.store import claims, conversations, workers
from palaver.store.claims import Owner
from palaver.store.db import Database, Tx

logger = logging.getLogger(__name__)

BEAT = 1.0  # seconds between beats
MISSED = 3  # looks, a beat apart, at which a beat has not changed: then its worker is gone


@dataclass(slots=True)
class Pulse:
    """The beats of other workers, as one worker sees them.

    Time is counted in looks of its own: no clock is compared with another, and a process that
    was stopped, or whose database was away, has not seen that others missed anything.
    """

    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)

    def gone(self, beats: Mapping[str, int]) -> dict[str, int]:
        """Look at all beats: the workers that are gone, with their last beats."""
        seen = {}
        for worker, beat in beats.items():
            before, missed = self._seen.get(worker, (None, 0))
            seen[worker] = (beat, missed + 1 if beat == before else 0)
        self._seen = seen
        return {worker: beat for worker, (beat, missed) in seen.items() if missed >= MISSED}


@dataclass(frozen=True, slots=True)
class _Look:
    """What a process sees when it beats: all beats, its own runs, and those it has taken over."""

    beats: dict[str, int]
    running: set[str]
    taken: Collection[Owner]


class Lease:
    """This process's claim on its runs."""

    def __init__(self, db: Database, runner: Runner, hints: Hints, worker: str) -> None:
        self._db = db
        self._runner = runner
        self._hints = hints
        self._worker = worker
        self._pulse = Pulse()
        self._unknown: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Say that this process is alive, and go on saying so."""
        await self._look()
        self._tasks = [
            asyncio.create_task(self._beat_for_ever(), name="heartbeat"),
            asyncio.create_task(self._heed_for_ever(), name="cancels"),
        ]

    async def stop(self) -> None:
        """Stop, and leave: whatever this process still owned may be taken over at once."""
        for task in self._tasks:
            task.cancel()
        try:
            await self._db.tx(workers.leave, self._worker)
        except Unavailable as error:
            logger.warning("cannot say that this process ends: %s", error)

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            try:
                if self._runner.closing:
                    await self._db.tx(workers.beat, self._worker)
                else:
                    await self._look()
                    await self._expire()
            except PalaverError as error:
                logger.warning("no heartbeat: %s", error)

    async def _look(self) -> None:
        look = await self._db.tx(_look, self._worker)
        self._take_up(look.taken)
        gone = self._pulse.gone(look.beats)
        self._hints.alone = len(look.beats) - len(gone) <= 1
        # A run of this worker that it does not carry out: its start was committed in a moment in
        # which the database went away. It has to be seen twice, for it may be just beginning.
        unknown = {run_id for run_id in look.running if not self._runner.carries(run_id)}
        strays, self._unknown = unknown & self._unknown, unknown
        if gone or strays:
            self._take_up(await self._db.tx(_take, self._worker, gone, strays))

    async def _expire(self) -> None:
        """Go on where nobody has answered in time; whichever process looks first does so."""
        now = clock.now()
        if await self._db.read(conversations.is_overdue, now):
            for owner in await self._db.tx(line.expire, self._worker, now):
                self._runner.take_up(owner)

    def _take_up(self, taken: Collection[Owner]) -> None:
        for owner in taken:
            logger.warning("%s was left by its process; this one takes it over", owner.run_id)
            self._runner.take_up(owner)

    async def _heed_for_ever(self) -> None:
        while True:
            await self._hints.wait("cancels")
            if self._runner.busy:
                try:
                    self._runner.stop(await self._db.read(claims.cancel_wanted, self._worker))
                except Unavailable as error:
                    logger.warning("cannot look for cancelled runs: %s", error)


def _look(tx: Tx, worker: str) -> _Look:
    beats = workers.beat(tx, worker)
    taken = claims.take_left(tx, worker)
    return _Look(beats, claims.of_worker(tx, worker), taken)


def _take(
    tx: Tx, worker: str, gone: Mapping[str, int], strays: Collection[str]
) -> Collection[Owner]:
    workers.forget(tx, gone)
    return claims.take_left(tx, worker, strays)
