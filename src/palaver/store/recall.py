"""What was said, found by its words: in one conversation, in all of an agent, or in all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from palaver.domain.entry import Entry, Role
from palaver.domain.ids import ProjectId
from palaver.domain.words import all_of
from palaver.store import entries, schema, search
from palaver.store.db import Tx
from palaver.store.search import Question

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
    """An entry that was found, and where it was said: null is a default conversation.

    `score` is from 0 to 1.
    """

    entry: Entry
    agent_id: str
    conversation_id: str | None
    score: float


def found(
    tx: Tx, project: ProjectId, wanted: EntryFilter, words: str | None, limit: int
) -> list[EntryHit]:
    """The entries that are most about `words`, best first; the newest if there are none.

    Raises `NotFound` for a conversation that is not there.
    """
    ids = select(_entries.c.id, _entries.c.created_at).where(*_conditions(project, wanted))
    within = _within(tx, project, wanted.conversation_id)
    if not words:
        ids = ids.where(within)
        newest = ids.order_by(_entries.c.id.desc()).limit(limit)
        scores = {row.id: 1.0 for row in tx.all(newest)}
    else:
        scope = wanted.agent_id or all_of(project, "entries")
        question = Question(words, (scope,), wanted.thoughts)
        # Wrapped up, so that no database looks through the conversation for what was found already.
        ids = ids.where(func.coalesce(within, false()))
        scores = {one.id: one.score for one in search.find(tx, question, _entries, ids, limit)}
    hits = _hits(tx, scores)
    return [hits[id] for id in scores]


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


def _hits(tx: Tx, scores: dict[str, float]) -> dict[str, EntryHit]:
    query = (
        select(
            _entries.c.id,
            _entries.c.agent_id,
            _entries.c.conversation_id,
            _entries.c.body,
            _conversations.c.is_default,
        )
        .join(_conversations, _conversations.c.id == _entries.c.conversation_id)
        .where(_entries.c.id.in_(scores))
    )
    return {
        row.id: EntryHit(
            Entry.model_validate_json(row.body),
            row.agent_id,
            None if row.is_default else row.conversation_id,
            scores[row.id],
        )
        for row in (tx.all(query) if scores else ())
    }
