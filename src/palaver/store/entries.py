"""Entries, as they are kept: written once, and read through the conversations that reach them.

An entry has the same number in every conversation that reaches it: a fork goes on counting where it
was cut. A history is therefore a walk over stretches of one line of numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, bindparam, delete, exists, insert, or_, select, update

from palaver.domain.conversation import Address, Context, Segment
from palaver.domain.entry import SYSTEM_SEQ, Entry, Role
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.part import Reasoning, Text
from palaver.domain.words import all_of
from palaver.errors import NotFound
from palaver.store import belonging, schema, search
from palaver.store.db import Tx
from palaver.store.paging import paged
from palaver.store.search import Searchable

_entries = schema.entries
_conversations = schema.conversations
_segments = schema.segments

_REACH = (
    select(
        _conversations.c.head_seq,
        _conversations.c.context_from,
        _conversations.c.context_head,
        _segments.c.source_conversation_id,
        _segments.c.lo,
        _segments.c.hi,
    )
    .outerjoin(_segments, _segments.c.conversation_id == _conversations.c.id)
    .where(_conversations.c.id == bindparam("conversation"))
    .order_by(_segments.c.n)
)
_HELD_REACH = _REACH.with_for_update(read=True, of=_conversations)
_IN_PROJECT = select(_conversations.c.id).where(*belonging.LIVE_CONVERSATION)
_ADVANCE = (
    update(_conversations)
    .where(*belonging.CONVERSATION)
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
_MINE = _entries.c.project_id == bindparam("project")
_NO_SUMMARY = _entries.c.role != "summary"
_SAID_IDS, _SAID_UP, _SAID_DOWN = (one.where(_NO_SUMMARY) for one in (_IDS, _UP, _DOWN))
_WHERE = select(_entries.c.conversation_id, _entries.c.seq).where(
    _entries.c.id == bindparam("entry")
)
_ADD = insert(_entries)
_ALL = 2**31 - 1
_ENTRIES = TypeAdapter(list[Entry])

REACHED = or_(
    schema.is_there(_entries),
    exists().where(
        _segments.c.source_conversation_id == _entries.c.conversation_id,
        _segments.c.lo <= _entries.c.seq,
        _segments.c.hi >= _entries.c.seq,
        schema.is_there(_segments),
    ),
)
"""Of which entries there is a conversation that holds them, or was forked with them."""

SEARCHED: tuple[Role, ...] = ("user", "assistant", "summary")
"""The roles of entries that can be found by their words: prompts and tool returns cannot."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a conversation reaches: stretches in order, its own last; without the system entry."""

    conversation_id: str
    head: int
    context: Context
    stretches: tuple[Segment, ...]

    @property
    def whole(self) -> tuple[Segment, ...]:
        """The stretches with the system entry before them."""
        system = Segment(source=self.conversation_id, lo=SYSTEM_SEQ, hi=SYSTEM_SEQ)
        return (system, *self.stretches)

    @property
    def opening(self) -> list[Segment]:
        """What the window begins with: the system entry, and the entries at its head."""
        heads = (self.between(seq, seq) for seq in self.context.head)
        return [self.whole[0], *(one for found in heads for one in found)]

    @property
    def recent(self) -> list[Segment]:
        """What the window goes on with, summaries aside."""
        return self.between(self.context.start, self.head)

    def context_upto(self, cut: int) -> list[Segment]:
        """The stretches with what is in the window up to number `cut`, in order."""
        start = self.context.start
        pins = (self.between(seq, seq) for seq in sorted(self.context.head) if seq < start)
        pinned = [one for found in pins for one in found if one.hi <= cut]
        return pinned + (self.between(start, cut) if start <= cut else [])

    def between(self, lo: int, hi: int) -> list[Segment]:
        """The stretches, cut to the numbers from `lo` to `hi`."""
        return [
            Segment(source=stretch.source, lo=max(stretch.lo, lo), hi=min(stretch.hi, hi))
            for stretch in self.whole
            if stretch.lo <= hi and stretch.hi >= lo
        ]

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
    rows = tx.all(_HELD_REACH if lock else _REACH, {"conversation": conversation_id})
    if not rows:
        raise NotFound("Conversation")
    below = [
        Segment(source=row.source_conversation_id, lo=row.lo, hi=row.hi)
        for row in rows
        if row.source_conversation_id is not None
    ]
    head = rows[0].head_seq
    first = below[-1].hi + 1 if below else SYSTEM_SEQ + 1
    own = [Segment(source=conversation_id, lo=first, hi=head)] if first <= head else []
    context = Context(start=rows[0].context_from, head=rows[0].context_head)
    return Reach(conversation_id, head, context, (*below, *own))


def reach_in(tx: Tx, project: ProjectId, conversation_id: str, *, lock: bool = False) -> Reach:
    """What a conversation of `project` reaches; `NotFound` for one that has been deleted."""
    if tx.first(_IN_PROJECT, {"project": project, "conversation": conversation_id}) is None:
        raise NotFound("Conversation")
    return reach(tx, conversation_id, lock=lock)


def append(
    tx: Tx, project: ProjectId, address: Address, said: Sequence[Entry]
) -> tuple[Entry, ...]:
    """Add entries to a conversation, also to one that was deleted under a run.

    They come back with their numbers in it. Raises `NotFound`.
    """
    where = {"project": project, "conversation": address.conversation_id}
    row = tx.first(_ADVANCE, {**where, "more": len(said)})
    if row is None:
        raise NotFound("Conversation")
    first = row.head_seq - len(said) + 1
    numbered = tuple(entry.model_copy(update={"seq": first + n}) for n, entry in enumerate(said))
    insert_all(tx, project, address, numbered)
    return numbered


def insert_all(tx: Tx, project: ProjectId, address: Address, said: Sequence[Entry]) -> None:
    """Keep entries under the numbers that they have; from now on they can be found."""
    tx.many(
        _ADD,
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
    search.note(tx, [_searchable(project, address, one) for one in said if one.role in SEARCHED])


def remove(tx: Tx, project: ProjectId, address: Address, stretch: Segment, most: int) -> int:
    """Remove up to `most` entries in a stretch of a conversation's own, and how many it were."""
    mine = {"project": project, "limit": most, **_bounds(stretch)}
    found = _read([row.body for row in tx.all(_UP.where(_MINE), mine)])
    search.forget(tx, [_searchable(project, address, one) for one in found if one.role in SEARCHED])
    if found:
        tx.run(delete(_entries).where(_entries.c.id.in_([one.id for one in found])))
    return len(found)


def window(tx: Tx, conversation_id: str) -> tuple[Entry, tuple[Entry, ...]]:
    """The system entry of a conversation, and the entries in its context, in order."""
    reached = reach(tx, conversation_id)
    bodies = _walk(tx, reached.opening, _UP, _ALL) + _walk(tx, reached.recent, _SAID_UP, _ALL)
    system, *said = _read(bodies)
    return system, tuple(said)


def summary_of(tx: Tx, reached: Reach) -> Entry:
    """The summary that a window begins with which has one."""
    return _read(_walk(tx, reached.opening[1:2], _UP, 1))[0]


def newest(tx: Tx, conversation_id: str, limit: int) -> list[Entry]:
    """The last entries of a conversation, in order, without its system entry and summaries."""
    stretches = reach(tx, conversation_id).stretches[::-1]
    return _read(_walk(tx, stretches, _SAID_DOWN, limit))[::-1]


def context_ids(tx: Tx, conversation_id: str) -> list[str]:
    """The ids of the entries in a conversation's context, the system entry first."""
    reached = reach(tx, conversation_id)
    return _ids(tx, reached.opening, _IDS) + _ids(tx, reached.recent, _SAID_IDS)


def all_ids(tx: Tx, conversation_id: str) -> list[str]:
    """The ids of all that a conversation reaches, the system entry first."""
    return _ids(tx, reach(tx, conversation_id).whole, _IDS)


def listed(tx: Tx, project: ProjectId, conversation_id: str, page: Page) -> list[Entry]:
    """The entries of a conversation on a page, the system entry among them.

    Its cost depends on the page alone. Raises `NotFound`, also for an unknown cursor.
    """
    reached = reach_in(tx, project, conversation_id)
    if page.limit == 0:
        return []
    up = page.order == "asc"
    lo, hi = SYSTEM_SEQ, reached.head
    if page.after is not None:
        at = reached.seq_of(tx, page.after)
        lo, hi = (max(lo, at + 1), hi) if up else (lo, min(hi, at - 1))
    if page.before is not None:
        at = reached.seq_of(tx, page.before)
        lo, hi = (lo, min(hi, at - 1)) if up else (max(lo, at + 1), hi)
    backwards = page.after is None and page.before is not None
    stretches = reached.between(lo, hi)
    if up != backwards:
        found = _read(_walk(tx, stretches, _UP, page.limit))
    else:
        found = _read(_walk(tx, stretches[::-1], _DOWN, page.limit))
    return found[::-1] if backwards else found


def of_agent(tx: Tx, project: ProjectId, agent_id: str, page: Page) -> list[Entry]:
    """The entries of all of an agent's conversations on a page, each once."""
    query = select(_entries.c.body).where(
        _entries.c.project_id == project, _entries.c.agent_id == agent_id, REACHED
    )
    return _read_all(paged(tx, project, query, _entries, page))


def of_project(tx: Tx, project: ProjectId, page: Page) -> list[Entry]:
    """The entries of all conversations on a page, each once."""
    query = select(_entries.c.body).where(_entries.c.project_id == project, REACHED)
    return _read_all(paged(tx, project, query, _entries, page))


def get(tx: Tx, project: ProjectId, entry_id: str) -> Entry:
    """The entry called `entry_id`, if a conversation that is there reaches it, or `NotFound`."""
    mine = (_entries.c.project_id == project, _entries.c.id == entry_id)
    row = tx.first(select(_entries.c.body).where(*mine, REACHED))
    if row is None:
        raise NotFound("Message")
    return Entry.model_validate_json(row.body)


def of_run(tx: Tx, project: ProjectId, run_id: str, page: Page) -> list[Entry]:
    """The entries of a run on a page, its input among them."""
    return _read_all(paged(tx, project, _of_run(project, run_id), _entries, page))


def all_of_run(tx: Tx, project: ProjectId, run_id: str) -> list[Entry]:
    """All entries of a run, in order, its input first."""
    return _read_all(tx.all(_of_run(project, run_id).order_by(_entries.c.seq)))


def of_step(tx: Tx, project: ProjectId, step_id: str, page: Page) -> list[Entry]:
    """The entries of a step on a page."""
    query = select(_entries.c.body).where(
        _entries.c.project_id == project, _entries.c.step_id == step_id
    )
    return _read_all(paged(tx, project, query, _entries, page))


def is_kept(tx: Tx, entry_id: str) -> bool:
    """Whether there is an entry called so, wherever it is."""
    return tx.first(_WHERE, {"entry": entry_id}) is not None


def find_run(tx: Tx, conversation_id: str, otid: str) -> str | None:
    """The newest run of a conversation whose input has the client's name `otid`."""
    query = select(_entries.c.run_id).where(
        _entries.c.conversation_id == conversation_id,
        _entries.c.otid == otid,
        schema.WITH_OTID,
        _entries.c.run_id.is_not(None),
    )
    row = tx.first(query.order_by(_entries.c.seq.desc()).limit(1))
    return None if row is None else row.run_id


def rewrite_system(tx: Tx, conversation_id: str, text: str) -> str:
    """Replace the text of a conversation's system entry, whose id stays; the text before."""
    mine = (_entries.c.conversation_id == conversation_id, _entries.c.seq == SYSTEM_SEQ)
    row = tx.first(select(_entries.c.body).where(*mine))
    if row is None:
        raise NotFound("Conversation")
    before = Entry.model_validate_json(row.body)
    entry = before.model_copy(update={"parts": (Text(text=text),)})
    tx.run(update(_entries).where(*mine).values(body=entry.model_dump_json(exclude_none=True)))
    return before.text


def _of_run(project: ProjectId, run_id: str) -> Select[tuple[str]]:
    return select(_entries.c.body).where(
        _entries.c.project_id == project, _entries.c.run_id == run_id
    )


def _searchable(project: ProjectId, address: Address, entry: Entry) -> Searchable:
    return Searchable(
        entry.id,
        (all_of(project, "entries"), address.agent_id),
        entry.lines,
        "\n".join(part.text for part in entry.parts if isinstance(part, Reasoning)),
    )


def _walk(
    tx: Tx, stretches: Sequence[Segment], bodies_in: Select[tuple[str]], limit: int
) -> list[str]:
    """The bodies in the stretches, one after the other, until there are enough."""
    bodies: list[str] = []
    for stretch in stretches:
        left = {"limit": limit - len(bodies), **_bounds(stretch)}
        bodies += [row.body for row in tx.all(bodies_in, left)]
        if len(bodies) >= limit:
            break
    return bodies


def _ids(tx: Tx, stretches: Sequence[Segment], ids_in: Select[tuple[str]]) -> list[str]:
    return [row.id for one in stretches for row in tx.all(ids_in, _bounds(one))]


def _bounds(stretch: Segment) -> dict[str, Any]:
    return {"source": stretch.source, "lo": stretch.lo, "hi": stretch.hi}


def _read_all(rows: Sequence[Row[Any]]) -> list[Entry]:
    return _read([row.body for row in rows])


def _read(bodies: Sequence[str]) -> list[Entry]:
    """The entries that bodies hold, read as one piece of JSON: a call for each costs more."""
    return _ENTRIES.validate_json(f"[{','.join(bodies)}]")
