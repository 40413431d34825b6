"""Runs, as they are kept, from the moment that a send is accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from palaver.domain.conversation import Address
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.run import ACTIVE, Run, RunStatus, StopReason
from palaver.errors import Conflict, ConversationBusy, NotFound
from palaver.store import belonging, schema, schema_texts
from palaver.store.db import Tx
from palaver.store.paging import By, Way, paged

_runs = schema.runs
_again = _runs.alias()
_conversations = schema.conversations

_ADD = insert(_runs)
_HOLD = (
    select(_conversations.c.id).where(*belonging.LIVE_CONVERSATION).with_for_update(key_share=True)
)
_LOCK = (
    select(_conversations.c.id)
    .where(_conversations.c.id.in_(bindparam("conversations", expanding=True)))
    .order_by(_conversations.c.id)
    .with_for_update(key_share=True)
)
_ACTIVE_IN = select(_runs.c.id, _runs.c.place).where(
    *belonging.to_conversation(_runs), schema.ACTIVE
)
_OF_KEY = select(_runs.c.id, _runs.c.request_hash).where(
    _runs.c.conversation_id == bindparam("conversation"),
    _runs.c.request_key == bindparam("key"),
    schema.WITH_KEY,
)
_SHOWN = (_runs.c.body, _runs.c.status, _runs.c.place, _runs.c.conversation_id)
_GET = select(*_SHOWN).where(
    _runs.c.project_id == bindparam("project"),
    _runs.c.id == bindparam("run"),
    schema.is_there(_runs),
)
_AHEAD = select(func.count()).where(
    *belonging.to_conversation(_runs), schema.ACTIVE, _runs.c.place < bindparam("place")
)
_STATE = select(_runs.c.status, _runs.c.pruned_to).where(_runs.c.id == bindparam("run"))
_FINISH = update(_runs).where(_runs.c.id == bindparam("run"))
_COMPLETE = update(_conversations).where(
    _conversations.c.id
    == select(_runs.c.conversation_id).where(_runs.c.id == bindparam("run")).scalar_subquery()
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
class Ticket:
    """What is kept with a new run: its worker or its place in the line, and what was asked for.

    `request` is JSON, so that any process can carry the run out; `key` and `fingerprint` tell a
    repeated send from a new one.
    """

    request: str
    worker: str | None = None
    place: int | None = None
    key: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How far a run is. `pruned_to` is the number of its last event if its log was removed.

    It is `well` while it goes on, and if it was completed.
    """

    active: bool
    pruned_to: int | None
    well: bool = False


def hold(tx: Tx, project: ProjectId, conversation_id: str) -> None:
    """Keep other sends to a conversation waiting until this transaction is over. Or `NotFound`."""
    if tx.first(_HOLD, {"project": project, "conversation": conversation_id}) is None:
        raise NotFound("Conversation")


def add(tx: Tx, project: ProjectId, run: Run, address: Address, ticket: Ticket) -> None:
    """Keep a new run. The unique index stands behind whoever looks for others beforehand."""
    tx.run(
        _ADD,
        {
            "id": run.id,
            "project_id": project,
            "agent_id": run.agent_id,
            "conversation_id": address.conversation_id,
            "background": bool(run.background),
            "worker_id": ticket.worker,
            "epoch": 1,
            "attempt": 1,
            "cancel_requested": False,
            "request_key": ticket.key,
            "request_hash": ticket.fingerprint,
            "place": ticket.place,
            "request": ticket.request,
            "created_at": run.created_at,
            **_row(run),
        },
    )


def find_of_key(tx: Tx, conversation_id: str, key: str) -> tuple[str, str] | None:
    """The run that a send with this key has started, and the fingerprint of that send."""
    row = tx.first(_OF_KEY, {"conversation": conversation_id, "key": key})
    return None if row is None else (row.id, row.request_hash)


def get(tx: Tx, project: ProjectId, run_id: str) -> Run:
    """The run called `run_id` in `project`, or `NotFound`. One that waits shows its place."""
    return _shown(tx, project, _row_of(tx, project, run_id))


def conversation_of(tx: Tx, project: ProjectId, run_id: str) -> str:
    """The conversation that a run belongs to, or `NotFound`."""
    conversation_id: str = _row_of(tx, project, run_id).conversation_id
    return conversation_id


def listed(tx: Tx, project: ProjectId, page: Page, wanted: RunFilter) -> list[Run]:
    """The runs on a page."""
    query = select(*_SHOWN).where(_runs.c.project_id == project, schema.is_there(_runs))
    if wanted.agent_ids:
        query = query.where(_runs.c.agent_id.in_(wanted.agent_ids))
    if wanted.conversation_id is not None:
        query = query.where(_runs.c.conversation_id == wanted.conversation_id)
    if wanted.statuses:
        query = query.where(_runs.c.status.in_(wanted.statuses))
    if wanted.stop_reason is not None:
        query = query.where(_runs.c.stop_reason == wanted.stop_reason)
    if wanted.background is not None:
        named = schema.IN_BACKGROUND if wanted.background else ~_runs.c.background
        query = query.where(named)
    by = By(ways=_ways(project, wanted))
    return [_shown(tx, project, row) for row in paged(tx, project, query, _runs, page, by)]


def active(tx: Tx, project: ProjectId, conversation_id: str) -> list[str]:
    """The active runs of a conversation: the one that is carried out, then those that wait."""
    given = {"project": project, "conversation": conversation_id}
    found = sorted(tx.all(_ACTIVE_IN, given), key=lambda row: (row.place is not None, row.place))
    return [row.id for row in found]


def refuse_if_active(tx: Tx, project: ProjectId, conversation_id: str) -> None:
    """Raise `ConversationBusy` while a run is active in a conversation."""
    found = active(tx, project, conversation_id)
    if found:
        raise ConversationBusy(found[0], len(found) - 1)


def state(tx: Tx, run_id: str) -> State:
    """How far a run is."""
    row = tx.first(_STATE, {"run": run_id})
    if row is None:
        return State(False, None)
    return State(row.status in ACTIVE, row.pruned_to, row.status in (*ACTIVE, "completed"))


def still_active(tx: Tx, run_ids: Sequence[str]) -> set[str]:
    """Those of the runs that go on, or wait."""
    query = select(_runs.c.id).where(_runs.c.id.in_(run_ids), schema.ACTIVE)
    return {row.id for row in tx.all(query)}


def cancel(tx: Tx, project: ProjectId, conversation_id: str) -> list[str]:
    """Ask for the active runs of a conversation to be ended; their ids."""
    _lock(tx, [conversation_id])
    return ask_to_end(tx, active(tx, project, conversation_id))


def cancel_some(tx: Tx, project: ProjectId, agent_id: str, run_ids: Sequence[str]) -> list[str]:
    """Ask for those of an agent's runs that are active to be ended; their ids."""
    return ask_to_end(tx, _active_of(tx, project, agent_id, _runs.c.id.in_(run_ids)))


def cancel_all(tx: Tx, project: ProjectId, agent_id: str) -> list[str]:
    """Ask for all of an agent's active runs to be ended; their ids."""
    return ask_to_end(tx, _active_of(tx, project, agent_id))


def ask_to_end(tx: Tx, run_ids: list[str]) -> list[str]:
    """Ask for active runs to be ended; their ids.

    Whoever asks holds their conversations, or a run may just be ending.
    """
    if run_ids:
        tx.run(update(_runs).where(_runs.c.id.in_(run_ids)).values(cancel_requested=True))
    return run_ids


def homes(tx: Tx, project: ProjectId, agent_id: str, run_ids: Sequence[str]) -> list[Address]:
    """The conversations of those of an agent's runs, held as a send does."""
    theirs = (_runs.c.project_id == project, _runs.c.agent_id == agent_id)
    wanted = select(_runs.c.conversation_id).where(*theirs, _runs.c.id.in_(run_ids))
    _lock(tx, [row.conversation_id for row in tx.all(wanted)])
    query = select(_conversations.c.id, _conversations.c.is_default).where(
        _conversations.c.id.in_(wanted), _conversations.c.deleted_at.is_(None)
    )
    return [
        Address(conversation_id=row.id, agent_id=agent_id, is_default=row.is_default)
        for row in tx.all(query)
    ]


def finish(tx: Tx, run: Run) -> None:
    """Keep a run that has ended. The conversation is held first, as a send does."""
    tx.run(_COMPLETE, {"run": run.id, "last_run_completion": run.completed_at})
    tx.run(_FINISH, {"run": run.id, **_row(run)})


def remove(tx: Tx, project: ProjectId, run_id: str) -> None:
    """Remove a run with its steps, log and traces. Raises `NotFound`, `Conflict` for an active one.

    Its entries stay, and name a run that is not there. The conversation is held first.
    """
    if _row_of(tx, project, run_id).status in ACTIVE:
        raise Conflict(f"{run_id} has not ended; cancel it or wait for its end, then remove it.")
    steps, tags = schema.steps, schema.step_tags
    mine = select(steps.c.id).where(steps.c.project_id == project, steps.c.run_id == run_id)
    tx.run(delete(tags).where(tags.c.step_id.in_(mine)))
    for of_it in (steps, schema_texts.traces):
        tx.run(delete(of_it).where(of_it.c.project_id == project, of_it.c.run_id == run_id))
    tx.run(delete(schema.run_events).where(schema.run_events.c.run_id == run_id))
    tx.run(delete(_runs).where(_runs.c.project_id == project, _runs.c.id == run_id))


def _ways(project: ProjectId, wanted: RunFilter) -> list[Way] | None:
    """By what runs are found: the first of these that is asked for, others are then asked of each.

    There are few that are active, and of a conversation fewer than of an agent.
    """
    values: Sequence[str]
    if wanted.statuses and {*wanted.statuses} <= {*ACTIVE}:
        column, values = _again.c.status, wanted.statuses
    elif wanted.conversation_id is not None:
        column, values = _again.c.conversation_id, [wanted.conversation_id]
    elif wanted.agent_ids:
        column, values = _again.c.agent_id, wanted.agent_ids
    elif wanted.stop_reason is not None:
        column, values = _again.c.stop_reason, [wanted.stop_reason]
    elif wanted.statuses:
        column, values = _again.c.status, wanted.statuses
    else:
        return None
    mine = _again.c.project_id == project
    return [Way(_again.c.id, (mine, column == value)) for value in dict.fromkeys(values)]


def _active_of(tx: Tx, project: ProjectId, agent_id: str, *more: Any) -> list[str]:
    query = select(_runs.c.id, _runs.c.conversation_id).where(
        _runs.c.project_id == project, _runs.c.agent_id == agent_id, schema.ACTIVE, *more
    )
    _lock(tx, [row.conversation_id for row in tx.all(query)])
    return [row.id for row in tx.all(query)]


def _lock(tx: Tx, conversation_ids: Sequence[str]) -> None:
    """Keep sends to conversations, and the ends of their runs, waiting for this transaction."""
    tx.all(_LOCK, {"conversations": list(conversation_ids)})


def _row_of(tx: Tx, project: ProjectId, run_id: str) -> Row[Any]:
    row = tx.first(_GET, {"project": project, "run": run_id})
    if row is None:
        raise NotFound("Run")
    return row


def _shown(tx: Tx, project: ProjectId, row: Row[Any]) -> Run:
    run = Run.model_validate_json(row.body)
    if row.place is None:
        return run
    given = {"project": project, "conversation": row.conversation_id, "place": row.place}
    ahead = tx.first(_AHEAD, given)
    position = 1 + (ahead[0] if ahead else 0)
    metadata = {**(run.metadata or {}), "queue_position": position}
    return run.model_copy(update={"metadata": metadata})


def _row(run: Run) -> dict[str, Any]:
    return {
        "status": run.status,
        "stop_reason": run.stop_reason,
        "completed_at": run.completed_at,
        "callback_due": run.completed_at if run.callback_url else None,
        "body": run.model_dump_json(exclude_defaults=True),
    }
