"""Runs, as they are kept: who carries them out, and the one that a conversation may have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, or_, select, update

from palaver.domain.conversation import Address
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.run import ACTIVE, Run, RunStatus, StopReason
from palaver.errors import ConversationBusy, NotFound, NothingToCancel
from palaver.store import schema
from palaver.store.db import Tx
from palaver.store.paging import paged

_runs = schema.runs
_workers = schema.workers
_conversations = schema.conversations

_IS_ACTIVE = schema.ACTIVE
_ADD = insert(_runs)
_HOLD = (
    select(_conversations.c.id)
    .where(
        _conversations.c.project_id == bindparam("project"),
        _conversations.c.id == bindparam("conversation"),
        _conversations.c.deleted_at.is_(None),
    )
    .with_for_update(key_share=True)
)
_ACTIVE_IN = select(_runs.c.id).where(
    _runs.c.project_id == bindparam("project"),
    _runs.c.conversation_id == bindparam("conversation"),
    _IS_ACTIVE,
)
_STATUS = select(_runs.c.status).where(_runs.c.id == bindparam("run"))
_GET = select(_runs.c.body).where(
    _runs.c.project_id == bindparam("project"),
    _runs.c.id == bindparam("run"),
    schema.is_there(_runs),
)
_FINISH = update(_runs).where(_runs.c.id == bindparam("run"))
_COMPLETE = update(_conversations).where(
    _conversations.c.id
    == select(_runs.c.conversation_id).where(_runs.c.id == bindparam("run")).scalar_subquery()
)
_OWNED = (
    select(_runs.c.id)
    .where(
        _runs.c.id.in_(bindparam("runs", expanding=True)),
        _runs.c.worker_id == bindparam("worker"),
        _IS_ACTIVE,
    )
    .with_for_update(read=True, key_share=True)  # holds off a claim, not the wish to cancel
)
_CANCELLED = select(_runs.c.id).where(
    _runs.c.worker_id == bindparam("worker"), _IS_ACTIVE, _runs.c.cancel_requested.is_(True)
)
_DEAD = (
    select(
        _runs.c.body,
        _runs.c.id,
        _runs.c.project_id,
        _runs.c.agent_id,
        _runs.c.conversation_id,
        _runs.c.cancel_requested,
    )
    .where(
        _IS_ACTIVE,
        or_(
            _runs.c.worker_id.is_(None),
            _runs.c.worker_id.not_in(
                select(_workers.c.id).where(_workers.c.expires_at > bindparam("now"))
            ),
        ),
    )
    .with_for_update(skip_locked=True)
)
_TAKE = (
    update(_runs)
    .where(_runs.c.id == bindparam("run"))
    .values(worker_id=bindparam("worker"), epoch=_runs.c.epoch + 1, attempt=_runs.c.attempt + 1)
)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are wanted; empty is any."""

    agent_ids: tuple[str, ...] = ()
    conversation_id: str | None = None
    statuses: tuple[RunStatus, ...] = ()
    stop_reason: StopReason | None = None
    background: bool | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that was taken over from a worker that is gone."""

    run: Run
    project: ProjectId
    address: Address
    cancel_requested: bool


def start(tx: Tx, project: ProjectId, run: Run, address: Address, worker: str) -> None:
    """Keep a new run, carried out by `worker`, unless the conversation has an active one.

    Raises `ConversationBusy`, or `NotFound` if the conversation has been deleted. Starts in one
    conversation wait for each other; the unique index stands behind them.
    """
    given = {"project": project, "conversation": address.conversation_id}
    if tx.first(_HOLD, given) is None:
        raise NotFound("Conversation")
    holder = tx.first(_ACTIVE_IN, given)
    if holder is not None:
        raise ConversationBusy(holder.id)
    tx.run(
        _ADD,
        {
            "id": run.id,
            "project_id": project,
            "agent_id": run.agent_id,
            "conversation_id": address.conversation_id,
            "background": bool(run.background),
            "worker_id": worker,
            "epoch": 1,
            "attempt": 1,
            "cancel_requested": False,
            "created_at": run.created_at,
            **_row(run),
        },
    )


def get(tx: Tx, project: ProjectId, run_id: str) -> Run:
    """The run called `run_id` in `project`, or `NotFound`."""
    row = tx.first(_GET, {"project": project, "run": run_id})
    if row is None:
        raise NotFound("Run")
    return Run.model_validate_json(row.body)


def listed(tx: Tx, project: ProjectId, page: Page, wanted: RunFilter) -> list[Run]:
    """The runs on a page."""
    query = select(_runs.c.body).where(_runs.c.project_id == project, schema.is_there(_runs))
    if wanted.agent_ids:
        query = query.where(_runs.c.agent_id.in_(wanted.agent_ids))
    if wanted.conversation_id is not None:
        query = query.where(_runs.c.conversation_id == wanted.conversation_id)
    if wanted.statuses:
        query = query.where(_runs.c.status.in_(wanted.statuses))
    if wanted.stop_reason is not None:
        query = query.where(_runs.c.stop_reason == wanted.stop_reason)
    if wanted.background is not None:
        query = query.where(_runs.c.background.is_(wanted.background))
    return [Run.model_validate_json(row.body) for row in paged(tx, project, query, _runs, page)]


def active(tx: Tx, project: ProjectId, conversation_id: str) -> list[str]:
    """The active runs of a conversation: one, or none."""
    given = {"project": project, "conversation": conversation_id}
    return [row.id for row in tx.all(_ACTIVE_IN, given)]


def is_active(tx: Tx, run_id: str) -> bool:
    """Whether a run still goes on."""
    row = tx.first(_STATUS, {"run": run_id})
    return row is not None and row.status in ACTIVE


def cancel(tx: Tx, project: ProjectId, conversation_id: str) -> list[str]:
    """Ask for the active run of a conversation to be ended; its id. Or `NothingToCancel`."""
    return _ask_to_end(tx, active(tx, project, conversation_id))


def cancel_some(tx: Tx, project: ProjectId, agent_id: str, run_ids: Sequence[str]) -> list[str]:
    """Ask for those of an agent's runs that are active to be ended. Or `NothingToCancel`."""
    query = select(_runs.c.id).where(
        _runs.c.project_id == project,
        _runs.c.agent_id == agent_id,
        _runs.c.id.in_(run_ids),
        _IS_ACTIVE,
    )
    return _ask_to_end(tx, [row.id for row in tx.all(query)])


def _ask_to_end(tx: Tx, run_ids: list[str]) -> list[str]:
    if not run_ids:
        raise NothingToCancel
    tx.run(update(_runs).where(_runs.c.id.in_(run_ids)).values(cancel_requested=True))
    return run_ids


def cancel_wanted(tx: Tx, worker: str) -> list[str]:
    """The runs of `worker` that somebody wants to be cancelled."""
    return [row.id for row in tx.all(_CANCELLED, {"worker": worker})]


def owned(tx: Tx, worker: str, run_ids: Sequence[str]) -> set[str]:
    """Those of the runs that are active and `worker`'s: the fence before every write."""
    return {row.id for row in tx.all(_OWNED, {"runs": list(run_ids), "worker": worker})}


def finish(tx: Tx, run: Run) -> None:
    """Keep a run that has ended."""
    tx.run(_FINISH, {"run": run.id, **_row(run)})
    tx.run(_COMPLETE, {"run": run.id, "last_run_completion": run.completed_at})


def claim_dead(tx: Tx, worker: str, now: datetime) -> list[Claim]:
    """Take over the active runs of workers that are gone; late writes of theirs are refused."""
    rows = tx.all(_DEAD, {"now": now})
    tx.many(_TAKE, [{"run": row.id, "worker": worker} for row in rows])
    return [_claim(row) for row in rows]


def _claim(row: Row[Any]) -> Claim:
    run = Run.model_validate_json(row.body)
    address = Address(
        conversation_id=row.conversation_id,
        agent_id=row.agent_id,
        is_default=run.conversation_id is None,
    )
    return Claim(run, row.project_id, address, row.cancel_requested)


def _row(run: Run) -> dict[str, Any]:
    return {
        "status": run.status,
        "stop_reason": run.stop_reason,
        "completed_at": run.completed_at,
        "body": run.model_dump_json(exclude_defaults=True),
    }
