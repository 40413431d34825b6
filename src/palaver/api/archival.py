"""The archival memory of an agent over HTTP: the passages of all its archives."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field

from palaver.api import routing
from palaver.api.deps import Caller, Db, Rooms
from palaver.domain.archive import NewPassage, Passage, TagMatch
from palaver.domain.frozen import Frozen, SentStamp
from palaver.domain.ids import AgentId, PassageId, ProjectId
from palaver.domain.page import Limit, Order, Page
from palaver.engine import archiving
from palaver.store import agents, archives, passages
from palaver.store.db import Tx
from palaver.store.passages import PassageFilter, PassageHit

router = routing.router("/v1/agents/{agent_id}/archival-memory", "agents")


class Removed(Frozen):
    """A passage is gone."""

    message: str


class PassageQuery(Frozen):
    """Which passages are wanted, in the order in which they were put in, or the other way round.

    ``search`` leaves out those that do not hold all its words.
    """

    limit: Limit | None = 100
    before: str | None = None
    after: str | None = None
    ascending: bool | None = True
    search: str | None = None

    @property
    def page(self) -> Page:
        """The part of the list that is wanted."""
        limit = 100 if self.limit is None else self.limit
        order: Order = "desc" if self.ascending is False else "asc"
        return Page(limit=limit, before=self.before, after=self.after, order=order)


class PassageSearch(Frozen):
    """What is searched for, and among which passages."""

    query: str = ""
    tags: list[str] | None = None
    tag_match_mode: TagMatch = "any"
    top_k: Annotated[int, Field(ge=1, le=100)] | None = None
    start_datetime: SentStamp | None = None
    end_datetime: SentStamp | None = None


class Result(Frozen):
    """A passage that was found, as its agent would be told of it."""

    id: str
    content: str
    timestamp: datetime
    tags: list[str]


class PassageSearchResponse(Frozen):
    """The passages that were found, best first."""

    results: list[Result]
    count: int


@router.post("")
async def create_passage(
    agent_id: AgentId, body: NewPassage, caller: Caller, rooms: Rooms
) -> list[Passage]:
    """Put a text into the agent's first archive, which is made if it has none."""

    def write(tx: Tx) -> list[Passage]:
        agent = agents.get(tx, caller.project, agent_id)
        return [archiving.put(tx, caller.project, agent, body)]

    return [rooms.embedded(one) for one in await rooms.db.tx(write)]


@router.get("")
async def list_passages(
    agent_id: AgentId, query: Annotated[PassageQuery, Query()], caller: Caller, rooms: Rooms
) -> list[Passage]:
    """List the passages of the agent's archives, oldest first unless asked otherwise."""

    def read(tx: Tx) -> list[Passage]:
        wanted = _of_agent(tx, caller.project, agent_id)
        return passages.listed(tx, caller.project, query.page, wanted, query.search)

    return [rooms.embedded(one) for one in await rooms.db.read(read)]


@router.get("/search")
async def search_passages(
    agent_id: AgentId, query: Annotated[PassageSearch, Query()], caller: Caller, rooms: Rooms
) -> PassageSearchResponse:
    """Find the passages that are most about a question."""
    sought = await rooms.meanings.sought(query.query)

    def read(tx: Tx) -> list[PassageHit]:
        wanted = PassageFilter(
            archives=_of_agent(tx, caller.project, agent_id).archives,
            tags=query.tags or (),
            match=query.tag_match_mode,
            since=query.start_datetime,
            until=query.end_datetime,
        )
        return passages.found(tx, caller.project, wanted, sought, query.top_k or 10)

    found = [hit.passage for hit in await rooms.db.read(read)]
    results = [
        Result(id=one.id, content=one.text, timestamp=one.created_at, tags=one.tags or [])
        for one in found
    ]
    return PassageSearchResponse(results=results, count=len(results))


@router.delete("/{memory_id}")
async def delete_passage(
    agent_id: AgentId, memory_id: PassageId, caller: Caller, db: Db
) -> Removed:
    """Delete a passage of one of the agent's archives."""

    def write(tx: Tx) -> None:
        wanted = _of_agent(tx, caller.project, agent_id)
        passages.remove(tx, caller.project, memory_id, wanted.archives or ())

    await db.tx(write)
    return Removed(message=f"Memory id={memory_id} successfully deleted")


def _of_agent(tx: Tx, project: ProjectId, agent_id: str) -> PassageFilter:
    return PassageFilter(archives=list(archives.of_agent(tx, project, agent_id)))
