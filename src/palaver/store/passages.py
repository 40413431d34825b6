"""Passages, as they are kept, and as they are found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, insert, select

from palaver.domain.archive import Passage, TagMatch
from palaver.domain.ids import ProjectId
from palaver.domain.meaning import Sought
from palaver.domain.page import Page
from palaver.domain.words import all_of
from palaver.errors import NotFound
from palaver.store import archives, schema_texts, search
from palaver.store.db import Tx
from palaver.store.paging import By, Way, paged
from palaver.store.search import Question, Ranked, Searchable

_passages = schema_texts.passages
_again = _passages.alias()
_tags = schema_texts.passage_tags


@dataclass(frozen=True, slots=True)
class PassageFilter:
    """Which passages are wanted: of which archives (null: of all), with which tags, since when."""

    archives: Sequence[str] | None = None
    tags: Sequence[str] = ()
    match: TagMatch = "any"
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PassageHit:
    """A passage that was found, and where it stands among the best."""

    passage: Passage
    rank: Ranked


def add(tx: Tx, project: ProjectId, archive_id: str, more: Sequence[Passage]) -> None:
    """Keep new passages in an archive, or `NotFound`."""
    archives.resize(tx, project, archive_id, len(more))
    tx.many(
        insert(_passages),
        [
            {
                "id": one.id,
                "project_id": project,
                "archive_id": archive_id,
                "created_at": one.created_at,
                "body": one.model_dump_json(),
            }
            for one in more
        ],
    )
    tx.many(
        insert(_tags),
        [
            {"passage_id": one.id, "tag": tag}
            for one in more
            for tag in dict.fromkeys(one.tags or ())
        ],
    )
    search.note(tx, [_searchable(project, archive_id, one) for one in more])


def searchables(tx: Tx, ids: Sequence[str]) -> list[Searchable]:
    """The passages among `ids` as they can be found, of whichever project."""
    where = (_passages.c.project_id, _passages.c.archive_id, _passages.c.body)
    rows = tx.all(select(*where).where(_passages.c.id.in_(ids)))
    return [_searchable(row.project_id, row.archive_id, _read(row.body)) for row in rows]


def remove(tx: Tx, project: ProjectId, passage_id: str, within: Sequence[str]) -> None:
    """Delete a passage of one of the archives `within`. Raises `NotFound`."""
    mine = (
        _passages.c.project_id == project,
        _passages.c.id == passage_id,
        _passages.c.archive_id.in_(within),
    )
    row = tx.first(select(_passages.c.archive_id, _passages.c.body).where(*mine))
    if row is None:
        raise NotFound("Passage")
    archives.resize(tx, project, row.archive_id, -1)
    passage = Passage.model_validate_json(row.body)
    search.forget(tx, [_searchable(project, row.archive_id, passage)])
    tx.run(delete(_tags).where(_tags.c.passage_id == passage_id))
    tx.run(delete(_passages).where(*mine))


def remove_archive(tx: Tx, project: ProjectId, archive_id: str) -> None:
    """Delete an archive with its passages, also from its agents. Raises `NotFound`."""
    archives.get(tx, project, archive_id, for_update=True)
    mine = (_passages.c.project_id == project, _passages.c.archive_id == archive_id)
    left = [_read(row.body) for row in tx.all(select(_passages.c.body).where(*mine))]
    search.forget(tx, [_searchable(project, archive_id, one) for one in left])
    theirs = select(_passages.c.id).where(*mine)
    tx.run(delete(_tags).where(_tags.c.passage_id.in_(theirs)))
    tx.run(delete(_passages).where(*mine))
    held = schema_texts.agents_archives
    tx.run(delete(held).where(held.c.archive_id == archive_id))
    tx.run(delete(schema_texts.archives).where(schema_texts.archives.c.id == archive_id))


def listed(
    tx: Tx, project: ProjectId, page: Page, wanted: PassageFilter, words: str | None = None
) -> list[Passage]:
    """The passages on a page, in the order in which they were put in.

    With `words` only those that hold all of them.
    """
    query = select(_passages.c.body).where(*_conditions(project, wanted))
    if words:
        matching = search.matching(tx, Question(words, _scopes(project, wanted)))
        query = query.where(_passages.c.id.in_(matching))
    each = [
        Way(_again.c.id, (_again.c.archive_id == one,), _again.c.sorted_as)
        for one in wanted.archives or ()
    ]
    by = By(ways=None if wanted.archives is None else each)
    return [_read(row.body) for row in paged(tx, project, query, _passages, page, by)]


def found(
    tx: Tx, project: ProjectId, wanted: PassageFilter, sought: Sought, limit: int
) -> list[PassageHit]:
    """The passages that are most about what is sought, best first; the newest if it is nothing."""
    ids = select(_passages.c.id, _passages.c.created_at).where(*_conditions(project, wanted))
    if not sought.words:
        newest = ids.order_by(_passages.c.sorted_as.desc()).limit(limit)
        found = [Ranked(row.id, 1.0) for row in tx.all(newest)]
    else:
        question = Question(sought.words, _scopes(project, wanted), sought=sought)
        found = search.find(tx, question, _passages, ids, limit)
    query = select(_passages.c.id, _passages.c.body)
    rows = tx.all(query.where(_passages.c.id.in_([one.id for one in found]))) if found else ()
    bodies = {row.id: row.body for row in rows}
    return [PassageHit(_read(bodies[one.id]), one) for one in found]


def _conditions(project: ProjectId, wanted: PassageFilter) -> list[ColumnElement[bool]]:
    conditions = [_passages.c.project_id == project]
    if wanted.archives is not None:
        conditions.append(_passages.c.archive_id.in_(wanted.archives))
    if wanted.since is not None:
        conditions.append(_passages.c.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_passages.c.created_at <= wanted.until)
    mine = _tags.c.passage_id == _passages.c.id
    if wanted.match == "any" and wanted.tags:
        conditions.append(exists().where(mine, _tags.c.tag.in_(wanted.tags)))
    if wanted.match == "all":
        conditions += [exists().where(mine, _tags.c.tag == tag) for tag in wanted.tags]
    return conditions


def _scopes(project: ProjectId, wanted: PassageFilter) -> Sequence[str]:
    return [all_of(project, "passages")] if wanted.archives is None else wanted.archives


def _searchable(project: ProjectId, archive_id: str, passage: Passage) -> Searchable:
    return Searchable(passage.id, (all_of(project, "passages"), archive_id), passage.text)


def _read(body: str) -> Passage:
    return Passage.model_validate_json(body)
