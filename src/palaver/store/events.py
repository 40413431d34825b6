"""The events of runs, as they are kept: numbered, each a line of JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    FromClause,
    Integer,
    Row,
    Select,
    TableValuedAlias,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    true,
    update,
)

from palaver.store import schema
from palaver.store.db import Tx

_events = schema.run_events
_runs = schema.runs
_BATCH = 1_000
_INSERT = insert(_events)
_OF_RUN = _events.c.run_id == bindparam("run")
_AFTER = (
    select(_events.c.seq, _events.c.data)
    .where(_OF_RUN, _events.c.seq > bindparam("after"))
    .order_by(_events.c.seq)
    .limit(bindparam("limit"))
)
_LAST = select(func.max(_events.c.seq)).where(_OF_RUN)
_FIND = select(_events.c.data).where(_OF_RUN, _events.c.seq == bindparam("seq"))
_OLD = (
    select(_runs.c.id)
    .where(schema.WITH_A_LOG, _runs.c.completed_at < bindparam("before"))
    .order_by(_runs.c.completed_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_PRUNED = update(_runs).where(_runs.c.id == bindparam("run")).values(pruned_to=bindparam("last"))


def append(tx: Tx, rows: Sequence[tuple[str, int, str]]) -> None:
    """Keep events, each as its run's id, its number and its JSON."""
    tx.many(_INSERT, [{"run_id": run, "seq": seq, "data": data} for run, seq, data in rows])


def after(tx: Tx, run_id: str, seq: int, limit: int) -> list[tuple[int, str]]:
    """Up to `limit` events of a run after number `seq`, in order."""
    rows = tx.all(_AFTER, {"run": run_id, "after": seq, "limit": limit})
    return [(row.seq, row.data) for row in rows]


def of_run(tx: Tx, run_id: str) -> Iterator[tuple[int, str]]:
    """All events of a run, in order, read in batches: a long log takes long to work through."""
    seq = 0
    while batch := after(tx, run_id, seq, _BATCH):
        yield from batch
        seq = batch[-1][0]


def after_each(tx: Tx, cursors: Mapping[str, int], limit: int) -> Sequence[Row[Any]]:
    """Up to `limit` events (``run_id``, ``seq``, ``data``) of several runs, in order within each.

    `cursors` says for each run after which number.
    """
    query = _AFTER_EACH[tx.dialect]
    return tx.all(query, {"cursors": json.dumps(cursors), "limit": limit})


def last(tx: Tx, run_id: str) -> int:
    """The number of the newest event of a run, 0 where there is none."""
    row = tx.first(_LAST, {"run": run_id})
    return (row[0] if row else None) or 0


def find(tx: Tx, run_id: str, seq: int) -> str | None:
    """One event's JSON."""
    row = tx.first(_FIND, {"run": run_id, "seq": seq})
    return None if row is None else row.data


def prune(tx: Tx, before: datetime, limit: int) -> int:
    """Remove the events of up to `limit` runs that had ended `before`; of how many runs."""
    runs = [row.id for row in tx.all(_OLD, {"before": before, "limit": limit})]
    for run_id in runs:
        tx.run(_PRUNED, {"run": run_id, "last": last(tx, run_id)})
        tx.run(delete(_events).where(_OF_RUN), {"run": run_id})
    return len(runs)


def _after_each(dialect: str) -> Select[Any]:
    """The query over all runs at once: their cursors go in as one JSON object."""
    if dialect == "sqlite":
        wanted = func.json_each(bindparam("cursors")).table_valued("key", "value", name="wanted")
        return _news(_ROWS.join_from(wanted, _events, _is_news(wanted)), _events)
    given = cast(bindparam("cursors", type_=Text), JSON)
    wanted = func.json_each_text(given).table_valued("key", "value", name="wanted")
    one = _ROWS.where(_is_news(wanted)).order_by(_events.c.seq).limit(bindparam("limit"))
    news = one.correlate(wanted).lateral("news")  # or PostgreSQL may want to walk all events
    return _news(select(news).join_from(wanted, news, true()), news)


def _is_news(wanted: TableValuedAlias) -> ColumnElement[bool]:
    return and_(_events.c.run_id == wanted.c.key, _events.c.seq > cast(wanted.c.value, Integer))


def _news(found: Select[Any], rows: FromClause) -> Select[Any]:
    return found.order_by(rows.c.run_id, rows.c.seq).limit(bindparam("limit"))


_ROWS = select(_events.c.run_id, _events.c.seq, _events.c.data)
_AFTER_EACH = {dialect: _after_each(dialect) for dialect in ("sqlite", "postgresql")}
