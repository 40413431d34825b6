"""Pages of rows, by cursors that are relative to the order.

Rows are ordered by a key and, where keys are equal, by id, so that pages tile. Ids sort by the time
they were minted, so that most lists need no other key.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Row,
    Select,
    String,
    and_,
    func,
    or_,
    select,
    type_coerce,
)

from palaver.domain.ids import ProjectId
from palaver.domain.page import Order, Page
from palaver.errors import NotFound
from palaver.store.db import Tx

_LAST: dict[Order, str] = {"asc": "~", "desc": ""}  # sorts behind every stored moment


def paged(
    tx: Tx,
    project: ProjectId,
    wanted: Select[Any],
    table: FromClause,
    page: Page,
    key: Column[Any] | None = None,
) -> Sequence[Row[Any]]:
    """The rows of `wanted` that are on `page`, in the page's order.

    `wanted` selects from `table`; `key` is a moment by which it is sorted, rows without one last.
    Raises `NotFound` for a cursor that is no row of `table` in `project`.
    """
    if page.limit == 0:
        return []
    sort = None if key is None else func.coalesce(type_coerce(key, String), _LAST[page.order])
    backwards = page.after is None and page.before is not None
    if page.after is not None:
        at = _row(tx, project, table, page.after, sort)
        wanted = wanted.where(_beyond(table, at, sort, descending=page.order == "desc"))
    if page.before is not None:
        at = _row(tx, project, table, page.before, sort)
        wanted = wanted.where(_beyond(table, at, sort, descending=page.order != "desc"))
    columns = [table.c.id] if sort is None else [sort, table.c.id]
    descending = (page.order == "desc") != backwards
    order = [column.desc() if descending else column.asc() for column in columns]
    rows = tx.all(wanted.order_by(*order).limit(page.limit))
    return list(reversed(rows)) if backwards else rows


def containing(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Whether a column contains `text`, whatever the case; no character in it is special."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return func.lower(column).like(func.lower(f"%{escaped}%"), escape="\\")


def _row(
    tx: Tx, project: ProjectId, table: FromClause, cursor: str, sort: ColumnElement[str] | None
) -> Row[Any]:
    columns = [table.c.id] if sort is None else [table.c.id, sort.label("sort")]
    row = tx.first(select(*columns).where(table.c.id == cursor, table.c.project_id == project))
    if row is None:
        raise NotFound(f"Cursor {cursor}", "take it from the last page of this list.")
    return row


def _beyond(
    table: FromClause, at: Row[Any], sort: ColumnElement[str] | None, *, descending: bool
) -> ColumnElement[bool]:
    """What comes after the row `at` when sorted that way."""
    by_id = _further(table.c.id, at.id, descending)
    if sort is None:
        return by_id
    return or_(_further(sort, at.sort, descending), and_(sort == at.sort, by_id))


def _further(column: ColumnElement[str], at: str, descending: bool) -> ColumnElement[bool]:
    return column < at if descending else column > at
