"""Which texts mean nearly what somebody means: the vectors that point the same way.

All vectors of a scope are compared, and none is left out: no index guesses which ones might be
near. PostgreSQL compares by its extension pgvector; what SQLite keeps is compared by numpy, some
thousand vectors at a time, as many a Python cannot load an extension into SQLite.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from sqlalchemy import Float, Select, Table, bindparam, cast, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import UserDefinedType

from palaver.domain.meaning import Meaning
from palaver.errors import Invalid
from palaver.store import schema_texts
from palaver.store.db import Tx

_searchable = schema_texts.searchable
_vectors = schema_texts.vectors
_scopes = schema_texts.vector_scopes

_LOOKED_AT = 300  # the nearest of a scope, of which enough are mostly what is wanted
_AT_ONCE = 2_000  # vectors that are read in one piece
_ONE_BY_ONE = text("SELECT pg_advisory_xact_lock(hashtext('palaver: vector'))")
_IS_THERE = text("SELECT 1 FROM pg_extension WHERE extname = 'vector'")
_CAN_BE = text("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
_MAKE = text("CREATE EXTENSION IF NOT EXISTS vector")

Near = tuple[str, float]
"""The id of a text, and how near it is: 1 means the same."""

Wanted = tuple[Table, Select[Any]]
"""A table, and what selects of its rows what may be found: their ids, at least."""

_Numbered = tuple[int, float]


class _PgVector(UserDefinedType[str]):
    """pgvector's type, written as ``[1,2,3]``."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "vector"


def prepare(tx: Tx) -> None:
    """See that vectors can be compared; `Invalid` says what is missing."""
    if tx.dialect == "sqlite":
        if find_spec("numpy") is None:
            raise Invalid(
                'PALAVER_EMBEDDING needs numpy: pip install "palaver[vectors]", or unset it.'
            )
        return
    tx.all(_ONE_BY_ONE)
    if tx.first(_IS_THERE) is not None:
        return
    if tx.first(_CAN_BE) is None:
        raise Invalid(
            "PALAVER_EMBEDDING needs pgvector: install it where PostgreSQL runs, or unset it."
        )
    try:
        tx.run(_MAKE)
    except DBAPIError as error:
        raise Invalid(
            "PALAVER_EMBEDDING needs pgvector: have somebody who may run `CREATE EXTENSION vector` "
            "in this database, or unset it."
        ) from error


def nearest(
    tx: Tx,
    meaning: Meaning,
    scopes: Sequence[str],
    wanted: Wanted,
    limit: int,
) -> list[Near]:
    """The nearest of those rows that are wanted, nearest first; the newest of equals first.

    There are fewer than `limit` only if there are no more: where too few of the nearest are wanted,
    only what is wanted is compared.
    """
    closest = _closest(tx, meaning, scopes, _LOOKED_AT)
    found = _only(tx, closest, wanted)
    if len(found) < limit and len(closest) == _LOOKED_AT:
        found = _only(tx, _closest(tx, meaning, scopes, limit, wanted), wanted)
    return found[:limit]


def _only(tx: Tx, closest: Sequence[_Numbered], wanted: Wanted) -> list[Near]:
    """Those of the closest that are wanted, by their ids."""
    table, query = wanted
    numbers = [n for n, _ in closest]
    known = select(_searchable.c.n, _searchable.c.id).where(_searchable.c.n.in_(numbers))
    ids = {row.n: row.id for row in tx.all(known)} if closest else {}
    rows = tx.all(query.where(table.c.id.in_(ids.values()))) if ids else ()
    there = {row.id for row in rows}
    return [(ids[n], near) for n, near in closest if ids.get(n) in there]


def _closest(
    tx: Tx,
    meaning: Meaning,
    scopes: Sequence[str],
    limit: int,
    wanted: Wanted | None = None,
) -> list[_Numbered]:
    """The nearest in the scopes, nearest first; only of what is wanted, if that is said."""
    query = select(_vectors.c.n).where(
        _vectors.c.kind == meaning.kind, _vectors.c.numbers.is_not(None)
    )
    if wanted is not None:
        table, rows = wanted
        query = query.join(_searchable, _searchable.c.n == _vectors.c.n)
        query = query.join(table, table.c.id == _searchable.c.id)
        query = query if rows.whereclause is None else query.where(rows.whereclause)
    if tx.dialect == "postgresql":
        within = select(_scopes.c.n).where(_scopes.c.scope.in_(scopes))
        return _by_pgvector(tx, meaning, query.where(_vectors.c.n.in_(within)), limit)
    best: list[_Numbered] = []
    for scope in scopes:
        here = query.join(_scopes, _scopes.c.n == _vectors.c.n).where(_scopes.c.scope == scope)
        best = _by_numpy(tx, meaning, here, best, limit)
    return best


def _by_pgvector(tx: Tx, meaning: Meaning, query: Select[Any], limit: int) -> list[_Numbered]:
    asked = cast(bindparam("asked", str(list(meaning.numbers)), unique=True), _PgVector)
    numbers = cast(_vectors.c.numbers, _PgVector)
    away = numbers.op("<#>", return_type=Float)(asked)  # the product, below zero
    query = query.add_columns(away.label("away")).order_by(away, _vectors.c.n.desc()).limit(limit)
    return [(row.n, -row.away) for row in tx.all(query)]


def _by_numpy(
    tx: Tx, meaning: Meaning, query: Select[Any], best: list[_Numbered], limit: int
) -> list[_Numbered]:
    """The nearest of a scope and of the `best` so far."""
    import numpy

    asked = numpy.asarray(meaning.numbers, dtype="<f4")
    query = query.add_columns(_vectors.c.numbers).where(_scopes.c.n > bindparam("last"))
    query = query.order_by(_scopes.c.n).limit(_AT_ONCE)
    last = -1
    while rows := tx.all(query, {"last": last}):
        last = rows[-1].n
        packed = b"".join([row.numbers for row in rows])
        vectors = numpy.frombuffer(packed, dtype="<f4").reshape(len(rows), -1)
        near = numpy.einsum("ij,j->i", vectors, asked)  # in this thread alone, unlike `@`
        first = len(rows) - 1 - numpy.argsort(-near[::-1], kind="stable")[:limit]
        more = [(rows[at].n, float(near[at])) for at in first]
        best = sorted({*best, *more}, key=lambda one: (one[1], one[0]), reverse=True)[:limit]
    return best
