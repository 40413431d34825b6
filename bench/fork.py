"""How long a fork of a long conversation takes, and what it writes: ``python -m bench.fork``."""

import asyncio
import sqlite3
from contextlib import closing
from statistics import median
from time import perf_counter

from sqlalchemy import text

from palaver.store.db import Database, Tx
from tests.api.here import Client, serving
from tests.api.tables import lengthen, looking_into, rows_of, size
from tests.databases import Databases, PostgresDatabases, SqliteDatabases

MESSAGES = 100_000
FORKS = 50
BUDGET_MS, BUDGET_BYTES = 25.0, 16_000


def main() -> None:
    """Measure on both databases, and print a line for each."""
    print(f"Fork of a conversation of {MESSAGES:,} messages, over HTTP, {FORKS} times")
    print(f"{'':10} {'median':>9} {'longest':>9} {'rows':>9} {'log':>9}")
    for databases in (SqliteDatabases(), PostgresDatabases()):
        try:
            with databases.fresh() as url:
                asyncio.run(_measure(databases, url))
        finally:
            databases.close()
    print(f"{'to reach':10} {BUDGET_MS:6.1f} ms {'':9} {BUDGET_BYTES:7,} B")


async def _measure(databases: Databases, url: str) -> None:
    async with serving(url) as client, looking_into(url) as db:
        agent = await client.agent()
        long = await client.conversation(agent)
        await db.tx(lengthen, long, agent, MESSAGES)
        await _fork(client, long)
        _shorten(databases, url)
        at = await _logged(databases, db, url)
        forks = [await _fork(client, long) for _ in range(FORKS)]
        log = (await _logged(databases, db, url) - at) / FORKS
        rows = size(await db.read(rows_of, forks[-1][0]))
    times = sorted(1000 * seconds for _, seconds in forks)
    name = "SQLite" if isinstance(databases, SqliteDatabases) else "PostgreSQL"
    print(
        f"{name:10} {median(times):6.1f} ms {times[-1]:6.1f} ms {rows:7,} B {log:7,.0f} B",
        flush=True,
    )


async def _fork(client: Client, conversation: str) -> tuple[str, float]:
    """The id of a new fork, and the seconds until it was there."""
    begun = perf_counter()
    made = await client.post(f"/v1/conversations/{conversation}/fork")
    return made["id"], perf_counter() - begun


async def _logged(databases: Databases, db: Database, url: str) -> int:
    """How much has been written to the database's write-ahead log so far, in bytes."""
    if isinstance(databases, PostgresDatabases):
        return await db.read(_postgres_log)
    with open(url.removeprefix("sqlite:///") + "-wal", "rb") as log:
        return log.seek(0, 2)


def _shorten(databases: Databases, url: str) -> None:
    """Let SQLite's log begin anew: it is a file that grows only until it is used again."""
    if isinstance(databases, SqliteDatabases):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _postgres_log(tx: Tx) -> int:
    (row,) = tx.all(text("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"))
    return int(row[0])


if __name__ == "__main__":
    main()
