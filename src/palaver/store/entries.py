"""Entries, as they are kept: written once, and read through the conversations that reach them.

An entry has the same number in every conversation that reaches it: a fork goes on counting where it
was cut. A history is therefore a walk over stretches of one line of numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, exists, insert, or_, select, update

from palaver.domain.conversation import Address, Segment
from palaver.domain.entry import SYSTEM_SEQ, Entry
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.part import Text
from palaver.errors import NotFound
from palaver.store import schema
from palaver.store.db import Tx
from palaver.store.paging import paged

_entries = schema.entries
_conversations = schema.conversations
_segments = schema.segments

_HEAD = select(_conversations.c.head_seq, _conversations.c.context_from).where(
    _conversations.c.id == bindparam("conversation")
)
_LOCKED_HEAD = _HEAD.with_for_update(read=True)
_BELOW = (
    select(_segments.c.source_conversation_id, _segments.c.lo, _segments.c.hi)
    .where(_segments.c.conversation_id == bindparam("conversation"))
    .order_by(_segments.c.n)
)
_ADVANCE = (
    update(_conversations)
    .where(_conversations.c.id == bindparam("conversation"))
    .values(head_seq=_conversations.c.head_seq + bindparam("more"))
    .returning(_conversations.c.head_seq)
)
_STRETCH = (
    _entries.c.conversation_id == bindparam("source"),
    _entries.c.seq >= bindparam("lo"),
    _entries.c.seq <= bindparam("hi"),
)
_BODIES = select(_entries.c.body).where(*_STRETCH)
_IDS = select(_entries.c.id).where(*_STRETCH).order_by(_entries.c.seq)
_UP = _BODIES.order_by(_entries.c.seq).limit(bindparam("limit"))
_DOWN = _BODIES.order_by(_entries.c.seq.desc()).limit(bindparam("limit"))
_WHERE = select(_entries.c.conversation_id, _entries.c.seq).where(
    _entries.c.id == bindparam("entry")
)
_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Reach:
    """What a conversation reaches: stretches in order, its own last; without the system entry."""

    conversation_id: str
    head: int
    context_from: int
    stretches: tuple[Segment, ...]

    @property
    def whole(self) -> tuple[Segment, ...]:
        """The stretches with the system entry before them."""
        system = Segment(source=self.conversation_id, lo=SYSTEM_SEQ, hi=SYSTEM_SEQ)
        return (system, *self.stretches)

    def seq_of(self, tx: Tx, entry_id: str) -> int:
        """The number of an entry that is reached, or `NotFound`."""
        row = tx.first(_WHERE, {"entry": entry_id})
        if row is not None:
            for stretch in self.whole:
                if stretch.source == row.conversation_id and stretch.lo <= row.seq <= stretch.hi:
                    seq: int = row.seq
                    return seq
        raise NotFound(f"Message {entry_id}", "take the id from this conversation's messages.")


def reach(tx: Tx, conversation_id: str, *, lock: bool = False) -> Reach:
    """What a conversation reaches. `lock` keeps it from growing meanwhile."""
    given = {"conversation": conversation_id}
    row = tx.first(_LOCKED_HEAD if lock else _HEAD, given)
    if row is None:
        raise NotFound("Conversation")
    below = [
        Segment(source=segment.source_conversation_id, lo=segment.lo, hi=segment.hi)
        for segment in tx.all(_BELOW, given)
    ]
    first = below[-1].hi + 1 if below else max(SYSTEM_SEQ + 1, 1)
    own = Segment(source=conversation_id, lo=first, hi=row.head_seq)
    stretches = (*below, own) if own.lo <= own.hi else tuple(below)
    return Reach(conversation_id, row.head_seq, row.context_from, stretches)


def append(
    tx: Tx, project: ProjectId, address: Address, said: Sequence[Entry]
) -> tuple[Entry, ...]:
    """Add entries to a conversation; the same, with their numbers in it."""
    rows = tx.all(_ADVANCE, {"conversation": address.conversation_id, "more": len(said)})
    first = rows[0].head_seq - len(said) + 1
    numbered = tuple(entry.model_copy(update={"seq": first + n}) for n, entry in enumerate(said))
    insert_all(tx, project, address, numbered)
    return numbered


def insert_all(tx: Tx, project: ProjectId, address: Address, said: Sequence[Entry]) -> None:
    """Keep entries under the numbers that they have."""
    tx.many(
        insert(_entries),
        [
            {
                "id": entry.id,
                "project_id": project,
                "agent_id": address.agent_id,
                "conversation_id": address.conversation_id,
                "seq": entry.seq,
                "role": entry.role,
                "otid": entry.otid,
                "run_id": entry.run_id,
                "step_id": entry.step_id,
                "created_at": entry.created_at,
                "body": entry.model_dump_json(exclude_none=True),
            }
            for entry in said
        ],
    )


def window(tx: Tx, conversation_id: str) -> tuple[Entry, tuple[Entry, ...]]:
    """The system entry of a conversation, and the entries in its context, in order."""
    reached = reach(tx, conversation_id)
    bodies = _walk(tx, _context(reached), up=True, limit=_ALL)
    system, *said = [Entry.model_validate_json(body) for body in bodies]
    return system, tuple(said)


def context_ids(tx: Tx, conversation_id: str) -> list[str]:
    """The ids of the entries in a conversation's context, the system entry first."""
    return [
        row.id
        for stretch in _context(reach(tx, conversation_id))
        for row in tx.all(_IDS, _bounds(stretch))
    ]


def listed(tx: Tx, project: ProjectId, conversation_id: str, page: Page) -> list[Entry]:
    """The entries of a conversation on a page, the system entry among them.

    What it costs depends on the page, not on the history. Raises `NotFound` for an unknown cursor.
    """
    if page.limit == 0:
        return []
    reached = reach(tx, conversation_id)
    up = page.order == "asc"
    lo, hi = SYSTEM_SEQ, reached.head
    if page.after is not None:
        at = reached.seq_of(tx, page.after)
        lo, hi = (max(lo, at + 1), hi) if up else (lo, min(hi, at - 1))
    if page.before is not None:
        at = reached.seq_of(tx, page.before)
        lo, hi = (lo, min(hi, at - 1)) if up else (max(lo, at + 1), hi)
    backwards = page.after is None and page.before is not None
    bodies = _walk(tx, _between(reached.whole, lo, hi), up=up != backwards, limit=page.limit)
    found = [Entry.model_validate_json(body) for body in bodies]
    return found[::-1] if backwards else found


def of_agent(tx: Tx, project: ProjectId, agent_id: str, page: Page) -> list[Entry]:
    """The entries of all of an agent's conversations on a page, each once."""
    live = exists().where(
        _conversations.c.id == _entries.c.conversation_id, _conversations.c.deleted_at.is_(None)
    )
    query = select(_entries.c.body).where(
        _entries.c.project_id == project, _entries.c.agent_id == agent_id, or_(live, _shared())
    )
    return _read_all(paged(tx, project, query, _entries, page))


def get(tx: Tx, project: ProjectId, entry_id: str) -> Entry:
    """The entry called `entry_id`, if a conversation that is there reaches it, or `NotFound`."""
    live = exists().where(
        _conversations.c.id == _entries.c.conversation_id, _conversations.c.deleted_at.is_(None)
    )
    row = tx.first(
        select(_entries.c.body).where(
            _entries.c.project_id == project, _entries.c.id == entry_id, or_(live, _shared())
        )
    )
    if row is None:
        raise NotFound("Message")
    return Entry.model_validate_json(row.body)


def of_run(tx: Tx, project: ProjectId, run_id: str, page: Page) -> list[Entry]:
    """The entries of a run on a page, its input among them."""
    query = select(_entries.c.body).where(
        _entries.c.project_id == project, _entries.c.run_id == run_id
    )
    return _read_all(paged(tx, project, query, _entries, page))


def of_step(tx: Tx, project: ProjectId, step_id: str, page: Page) -> list[Entry]:
    """The entries of a step on a page."""
    query = select(_entries.c.body).where(
        _entries.c.project_id == project, _entries.c.step_id == step_id
    )
    return _read_all(paged(tx, project, query, _entries, page))


def rewrite_system(tx: Tx, conversation_id: str, text: str) -> None:
    """Replace the text of a conversation's system entry; its id stays."""
    mine = (_entries.c.conversation_id == conversation_id, _entries.c.seq == SYSTEM_SEQ)
    row = tx.first(select(_entries.c.body).where(*mine))
    if row is None:
        raise NotFound("Conversation")
    entry = Entry.model_validate_json(row.body).model_copy(update={"parts": (Text(text=text),)})
    tx.run(update(_entries).where(*mine).values(body=entry.model_dump_json(exclude_none=True)))


def _shared() -> Any:
    """Whether a conversation that is there was forked with the entry."""
    fork = _conversations.alias("fork")
    return exists().where(
        _segments.c.source_conversation_id == _entries.c.conversation_id,
        _segments.c.lo <= _entries.c.seq,
        _segments.c.hi >= _entries.c.seq,
        fork.c.id == _segments.c.conversation_id,
        fork.c.deleted_at.is_(None),
    )


def _context(reached: Reach) -> list[Segment]:
    """The stretches in the context: the system entry, then all from `context_from` on."""
    return [reached.whole[0], *_between(reached.stretches, reached.context_from, reached.head)]


def _between(stretches: Sequence[Segment], lo: int, hi: int) -> list[Segment]:
    return [
        Segment(source=stretch.source, lo=max(stretch.lo, lo), hi=min(stretch.hi, hi))
        for stretch in stretches
        if stretch.lo <= hi and stretch.hi >= lo
    ]


def _walk(tx: Tx, stretches: Sequence[Segment], *, up: bool, limit: int) -> list[str]:
    """The bodies in the stretches, from one end, until there are enough."""
    bodies: list[str] = []
    for stretch in stretches if up else reversed(stretches):
        left = {"limit": limit - len(bodies), **_bounds(stretch)}
        bodies += [row.body for row in tx.all(_UP if up else _DOWN, left)]
        if len(bodies) >= limit:
            break
    return bodies


def _bounds(stretch: Segment) -> dict[str, Any]:
    return {"source": stretch.source, "lo": stretch.lo, "hi": stretch.hi}


def _read_all(rows: Sequence[Row[Any]]) -> list[Entry]:
    return [Entry.model_validate_json(row.body) for row in rows]
