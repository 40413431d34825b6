"""Words between the processes that share a database: there is something new.

A hint may be lost or late; whoever waits for one looks anyway, every now and then. A process that
is alone tells nobody and hears nothing.
"""

import asyncio
from contextlib import suppress
from typing import Literal, get_args

from palaver.errors import PalaverError
from palaver.store.db import Database

What = Literal["events", "cancels"]

_TELL_EVERY = 0.01  # seconds; what comes meanwhile is told together
_LOOK_ALONE = 1.0  # seconds between looks where no other process is known


class Hints:
    """The hints that this process gives and gets. `alone` is kept true or false by the lease."""

    def __init__(self, db: Database, worker: str) -> None:
        self.alone = True
        self._db = db
        self._worker = worker
        self._heard: dict[str, asyncio.Event] = {what: asyncio.Event() for what in get_args(What)}
        self._told: set[What] = set()
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen and to tell; needs a running event loop."""
        self._db.listen(self._hear)
        self._task = asyncio.create_task(self._tell_for_ever(), name="hints")

    def stop(self) -> None:
        """Tell nobody anything any more."""
        if self._task is not None:
            self._task.cancel()

    def tell(self, what: What) -> None:
        """Let the other processes know of something new, soon."""
        if not self.alone:
            self._told.add(what)
            self._some.set()

    async def wait(self, what: What) -> None:
        """Wait until there may be something new, or until it is time to look anyway."""
        heard = self._heard[what]
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_ALONE if self.alone else self._db.look_every):
                await heard.wait()
        heard.clear()

    def _hear(self, said: str) -> None:
        what, _, worker = said.partition(" ")
        if worker != self._worker and what in self._heard:
            self._heard[what].set()

    async def _tell_for_ever(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            told, self._told = self._told, set()
            with suppress(PalaverError):
                for what in told:
                    await self._db.hint(f"{what} {self._worker}")
            await asyncio.sleep(_TELL_EVERY)
