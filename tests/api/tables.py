"""A look behind the API: what really stands in the tables, and what would take too long to say."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import func, insert, select, update

from palaver import clock
from palaver.domain.entry import Entry
from palaver.domain.ids import DEFAULT_PROJECT
from palaver.domain.part import Text
from palaver.store import schema
from palaver.store.db import Database, Tx
from palaver.store.opening import open_database

Contents = dict[str, list[tuple[Any, ...]]]

_OWN = {  # the tables in which a conversation has rows, and by which column
    "conversations": schema.conversations.c.id,
    "segments": schema.segments.c.conversation_id,
    "entries": schema.entries.c.conversation_id,
}


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


def counts(tx: Tx) -> dict[str, int]:
    """How many rows there are in each table; heartbeats are left out."""
    return {
        table.name: tx.all(select(func.count()).select_from(table))[0][0]
        for table in schema.metadata.sorted_tables
        if table is not schema.workers
    }


def rows_of(tx: Tx, conversation_id: str) -> Contents:
    """The rows that a conversation has for itself."""
    return {
        name: [tuple(row) for row in tx.all(select(column.table).where(column == conversation_id))]
        for name, column in _OWN.items()
    }


def size(rows: Contents) -> int:
    """The bytes of what stands in the rows."""
    return sum(
        len(str(value).encode()) for found in rows.values() for row in found for value in row
    )


def lengthen(tx: Tx, conversation_id: str, agent_id: str, messages: int) -> None:
    """Let so many messages have been said in a conversation that is new."""
    now = clock.now()
    said = Text(text="What was said a long time ago, in about as many words as people use. " * 3)
    first = Entry.model_construct(
        id=clock.mint("message"), seq=1, role="user", parts=(said,), created_at=now
    )
    body = json.loads(first.model_dump_json(exclude_none=True))
    rest = {name: body[name] for name in body if name not in ("id", "seq")}
    words = json.dumps(rest, separators=(",", ":"))
    rows = []
    for seq in range(1, messages + 1):
        entry_id = clock.mint("message")
        rows.append(
            {
                "id": entry_id,
                "project_id": DEFAULT_PROJECT,
                "agent_id": agent_id,
                "conversation_id": conversation_id,
                "seq": seq,
                "role": first.role,
                "created_at": now,
                "body": f'{{"id":"{entry_id}","seq":{seq},{words[1:]}',
            }
        )
    tx.many(insert(schema.entries), rows)
    mine = schema.conversations.c.id == conversation_id
    tx.run(update(schema.conversations).where(mine).values(head_seq=messages))
