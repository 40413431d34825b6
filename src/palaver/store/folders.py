"""Folders, as they are kept, and which agents have them."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from palaver.domain.folder import FileStats, Folder, OrganizationSourcesStats, SourceStats
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.errors import Conflict, NotFound
from palaver.store import agents, naming, schema, schema_texts
from palaver.store.db import Tx
from palaver.store.paging import as_of, paged

_files = schema_texts.files
_folders = schema_texts.folders
_held = schema_texts.agents_folders
_MINE = (_folders.c.project_id == bindparam("project"), _folders.c.id == bindparam("folder"))
_GET = select(_folders.c.body).where(*_MINE)
_OF_AGENT = (
    select(_folders.c.body)
    .join(_held, _held.c.folder_id == _folders.c.id)
    .where(_folders.c.project_id == bindparam("project"), _held.c.agent_id == bindparam("agent"))
    .order_by(_held.c.folder_id)
)


def add(tx: Tx, project: ProjectId, folder: Folder) -> None:
    """Keep a new folder. Raises `Conflict` where one of its name is kept."""
    _take_name(tx, project, folder)
    key = {"id": folder.id, "project_id": project, "created_at": folder.created_at}
    tx.run(insert(_folders), {**key, **_row(folder, folder.created_at)})


def get(tx: Tx, project: ProjectId, folder_id: str, *, for_update: bool = False) -> Folder:
    """The folder called `folder_id` in `project`, or `NotFound`.

    `for_update` keeps others from changing it, or what is in it, meanwhile.
    """
    query = _GET.with_for_update(key_share=True) if for_update else _GET
    row = tx.first(query, {"project": project, "folder": folder_id})
    if row is None:
        raise NotFound("Folder")
    return Folder.model_validate_json(row.body)


def find_named(tx: Tx, project: ProjectId, name: str) -> str | None:
    """The id of the folder of a name, if there is one."""
    mine = (_folders.c.project_id == project, _folders.c.name == name)
    row = tx.first(select(_folders.c.id).where(*mine))
    return None if row is None else str(row.id)


def change(tx: Tx, project: ProjectId, folder: Folder) -> None:
    """Keep what a folder has become. Raises `NotFound`; `Conflict` where its name is taken."""
    _take_name(tx, project, folder)
    mine = (_folders.c.project_id == project, _folders.c.id == folder.id)
    row = _row(folder, folder.updated_at or folder.created_at)
    if not tx.run(update(_folders).where(*mine).values(row)):
        raise NotFound("Folder")


def remove(tx: Tx, project: ProjectId, folder_id: str, at: datetime) -> None:
    """Delete a folder, also from its agents; its files are out of reach. Raises `NotFound`."""
    get(tx, project, folder_id, for_update=True)
    tx.run(delete(_held).where(_held.c.folder_id == folder_id))
    inside = (_files.c.project_id == project, _files.c.folder_id == folder_id)
    tx.run(update(_files).where(*inside).values(folder_id=None, deleted_at=at))
    tx.run(delete(_folders).where(_folders.c.project_id == project, _folders.c.id == folder_id))


def listed(
    tx: Tx,
    project: ProjectId,
    page: Page,
    *,
    name: str | None = None,
    agent_id: str | None = None,
) -> list[Folder]:
    """The folders on a page: all, those of a name, or those of an agent."""
    query = select(_folders.c.body).where(_folders.c.project_id == project)
    if name is not None:
        query = query.where(_folders.c.name == name)
    if agent_id is not None:
        theirs = select(_held.c.folder_id).where(_held.c.agent_id == agent_id)
        query = query.where(_folders.c.id.in_(theirs))
    rows = paged(tx, project, query, _folders, page)
    return [Folder.model_validate_json(row.body) for row in rows]


def of_agent(tx: Tx, project: ProjectId, agent_id: str) -> list[Folder]:
    """All folders of an agent, oldest first."""
    rows = tx.all(_OF_AGENT, {"project": project, "agent": agent_id})
    return [Folder.model_validate_json(row.body) for row in rows]


def holders(tx: Tx, project: ProjectId, folder_id: str, page: Page) -> list[str]:
    """The ids of the agents that have a folder, on a page. Raises `NotFound`."""
    get(tx, project, folder_id)
    return [one.id for one in agents.with_folder(tx, project, folder_id, page)]


def attach(tx: Tx, project: ProjectId, agent_id: str, folder_id: str) -> bool:
    """Give an agent a folder; whether it had it not before. Raises `NotFound`."""
    agents.get(tx, project, agent_id, for_update=True)  # attachments wait for each other
    get(tx, project, folder_id, for_update=True)
    mine = (_held.c.agent_id == agent_id, _held.c.folder_id == folder_id)
    if tx.first(select(_held.c.agent_id).where(*mine)) is not None:
        return False
    held = insert(_held).values(sorted_as=as_of(schema.agents, agent_id))
    tx.run(held, {"agent_id": agent_id, "folder_id": folder_id})
    return True


def detach(tx: Tx, project: ProjectId, agent_id: str, folder_id: str) -> None:
    """Take a folder from an agent, and close its files. Raises `NotFound` if it has it not."""
    agents.get(tx, project, agent_id, for_update=True)
    mine = (_held.c.agent_id == agent_id, _held.c.folder_id == folder_id)
    if not tx.run(delete(_held).where(*mine)):
        raise NotFound("Folder of this agent")
    seen = schema_texts.agents_files
    inside = select(_files.c.id).where(_files.c.folder_id == folder_id)
    tx.run(delete(seen).where(seen.c.agent_id == agent_id, seen.c.file_id.in_(inside)))


def counted(tx: Tx, project: ProjectId) -> int:
    """How many folders there are."""
    query = select(func.count()).where(_folders.c.project_id == project)
    return int(tx.all(query.select_from(_folders))[0][0])


def stats(tx: Tx, project: ProjectId, *, detailed: bool = False) -> OrganizationSourcesStats:
    """How much is in all folders; in each of them, and in each file, if it is to be `detailed`."""
    of_project = _folders.c.project_id == project
    rows = tx.all(select(_folders.c.id, _folders.c.name).where(of_project).order_by(_folders.c.id))
    names = {row.id: row.name for row in rows}
    inside = (
        select(_files.c.folder_id, _files.c.id, _files.c.name, _files.c.size)
        .join(_folders, _folders.c.id == _files.c.folder_id)
        .where(of_project, _files.c.deleted_at.is_(None))
        .order_by(_files.c.id)
    )
    files: dict[str, list[FileStats]] = {folder: [] for folder in names}
    for row in tx.all(inside):
        told = FileStats(file_id=row.id, file_name=row.name, file_size=row.size)
        files[row.folder_id].append(told)
    sources = [
        SourceStats(
            source_id=folder,
            source_name=names[folder],
            file_count=len(held),
            total_size=sum(one.file_size or 0 for one in held),
            files=held,
        )
        for folder, held in files.items()
    ]
    return OrganizationSourcesStats(
        total_sources=len(sources),
        total_files=sum(one.file_count for one in sources),
        total_size=sum(one.total_size for one in sources),
        sources=sources if detailed else [],
    )


def _take_name(tx: Tx, project: ProjectId, folder: Folder) -> None:
    naming.hold(tx, project)
    if find_named(tx, project, folder.name) not in (None, folder.id):
        raise Conflict(f"There is a folder `{folder.name}`; use that one, or another name.")


def _row(folder: Folder, at: datetime) -> dict[str, Any]:
    return {"name": folder.name, "updated_at": at, "body": folder.model_dump_json()}
