"""Vectors are made for what can be found: which texts have none yet, and whose turn that is.

A text that can be found (`palaver.store.search`) has a number, and numbers grow. It is due for as
long as there is no vector of the kind that is wanted under its number: whoever wrote the text did
nothing about that, so nothing can be lost, and another model is only another kind.
"""

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, exists, func, insert, or_, select, update

from palaver.domain.meaning import Meaning
from palaver.store import files, passages, recall, schema, schema_texts
from palaver.store.db import Tx
from palaver.store.search import Searchable

_searchable = schema_texts.searchable
_vectors = schema_texts.vectors
_scopes = schema_texts.vector_scopes
_embedders = schema_texts.embedders

_KINDS = (recall.searchables, passages.searchables, files.searchables)
_NEWEST = select(func.coalesce(func.max(_searchable.c.n), 0))
_DUE = (
    select(_searchable.c.n, _searchable.c.id)
    .where(
        _searchable.c.n > bindparam("above"),
        _searchable.c.n <= bindparam("upto"),
        ~exists().where(_vectors.c.n == _searchable.c.n, _vectors.c.kind == bindparam("kind")),
    )
    .order_by(_searchable.c.n.desc())
    .limit(bindparam("most"))
)
_TAKE = (
    update(_embedders)
    .where(
        _embedders.c.kind == bindparam("wanted"),
        or_(
            _embedders.c.worker.is_(None),
            _embedders.c.worker == bindparam("me"),
            ~exists().where(schema.workers.c.id == _embedders.c.worker),
        ),
    )
    .values(worker=bindparam("me"))
)
_CLEAR = delete(_vectors).where(_vectors.c.n == bindparam("number"))
_KEEP = insert(_vectors).from_select(
    ["n", "kind", "numbers"],
    select(
        _searchable.c.n,
        bindparam("of_kind", type_=_vectors.c.kind.type),
        bindparam("given", type_=_vectors.c.numbers.type),
    ).where(_searchable.c.n == bindparam("number")),
)
_LET_FIND = insert(_scopes).from_select(
    ["n", "scope"],
    select(_vectors.c.n, bindparam("within", type_=_scopes.c.scope.type)).where(
        _vectors.c.n == bindparam("number")
    ),
)

Due = Mapping[int, Searchable | None]
"""Texts without a vector, by their numbers, newest first; null for what has no text any more."""


def newest(tx: Tx) -> int:
    """The number of the newest text that can be found; 0 if there is none."""
    number: int = tx.all(_NEWEST)[0][0]
    return number


def due(tx: Tx, kind: str, between: tuple[int, int], most: int) -> Due:
    """The newest texts in a stretch of numbers, the first left out, that have no vector."""
    above, upto = between
    rows = tx.all(_DUE, {"kind": kind, "above": above, "upto": upto, "most": most})
    ids = [row.id for row in rows]
    texts = {one.id: one for kind in _KINDS if ids for one in kind(tx, ids)}
    return {row.n: texts.get(row.id) for row in rows}


def begin(tx: Tx, kind: str) -> None:
    """Have vectors of a `kind` made from now on, and of no other."""
    tx.run(delete(_embedders).where(_embedders.c.kind != kind))
    if tx.first(select(_embedders.c.one)) is None:
        tx.run(insert(_embedders), {"one": 1, "kind": kind})


def take_turn(tx: Tx, kind: str, worker: str) -> bool:
    """Let a worker make vectors, unless it is the turn of another that is there, or none's."""
    return bool(tx.run(_TAKE, {"wanted": kind, "me": worker}))


def keep(tx: Tx, kind: str, due: Due, meanings: Mapping[int, Meaning]) -> None:
    """Keep what texts mean, by their numbers. One without a meaning is not asked for again."""
    tx.many(_CLEAR, [{"number": n} for n in due])
    given = {n: meanings[n].numbers if n in meanings else None for n in due}
    tx.many(_KEEP, [{"number": n, "of_kind": kind, "given": given[n]} for n in due])
    scopes = [(n, scope) for n, one in due.items() if one for scope in one.scopes]
    tx.many(_LET_FIND, [{"number": n, "within": scope} for n, scope in scopes])
