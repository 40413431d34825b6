"""Agents, as they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from palaver.domain.agent import Agent, AgentSort
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.run import StopReason
from palaver.errors import NotFound
from palaver.store import schema
from palaver.store.db import Tx
from palaver.store.paging import containing, paged

_agents = schema.agents
_tags = schema.agent_tags
_SHOWN = (
    _agents.c.body,
    _agents.c.last_run_completion,
    _agents.c.last_run_duration_ms,
    _agents.c.last_stop_reason,
)
_GET = select(*_SHOWN).where(
    _agents.c.project_id == bindparam("project"),
    _agents.c.id == bindparam("agent"),
    _agents.c.deleted_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class AgentFilter:
    """Which agents are wanted. `query_text` is part of the name, in any case."""

    name: str | None = None
    tags: tuple[str, ...] = ()
    match_all_tags: bool = False
    query_text: str | None = None
    last_stop_reason: StopReason | None = None
    order_by: AgentSort = "created_at"


def add(tx: Tx, project: ProjectId, agent: Agent) -> None:
    """Keep a new agent."""
    tx.run(insert(_agents), {"id": agent.id, "project_id": project, **_row(agent)})
    tx.many(insert(_tags), [{"agent_id": agent.id, "tag": tag} for tag in agent.tags])


def get(tx: Tx, project: ProjectId, agent_id: str) -> Agent:
    """The agent called `agent_id` in `project`, or `NotFound`."""
    row = tx.first(_GET, {"project": project, "agent": agent_id})
    if row is None:
        raise NotFound("Agent")
    return read(row)


def change(tx: Tx, project: ProjectId, agent: Agent) -> None:
    """Keep what an agent has become. Raises `NotFound`."""
    mine = (_agents.c.project_id == project, _agents.c.id == agent.id)
    if not tx.run(update(_agents).where(*mine, _agents.c.deleted_at.is_(None)).values(_row(agent))):
        raise NotFound("Agent")
    tx.run(delete(_tags).where(_tags.c.agent_id == agent.id))
    tx.many(insert(_tags), [{"agent_id": agent.id, "tag": tag} for tag in agent.tags])


def remove(tx: Tx, project: ProjectId, agent_id: str, at: datetime) -> None:
    """Make an agent and its conversations disappear. Raises `NotFound`."""
    get(tx, project, agent_id)
    tx.run(update(_agents).where(_agents.c.id == agent_id).values(deleted_at=at))
    own = schema.conversations
    tx.run(
        update(own)
        .where(own.c.agent_id == agent_id, own.c.deleted_at.is_(None))
        .values(deleted_at=at)
    )


def listed(tx: Tx, project: ProjectId, page: Page, wanted: AgentFilter) -> list[Agent]:
    """The agents on a page; hidden ones are left out."""
    query = select(*_SHOWN).where(
        _agents.c.project_id == project,
        _agents.c.deleted_at.is_(None),
        _agents.c.hidden.is_(False),
    )
    if wanted.name is not None:
        query = query.where(_agents.c.name == wanted.name)
    if wanted.query_text:
        query = query.where(containing(_agents.c.name, wanted.query_text))
    if wanted.last_stop_reason is not None:
        query = query.where(_agents.c.last_stop_reason == wanted.last_stop_reason)
    if wanted.tags:
        tagged = select(_tags.c.agent_id).where(_tags.c.tag.in_(wanted.tags))
        if wanted.match_all_tags:
            every = func.count() == len(set(wanted.tags))
            tagged = tagged.group_by(_tags.c.agent_id).having(every)
        query = query.where(_agents.c.id.in_(tagged))
    key = None if wanted.order_by == "created_at" else _agents.c[wanted.order_by]
    return _read_all(paged(tx, project, query, _agents, page, key))


def with_block(tx: Tx, project: ProjectId, block_id: str, page: Page) -> list[Agent]:
    """The agents that have a block, on a page."""
    held = schema.agents_blocks
    query = (
        select(*_SHOWN)
        .join(held, held.c.agent_id == _agents.c.id)
        .where(
            held.c.block_id == block_id,
            _agents.c.project_id == project,
            _agents.c.deleted_at.is_(None),
        )
    )
    return _read_all(paged(tx, project, query, _agents, page))


def note_run(
    tx: Tx, agent_id: str, at: datetime, stop_reason: StopReason | None, duration_ms: int
) -> None:
    """Remember when and why the agent's newest run ended."""
    tx.run(
        update(_agents).where(_agents.c.id == agent_id),
        {
            "last_run_completion": at,
            "last_stop_reason": stop_reason,
            "last_run_duration_ms": duration_ms,
        },
    )


def read(row: Row[Any]) -> Agent:
    """The agent that a row keeps."""
    agent = Agent.model_validate_json(row.body)
    return agent.model_copy(
        update={
            "last_run_completion": row.last_run_completion,
            "last_run_duration_ms": row.last_run_duration_ms,
            "last_stop_reason": row.last_stop_reason,
        }
    )


def _read_all(rows: Sequence[Row[Any]]) -> list[Agent]:
    return [read(row) for row in rows]


def _row(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "hidden": bool(agent.hidden),
        "created_at": agent.created_at,
        "updated_at": agent.updated_at,
        "last_run_completion": agent.last_run_completion,
        "last_run_duration_ms": agent.last_run_duration_ms,
        "last_stop_reason": agent.last_stop_reason,
        "body": agent.model_dump_json(exclude_unset=True),
    }
