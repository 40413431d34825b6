"""Who carries out a run: one worker, in one epoch. Whoever takes a run over begins a new epoch.

Every write for a run asks here first, so that a worker that was thought dead and comes back can
write nothing more.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, or_, select, update

from palaver.domain.conversation import Address
from palaver.domain.ids import ProjectId
from palaver.domain.run import Run
from palaver.store import schema
from palaver.store.db import Tx

_runs = schema.runs
_workers = schema.workers

_OWNED = (
    select(_runs.c.id, _runs.c.worker_id, _runs.c.epoch, _runs.c.status)
    .where(_runs.c.id.in_(bindparam("runs", expanding=True)))
    .with_for_update(read=True, key_share=True)  # holds off a claim, not the wish to cancel
)
_CANCELLED = select(_runs.c.id).where(
    _runs.c.worker_id == bindparam("worker"), schema.RUNNING, _runs.c.cancel_requested.is_(True)
)
_OF_WORKER = select(_runs.c.id).where(_runs.c.worker_id == bindparam("worker"), schema.RUNNING)
_LEFT = (
    select(_runs.c.id, _runs.c.epoch)
    .where(
        schema.RUNNING,
        or_(_runs.c.worker_id.is_(None), _runs.c.worker_id.not_in(select(_workers.c.id))),
    )
    .with_for_update(skip_locked=True)
)
_STRAYS = (
    select(_runs.c.id, _runs.c.epoch)
    .where(
        _runs.c.id.in_(bindparam("strays", expanding=True)),
        _runs.c.worker_id == bindparam("worker"),
        _runs.c.status == "running",
    )
    .with_for_update()
)
_TAKE = (
    update(_runs)
    .where(_runs.c.id == bindparam("run"))
    .values(worker_id=bindparam("worker"), epoch=bindparam("now"), attempt=_runs.c.attempt + 1)
)
_RECALL = select(
    _runs.c.body,
    _runs.c.request,
    _runs.c.project_id,
    _runs.c.agent_id,
    _runs.c.conversation_id,
    _runs.c.attempt,
    _runs.c.cancel_requested,
).where(_runs.c.id == bindparam("run"))


class Lost(Exception):
    """The run belongs to another worker now; whatever this one would write is refused."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who may write for a run: the worker that took it, in the epoch that began with that."""

    run_id: str
    worker: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Recalled:
    """A run as another process has left it. `request` is what was asked for, as JSON."""

    run: Run
    project: ProjectId
    address: Address
    request: str | None
    attempt: int
    cancel_requested: bool


def owned(tx: Tx, owners: Iterable[Owner]) -> set[Owner]:
    """Those of the owners that still are: the fence before every write."""
    asked = set(owners)
    found = {
        Owner(row.id, row.worker_id, row.epoch)
        for row in tx.all(_OWNED, {"runs": [owner.run_id for owner in asked]})
        if row.status == "running"
    }
    return found & asked


def hold(tx: Tx, owner: Owner) -> None:
    """Let `owner` write in this transaction, or raise `Lost`."""
    if not owned(tx, [owner]):
        raise Lost


def cancel_wanted(tx: Tx, worker: str) -> list[str]:
    """The runs of `worker` that somebody wants to be cancelled."""
    return [row.id for row in tx.all(_CANCELLED, {"worker": worker})]


def of_worker(tx: Tx, worker: str) -> set[str]:
    """The runs that `worker` carries out."""
    return {row.id for row in tx.all(_OF_WORKER, {"worker": worker})}


def take_left(tx: Tx, worker: str, strays: Collection[str] = ()) -> Sequence[Owner]:
    """Take over the runs of workers that are gone, and the `strays`, which nobody carries out."""
    rows = [*tx.all(_LEFT)]
    if strays:
        rows += tx.all(_STRAYS, {"strays": list(strays), "worker": worker})
    taken = [Owner(row.id, worker, row.epoch + 1) for row in rows]
    tx.many(_TAKE, [{"run": one.run_id, "worker": worker, "now": one.epoch} for one in taken])
    return taken


def recall(tx: Tx, run_id: str) -> Recalled:
    """What is known of a run, for whoever carries it on. Raises `Lost` for none."""
    row = tx.first(_RECALL, {"run": run_id})
    if row is None:
        raise Lost
    run = Run.model_validate_json(row.body)
    address = Address(
        conversation_id=row.conversation_id,
        agent_id=row.agent_id,
        is_default=run.conversation_id is None,
    )
    return Recalled(run, row.project_id, address, row.request, row.attempt, row.cancel_requested)
