"""Search: which texts are about what somebody asks, by their words and by what they mean.

A text that can be found is a row of ``searchable``, and its words stand in ``words``: a full-text
index of FTS5 on SQLite, a ``tsvector`` column on PostgreSQL. SQLAlchemy knows neither. They are
kept up in the transaction that keeps the text. Among its words a text has its *scopes*, so that a
search reads only of what it may find: whoever asks for nothing else asks for one scope.

The rank of a text is the share of the question's words that it holds, where a rare word counts for
more than one that many hold; among equals the newest is first. For each word the newest 300
texts are looked at, so that a search costs the same however many there are. Those that hold all
words of the question come first, and are looked for before all others.

What a text means is compared by `palaver.store.nearest`. Where both are gone by, a text counts for
more the further up it stands in either list, and most if it does in both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, Integer, Select, Table, TextClause, false, select, text

from palaver.domain.meaning import Sought
from palaver.domain.words import asked, words_of
from palaver.store import schema_texts
from palaver.store.db import Tx
from palaver.store.nearest import nearest

_searchable = schema_texts.searchable
_LOOKED_AT = 300
_FUSED = 100  # how long the lists are, at least, of which one is made
_SMOOTH = 60  # the larger it is, the less the first places are worth more than those after them
_THOUGHT, _SCOPE = "~", "@"  # what such words begin with; no other word can

# Each done for all texts before the next. Where it selects, FTS5 writes a segment for each row.
_NOTE = {
    "sqlite": (
        text("INSERT INTO searchable (id) VALUES (:id)"),
        text(
            "INSERT INTO words (rowid, said) "
            "VALUES ((SELECT n FROM searchable WHERE id = :id), :said)"
        ),
    ),
    "postgresql": (
        text(
            "WITH new AS (INSERT INTO searchable (id) VALUES (:id) RETURNING n) "
            "INSERT INTO words (n, said) SELECT n, CAST(:said AS tsvector) FROM new"
        ),
    ),
}
_FORGET = {
    "sqlite": (
        text(
            "INSERT INTO words (words, rowid, said) "
            "VALUES ('delete', (SELECT n FROM searchable WHERE id = :id), :said)"
        ),
        text("DELETE FROM searchable WHERE id = :id"),
    ),
    "postgresql": (
        text(
            "WITH old AS (DELETE FROM searchable WHERE id = :id RETURNING n) "
            "DELETE FROM words USING old WHERE words.n = old.n"
        ),
    ),
}
_HITS = {
    "sqlite": text("SELECT rowid AS n FROM words WHERE words MATCH :query"),
    "postgresql": text("SELECT n FROM words WHERE said @@ CAST(:query AS tsquery)"),
}
# A word, the beginning of a word, one of several, all of several.
_SYNTAX = {
    "sqlite": ('"{}"', '"{}" *', " OR ", " AND "),
    "postgresql": ("'{}'", "'{}':*", " | ", " & "),
}

Choice = tuple[str, ...]
"""Words of which a text must hold one."""


@dataclass(frozen=True, slots=True)
class Searchable:
    """A text that can be found under the id of what it belongs to.

    `scopes` are ids, or other words of letters, digits and dashes. What is `thought` is found only
    by who asks for thoughts.
    """

    id: str
    scopes: Sequence[str]
    said: str
    thought: str = ""

    @property
    def words(self) -> str:
        """All that it is found by; nothing if it holds no word."""
        words = words_of(self.said)
        if self.thought:
            words += [_THOUGHT + word for word in words_of(self.thought)]
        return " ".join([*(_SCOPE + scope for scope in self.scopes), *words]) if words else ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, within which scopes (any of them), and whether thoughts are meant too.

    `sought` says by what else than its words it is to be found.
    """

    text: str
    scopes: Sequence[str]
    thoughts: bool = False
    sought: Sought | None = None

    @property
    def within(self) -> "Choice":
        """The scopes."""
        return tuple(_SCOPE + scope for scope in self.scopes)

    @property
    def words(self) -> "list[Choice]":
        """Each word, as what is said and perhaps as what is thought."""
        kinds = ("", _THOUGHT) if self.thoughts else ("",)
        return [tuple(kind + word for kind in kinds) for word in asked(self.text)]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Something that was found. `score` is from 0 to 1.

    By words it is 1 for what holds all of them; by meaning, for what means the same; by both, for
    what is the first by either. The ranks are its places in the two lists, from 1.
    """

    id: str
    score: float
    by_words: int | None = None
    by_meaning: int | None = None


def note(tx: Tx, texts: Sequence[Searchable]) -> None:
    """Let texts be found from now on. None of their ids may be known already."""
    _do(tx, _NOTE[tx.dialect], texts)


def forget(tx: Tx, texts: Sequence[Searchable]) -> None:
    """Let texts, as they were noted, no longer be found."""
    _do(tx, _FORGET[tx.dialect], texts)


def find(tx: Tx, question: Question, table: Table, wanted: Select[Any], limit: int) -> list[Ranked]:
    """The best of those rows of `table` that `wanted` selects, best first.

    `wanted` selects their ids and when they were made.
    """
    meaning = question.sought.meaning if question.sought else None
    if not question.scopes or limit == 0:
        return []
    if question.sought is None or meaning is None or question.sought.how == "fts":
        return _by_words(tx, question, table, wanted, limit)[:limit]
    deep = limit if question.sought.how == "vector" else max(limit, _FUSED)
    near = nearest(tx, meaning, question.scopes, (table, wanted), deep)
    if question.sought.how == "vector":
        return [
            Ranked(id, round(min(max(score, 0.0), 1.0), 6), by_meaning=n)
            for n, (id, score) in enumerate(near, start=1)
        ]
    words = _by_words(tx, question, table, wanted, deep)
    return _fused([one.id for one in words[:deep]], [id for id, _ in near])[:limit]


def _by_words(
    tx: Tx, question: Question, table: Table, wanted: Select[Any], limit: int
) -> list[Ranked]:
    words = question.words
    if not words:
        return []
    lists = [_newest(tx, table, wanted, [question.within, *words])]
    if len(words) > 1 and len(lists[0]) < limit:
        lists += [_newest(tx, table, wanted, [question.within, word]) for word in words]
    return _ranked(lists)


def _fused(by_words: Sequence[str], by_meaning: Sequence[str]) -> list[Ranked]:
    """What stands in either list, by the sum of what its places are worth."""
    places = [{id: n for n, id in enumerate(ids, start=1)} for ids in (by_words, by_meaning)]
    worth = {
        id: sum(1 / (_SMOOTH + one[id]) for one in places if id in one)
        for id in dict.fromkeys([*by_words, *by_meaning])
    }
    best = sorted(worth, key=lambda id: -worth[id])
    most = 2 / (_SMOOTH + 1)
    return [Ranked(id, round(worth[id] / most, 6), *(one.get(id) for one in places)) for id in best]


def matching(tx: Tx, question: Question) -> Select[Any]:
    """A query for the ids of all texts that hold all words of the question; none if it has none."""
    if not question.words or not question.scopes:
        return select(_searchable.c.id).where(false())
    hits = _hits(tx, [question.within, *question.words])
    return select(_searchable.c.id).join(hits, hits.c.n == _searchable.c.n)


def _do(tx: Tx, statements: Sequence[TextClause], texts: Sequence[Searchable]) -> None:
    rows = [{"id": one.id, "said": words} for one in texts if (words := one.words)]
    for statement in statements:
        tx.many(statement, rows)


def _newest(
    tx: Tx, table: Table, wanted: Select[Any], all_of: Sequence[Choice]
) -> list[tuple[Any, str]]:
    """When the newest rows that hold all that is asked for were made, and their ids."""
    hits = _hits(tx, all_of)
    newest = select(hits.c.n).order_by(hits.c.n.desc())
    found: list[tuple[Any, str]] = []
    more = _LOOKED_AT
    while len(found) < _LOOKED_AT:
        some = newest.limit(more).subquery("some")
        ids = select(some.c.n, _searchable.c.id).join(_searchable, _searchable.c.n == some.c.n)
        rows = tx.all(ids)
        among = wanted.where(table.c.id.in_([row.id for row in rows]))
        found += [(row.created_at, row.id) for row in (tx.all(among) if rows else ())]
        if len(rows) < more:
            break
        newest = newest.where(hits.c.n < min(row.n for row in rows))
        more *= 4
    return found


def _hits(tx: Tx, all_of: Sequence[Choice]) -> CTE:
    word, beginning, either, both = _SYNTAX[tx.dialect]
    query = both.join(
        "({})".format(
            either.join(
                (beginning if one.endswith("*") else word).format(one.removesuffix("*"))
                for one in choice
            )
        )
        for choice in all_of
    )
    return (
        _HITS[tx.dialect]
        .bindparams(query=query)
        .columns(n=Integer)
        .cte("hits")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )


def _ranked(lists: Sequence[list[tuple[Any, str]]]) -> list[Ranked]:
    """What is in the lists. The first is of those that hold all words, the others of one each."""
    whole, *others = lists
    weights = [math.log(1 + _LOOKED_AT / max(1, len(found))) for found in others]
    scores: dict[tuple[Any, str], float] = {}
    for weight, found in zip(weights, others, strict=True):
        for one in found:
            scores[one] = scores.get(one, 0.0) + weight / sum(weights)
    scores |= dict.fromkeys(whole, 1.0)
    best = sorted(((round(score, 6), *one) for one, score in scores.items()), reverse=True)
    return [Ranked(id, score, by_words=n) for n, (score, _, id) in enumerate(best, start=1)]
