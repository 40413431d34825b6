"""Pages of rows, by cursors that are relative to the order.

Rows are ordered by a key and, where keys are equal, by time, so that pages tile; most lists need no
other key. Ids sort by the time they were minted; things that may have ids of elsewhere are
`sorted_as` what does. Where an index has the order, what a page costs depends on the page, however
far it is from the beginning of the list.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    String,
    Table,
    false,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
)

from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.errors import NotFound
from palaver.store.db import Tx


@dataclass(frozen=True, slots=True)
class Way:
    """How rows are found by another table, or by their own under another name.

    `id` is the column there that names them, and `given` is asked of it. `sorted_as` is what sorts
    them; null is their ids. There should be an index that begins with what is given and goes on
    with that, unless there is never more than a handful.
    """

    id: Column[str]
    given: tuple[ColumnElement[bool], ...]
    sorted_as: Column[str] | None = None

    @property
    def time(self) -> Column[str]:
        """What sorts them."""
        return self.id if self.sorted_as is None else self.sorted_as

    def leads_to(self, table: FromClause) -> ColumnElement[bool]:
        """Whether a row of `table` is found so."""
        return select(self.id).where(self.id == table.c.id, *self.given).correlate(table).exists()

    def ids(self, wanted: Select[Any], table: FromClause) -> Select[Any]:
        """The ids of those rows of `wanted` that are found so, and what sorts them."""
        named = wanted.with_only_columns(table.c.id).where(table.c.id == self.id)
        # PostgreSQL would join for an EXISTS, in an order of its own, and then sort.
        there = named.correlate(self.id.table).scalar_subquery().is_not(None)
        found = select(self.id.label("id")).add_columns(self.time.label("sort"))
        return found.where(*self.given, there)


@dataclass(frozen=True, slots=True)
class By:
    """How the rows of a list are found and sorted.

    `key` is a moment by which they are sorted, those without one last; null is by time. `ways` lead
    to them, to each by one way at least; null are rows that are not looked for.
    """

    key: Column[Any] | None = None
    ways: Sequence[Way] | None = None


_BY_TIME = By()


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a list: the rows of which something is true, sorted by some columns."""

    sort: tuple[ColumnElement[Any], ...]
    given: tuple[ColumnElement[bool], ...] = ()
    has_key: bool = False

    def beyond(self, at: Row[Any], *, descending: bool) -> ColumnElement[bool]:
        """What comes after the row `at` when sorted that way."""
        if not self.has_key:
            mine_last, its_last = self.sort[-1], literal(at.sort, String)
            return mine_last < its_last if descending else mine_last > its_last
        mine, its = tuple_(*self.sort), tuple_(literal(at.key, String), literal(at.sort, String))
        return mine < its if descending else mine > its


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where in a list a page lies: between two rows of it, either of which may be missing."""

    after: Row[Any] | None
    before: Row[Any] | None
    descending: bool

    @property
    def backwards(self) -> bool:
        """Whether it is read from its end."""
        return self.after is None and self.before is not None

    def stretches(self, query: Select[Any], parts: Sequence[_Part]) -> Iterator[Select[Any]]:
        """The query for what each part has of the page, in the order in which they are read."""
        numbered = list(enumerate(parts))
        for n, part in reversed(numbered) if self.backwards else numbered:
            bounds = self._bounds(n, part, len(parts))
            if bounds is not None:
                down = self.descending != self.backwards
                order = (column.desc() if down else column.asc() for column in part.sort)
                yield query.where(*part.given, *bounds).order_by(*order)

    def _bounds(self, n: int, part: _Part, parts: int) -> list[ColumnElement[bool]] | None:
        """Where the page lies in a part; None where it does not lie in it."""
        bounds = []
        for at, later in ((self.after, True), (self.before, False)):
            home = n if at is None else int(parts > 1 and at.key is None)
            if n != home and (n < home) == later:
                return None
            if at is not None and n == home:
                bounds.append(part.beyond(at, descending=self.descending == later))
        return bounds


def paged(
    tx: Tx,
    project: ProjectId,
    wanted: Select[Any],
    table: FromClause,
    page: Page,
    by: By = _BY_TIME,
) -> Sequence[Row[Any]]:
    """The rows of `wanted`, which selects from `table`, that are on `page`, in the page's order.

    Raises `NotFound` for a cursor that is no row of `table` in `project`.
    """
    if page.limit == 0:
        return []
    after, before = (
        None if cursor is None else _row(tx, project, table, cursor, by.key)
        for cursor in (page.after, page.before)
    )
    spot = _Spot(after, before, page.order == "desc")
    if by.ways is not None and by.key is None:
        rows = _found(tx, wanted, table, by.ways, spot, page.limit)
    else:
        if by.ways is not None:
            wanted = wanted.where(any_of(by.ways, table))
        rows = _read(tx, spot.stretches(wanted, _parts(in_time(table), by.key)), page.limit)
    return rows[::-1] if spot.backwards else rows


def tagged(
    project: ProjectId, id: Column[str], tags: Iterable[str], *, every: bool
) -> list[list[Way]]:
    """The ways to what has all of the tags, or any of them; `id` is the thing's beside its tags."""
    of = id.table.c
    each = [
        Way(id, (of.project_id == project, of.tag == tag), of.sorted_as)
        for tag in dict.fromkeys(tags)
    ]
    if every:
        return [[one] for one in each]
    return [each] if each else []


def led(
    wanted: Select[Any], table: FromClause, groups: Sequence[Sequence[Way]]
) -> tuple[Select[Any], Sequence[Way] | None]:
    """Rows to which ways of each group lead: what is left of them to ask, and ways to begin with.

    Without groups there are none of these, and all rows are looked at.
    """
    for group in groups[1:]:
        wanted = wanted.where(any_of(group, table))
    return wanted, groups[0] if groups else None


def any_of(ways: Sequence[Way], table: FromClause) -> ColumnElement[bool]:
    """Whether any of the ways leads to a row of `table`."""
    return or_(false(), *(way.leads_to(table) for way in ways))


def containing(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Whether a column contains `text`, whatever the case; no character in it is special."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return func.lower(column).like(func.lower(f"%{escaped}%"), escape="\\")


def in_time(table: FromClause) -> ColumnElement[str]:
    """What sorts the rows of a table by when they were made."""
    return table.c.sorted_as if "sorted_as" in table.c else table.c.id


def as_of(table: Table, id: str) -> ScalarSelect[str]:
    """What a thing is sorted as, for the tables that lead to it."""
    return select(table.c.sorted_as).where(table.c.id == id).scalar_subquery()


def _parts(time: ColumnElement[str], key: Column[Any] | None) -> tuple[_Part, ...]:
    if key is None:
        return (_Part((time,)),)
    text = type_coerce(key, String)
    if not key.nullable:
        return (_Part((text, time), has_key=True),)
    return (
        _Part((text, time), (text.is_not(None),), has_key=True),
        _Part((text, time), (text.is_(None),)),  # the key is sorted by for the index's sake
    )


def _read(tx: Tx, queries: Iterator[Select[Any]], limit: int) -> list[Row[Any]]:
    """What queries give, one after the other, until there are enough rows."""
    rows: list[Row[Any]] = []
    for query in queries:
        rows += tx.all(query.limit(limit - len(rows)))
        if len(rows) == limit:
            break
    return rows


def _found(
    tx: Tx, wanted: Select[Any], table: FromClause, ways: Sequence[Way], spot: _Spot, limit: int
) -> list[Row[Any]]:
    """The rows on a page, to which any of the ways leads."""
    times: dict[str, str] = {}
    for way in ways:
        stretches = spot.stretches(way.ids(wanted, table), _parts(way.time, None))
        times.update((row.id, row.sort) for row in _read(tx, stretches, limit))
    ids = sorted(times, key=lambda id: times[id], reverse=spot.descending != spot.backwards)[:limit]
    whole = select(*wanted.selected_columns, table.c.id.label("found")).where(table.c.id.in_(ids))
    rows = {row.found: row for row in (tx.all(whole) if ids else ())}
    return [rows[id] for id in ids]


def _row(
    tx: Tx, project: ProjectId, table: FromClause, cursor: str, key: Column[Any] | None
) -> Row[Any]:
    sort = null() if key is None else type_coerce(key, String)
    query = select(in_time(table).label("sort"), sort.label("key"))
    row = tx.first(query.where(table.c.id == cursor, table.c.project_id == project))
    if row is None:
        raise NotFound(f"Cursor {cursor}", "take it from the last page of this list.")
    return row
