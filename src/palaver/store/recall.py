"""What was said, found again: in one conversation, in all of an agent, or in all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from palaver.domain.entry import Entry, Role
from palaver.domain.ids import ProjectId
from palaver.domain.meaning import Sought
from palaver.domain.words import all_of
from palaver.store import entries, schema, search
from palaver.store.db import Tx
from palaver.store.search import Question, Ranked, Searchable

_entries = schema.entries
_conversations = schema.conversations


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted. Without a conversation, those that some conversation reaches.

    `thoughts` are searched only if they are wanted; `default_only` leaves out all but what was said
    in default conversations, and `but_run` what belongs to a run.
    """

    agent_id: str | None = None
    conversation_id: str | None = None
    default_only: bool = False
    roles: Sequence[Role] = entries.SEARCHED
    since: datetime | None = None
    until: datetime | None = None
    thoughts: bool = False
    but_run: str | None = None


@dataclass(frozen=True, slots=True)
class EntryHit:
    """An entry that was found, and where it was said: null is a default conversation."""

    entry: Entry
    agent_id: str
    conversation_id: str | None
    rank: Ranked


def found(
    tx: Tx, project: ProjectId, wanted: EntryFilter, sought: Sought, limit: int
) -> list[EntryHit]:
    """The entries that are most about what is sought, best first; the newest if it is nothing.

    Raises `NotFound` for a conversation that is not there.
    """
    ids = select(_entries.c.id, _entries.c.created_at).where(*_conditions(project, wanted))
    within = _within(tx, project, wanted.conversation_id)
    if not sought.words:
        ids = ids.where(within)
        newest = ids.order_by(_entries.c.sorted_as.desc()).limit(limit)
        best = [Ranked(row.id, 1.0) for row in tx.all(newest)]
    else:
        scope = wanted.agent_id or all_of(project, "entries")
        question = Question(sought.words, (scope,), wanted.thoughts, sought)
        # Wrapped up, so that no database looks through the conversation for what was found already.
        ids = ids.where(func.coalesce(within, false()))
        best = search.find(tx, question, _entries, ids, limit)
    return _hits(tx, best)


def searchables(tx: Tx, ids: Sequence[str]) -> list[Searchable]:
    """The entries among `ids` as they are found by what they mean, of whichever project."""
    where = (_entries.c.id, _entries.c.project_id, _entries.c.agent_id, _entries.c.body)
    return [
        Searchable(
            row.id,
            (all_of(row.project_id, "entries"), row.agent_id),
            Entry.model_validate_json(row.body).lines,
        )
        for row in tx.all(select(*where).where(_entries.c.id.in_(ids)))
    ]


def _conditions(project: ProjectId, wanted: EntryFilter) -> list[ColumnElement[bool]]:
    conditions = [_entries.c.project_id == project, _entries.c.role.in_(wanted.roles)]
    if wanted.agent_id is not None:
        conditions.append(_entries.c.agent_id == wanted.agent_id)
    if wanted.default_only:
        default = select(_conversations.c.is_default)
        default = default.where(_conversations.c.id == _entries.c.conversation_id)
        conditions.append(default.scalar_subquery())
    if wanted.since is not None:
        conditions.append(_entries.c.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_entries.c.created_at <= wanted.until)
    if wanted.but_run is not None:
        conditions.append(_entries.c.run_id.is_distinct_from(wanted.but_run))
    return conditions


def _within(tx: Tx, project: ProjectId, conversation_id: str | None) -> ColumnElement[bool]:
    """Whether an entry is one of a conversation, or of any that is there."""
    if conversation_id is None:
        return entries.REACHED
    stretches = entries.reach_in(tx, project, conversation_id).whole
    return or_(
        *(
            and_(
                _entries.c.conversation_id == stretch.source,
                _entries.c.seq.between(stretch.lo, stretch.hi),
            )
            for stretch in stretches
        )
    )


def _hits(tx: Tx, best: Sequence[Ranked]) -> list[EntryHit]:
    query = (
        select(
            _entries.c.id,
            _entries.c.agent_id,
            _entries.c.conversation_id,
            _entries.c.body,
            _conversations.c.is_default,
        )
        .join(_conversations, _conversations.c.id == _entries.c.conversation_id)
        .where(_entries.c.id.in_([one.id for one in best]))
    )
    rows = {row.id: row for row in (tx.all(query) if best else ())}
    return [
        EntryHit(
            Entry.model_validate_json(rows[one.id].body),
            rows[one.id].agent_id,
            None if rows[one.id].is_default else rows[one.id].conversation_id,
            one,
        )
        for one in best
    ]
