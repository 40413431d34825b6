"""Workers: the processes that carry out runs, and until when each is taken to be alive."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, update

from palaver.store import schema
from palaver.store.db import Tx

_workers = schema.workers
_MINE = _workers.c.id == bindparam("worker")


def beat(tx: Tx, worker: str, expires_at: datetime) -> None:
    """Say that a worker is alive, and until when that may be believed."""
    if not tx.run(update(_workers).where(_MINE), {"worker": worker, "expires_at": expires_at}):
        tx.run(insert(_workers), {"id": worker, "expires_at": expires_at})


def forget_dead(tx: Tx, now: datetime) -> None:
    """Remove workers that are gone."""
    tx.run(delete(_workers).where(_workers.c.expires_at < bindparam("now")), {"now": now})


def leave(tx: Tx, worker: str) -> None:
    """Say that a worker is gone."""
    tx.run(delete(_workers).where(_MINE), {"worker": worker})
