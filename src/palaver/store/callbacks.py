"""Who is to be called back, because a run has ended; as rows of runs, whose bodies tell the rest.

Whoever makes a call claims it up to some moment. If nothing is heard of it until then, it is due
again: a call may be made twice, and none is forgotten.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update

from palaver.domain.run import Run
from palaver.store import schema
from palaver.store.db import Tx

_runs = schema.runs

_DUE = (
    select(_runs.c.id, _runs.c.body)
    .where(schema.WITH_CALLBACK, _runs.c.callback_due <= bindparam("now"))
    .order_by(_runs.c.callback_due)
    .limit(bindparam("most"))
)
_CLAIMED = _DUE.with_for_update(skip_locked=True)
_GET = select(_runs.c.body).where(_runs.c.id == bindparam("run")).with_for_update()
_SET = update(_runs).where(_runs.c.id == bindparam("run"))


def are_due(tx: Tx, now: datetime) -> bool:
    """Whether anybody is to be called."""
    return tx.first(_DUE, {"now": now, "most": 1}) is not None


def claim(tx: Tx, now: datetime, until: datetime, most: int) -> Sequence[Run]:
    """Up to `most` runs whose callbacks are due, claimed `until` then."""
    rows = tx.all(_CLAIMED, {"now": now, "most": most})
    for row in rows:
        tx.run(_SET, {"run": row.id, "callback_due": until})
    return [Run.model_validate_json(row.body) for row in rows]


def settle(tx: Tx, run: Run, again: datetime | None) -> None:
    """Keep what a call has come to, as `run` tells it, and when it is made `again`."""
    row = tx.first(_GET, {"run": run.id})
    if row is None:
        return
    told = {
        "callback_sent_at": run.callback_sent_at,
        "callback_status_code": run.callback_status_code,
        "callback_error": run.callback_error,
    }
    body = Run.model_validate_json(row.body).model_copy(update=told)
    kept = {"body": body.model_dump_json(exclude_defaults=True), "callback_due": again}
    tx.run(_SET, {"run": run.id, **kept})
