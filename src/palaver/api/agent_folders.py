"""The folders and files of an agent over HTTP: which it has, and which of its files are open."""

from typing import Annotated

from fastapi import Query

from palaver.api import agent_states, routing
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.pages import NewestFirst
from palaver.api.problems import CONFLICT
from palaver.domain.agent import Agent
from palaver.domain.folder import AgentFile, HeldFolder
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId, FileId, FolderId, ProjectId
from palaver.engine import shelves
from palaver.store import agents, conversations, folders, open_files
from palaver.store.db import Tx

router = routing.router("/v1/agents/{agent_id}/folders", "agents")
of_files = routing.router("/v1/agents/{agent_id}/files", "agents")


class AgentFilesQuery(NewestFirst):
    """Which files of an agent are wanted. A cursor may be the id of either kind."""

    is_open: bool | None = None
    cursor: str | None = None


class AgentFiles(Frozen):
    """Files of an agent, and where there are more."""

    files: list[AgentFile]
    next_cursor: str | None
    has_more: bool


@router.get("")
async def list_folders(
    agent_id: AgentId, query: Annotated[NewestFirst, Query()], caller: Caller, rooms: Rooms
) -> list[HeldFolder]:
    """List the folders of an agent."""

    def read(tx: Tx) -> list[HeldFolder]:
        agents.get(tx, caller.project, agent_id)
        found = folders.listed(tx, caller.project, query.page, agent_id=agent_id)
        return [agent_states.shown(rooms.catalog, one) for one in found]

    return await rooms.db.read(read)


@router.patch("/attach/{folder_id}")
async def attach_folder(agent_id: AgentId, folder_id: FolderId, caller: Caller, db: Db) -> None:
    """Give an agent a folder, and the file tools; attaching twice changes nothing."""
    await db.tx(shelves.attach, caller.project, agent_id, folder_id)


@router.patch("/detach/{folder_id}")
async def detach_folder(agent_id: AgentId, folder_id: FolderId, caller: Caller, db: Db) -> None:
    """Take a folder from an agent, and with the last one the file tools. The folder stays."""
    await db.tx(shelves.detach, caller.project, agent_id, folder_id)


@of_files.get("")
async def list_files(
    agent_id: AgentId, query: Annotated[AgentFilesQuery, Query()], caller: Caller, db: Db
) -> AgentFiles:
    """List the files of an agent's folders, with what it sees of those that are open."""

    def read(tx: Tx) -> AgentFiles:
        agent = agents.get(tx, caller.project, agent_id)
        cursors = {
            "after": _of_file(query.after or query.cursor),
            "before": _of_file(query.before),
        }
        page = query.page.model_copy(update=cursors)
        found = open_files.listed(tx, caller.project, agent_id, page, is_open=query.is_open)
        last = {"after": found[-1].file_id, "before": None, "limit": 1} if found else {}
        rest = page.model_copy(update=last)
        more = found and open_files.listed(
            tx, caller.project, agent_id, rest, is_open=query.is_open
        )
        return AgentFiles(
            files=[_seen(tx, caller.project, agent, one) for one in found],
            next_cursor=found[-1].id if more else None,
            has_more=bool(more),
        )

    return await db.read(read)


@of_files.patch("/close-all")
async def close_all_files(agent_id: AgentId, caller: Caller, db: Db) -> list[str]:
    """Close all files of an agent; the names of those that were open."""

    def write(tx: Tx) -> list[str]:
        agents.get(tx, caller.project, agent_id, for_update=True)
        opened = open_files.opened(tx, caller.project, agent_id)
        open_files.close(tx, agent_id, [one.file_id for one in opened])
        if opened:
            conversations.mark_stale_agent(tx, caller.project, agent_id)
        return [one.file_name for one in opened]

    return await db.tx(write)


@of_files.patch("/{file_id}/open", responses=CONFLICT)
async def open_file(agent_id: AgentId, file_id: FileId, caller: Caller, db: Db) -> list[str]:
    """Open a file for an agent, all of it; the names of those that are closed for it."""

    def write(tx: Tx) -> list[str]:
        agent = agents.get(tx, caller.project, agent_id, for_update=True)
        file = open_files.get(tx, caller.project, agent_id, file_id)
        whole = file.model_copy(update={"start_line": None, "end_line": None})
        closed = shelves.open_file(tx, caller.project, agent, whole)
        if closed or not file.is_open or file.start_line is not None:
            conversations.mark_stale_agent(tx, caller.project, agent_id)
        return [one.file_name for one in closed]

    return await db.tx(write)


@of_files.patch("/{file_id}/close")
async def close_file(agent_id: AgentId, file_id: FileId, caller: Caller, db: Db) -> None:
    """Close a file of an agent; one that is closed stays so."""

    def write(tx: Tx) -> None:
        agents.get(tx, caller.project, agent_id, for_update=True)
        file = open_files.get(tx, caller.project, agent_id, file_id)
        if file.is_open:
            open_files.close(tx, agent_id, [file.file_id])
            conversations.mark_stale_agent(tx, caller.project, agent_id)

    await db.tx(write)


def _of_file(cursor: str | None) -> str | None:
    """The file that a cursor is about: clients page by the id of what an agent has of it."""
    return cursor and cursor.replace("file_agent-", "file-")


def _seen(tx: Tx, project: ProjectId, agent: Agent, file: AgentFile) -> AgentFile:
    if not file.is_open:
        return file.model_copy(update={"start_line": None, "end_line": None})
    shown = shelves.view_of(tx, project, agent, file)
    return file.model_copy(update={"visible_content": shown.text})
