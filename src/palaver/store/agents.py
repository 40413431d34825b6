"""Agents, as they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    TextClause,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from palaver.domain.agent import Agent, AgentSort
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.run import StopReason
from palaver.errors import NotFound
from palaver.store import groups, identities, schema, schema_texts
from palaver.store.db import Tx
from palaver.store.identities import AGENTS, Whose
from palaver.store.paging import By, Way, any_of, as_of, containing, led, paged, tagged

_agents = schema.agents
_tags = schema.agent_tags
_held = schema.agents_blocks
_archives = schema_texts.agents_archives
_folders = schema_texts.agents_folders
_conversations = schema.conversations
_SHOWN = (
    _agents.c.body,
    _agents.c.last_run_completion,
    _agents.c.last_run_duration_ms,
    _agents.c.last_stop_reason,
)
_LIVE = (
    _agents.c.project_id == bindparam("project"),
    _agents.c.id == bindparam("agent"),
    _agents.c.deleted_at.is_(None),
)
_GET = select(*_SHOWN).where(*_LIVE)
_GET_TO_CHANGE = _GET.with_for_update(key_share=True)
_ADD = insert(_agents)
_CHANGE = update(_agents).where(*_LIVE)
_NOTE = update(_agents).where(_agents.c.id == bindparam("agent"))


@dataclass(frozen=True, slots=True)
class AgentFilter:
    """Which agents are wanted. `query_text` is part of the name, in any case."""

    name: str | None = None
    tags: tuple[str, ...] = ()
    match_all_tags: bool = False
    query_text: str | None = None
    last_stop_reason: StopReason | None = None
    whose: Whose = field(default_factory=Whose)
    order_by: AgentSort = "created_at"


def add(tx: Tx, project: ProjectId, agent: Agent) -> None:
    """Keep a new agent."""
    tx.run(_ADD, {"id": agent.id, "project_id": project, **_row(agent)})
    _tag(tx, project, agent)


def get(tx: Tx, project: ProjectId, agent_id: str, *, for_update: bool = False) -> Agent:
    """The agent called `agent_id` in `project`, or `NotFound`.

    `for_update` keeps others from changing it meanwhile.
    """
    query = _GET_TO_CHANGE if for_update else _GET
    row = tx.first(query, {"project": project, "agent": agent_id})
    if row is None:
        raise NotFound("Agent")
    return _read(row)


def change(tx: Tx, project: ProjectId, agent: Agent) -> None:
    """Keep what an agent has become. Raises `NotFound`."""
    if not tx.run(_CHANGE, {"project": project, "agent": agent.id, **_row(agent)}):
        raise NotFound("Agent")
    tx.run(delete(_tags).where(_tags.c.agent_id == agent.id))
    _tag(tx, project, agent)


def remove(tx: Tx, project: ProjectId, agent_id: str, at: datetime) -> None:
    """Make an agent and its conversations disappear; blocks stay. Raises `NotFound`."""
    if not tx.run(_CHANGE, {"project": project, "agent": agent_id, "deleted_at": at}):
        raise NotFound("Agent")
    for of_it in (_held, _tags):
        tx.run(delete(of_it).where(of_it.c.agent_id == agent_id))
    identities.forget(tx, AGENTS, agent_id)
    groups.forget(tx, agent_id)
    mine = (_conversations.c.project_id == project, _conversations.c.agent_id == agent_id)
    theirs = select(_conversations.c.id).where(*mine)
    for of_them in (schema.prompts, schema.compactions):
        tx.run(delete(of_them).where(of_them.c.conversation_id.in_(theirs)))
    alive = _conversations.c.deleted_at.is_(None)
    tx.run(update(_conversations).where(*mine, alive).values(deleted_at=at))


def listed(tx: Tx, project: ProjectId, page: Page, wanted: AgentFilter) -> list[Agent]:
    """The agents on a page; hidden ones are left out."""
    query: Select[Any] = select(*_SHOWN).where(*_wanted(project, wanted))
    query, ways = led(query, _agents, _groups(tx, project, wanted))
    key = None if wanted.order_by == "created_at" else _agents.c[wanted.order_by]
    return _read_all(paged(tx, project, query, _agents, page, By(key, ways)))


def counted(tx: Tx, project: ProjectId, wanted: AgentFilter) -> int:
    """How many agents are wanted; hidden ones are left out."""
    query = select(func.count()).select_from(_agents).where(*_wanted(project, wanted))
    ways = _groups(tx, project, wanted)
    return int(tx.all(query.where(*(any_of(each, _agents) for each in ways)))[0][0])


def with_block(tx: Tx, project: ProjectId, block_id: str, page: Page) -> list[Agent]:
    """The agents that have a block, on a page."""
    theirs = (_held.c.block_id == block_id,)
    return _among(tx, project, Way(_held.c.agent_id, theirs, _held.c.sorted_as), page)


def with_archive(tx: Tx, project: ProjectId, archive_id: str, page: Page) -> list[Agent]:
    """The agents that have an archive, on a page."""
    theirs = (_archives.c.archive_id == archive_id,)
    return _among(tx, project, Way(_archives.c.agent_id, theirs, _archives.c.sorted_as), page)


def with_folder(tx: Tx, project: ProjectId, folder_id: str, page: Page) -> list[Agent]:
    """The agents that have a folder, on a page."""
    theirs = (_folders.c.folder_id == folder_id,)
    return _among(tx, project, Way(_folders.c.agent_id, theirs, _folders.c.sorted_as), page)


def of_identity(tx: Tx, project: ProjectId, identity_id: str, page: Page) -> list[Agent]:
    """The agents that have an identity, on a page."""
    return _among(tx, project, AGENTS.way(identity_id), page)


def note_run(
    tx: Tx, agent_id: str, at: datetime, stop_reason: StopReason | None, duration_ms: int
) -> None:
    """Remember when and why the agent's newest run ended."""
    tx.run(
        _NOTE,
        {
            "agent": agent_id,
            "last_run_completion": at,
            "last_stop_reason": stop_reason,
            "last_run_duration_ms": duration_ms,
        },
    )


def _among(tx: Tx, project: ProjectId, way: Way, page: Page) -> list[Agent]:
    mine = (_agents.c.project_id == project, _agents.c.deleted_at.is_(None))
    query = select(*_SHOWN).where(*mine)
    return _read_all(paged(tx, project, query, _agents, page, By(ways=[way])))


def _wanted(project: ProjectId, wanted: AgentFilter) -> list[ColumnElement[bool] | TextClause]:
    these: list[ColumnElement[bool] | TextClause] = [_agents.c.project_id == project, schema.LISTED]
    if wanted.name is not None:
        these.append(_agents.c.name == wanted.name)
    if wanted.query_text:
        these.append(containing(_agents.c.name, wanted.query_text))
    if wanted.last_stop_reason is not None:
        these.append(_agents.c.last_stop_reason == wanted.last_stop_reason)
    return these


def _groups(tx: Tx, project: ProjectId, wanted: AgentFilter) -> list[list[Way]]:
    each = tagged(project, _tags.c.agent_id, wanted.tags, every=wanted.match_all_tags)
    return wanted.whose.groups(tx, project, AGENTS) + each


def _read(row: Row[Any]) -> Agent:
    agent = Agent.model_validate_json(row.body)
    return agent.model_copy(
        update={
            "last_run_completion": row.last_run_completion,
            "last_run_duration_ms": row.last_run_duration_ms,
            "last_stop_reason": row.last_stop_reason,
        }
    )


def _tag(tx: Tx, project: ProjectId, agent: Agent) -> None:
    given = {"agent_id": agent.id, "project_id": project}
    tagged = insert(_tags).values(sorted_as=as_of(_agents, agent.id))
    tx.many(tagged, [{**given, "tag": tag} for tag in dict.fromkeys(agent.tags)])


def _read_all(rows: Sequence[Row[Any]]) -> list[Agent]:
    return [_read(row) for row in rows]


def _row(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "hidden": bool(agent.hidden),
        "created_at": agent.created_at,
        "updated_at": agent.updated_at,
        "last_run_completion": agent.last_run_completion,
        "last_run_duration_ms": agent.last_run_duration_ms,
        "last_stop_reason": agent.last_stop_reason,
        "body": agent.model_dump_json(exclude_unset=True),  # what was not set stays not set
    }
