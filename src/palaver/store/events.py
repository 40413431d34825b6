"""The events of runs, as they are kept: numbered, each a line of JSON."""

from collections.abc import Sequence

from sqlalchemy import bindparam, insert, select

from palaver.store import schema
from palaver.store.db import Tx

_events = schema.run_events
_INSERT = insert(_events)
_AFTER = (
    select(_events.c.seq, _events.c.data)
    .where(_events.c.run_id == bindparam("run"), _events.c.seq > bindparam("after"))
    .order_by(_events.c.seq)
    .limit(bindparam("limit"))
)


def append(tx: Tx, rows: Sequence[tuple[str, int, str]]) -> None:
    """Keep events, each as its run's id, its number and its JSON."""
    tx.many(_INSERT, [{"run_id": run, "seq": seq, "data": data} for run, seq, data in rows])


def after(tx: Tx, run_id: str, seq: int, limit: int) -> list[tuple[int, str]]:
    """Up to `limit` events of a run after number `seq`, in order."""
    rows = tx.all(_AFTER, {"run": run_id, "after": seq, "limit": limit})
    return [(row.seq, row.data) for row in rows]
