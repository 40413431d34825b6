"""What endpoints ask for: who is calling, and the parts of the house they need."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Concatenate, TypeVar

from fastapi import Depends, Header, Request

from palaver.domain.archive import Archive, Passage
from palaver.domain.ids import DEFAULT_PROJECT, ProjectId
from palaver.engine.batches import Batches
from palaver.engine.egress import Egress
from palaver.engine.line import Cancelled
from palaver.engine.log import Log
from palaver.engine.mcp.client import McpClient
from palaver.engine.meanings import Meanings
from palaver.engine.runner import Runner
from palaver.engine.workshop import Workshop
from palaver.errors import NothingToCancel
from palaver.providers.catalog import Catalog
from palaver.store.db import Database, P, Tx

Noun = TypeVar("Noun", Archive, Passage)


@dataclass(frozen=True, slots=True)
class House:
    """The parts of one running process; `palaver.app` puts them together."""

    db: Database
    log: Log
    runner: Runner
    catalog: Catalog
    workshop: Workshop
    mcp: McpClient
    egress: Egress
    batches: Batches
    meanings: Meanings

    def embedded(self, noun: Noun) -> Noun:
        """An archive or a passage, with the embedding model that is used for it, if there is one.

        Which one it is, is the server's choice: the same for all that it has.
        """
        embedder = self.catalog.embedder
        return noun.model_copy(update={"embedding_config": embedder and embedder.config})

    async def end(
        self, unit: Callable[Concatenate[Tx, str, P], Cancelled], *args: P.args, **kwargs: P.kwargs
    ) -> dict[str, str]:
        """Let `unit` cancel runs, in the name of this worker, and end them; what became of each."""
        ended = await self.db.tx(unit, self.runner.worker, *args, **kwargs)
        self.runner.cancel(ended.run_ids, ended.begun)
        return dict.fromkeys(ended.run_ids, "cancelled")

    async def cancel(
        self, unit: Callable[Concatenate[Tx, str, P], Cancelled], *args: P.args, **kwargs: P.kwargs
    ) -> dict[str, str]:
        """The same, or `NothingToCancel`."""
        ended = await self.end(unit, *args, **kwargs)
        if not ended:
            raise NothingToCancel
        return ended


@dataclass(frozen=True, slots=True)
class Who:
    """Who is calling. Every query is made within the caller's project."""

    project: ProjectId


async def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


async def _who() -> Who:
    return Who(DEFAULT_PROJECT)


async def _db(request: Request) -> Database:
    house: House = request.app.state.house
    return house.db


@dataclass(frozen=True, slots=True)
class Wire:
    """How a send came in: its connection, and the key by which a repeated one is known."""

    request: Request
    key: str | None


async def _wire(
    request: Request,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> Wire:
    return Wire(request, idempotency_key)


Rooms = Annotated[House, Depends(_house)]
Caller = Annotated[Who, Depends(_who)]
Db = Annotated[Database, Depends(_db)]
Connection = Annotated[Wire, Depends(_wire)]
