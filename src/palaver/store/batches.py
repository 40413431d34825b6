"""Batches, as they are kept: a row each, and one for each of their requests.

A request waits until it becomes a run; from then on the run tells how it stands. So nothing of a
batch is only in somebody's memory.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update

from palaver.domain.batch import BatchJob
from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.run import RunStatus
from palaver.errors import NotFound, NothingToCancel
from palaver.store import schema
from palaver.store.db import Tx
from palaver.store.paging import paged
from palaver.store.schema_texts import BATCH_GOES_ON, REQUEST_WAITS, batch_items, batches

_entries = schema.entries
_few = _entries.alias("few_entries")
_conversations = schema.conversations
_runs = schema.runs

_OF_BATCH = batch_items.c.batch_id == bindparam("batch")
_THIS = (batch_items.c.batch_id == bindparam("of"), batch_items.c.n == bindparam("number"))
_GET = select(batches.c.id, batches.c.body, batches.c.ended_at).where(
    batches.c.project_id == bindparam("project"), batches.c.id == bindparam("batch")
)
_HOLD = select(batches.c.body).where(batches.c.id == bindparam("batch")).with_for_update()
_GOING = select(batches.c.id).where(BATCH_GOES_ON).order_by(batches.c.id).limit(100)
_ACTIVE = (
    select(batch_items.c.run_id, batch_items.c.agent_id)
    .join(_runs, _runs.c.id == batch_items.c.run_id)
    .where(_OF_BATCH, schema.ACTIVE)
)
_NEXT = (
    select(batch_items.c.n, batch_items.c.request)
    .where(_OF_BATCH, REQUEST_WAITS)
    .order_by(batch_items.c.n)
    .limit(1)
)
_COUNTS = (
    select(
        batch_items.c.batch_id,
        batch_items.c.state,
        _runs.c.status,
        func.count().label("number"),
        func.max(_runs.c.completed_at).label("last"),
    )
    .outerjoin(_runs, _runs.c.id == batch_items.c.run_id)
    .where(batch_items.c.batch_id.in_(bindparam("some", expanding=True)))
    .group_by(batch_items.c.batch_id, batch_items.c.state, _runs.c.status)
)
_ITEMS = (
    select(batch_items.c.n, batch_items.c.run_id, batch_items.c.error)
    .where(_OF_BATCH)
    .order_by(batch_items.c.n)
)
_SAID = select(_entries.c.id).where(
    _entries.c.run_id.in_(select(batch_items.c.run_id).where(_OF_BATCH)),
    _entries.c.step_id.is_not(None),
    _entries.c.project_id == bindparam("project"),
    schema.is_there(_entries),
)
_WHOLE = select(
    _few.c.body, _few.c.agent_id, _few.c.conversation_id, _conversations.c.is_default
).join(_conversations, _conversations.c.id == _few.c.conversation_id)


class Taken(Exception):
    """Somebody else has sent the request, or it is not its turn."""


@dataclass(frozen=True, slots=True)
class Item:
    """A request that waits: the send that it is, as JSON."""

    batch_id: str
    n: int
    request: str


def add(tx: Tx, project: ProjectId, job: BatchJob, requests: Iterable[tuple[str, str]]) -> None:
    """Keep a new batch, with the agent and the send of each request."""
    row = {"id": job.id, "project_id": project, "created_at": job.created_at, "body": _body(job)}
    tx.run(insert(batches), row)
    items = [
        {"batch_id": job.id, "n": n, "agent_id": agent, "state": "waiting", "request": request}
        for n, (agent, request) in enumerate(requests)
    ]
    tx.many(insert(batch_items), items)


def get(tx: Tx, project: ProjectId, batch_id: str) -> BatchJob:
    """A batch as it stands, with its runs, or `NotFound`."""
    row = tx.first(_GET, {"project": project, "batch": batch_id})
    if row is None:
        raise NotFound("Batch")
    (job,) = _shown(tx, [BatchJob.model_validate_json(row.body)])
    items = tx.all(_ITEMS, {"batch": batch_id})
    told = {
        "run_ids": [item.run_id for item in items],
        "errors": {str(item.n): item.error for item in items if item.error},
    }
    return job.model_copy(update={"metadata": {**(job.metadata or {}), **told}})


def listed(tx: Tx, project: ProjectId, page: Page) -> list[BatchJob]:
    """The batches on a page, as they stand."""
    query = select(batches.c.body).where(batches.c.project_id == project)
    rows = paged(tx, project, query, batches, page)
    return _shown(tx, [BatchJob.model_validate_json(row.body) for row in rows])


def going(tx: Tx) -> list[str]:
    """Batches that are not over, oldest first."""
    return [row.id for row in tx.all(_GOING)]


def next_item(tx: Tx, batch_id: str, most: int) -> Item | None:
    """The request that is to be sent next, unless `most` runs of the batch are active."""
    row = tx.first(_NEXT, {"batch": batch_id})
    if row is None or len(tx.all(_ACTIVE, {"batch": batch_id})) >= most:
        return None
    return Item(batch_id, row.n, row.request)


def hold(tx: Tx, item: Item, most: int) -> None:
    """Hold a batch whose next request this is, or raise `Taken`."""
    tx.first(_HOLD, {"batch": item.batch_id})
    if next_item(tx, item.batch_id, most) != item:
        raise Taken


def begun(tx: Tx, item: Item, run_id: str) -> None:
    """Note which run a request has become."""
    _settle(tx, item, "begun", run_id=run_id)


def refuse(tx: Tx, item: Item, why: str) -> None:
    """Note that a request cannot be sent, and `why`."""
    tx.first(_HOLD, {"batch": item.batch_id})
    _settle(tx, item, "failed", error=why)


def cancel(tx: Tx, project: ProjectId, batch_id: str) -> Mapping[str, list[str]]:
    """Let none of a batch's requests wait any more; its active runs, by their agents.

    Raises `NotFound`, and `NothingToCancel` for one that is over.
    """
    if get(tx, project, batch_id).completed_at is not None:
        raise NothingToCancel
    row = tx.first(_HOLD, {"batch": batch_id})
    waits = update(batch_items).where(_OF_BATCH, REQUEST_WAITS)
    dropped = tx.run(waits.values(state="cancelled", request=None), {"batch": batch_id})
    active: dict[str, list[str]] = {}
    for one in tx.all(_ACTIVE, {"batch": batch_id}):
        active.setdefault(one.agent_id, []).append(one.run_id)
    if row is not None and (dropped or active):
        job = BatchJob.model_validate_json(row.body).model_copy(update={"status": "cancelled"})
        _put(tx, job)
    return active


def close(tx: Tx, batch_id: str, now: datetime) -> None:
    """If all of a batch is over, keep how it has ended, and let somebody be told."""
    row = tx.first(_HOLD, {"batch": batch_id})
    job = row and _shown(tx, [BatchJob.model_validate_json(row.body)])[0]
    if job and not _goes_on(job.metadata or {}):
        ended = job.completed_at or now
        job = job.model_copy(update={"completed_at": ended, "updated_at": now})
        _put(tx, job, ended_at=ended, callback_due=now if job.callback_url else None)


def said(
    tx: Tx, project: ProjectId, batch_id: str, page: Page, agent_id: str | None
) -> list[tuple[Entry, Address]]:
    """What was said in answer to a batch, on a page: by all agents or by one. Or `NotFound`."""
    get(tx, project, batch_id)
    # Found by their runs, then sorted: else the whole project might be looked through.
    ids = [row.id for row in tx.all(_SAID, {"batch": batch_id, "project": project})]
    query = _WHOLE.where(_few.c.id.in_(ids))
    if agent_id is not None:
        query = query.where(_few.c.agent_id == agent_id)
    return [
        (
            Entry.model_validate_json(row.body),
            Address(
                conversation_id=row.conversation_id,
                agent_id=row.agent_id,
                is_default=row.is_default,
            ),
        )
        for row in paged(tx, project, query, _few, page)
    ]


def _shown(tx: Tx, jobs: Sequence[BatchJob]) -> list[BatchJob]:
    """The batches with how their requests stand. Of one that is over that is kept."""
    counts: dict[str, Counter[str]] = {job.id: Counter() for job in jobs if not job.metadata}
    last: dict[str, datetime] = {}
    for row in tx.all(_COUNTS, {"some": list(counts)}) if counts else ():
        # A run that was removed had ended.
        state = row.status or "completed" if row.state == "begun" else row.state
        counts[row.batch_id][state] += row.number
        if row.last is not None:
            last[row.batch_id] = max(row.last, last.get(row.batch_id, row.last))
    return [_standing(job, counts.get(job.id), last.get(job.id)) for job in jobs]


def _standing(job: BatchJob, counts: Counter[str] | None, last: datetime | None) -> BatchJob:
    if counts is None:
        return job
    goes_on = _goes_on(counts)
    status: RunStatus = "completed" if counts["completed"] else "failed"
    if goes_on:
        status = "created" if set(counts) == {"waiting"} else "running"
    if job.status == "cancelled":
        status = "cancelled"
    ended = None if goes_on else last
    return job.model_copy(
        update={"status": status, "metadata": dict(counts), "completed_at": ended}
    )


def _goes_on(counts: Mapping[str, int]) -> bool:
    return any(counts.get(state) for state in ("waiting", "created", "running"))


def _settle(tx: Tx, item: Item, state: str, **more: str) -> None:
    change = update(batch_items).where(*_THIS, REQUEST_WAITS)
    kept = {"state": state, "request": None, **more}
    tx.run(change.values(kept), {"of": item.batch_id, "number": item.n})


def _put(tx: Tx, job: BatchJob, **more: datetime | None) -> None:
    change = update(batches).where(batches.c.id == bindparam("batch"))
    tx.run(change.values(body=_body(job), **more), {"batch": job.id})


def _body(job: BatchJob) -> str:
    return job.model_dump_json(exclude_defaults=True)
