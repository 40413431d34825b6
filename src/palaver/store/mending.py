"""Rows put into histories, changed in them and taken out: what the doctor does, and nobody else.

Histories share rows, and the numbers of these. So what stands behind a row that comes or goes gets
other numbers everywhere: in the conversation that it was written in, and in all that reach it.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.store import entries, schema
from palaver.store.db import Tx

_entries = schema.entries
_conversations = schema.conversations
_segments = schema.segments

_SHARING = select(_segments.c.conversation_id).where(
    _segments.c.source_conversation_id == bindparam("source"),
    _segments.c.lo <= bindparam("seq"),
    _segments.c.hi >= bindparam("seq"),
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


def place_in(reached: entries.Reach, seq: int) -> Place:
    """The place of a number in a conversation; behind its newest entry it is its own."""
    for stretch in reached.stretches:
        if stretch.lo <= seq <= stretch.hi:
            return Place(stretch.source, seq)
    return Place(reached.conversation_id, seq)


def sharing(tx: Tx, place: Place) -> set[str]:
    """The conversations whose numbers change with what is done at a place, deleted ones too."""
    found = tx.all(_SHARING, {"source": place.source, "seq": place.seq})
    return {place.source, *(row.conversation_id for row in found)}


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
    seq = place.seq
    shared = sharing(tx, place)
    for conversation in shared:
        _renumber(tx, conversation, seq, by)
    theirs = _segments.c.conversation_id.in_(shared)
    for column, first in ((_segments.c.lo, seq + 1), (_segments.c.hi, seq)):
        moved = update(_segments).where(theirs, column >= first)
        tx.run(moved.values({column: column + by}))
    ours = _conversations.c.id.in_(shared)
    tx.run(update(_conversations).where(ours).values(head_seq=_conversations.c.head_seq + by))
    begins = _conversations.c.context_from
    behind = begins >= (seq if by > 0 else seq + 1)
    tx.run(update(_conversations).where(ours, behind).values(context_from=begins + by))


def _renumber(tx: Tx, conversation: str, seq: int, by: int) -> None:
    """Move a conversation's own entries from a number on; the farthest on its way goes first."""
    bounds = {"lo": seq, "hi": 2**31 - 1}
    rows: Any = True
    while rows:
        given = {"conversation": conversation, "limit": _AT_ONCE, **bounds}
        rows = tx.all(_DOWN if by > 0 else _UP, given)
        if not rows:
            return
        moved = [(Entry.model_validate_json(row.body), row.seq + by) for row in rows]
        tx.many(_WRITE, [_numbered(entry, number) for entry, number in moved])
        bounds |= {"hi": rows[-1].seq - 1} if by > 0 else {"lo": rows[-1].seq + 1}


def _numbered(entry: Entry, seq: int) -> dict[str, Any]:
    text = entry.model_copy(update={"seq": seq}).model_dump_json(exclude_none=True)
    return {"entry": entry.id, "number": seq, "text": text}
