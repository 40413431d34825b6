"""Traces of what providers were asked, as they are kept: for some time."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from palaver.domain.ids import ProjectId
from palaver.domain.trace import ProviderTrace
from palaver.store.db import Tx
from palaver.store.schema_texts import traces

_ADD = insert(traces)
_OF_STEP = (
    select(traces.c.body)
    .where(traces.c.project_id == bindparam("project"), traces.c.step_id == bindparam("step"))
    .order_by(traces.c.id.desc())
    .limit(1)
)
_OF_RUN = (
    select(traces.c.body)
    .where(traces.c.project_id == bindparam("project"), traces.c.run_id == bindparam("run"))
    .order_by(traces.c.id)
    .limit(bindparam("limit"))
)
_OLD = (
    select(traces.c.id)
    .where(traces.c.created_at < bindparam("before"))
    .order_by(traces.c.created_at)
    .limit(bindparam("most"))
)
_PRUNE = delete(traces).where(traces.c.id.in_(_OLD))


def put(tx: Tx, project: ProjectId, told: Iterable[ProviderTrace]) -> None:
    """Keep traces."""
    rows = [
        {
            "id": one.id,
            "project_id": project,
            "run_id": one.run_id,
            "step_id": one.step_id,
            "created_at": one.created_at,
            "body": one.model_dump_json(),
        }
        for one in told
    ]
    tx.many(_ADD, rows)


def find(tx: Tx, project: ProjectId, step_id: str) -> ProviderTrace | None:
    """The trace of a step: of its last request, where it took several."""
    row = tx.first(_OF_STEP, {"project": project, "step": step_id})
    return None if row is None else ProviderTrace.model_validate_json(row.body)


def of_run(tx: Tx, project: ProjectId, run_id: str, limit: int) -> list[ProviderTrace]:
    """The first traces of a run, oldest first."""
    rows = tx.all(_OF_RUN, {"project": project, "run": run_id, "limit": limit})
    return [ProviderTrace.model_validate_json(row.body) for row in rows]


def prune(tx: Tx, before: datetime, most: int) -> int:
    """Remove up to `most` traces from `before` a moment; how many."""
    return tx.run(_PRUNE, {"before": before, "most": most})
