"""The folders that agents have, and their open files. An agent with a folder has the file tools.

Each of these is part of a transaction. What a prompt tells of folders is compiled with it, and not
anew because a model opens a file: what it opens it is told by the tool.
"""

from collections.abc import Collection, Sequence

from palaver import clock
from palaver.core import directories
from palaver.core.builtin import OF_FILES
from palaver.core.directories import Directory, OpenFile
from palaver.core.pieces import View, view
from palaver.domain.agent import Agent
from palaver.domain.folder import DEFAULT_OPEN, DEFAULT_VIEW, LARGEST_VIEW, AgentFile
from palaver.domain.ids import ProjectId
from palaver.domain.page import MAX_LIMIT, Page
from palaver.errors import Conflict
from palaver.store import agents, conversations, files, folders, open_files
from palaver.store.db import Tx


def attach(tx: Tx, project: ProjectId, agent_id: str, folder_id: str) -> None:
    """Give an agent a folder and the file tools. Raises `NotFound`."""
    new = folders.attach(tx, project, agent_id, folder_id)
    _equip(tx, project, agent_id)
    if new:
        conversations.mark_stale_agent(tx, project, agent_id)


def detach(tx: Tx, project: ProjectId, agent_id: str, folder_id: str) -> None:
    """Take a folder from an agent; with the last one, the file tools. Raises `NotFound`."""
    folders.detach(tx, project, agent_id, folder_id)
    _equip(tx, project, agent_id)
    conversations.mark_stale_agent(tx, project, agent_id)


def attach_only(tx: Tx, project: ProjectId, agent_id: str, wanted: Collection[str]) -> None:
    """Let an agent have these folders and no others. Raises `NotFound`."""
    held = {folder.id for folder in folders.of_agent(tx, project, agent_id)}
    for folder_id in held - set(wanted):
        detach(tx, project, agent_id, folder_id)
    for folder_id in wanted:
        if folder_id not in held:
            attach(tx, project, agent_id, folder_id)


def remove_folder(tx: Tx, project: ProjectId, folder_id: str) -> None:
    """Delete a folder, and take it from its agents. Raises `NotFound`, and `Conflict`."""
    held = _holders(tx, project, folder_id)
    for agent_id in held:  # agents are taken before folders, and folders before conversations
        agents.get(tx, project, agent_id, for_update=True)
    folders.get(tx, project, folder_id, for_update=True)
    if set(_holders(tx, project, folder_id)) - set(held):
        raise Conflict("An agent has just been given this folder; delete it again.")
    for agent_id in held:
        detach(tx, project, agent_id, folder_id)
    folders.remove(tx, project, folder_id, clock.now())


def open_file(tx: Tx, project: ProjectId, agent: Agent, file: AgentFile) -> list[AgentFile]:
    """Open one of its files for an agent, as far as `file` says; those that are closed for it.

    Raises `NotFound`; `Conflict` for an agent that may have no file open.
    """
    agents.get(tx, project, agent.id, for_update=True)  # openings wait for each other
    most = most_open(agent)
    if most == 0:
        raise Conflict("This agent may have no file open; give it a larger `max_files_open`.")
    opened = open_files.opened(tx, project, agent.id)
    others = [one for one in opened if one.file_id != file.file_id]
    closed = others[: max(0, len(others) + 1 - most)]
    open_files.close(tx, agent.id, [one.file_id for one in closed])
    open_files.note(tx, agent.id, file.model_copy(update={"is_open": True}), clock.now())
    return closed


def view_of(tx: Tx, project: ProjectId, agent: Agent, file: AgentFile) -> View:
    """What an agent sees of a file that it has open."""
    first = file.start_line or 1
    limit = agent.per_file_view_window_char_limit
    most = DEFAULT_VIEW if limit is None else min(limit, LARGEST_VIEW)
    return view(files.read(tx, project, file.file_id, first), first, file.end_line, most)


def most_open(agent: Agent) -> int:
    """How many files an agent may have open."""
    return DEFAULT_OPEN if agent.max_files_open is None else agent.max_files_open


def file_tools(tx: Tx, project: ProjectId, agent_id: str) -> tuple[str, ...]:
    """The ids of the file tools, for an agent that has a folder; none for one that has not."""
    return OF_FILES if folders.of_agent(tx, project, agent_id) else ()


def told(tx: Tx, project: ProjectId, agent: Agent) -> str:
    """What a prompt tells of an agent's folders; nothing if it has none."""
    held = folders.of_agent(tx, project, agent.id)
    if not held:
        return ""
    opened = [
        OpenFile(one, view_of(tx, project, agent, one))
        for one in open_files.opened(tx, project, agent.id)
    ]
    page = Page(limit=directories.MOST_FILES + 1, order="asc")
    found = []
    for folder in held:
        names = [one.file_name for one in files.listed(tx, project, folder.id, page)]
        mine = [one for one in opened if one.file.folder_id == folder.id]
        most = directories.MOST_FILES
        found.append(Directory(folder, names[:most], len(names) > most, mine))
    return directories.told(found, most_open(agent))


def _holders(tx: Tx, project: ProjectId, folder_id: str) -> list[str]:
    """All agents that have a folder."""
    found: list[str] = []
    page = Page(limit=MAX_LIMIT, order="asc")
    while some := folders.holders(tx, project, folder_id, page):
        found += some
        page = page.model_copy(update={"after": some[-1]})
    return found


def _equip(tx: Tx, project: ProjectId, agent_id: str) -> None:
    """Let an agent have the file tools if it has a folder, and else not."""
    agent = agents.get(tx, project, agent_id)
    others: Sequence[str] = [one for one in agent.tools if one not in OF_FILES]
    wanted = (*others, *file_tools(tx, project, agent_id))
    if set(wanted) != set(agent.tools):
        changes = {"tools": wanted, "updated_at": clock.now()}
        agents.change(tx, project, agent.model_copy(update=changes))
