"""What is looked after again and again: when somebody knocks, and now and then without that."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from palaver.errors import PalaverError

logger = logging.getLogger(__name__)


class Rounds:
    """Does `do` at each knock, and `every` so many seconds. What it refuses is logged."""

    def __init__(self, name: str, do: Callable[[], Awaitable[None]], every: float) -> None:
        self._name = name
        self._do = do
        self._every = every
        self._knocked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._task = asyncio.create_task(self._go_round(), name=self._name)

    def knock(self) -> None:
        """There is something to do: do not wait."""
        self._knocked.set()

    def stop(self) -> None:
        """Do no more."""
        if self._task is not None:
            self._task.cancel()

    async def _go_round(self) -> None:
        while True:
            self._knocked.clear()
            try:
                await self._do()
            except PalaverError as error:
                logger.warning("%s: %s", self._name, error)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._knocked.wait()
