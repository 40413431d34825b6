"""A look behind the API: what really stands in the tables."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select

from palaver.store import schema
from palaver.store.db import Database, Tx, open_database

Contents = dict[str, list[tuple[Any, ...]]]


@asynccontextmanager
async def looking_into(url: str) -> AsyncIterator[Database]:
    """A database that a server has in use as well."""
    db = await asyncio.to_thread(open_database, url)
    try:
        yield db
    finally:
        await db.close()


async def contents(db: Database) -> Contents:
    """All rows of all tables, in an order of their own; heartbeats are left out."""
    return await db.read(_contents)


def _contents(tx: Tx) -> Contents:
    return {
        table.name: sorted((tuple(row) for row in tx.all(select(table))), key=repr)
        for table in schema.metadata.sorted_tables
        if table is not schema.workers
    }
