"""Archives, as they are kept, and which agents have them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from palaver.domain.archive import Archive
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.errors import NotFound
from palaver.store import agents, schema, schema_texts
from palaver.store.db import Tx
from palaver.store.paging import By, Way, as_of, paged

_archives = schema_texts.archives
_few = _archives.alias("few_archives")
_held = schema_texts.agents_archives
_MINE = (_archives.c.project_id == bindparam("project"), _archives.c.id == bindparam("archive"))
_GET = select(_archives.c.body).where(*_MINE)
_OF_AGENT = (
    select(_archives.c.id, _archives.c.size)
    .join(_held, _held.c.archive_id == _archives.c.id)
    .where(_archives.c.project_id == bindparam("project"), _held.c.agent_id == bindparam("agent"))
    .order_by(_held.c.n)
)


@dataclass(frozen=True, slots=True)
class ArchiveFilter:
    """Which archives are wanted."""

    name: str | None = None
    agent_id: str | None = None


def add(tx: Tx, project: ProjectId, archive: Archive) -> None:
    """Keep a new archive, with nothing in it."""
    key = {"id": archive.id, "project_id": project, "created_at": archive.created_at, "size": 0}
    tx.run(insert(_archives), {**key, **_row(archive, archive.created_at)})


def get(tx: Tx, project: ProjectId, archive_id: str, *, for_update: bool = False) -> Archive:
    """The archive called `archive_id` in `project`, or `NotFound`.

    `for_update` keeps others from changing it, or what is in it, meanwhile.
    """
    query = _GET.with_for_update(key_share=True) if for_update else _GET
    row = tx.first(query, {"project": project, "archive": archive_id})
    if row is None:
        raise NotFound("Archive")
    return Archive.model_validate_json(row.body)


def of_agent(tx: Tx, project: ProjectId, agent_id: str, *, lock: bool = False) -> dict[str, int]:
    """The ids of an agent's archives, in the order in which it got them, each with its size.

    `lock` keeps it from getting more meanwhile. Raises `NotFound`.
    """
    agents.get(tx, project, agent_id, for_update=lock)
    rows = tx.all(_OF_AGENT, {"project": project, "agent": agent_id})
    return {row.id: row.size for row in rows}


def listed(tx: Tx, project: ProjectId, page: Page, wanted: ArchiveFilter) -> list[Archive]:
    """The archives on a page."""
    query = select(_archives.c.body).where(_archives.c.project_id == project)
    if wanted.name is not None:
        query = query.where(_archives.c.name == wanted.name)
    theirs = (_held.c.agent_id == wanted.agent_id, _few.c.id == _held.c.archive_id)
    mine = Way(_held.c.archive_id, theirs, _few.c.sorted_as)
    by = By(ways=None if wanted.agent_id is None else [mine])
    rows = paged(tx, project, query, _archives, page, by)
    return [Archive.model_validate_json(row.body) for row in rows]


def change(tx: Tx, project: ProjectId, archive: Archive) -> None:
    """Keep what an archive has become. Raises `NotFound`."""
    mine = (_archives.c.project_id == project, _archives.c.id == archive.id)
    row = _row(archive, archive.updated_at or archive.created_at)
    if not tx.run(update(_archives).where(*mine).values(row)):
        raise NotFound("Archive")


def attach(tx: Tx, project: ProjectId, agent_id: str, archive_id: str) -> None:
    """Give an agent an archive; one that it has already changes nothing. Raises `NotFound`."""
    agents.get(tx, project, agent_id, for_update=True)  # attachments wait for each other
    get(tx, project, archive_id, for_update=True)
    mine = (_held.c.agent_id == agent_id, _held.c.archive_id == archive_id)
    if tx.first(select(_held.c.n).where(*mine)) is not None:
        return
    last = select(func.coalesce(func.max(_held.c.n), 0)).where(_held.c.agent_id == agent_id)
    n = tx.all(last)[0][0] + 1
    held = insert(_held).values(sorted_as=as_of(schema.agents, agent_id))
    tx.run(held, {"agent_id": agent_id, "archive_id": archive_id, "n": n})


def detach(tx: Tx, project: ProjectId, agent_id: str, archive_id: str) -> None:
    """Take an archive from an agent. Raises `NotFound` if it does not have it."""
    agents.get(tx, project, agent_id)
    mine = (_held.c.agent_id == agent_id, _held.c.archive_id == archive_id)
    if not tx.run(delete(_held).where(*mine)):
        raise NotFound("Archive of this agent")


def resize(tx: Tx, project: ProjectId, archive_id: str, by: int) -> None:
    """Note that an archive has grown `by` so many passages. Raises `NotFound`."""
    mine = (_archives.c.project_id == project, _archives.c.id == archive_id)
    if not tx.run(update(_archives).where(*mine).values(size=_archives.c.size + by)):
        raise NotFound("Archive")


def _row(archive: Archive, at: datetime) -> dict[str, Any]:
    return {"name": archive.name, "updated_at": at, "body": archive.model_dump_json()}
