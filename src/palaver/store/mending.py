"""Rows put into histories, changed in them and taken out: what the doctor does, and nobody else.

Histories share rows, and the numbers of these. So what stands behind a row that comes or goes gets
other numbers everywhere: in the conversation that it was written in, and in all that reach it.
"""

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, Table, bindparam, delete, select, update

from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.store import entries, schema
from palaver.store.db import Tx

_entries = schema.entries
_conversations = schema.conversations
_segments = schema.segments

_compactions = schema.compactions

_SHARING = select(_segments.c.conversation_id).where(
    _segments.c.source_conversation_id.in_(bindparam("sources", expanding=True)),
    _segments.c.hi >= bindparam("seq"),
)
_SEGMENTS = (
    select(_segments.c.n, _segments.c.lo, _segments.c.hi)
    .where(_segments.c.conversation_id == bindparam("conversation"))
    .order_by(_segments.c.n)
)
_MOVE_SEGMENT = (
    update(_segments)
    .where(
        _segments.c.conversation_id == bindparam("conversation"),
        _segments.c.n == bindparam("number"),
    )
    .values(lo=bindparam("from"), hi=bindparam("to"))
)
_AT = (
    _entries.c.conversation_id == bindparam("source"),
    _entries.c.seq == bindparam("seq"),
)
_TAKE_OUT = delete(_entries).where(*_AT)
_BEHIND = (
    select(_entries.c.id, _entries.c.seq, _entries.c.body)
    .where(
        _entries.c.conversation_id == bindparam("conversation"),
        _entries.c.seq >= bindparam("lo"),
        _entries.c.seq <= bindparam("hi"),
    )
    .limit(bindparam("limit"))
)
_UP = _BEHIND.order_by(_entries.c.seq)
_DOWN = _BEHIND.order_by(_entries.c.seq.desc())
_WRITE = (
    update(_entries)
    .where(_entries.c.id == bindparam("entry"))
    .values(seq=bindparam("number"), body=bindparam("text"))
)
_HELD = (
    select(_conversations.c.id, _conversations.c.project_id)
    .where(_conversations.c.id.in_(bindparam("conversations", expanding=True)))
    .order_by(_conversations.c.id)
    .with_for_update(key_share=True)
)
_AT_ONCE = 500  # rows that are in memory while numbers change


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands, or is to stand: in whose stretch, under which number."""

    source: str
    seq: int

    @classmethod
    def of(cls, reached: entries.Reach, seq: int) -> Self:
        """The place of a number in a conversation; behind its newest entry it is its own."""
        for stretch in reached.stretches:
            if stretch.lo <= seq <= stretch.hi:
                return cls(stretch.source, seq)
        return cls(reached.conversation_id, seq)


def sharing(tx: Tx, place: Place) -> set[str]:
    """The conversations whose numbers change with what is done at a place, deleted ones too."""
    found: set[str] = set()
    more = {place.source}
    while more:
        found |= more
        rows = tx.all(_SHARING, {"sources": sorted(more), "seq": place.seq})
        more = {row.conversation_id for row in rows} - found
    return found


def hold(tx: Tx, conversations: set[str]) -> list[tuple[ProjectId, str]]:
    """Keep sends to conversations waiting until this transaction is over; whose they are."""
    rows = tx.all(_HELD, {"conversations": sorted(conversations)})
    return [(row.project_id, row.id) for row in rows]


def put_in(tx: Tx, project: ProjectId, agent_id: str, place: Place, entry: Entry) -> None:
    """Put an entry at a place; what stood there and behind it moves on by one."""
    _shift(tx, place, 1)
    address = Address(conversation_id=place.source, agent_id=agent_id)
    entries.insert_all(tx, project, address, [entry.model_copy(update={"seq": place.seq})])


def take_out(tx: Tx, place: Place) -> None:
    """Remove the entry at a place; what stands behind it moves up by one."""
    tx.run(_TAKE_OUT, {"source": place.source, "seq": place.seq})
    _shift(tx, place, -1)


def rewrite(tx: Tx, entry: Entry) -> None:
    """Keep what an entry holds now, under its id and its number."""
    tx.many(_WRITE, [_numbered(entry, entry.seq)])


def _shift(tx: Tx, place: Place, by: int) -> None:
    """Move everything from a place on, in all conversations that reach it."""
    for conversation in sharing(tx, place):
        _renumber(tx, conversation, place.seq, by)
        _move_segments(tx, conversation, place.seq, by)
        mine = _conversations.c.id == conversation
        newest = _conversations.c.head_seq + by
        tx.run(update(_conversations).where(mine).values(head_seq=newest))
        _move_context(tx, _conversations, mine, place.seq, by)
        before = _compactions.c.conversation_id == conversation
        _move_context(tx, _compactions, before, place.seq, by)


def _move_segments(tx: Tx, conversation: str, seq: int, by: int) -> None:
    """Move what a conversation shares. A row that comes in is shared by who shares the one before.

    (It is the return of a call that stands there.)
    """
    moved, before = [], 0
    for row in tx.all(_SEGMENTS, {"conversation": conversation}):
        behind = row.lo > seq or (by > 0 and row.lo == seq != before + 1)
        lo = row.lo + by if behind else row.lo
        hi = row.hi + by if row.hi >= seq else row.hi
        moved.append({"conversation": conversation, "number": row.n, "from": lo, "to": hi})
        before = row.hi
    tx.many(_MOVE_SEGMENT, moved)


def _move_context(tx: Tx, table: Table, mine: ColumnElement[bool], seq: int, by: int) -> None:
    """Move the numbers that say where a window begins, and what stands before that."""
    row = tx.first(select(table.c.context_from, table.c.context_head).where(mine))
    if row is None:
        return
    first = seq if by > 0 else seq + 1
    kept = [number for number in row.context_head if by > 0 or number != seq]
    start, *head = (
        number + by if number >= first else number for number in (row.context_from, *kept)
    )
    tx.run(update(table).where(mine).values(context_from=start, context_head=tuple(head)))


def _renumber(tx: Tx, conversation: str, seq: int, by: int) -> None:
    """Move a conversation's own entries from a number on; the farthest on its way goes first."""
    given = {"conversation": conversation, "limit": _AT_ONCE, "lo": seq, "hi": 2**31 - 1}
    while rows := tx.all(_DOWN if by > 0 else _UP, given):
        moved = [(Entry.model_validate_json(row.body), row.seq + by) for row in rows]
        tx.many(_WRITE, [_numbered(entry, number) for entry, number in moved])
        given |= {"hi": rows[-1].seq - 1} if by > 0 else {"lo": rows[-1].seq + 1}


def _numbered(entry: Entry, seq: int) -> dict[str, Any]:
    text = entry.model_copy(update={"seq": seq}).model_dump_json(exclude_none=True)
    return {"entry": entry.id, "number": seq, "text": text}
