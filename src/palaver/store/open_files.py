"""The files that agents have by their folders, and which of them are open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update

from palaver.domain.folder import AgentFile
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.errors import NotFound
from palaver.store import agents, schema_texts
from palaver.store.db import Tx
from palaver.store.paging import paged

_files = schema_texts.files
_folders = schema_texts.folders
_held = schema_texts.agents_folders
_seen = schema_texts.agents_files


def listed(
    tx: Tx, project: ProjectId, agent_id: str, page: Page, *, is_open: bool | None = None
) -> list[AgentFile]:
    """The files of an agent on a page: all, or those that are open, or closed. Or `NotFound`."""
    agents.get(tx, project, agent_id)
    query = _query(project, agent_id, _folder_ids(tx, agent_id), only_open=is_open is True)
    if is_open is False:
        query = query.where(_seen.c.is_open.is_distinct_from(True))
    rows = paged(tx, project, query, _files, page)
    return [_read(row) for row in rows]


def opened(tx: Tx, project: ProjectId, agent_id: str) -> list[AgentFile]:
    """The open files of an agent, what was opened longest ago first."""
    query = _query(project, agent_id, _folder_ids(tx, agent_id), only_open=True)
    return [_read(row) for row in tx.all(query.order_by(_seen.c.accessed_at, _files.c.id))]


def get(tx: Tx, project: ProjectId, agent_id: str, file_id: str) -> AgentFile:
    """A file that an agent has. Raises `NotFound`."""
    query = _query(project, agent_id, _folder_ids(tx, agent_id)).where(_files.c.id == file_id)
    row = tx.first(query)
    if row is None:
        raise NotFound("File of this agent", "attach its folder, or list the agent's files.")
    return _read(row)


def note(tx: Tx, agent_id: str, file: AgentFile, at: datetime) -> None:
    """Remember whether an agent has one of its files open, and what it sees of it."""
    mine = (_seen.c.agent_id == agent_id, _seen.c.file_id == file.file_id)
    row = {
        "is_open": file.is_open,
        "first_line": file.start_line,
        "last_line": file.end_line,
        "accessed_at": at,
    }
    if not tx.run(update(_seen).where(*mine).values(row)):
        tx.run(insert(_seen), {"agent_id": agent_id, "file_id": file.file_id, **row})


def close(tx: Tx, agent_id: str, file_ids: Sequence[str]) -> None:
    """Close files of an agent; those that are not open stay closed."""
    mine = (_seen.c.agent_id == agent_id, _seen.c.file_id.in_(file_ids))
    tx.run(update(_seen).where(*mine).values(is_open=False))


def forget(tx: Tx, agent_ids: Sequence[str]) -> None:
    """Take all folders and files from agents that are gone."""
    for of_them in (_seen, _held):
        tx.run(delete(of_them).where(of_them.c.agent_id.in_(agent_ids)))


def _folder_ids(tx: Tx, agent_id: str) -> list[str]:
    rows = tx.all(select(_held.c.folder_id).where(_held.c.agent_id == agent_id))
    return [row.folder_id for row in rows]


def _query(
    project: ProjectId, agent_id: str, folder_ids: Sequence[str], *, only_open: bool = False
) -> Select[Any]:
    mine = (_seen.c.file_id == _files.c.id) & (_seen.c.agent_id == agent_id)
    query = (
        select(
            _files.c.id,
            _files.c.name,
            _files.c.folder_id,
            _folders.c.name.label("folder"),
            _seen.c.is_open,
            _seen.c.first_line,
            _seen.c.last_line,
            _seen.c.accessed_at,
        )
        .join(_folders, _folders.c.id == _files.c.folder_id)
        .join(_seen, mine, isouter=not only_open)
        .where(
            _files.c.project_id == project,
            _files.c.folder_id.in_(folder_ids),
            _files.c.deleted_at.is_(None),
        )
    )
    return query.where(_seen.c.is_open) if only_open else query


def _read(row: Row[Any]) -> AgentFile:
    return AgentFile(
        id=row.id.replace("file-", "file_agent-"),
        file_id=row.id,
        file_name=row.name,
        folder_id=row.folder_id,
        folder_name=row.folder,
        is_open=bool(row.is_open),
        start_line=row.first_line,
        end_line=row.last_line,
        last_accessed_at=row.accessed_at,
    )
