"""What a long history costs those who fork it or read a piece of it: no more than a short one."""

from sqlalchemy import select, text

from palaver.domain.conversation import Address
from palaver.domain.page import Page
from palaver.store import conversations, entries, schema
from palaver.store.db import Database, Tx
from tests.store import making
from tests.store.making import HERE

LONG = 100_000

FILL = text(
    """
    INSERT INTO entries
        (id, project_id, agent_id, conversation_id, seq, role, created_at, body)
    WITH RECURSIVE numbers(n) AS
        (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :long)
    SELECT 'message-' || n, project_id, agent_id, conversation_id, n, 'user', created_at,
        replace(body, id, 'message-' || n)
    FROM entries, numbers WHERE conversation_id = :conversation AND seq = 0
    """
)


def keep_long_conversation(tx: Tx) -> Address:
    """A conversation in which a great deal was said."""
    address = making.keep_conversation(tx)
    mine = schema.conversations.c.id == address.conversation_id
    tx.run(FILL, {"long": LONG, "conversation": address.conversation_id})
    tx.run(schema.conversations.update().where(mine).values(head_seq=LONG))
    return address


def rows_of(tx: Tx, address: Address) -> list[str]:
    """All rows that were written for a conversation."""
    own, segments, said = schema.conversations, schema.segments, schema.entries
    queries = (
        select(own).where(own.c.id == address.conversation_id),
        select(segments).where(segments.c.conversation_id == address.conversation_id),
        select(said).where(said.c.conversation_id == address.conversation_id),
    )
    return [repr(row) for query in queries for row in tx.all(query)]


async def test_a_fork_writes_a_handful_of_rows_however_long_its_source_is(db: Database) -> None:
    source = await db.tx(keep_long_conversation)

    fork = await db.tx(making.fork, source)
    middle = await db.tx(making.fork, fork, f"message-{LONG // 2}")

    for made in (fork, middle):
        rows = await db.read(rows_of, made)
        assert len(rows) == 3
        assert sum(len(row.encode()) for row in rows) < 16_000
    assert await db.read(conversations.recall_count, fork.conversation_id) == LONG
    assert await db.read(conversations.recall_count, middle.conversation_id) == LONG // 2

    page = Page(limit=2, order="desc")
    newest = await db.read(entries.listed, HERE, middle.conversation_id, page)
    assert [one.id for one in newest] == [f"message-{LONG // 2}", f"message-{LONG // 2 - 1}"]
