"""The line of a conversation: the runs that wait until the one before them has ended.

A place is a number. Sends that interrupt stand before all others, in the order they came: their
places are below zero.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update

from palaver.domain.ids import ProjectId
from palaver.domain.run import Run
from palaver.store import belonging, schema
from palaver.store.claims import Owner
from palaver.store.db import Tx

_runs = schema.runs

_FRONT = -1_000_000_000  # before the first place of those that interrupt

_MINE = belonging.to_conversation(_runs)
_WAITS = (schema.ACTIVE, _runs.c.place.is_not(None))
_PLACES = select(_runs.c.id, _runs.c.place).where(*_MINE, *_WAITS).order_by(_runs.c.place)
_REQUESTS = select(_runs.c.id, _runs.c.request, _runs.c.place).where(*_MINE, schema.ACTIVE)
_FIRST = (
    select(_runs.c.id, _runs.c.body, _runs.c.request, _runs.c.epoch, _runs.c.cancel_requested)
    .where(*_MINE, *_WAITS)
    .order_by(_runs.c.place)
    .limit(bindparam("limit"))
)
_BEGIN = (
    update(_runs)
    .where(_runs.c.id == bindparam("run"))
    .values(status="running", place=None, worker_id=bindparam("worker"), epoch=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that waits. `request` is what was asked for, as JSON."""

    run: Run
    request: str
    epoch: int
    cancel_requested: bool


def urgent(tx: Tx, project: ProjectId, conversation_id: str) -> list[str]:
    """The runs that wait and have interrupted others."""
    return [run_id for run_id, place in _places(tx, project, conversation_id) if place < 0]


def place_for(
    tx: Tx, project: ProjectId, conversation_id: str, *, interrupts: bool
) -> tuple[int, int]:
    """The place of a new run in the line, and its position: 1 is next."""
    places = [place for _, place in _places(tx, project, conversation_id)]
    before = [_FRONT, *(place for place in places if place < 0)] if interrupts else [0, *places]
    return max(before) + 1, len(before)


def first(tx: Tx, project: ProjectId, conversation_id: str, limit: int) -> list[Waiting]:
    """The runs that wait, the one that is to be begun next first."""
    given = {"project": project, "conversation": conversation_id, "limit": limit}
    return [
        Waiting(Run.model_validate_json(row.body), row.request, row.epoch, row.cancel_requested)
        for row in tx.all(_FIRST, given)
    ]


def find_run(tx: Tx, project: ProjectId, conversation_id: str, otid: str) -> str | None:
    """The last run in the line whose input has the client's name `otid`.

    Before those that wait stands the run that goes on: it may have inputs that are held back.
    """
    rows = tx.all(_REQUESTS, {"project": project, "conversation": conversation_id})
    waits = [row for row in rows if row.place is not None]
    waits.sort(key=lambda row: row.place, reverse=True)
    for row in (*waits, *(row for row in rows if row.place is None)):
        inputs = json.loads(row.request or "{}").get("inputs", ())
        if any(entry.get("otid") == otid for entry in inputs):
            run_id: str = row.id
            return run_id
    return None


def begin(tx: Tx, waiting: Waiting, worker: str, request: str) -> Owner:
    """Let a run leave the line, in the hands of `worker`."""
    owner = Owner(waiting.run.id, worker, waiting.epoch + 1)
    run = waiting.run.model_copy(update={"status": "running"})
    body = run.model_dump_json(exclude_defaults=True)
    tx.run(
        _BEGIN.values(body=body, request=request),
        {"run": owner.run_id, "worker": worker, "now": owner.epoch},
    )
    return owner


def _places(tx: Tx, project: ProjectId, conversation_id: str) -> Sequence[tuple[str, int]]:
    rows = tx.all(_PLACES, {"project": project, "conversation": conversation_id})
    return [(row.id, row.place) for row in rows]
