"""What texts mean is asked of an embedding model: of what is sought at once, of the rest later.

Whoever writes a text waits for nobody. In the background one process at a time looks which texts
have no vector yet, the newest first, and goes on for as long as there are some: after a crash, when
the provider is back, or with another model. What is old is looked through when the process starts,
and every now and then, as a transaction that took long may have left a text behind.
"""

import asyncio
import logging
from dataclasses import dataclass

from palaver.domain.meaning import Meaning, SearchMode, Sought
from palaver.errors import LLMError, PalaverError, RequestRefused
from palaver.providers.embedding import Embedder
from palaver.store import meanings, nearest
from palaver.store.db import Database
from palaver.store.meanings import Due

logger = logging.getLogger(__name__)

_BATCH = 32  # texts that are told to the model at once
_STRIDE = 5_000  # numbers that are looked through at once for what is old
_LATE = 1_000  # numbers below the newest that are looked at again: others may commit later
_SWEEP = 600.0  # seconds between looks through what is old
_LONGEST_WAIT = 60.0  # seconds until a provider that failed is asked again, at most
_SHORT = 1_000  # characters of a text that is too long for the model


@dataclass(slots=True)
class Meanings:
    """Asks `embedder` what texts mean; without one, nothing means anything.

    Seconds are between looks for new texts, and how long a search waits for its meaning.
    """

    db: Database
    embedder: Embedder | None
    worker: str
    look_every: float = 1.0
    patience: float = 5.0
    _task: asyncio.Task[None] | None = None
    _seen: int = 0  # all below this number, but for some, have been looked at
    _left: int = 0  # all up to this one are still to be looked through
    _sweep_at: float = 0.0

    async def check(self) -> None:
        """See that vectors can be compared, if they have to be, or `Invalid`."""
        if self.embedder is not None:
            await self.db.tx(nearest.prepare)

    async def start(self) -> None:
        """Check, and begin to make vectors."""
        await self.check()
        if self.embedder is not None:
            self._task = asyncio.create_task(self._work_for_ever(self.embedder), name="meanings")

    async def stop(self) -> None:
        """Make no more; what is not kept yet is made by the next that looks."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def sought(self, words: str | None, mode: SearchMode = "hybrid") -> Sought:
        """What somebody looks for. Where the model does not answer in time, only the words."""
        if self.embedder is None or not words or not words.strip() or mode == "fts":
            return Sought(words, "fts")
        try:
            async with asyncio.timeout(self.patience):
                (meaning,) = await self.embedder.meanings([words])
        except (LLMError, TimeoutError) as error:
            logger.warning(
                "a search goes by its words alone: %s", str(error) or "no answer in time"
            )
            return Sought(words, "fts")
        return Sought(words, mode, meaning)

    async def _work_for_ever(self, embedder: Embedder) -> None:
        failed = 0
        kind = None
        while True:
            wait = self.look_every
            try:
                kind = kind or await self._begin(embedder)
                if await self._work(embedder, kind):
                    wait = 0.0
                failed = 0
            except PalaverError as error:
                failed += 1
                wait = min(_LONGEST_WAIT, self.look_every * 2.0**failed)
                logger.warning("texts get no vectors for %.3g s: %s", wait, error)
            await asyncio.sleep(wait)

    async def _begin(self, embedder: Embedder) -> str:
        """The kind of vectors that are made from now on, by all processes."""
        (meaning,) = await embedder.meanings(["palaver"])
        await self.db.tx(meanings.begin, meaning.kind)
        logger.info("vectors are made by %s", meaning.kind)
        return meaning.kind

    async def _work(self, embedder: Embedder, kind: str) -> bool:
        """Make some vectors, or look through some of what is old; whether there may be more."""
        newest = await self.db.read(meanings.newest)
        now = asyncio.get_running_loop().time()
        if now >= self._sweep_at:
            self._sweep_at, self._seen, self._left = now + _SWEEP, newest, newest
        stretch = (self._seen - _LATE, newest)
        due = await self.db.read(meanings.due, kind, stretch, _BATCH)
        if not due:
            self._seen = newest
            if not self._left:
                return False
            stretch = (self._left - _STRIDE, self._left)
            due = await self.db.read(meanings.due, kind, stretch, _BATCH)
        if not due:
            self._left = max(0, self._left - _STRIDE)
            return True
        if not await self.db.tx(meanings.take_turn, kind, self.worker):
            return False
        await self.db.tx(meanings.keep, kind, due, await self._meanings(embedder, due))
        return True

    async def _meanings(self, embedder: Embedder, due: Due) -> dict[int, Meaning]:
        """What texts mean. Those that the model refuses one by one are left out."""
        texts = {n: one.said for n, one in due.items() if one is not None and one.said.strip()}
        if not texts:
            return {}
        try:
            found = await embedder.meanings(list(texts.values()))
            return dict(zip(texts, found, strict=True))
        except RequestRefused:
            alone = {n: await self._alone(embedder, text) for n, text in texts.items()}
            return {n: one for n, one in alone.items() if one is not None}

    async def _alone(self, embedder: Embedder, text: str) -> Meaning | None:
        for attempt in (text, text[:_SHORT]):
            try:
                (meaning,) = await embedder.meanings([attempt])
                return meaning
            except RequestRefused as error:
                logger.info("a text is not taken by %s: %s", embedder.handle, error)
        await embedder.meanings(["palaver"])  # or else it refuses everything
        return None
