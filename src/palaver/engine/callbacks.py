"""Callbacks: who sent something in the background is told that it has ended.

What is due stands in the database, so that any process makes the call, also after a crash.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2

from palaver import clock
from palaver.domain.run import Run
from palaver.engine.egress import Egress
from palaver.engine.rounds import Rounds
from palaver.engine.send import Send
from palaver.errors import AddressRefused
from palaver.store import callbacks
from palaver.store.callbacks import Ended
from palaver.store.db import Database

logger = logging.getLogger(__name__)

_LOOK = 2.0  # seconds between looks for what other processes have left
_AT_ONCE = 20  # calls that are under way
_WITHIN = 10.0  # seconds that a call may take
_CLAIM = timedelta(seconds=30)  # by then a call that was begun is over, or its process is
_FIRST_WAIT = timedelta(seconds=1)
_GIVE_UP = timedelta(hours=1)  # after a run has ended


@dataclass(slots=True)
class Callbacks:
    """Makes the calls that are due, each as often as it takes, but no longer than for an hour.

    The next try waits as long again as the run has been over. An address that may not be called
    and an answer that says no (a redirect, or 4xx) are the end of it.
    """

    db: Database
    egress: Egress
    give_up: timedelta = _GIVE_UP
    _calls: set[asyncio.Task[None]] = field(default_factory=set)
    _rounds: Rounds = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds("callbacks", self._look, _LOOK)

    def start(self) -> None:
        """Begin to look; needs a running event loop."""
        self._rounds.start()

    def consider(self, send: Send) -> None:
        """A run has ended: make its call at once, if there is one."""
        if send.callback_url is not None:
            self._rounds.knock()

    async def close(self) -> None:
        """Call nobody any more. A call that is under way is made again by another process."""
        self._rounds.stop()
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _look(self) -> None:
        now, room = clock.now(), _AT_ONCE - len(self._calls)
        if room and await self.db.read(callbacks.are_due, now):
            for ended in await self.db.tx(callbacks.claim, now, now + _CLAIM, room):
                call = asyncio.create_task(self._call(ended), name=f"callback of {ended.id}")
                self._calls.add(call)
                call.add_done_callback(self._over)

    def _over(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        error = None if call.cancelled() else call.exception()
        if error is not None:
            logger.warning("%s cannot be settled: %s", call.get_name(), error)
        self._rounds.knock()

    async def _call(self, ended: Ended) -> None:
        status, error, passing = await self._posted(ended.callback_url or "", _told(ended))
        now = clock.now()
        told = {
            "callback_sent_at": now,
            "callback_status_code": status,
            "callback_error": error,
        }
        since = now - (ended.completed_at or now)
        again = now + max(_FIRST_WAIT, since) if passing and since < self.give_up else None
        await self.db.tx(callbacks.settle, ended.model_copy(update=told), again)

    async def _posted(self, url: str, body: dict[str, Any]) -> tuple[int | None, str | None, bool]:
        """The status, what was wrong, and whether that may pass. What is answered is not read."""
        try:
            async with (
                asyncio.timeout(_WITHIN),
                await self.egress.client(url, {}, httpx2.Timeout(_WITHIN)) as client,
                client.stream("POST", url, json=body) as answer,
            ):
                status = answer.status_code
        except AddressRefused as error:
            return None, str(error), False
        except TimeoutError:
            return None, f"No answer within {_WITHIN:g} s.", True
        except (httpx2.HTTPError, OSError, ValueError) as error:
            return None, f"{type(error).__name__}: {error}", True
        if 200 <= status < 300:
            return status, None, False
        return status, f"It was answered with {status}.", status >= 500 or status in (408, 429)


def _told(ended: Ended) -> dict[str, Any]:
    """What is posted of a run, or of a batch."""
    told = {"id", "status", "completed_at", "metadata"}
    if isinstance(ended, Run):
        told |= {"agent_id", "conversation_id", "stop_reason"}
    body = ended.model_dump(mode="json", include=told)
    return {"run_id" if isinstance(ended, Run) else "job_id": body.pop("id"), **body}
