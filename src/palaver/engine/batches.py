"""Batches: their requests become runs, some at the same time, through whichever process looks."""

from dataclasses import dataclass, field
from functools import partial

from palaver import clock
from palaver.domain.run import Run
from palaver.engine import line
from palaver.engine.line import Admitted
from palaver.engine.rounds import Rounds
from palaver.engine.runner import Runner
from palaver.engine.send import Send
from palaver.errors import LineFull, PalaverError, Stopping, Unavailable
from palaver.store import batches
from palaver.store.batches import Item, Taken
from palaver.store.db import Database, Tx

AT_ONCE = 10
"""Runs of one batch that are active at the same time; the other requests wait."""

_LOOK = 2.0  # seconds between looks for what other processes have left


@dataclass(slots=True)
class Batches:
    """Sends the requests of batches, and closes those that are over."""

    db: Database
    runner: Runner
    _rounds: Rounds = field(init=False)
    _going: bool = True  # whether there are any, when it was last looked

    def __post_init__(self) -> None:
        self._rounds = Rounds("batches", self._look, _LOOK)

    def start(self) -> None:
        """Begin to look; needs a running event loop."""
        self._rounds.start()

    def stop(self) -> None:
        """Send no more: another process goes on."""
        self._rounds.stop()

    def knock(self) -> None:
        """There is a new one."""
        self._rounds.knock()

    def consider(self, _: Send) -> None:
        """A run has ended: perhaps that lets another one begin."""
        if self._going:
            self._rounds.knock()

    async def _look(self) -> None:
        going = await self.db.read(batches.going)
        self._going = bool(going)
        for batch_id in going:
            await self._go_on(batch_id)

    async def _go_on(self, batch_id: str) -> None:
        while (item := await self.db.read(batches.next_item, batch_id, AT_ONCE)) is not None:
            try:
                send = Send.model_validate_json(item.request)
                await self.runner.start(send, partial(_admit, item))
            except Taken:
                continue
            except LineFull:
                break
            except (Stopping, Unavailable):
                raise
            except PalaverError as error:
                await self.db.tx(batches.refuse, item, str(error))
        await self.db.tx(batches.close, batch_id, clock.now())


def _admit(item: Item, tx: Tx, worker: str, send: Send, run: Run) -> Admitted:
    """Let the send in that a request is, in one transaction with that."""
    batches.hold(tx, item, AT_ONCE)
    admitted = line.admit(tx, worker, send, run)
    batches.begun(tx, item, admitted.run_id)
    return admitted
