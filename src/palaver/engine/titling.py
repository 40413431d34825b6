"""Titles for conversations that have none, written in the background when a run has ended."""

import asyncio
import logging
from dataclasses import dataclass, field

from palaver import clock
from palaver.core import titles
from palaver.core.window import Window
from palaver.domain.conversation import Address
from palaver.domain.ids import ProjectId
from palaver.domain.part import Text
from palaver.engine import choosing, summarising
from palaver.engine.says import says
from palaver.engine.send import Send
from palaver.errors import PalaverError
from palaver.providers.catalog import Catalog
from palaver.store import conversations, entries
from palaver.store.db import Database, Tx

logger = logging.getLogger(__name__)

OWN = "1"
"""The conversation's own model writes its title."""

_OFFLINE = "palaver"  # whose own words are no titles
_AT_ONCE = 4  # titles that are written at the same time


def check(catalog: Catalog, model: str) -> None:
    """Raise `NotFound` or `Invalid` where a `Titler`'s model is none."""
    if model not in ("", OWN):
        catalog.checked(model)


@dataclass(slots=True)
class Titler:
    """Writes titles. `model` is a handle, or `OWN`; with an empty one there are no titles.

    What fails is logged and tried again after the next turn, if that still is one of the first.
    """

    db: Database
    catalog: Catalog
    model: str
    _going: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def consider(self, send: Send) -> None:
        """A run has ended: see whether its conversation wants a title. Nobody waits for that."""
        conversation = send.address.conversation_id
        if not self.model or send.address.is_default or conversation in self._going:
            return
        task = asyncio.create_task(self._title(send.project, send.address), name="title")
        self._going[conversation] = task
        task.add_done_callback(lambda _: self._going.pop(conversation, None))

    async def close(self) -> None:
        """Write no more: what is not written yet is given up."""
        tasks = list(self._going.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _title(self, project: ProjectId, address: Address) -> None:
        try:
            async with self._turns:
                window = await self.db.read(self._asked, project, address)
                if window is None:
                    return
                found = titles.title(await summarising.answered(self.catalog, window))
                if found is not None:
                    await self.db.tx(keep, project, address.conversation_id, found)
        except PalaverError as error:
            logger.warning("%s gets no title: %s", address.conversation_id, error)

    def _asked(self, tx: Tx, project: ProjectId, address: Address) -> Window | None:
        """What to ask, of whom; None where no title is wanted."""
        opened = choosing.opened(tx, project, address)
        choice = choosing.choose(self.catalog, opened, "" if self.model == OWN else self.model)
        if opened.conversation is None or opened.conversation.summary is not None:
            return None
        if self.model == OWN and choice.handle.provider == _OFFLINE:
            return None
        _, said = entries.window(tx, address.conversation_id)
        if not titles.wants(said):
            return None
        question = says("user", Text(text=titles.question(said)))
        return Window(
            choice.handle,
            system=titles.PROMPT,
            entries=(question,),
            tokens=choice.context_window,
        )


def keep(tx: Tx, project: ProjectId, conversation_id: str, title: str) -> None:
    """Let a conversation have a title, unless somebody has given it one meanwhile."""
    found = conversations.bare(tx, project, conversation_id, for_update=True)
    if found.summary is None:
        changes = {"summary": title, "updated_at": clock.now()}
        conversations.change(tx, project, found.model_copy(update=changes))
