"""Workers: the processes that carry out runs, each with a beat that it counts up while it lives.

No clocks are compared: a worker is alive as long as others see its beat change.
"""

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, insert, select, update

from palaver.store import schema
from palaver.store.db import Tx

_workers = schema.workers
_MINE = _workers.c.id == bindparam("worker")
_BEAT = update(_workers).where(_MINE).values(beat=_workers.c.beat + 1)
_ALL = select(_workers.c.id, _workers.c.beat)
_FORGET = delete(_workers).where(_MINE, _workers.c.beat == bindparam("seen"))


def beat(tx: Tx, worker: str) -> dict[str, int]:
    """Count up a worker's beat; the beats of all workers."""
    if not tx.run(_BEAT, {"worker": worker}):
        tx.run(insert(_workers), {"id": worker, "beat": 1})
    return {row.id: row.beat for row in tx.all(_ALL)}


def forget(tx: Tx, gone: Mapping[str, int]) -> None:
    """Remove workers that are gone, unless their beat is another than the one given."""
    for worker, seen in gone.items():
        tx.run(_FORGET, {"worker": worker, "seen": seen})


def leave(tx: Tx, worker: str) -> None:
    """Say that a worker is gone."""
    tx.run(delete(_workers).where(_MINE), {"worker": worker})
