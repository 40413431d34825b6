"""Archives and their passages over HTTP, by themselves and as the archives of agents."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field, StringConstraints

from palaver import clock
from palaver.api import agent_states, routing
from palaver.api.changes import given
from palaver.api.deps import Caller, Db, House, Rooms
from palaver.api.pages import AgentsQuery, Fifty
from palaver.domain.agent import AgentState
from palaver.domain.archive import Archive, NewPassage, Passage, TagMatch
from palaver.domain.frozen import Frozen, SentStamp
from palaver.domain.ids import AgentId, ArchiveId, PassageId, ProjectId
from palaver.engine import archiving
from palaver.store import agents, archives, passages
from palaver.store.archives import ArchiveFilter
from palaver.store.db import Tx
from palaver.store.passages import PassageFilter, PassageHit

router = routing.router("/v1/archives", "archives")
of_agent = routing.router("/v1/agents/{agent_id}/archives", "agents")
of_passages = routing.router("/v1/passages", "passages")

ArchiveName = Annotated[str, StringConstraints(min_length=1)]


class NewArchive(Frozen):
    """What a caller gives to make an archive. Which model makes vectors is the server's choice."""

    name: ArchiveName
    description: str | None = None


class ArchiveChange(Frozen):
    """What a caller changes of an archive: fields left out stay as they are."""

    name: ArchiveName | None = None
    description: str | None = None


class NewPassages(Frozen):
    """Passages to keep, all or none of them."""

    passages: Annotated[list[NewPassage], Field(max_length=1000)]


class ArchiveQuery(Fifty):
    """Which archives are wanted, newest first unless asked otherwise."""

    name: str | None = None
    agent_id: str | None = None


class PassagesSearch(Frozen):
    """What is searched for, and among which passages. Without a query the newest are found."""

    query: str | None = None
    agent_id: AgentId | None = None
    archive_id: ArchiveId | None = None
    tags: list[str] | None = None
    tag_match_mode: TagMatch = "any"
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    start_date: SentStamp | None = None
    end_date: SentStamp | None = None


class PassageSearchItem(Frozen):
    """A passage that was found, how, and its places in the lists. ``score`` is from 0 to 1."""

    passage: Passage
    score: float
    metadata: dict[str, Any]


@router.post("/")
async def create(body: NewArchive, caller: Caller, rooms: Rooms) -> Archive:
    """Make an archive."""
    archive = archiving.archive_called(body.name, body.description)
    await rooms.db.tx(archives.add, caller.project, archive)
    return rooms.embedded(archive)


@router.get("/")
async def list_archives(
    query: Annotated[ArchiveQuery, Query()], caller: Caller, rooms: Rooms
) -> list[Archive]:
    """List archives, of an agent or of a name if one is given."""
    wanted = ArchiveFilter(name=query.name, agent_id=query.agent_id)
    found = await rooms.db.read(archives.listed, caller.project, query.page, wanted)
    return [rooms.embedded(one) for one in found]


@router.get("/{archive_id}")
async def retrieve(archive_id: ArchiveId, caller: Caller, rooms: Rooms) -> Archive:
    """Read one archive."""
    return rooms.embedded(await rooms.db.read(archives.get, caller.project, archive_id))


@router.patch("/{archive_id}")
async def update(
    archive_id: ArchiveId, body: ArchiveChange, caller: Caller, rooms: Rooms
) -> Archive:
    """Change the name or the description of an archive; null takes a description away."""

    def change(tx: Tx) -> Archive:
        before = archives.get(tx, caller.project, archive_id, for_update=True)
        changes = {**given(body, {"name"}), "updated_at": clock.now()}
        after = before.model_copy(update=changes)
        archives.change(tx, caller.project, after)
        return after

    return rooms.embedded(await rooms.db.tx(change))


@router.delete("/{archive_id}", status_code=204)
async def delete(archive_id: ArchiveId, caller: Caller, db: Db) -> None:
    """Delete an archive with its passages, also from the agents that have it."""
    await db.tx(passages.remove_archive, caller.project, archive_id)


@router.get("/{archive_id}/agents")
async def list_agents(
    archive_id: ArchiveId, query: Annotated[AgentsQuery, Query()], caller: Caller, rooms: Rooms
) -> list[AgentState]:
    """List the agents that have an archive."""

    def read(tx: Tx) -> list[AgentState]:
        archives.get(tx, caller.project, archive_id)
        found = agents.with_archive(tx, caller.project, archive_id, query.page)
        return agent_states.show_all(tx, caller.project, rooms.catalog, found, query.include)

    return await rooms.db.read(read)


@router.post("/{archive_id}/passages")
async def create_passage(
    archive_id: ArchiveId, body: NewPassage, caller: Caller, rooms: Rooms
) -> Passage:
    """Put a text into an archive."""
    (made,) = await _put(archive_id, [body], caller.project, rooms)
    return made


@router.post("/{archive_id}/passages/batch")
async def create_passages(
    archive_id: ArchiveId, body: NewPassages, caller: Caller, rooms: Rooms
) -> list[Passage]:
    """Put texts into an archive, all or none of them."""
    return await _put(archive_id, body.passages, caller.project, rooms)


@router.delete("/{archive_id}/passages/{passage_id}", status_code=204)
async def delete_passage(
    archive_id: ArchiveId, passage_id: PassageId, caller: Caller, db: Db
) -> None:
    """Delete a passage of an archive."""
    await db.tx(passages.remove, caller.project, passage_id, [archive_id])


@of_agent.patch("/attach/{archive_id}")
async def attach_archive(agent_id: AgentId, archive_id: ArchiveId, caller: Caller, db: Db) -> None:
    """Give an agent an archive; attaching twice changes nothing."""
    await db.tx(archives.attach, caller.project, agent_id, archive_id)


@of_agent.patch("/detach/{archive_id}")
async def detach_archive(agent_id: AgentId, archive_id: ArchiveId, caller: Caller, db: Db) -> None:
    """Take an archive from an agent. The archive itself stays."""
    await db.tx(archives.detach, caller.project, agent_id, archive_id)


@of_passages.post("/search")
async def search(body: PassagesSearch, caller: Caller, rooms: Rooms) -> list[PassageSearchItem]:
    """Find the passages that are most about a question: of an agent, an archive, or of all."""
    sought = await rooms.meanings.sought(body.query)

    def read(tx: Tx) -> list[PassageHit]:
        wanted = PassageFilter(
            archives=_among(tx, caller.project, body),
            tags=body.tags or (),
            match=body.tag_match_mode,
            since=body.start_date,
            until=body.end_date,
        )
        return passages.found(tx, caller.project, wanted, sought, body.limit)

    return [
        PassageSearchItem(
            passage=rooms.embedded(hit.passage),
            score=hit.rank.score,
            metadata={
                "search_mode": sought.how,
                "fts_rank": hit.rank.by_words,
                "vector_rank": hit.rank.by_meaning,
            },
        )
        for hit in await rooms.db.read(read)
    ]


async def _put(
    archive_id: str, new: list[NewPassage], project: ProjectId, rooms: House
) -> list[Passage]:
    made = [archiving.passage_from(one, archive_id) for one in new]
    await rooms.db.tx(passages.add, project, archive_id, made)
    return [rooms.embedded(one) for one in made]


def _among(tx: Tx, project: ProjectId, body: PassagesSearch) -> list[str] | None:
    """The archives that are searched; None for all."""
    if body.archive_id is not None:
        archives.get(tx, project, body.archive_id)
    if body.agent_id is None:
        return None if body.archive_id is None else [body.archive_id]
    held = archives.of_agent(tx, project, body.agent_id)
    return [one for one in held if body.archive_id in (None, one)]
