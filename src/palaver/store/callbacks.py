"""Who is to be called back, because a run or a batch has ended; the body of its row tells the rest.

Whoever makes a call claims it up to some moment. If nothing is heard of it until then, it is due
again: a call may be made twice, and none is forgotten.
"""

from datetime import datetime

from sqlalchemy import Select, Table, bindparam, select, update

from palaver.domain.batch import BatchJob
from palaver.domain.run import Run
from palaver.store import schema, schema_texts
from palaver.store.db import Tx

Ended = Run | BatchJob

_TABLES: dict[type[Ended], Table] = {Run: schema.runs, BatchJob: schema_texts.batches}


def are_due(tx: Tx, now: datetime) -> bool:
    """Whether anybody is to be called."""
    return any(tx.first(_due(table), {"now": now, "most": 1}) for table in _TABLES.values())


def claim(tx: Tx, now: datetime, until: datetime, most: int) -> list[Ended]:
    """Up to `most` of those whose callbacks are due, claimed `until` then."""
    claimed: list[Ended] = []
    for noun, table in _TABLES.items():
        given = {"now": now, "most": most - len(claimed)}
        rows = tx.all(_due(table).with_for_update(skip_locked=True), given)
        for row in rows:
            tx.run(update(table).where(table.c.id == row.id).values(callback_due=until))
        claimed += [noun.model_validate_json(row.body) for row in rows]
    return claimed


def settle(tx: Tx, ended: Ended, again: datetime | None) -> None:
    """Keep what a call has come to, as `ended` tells it, and when it is made `again`."""
    table = _TABLES[type(ended)]
    kept = {"body": ended.model_dump_json(exclude_defaults=True), "callback_due": again}
    tx.run(update(table).where(table.c.id == ended.id).values(kept))


def _due(table: Table) -> Select[tuple[str, str]]:
    return (
        select(table.c.id, table.c.body)
        .where(schema.WITH_CALLBACK, table.c.callback_due <= bindparam("now"))
        .order_by(table.c.callback_due)
        .limit(bindparam("most"))
    )
