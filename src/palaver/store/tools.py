"""Tools that callers have brought, as they are kept.

Built-in ones are not among them; where lists show both, they are given to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Subquery,
    delete,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    union_all,
    update,
)

from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.tool import Tool
from palaver.errors import Conflict, NotFound
from palaver.store import naming, schema
from palaver.store.db import Tx
from palaver.store.paging import containing, paged

_tools = schema.tools

BuiltIn = Mapping[str, Tool]
"""The tools that palaver brings with it, by id."""


@dataclass(frozen=True, slots=True)
class ToolFilter:
    """Which tools are wanted. None asks for nothing special; `search` finds a part of the name.

    `built_in` says whether only palaver's own are wanted, or none of them.
    """

    names: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    search: str | None = None
    types: tuple[str, ...] | None = None
    not_types: tuple[str, ...] = ()
    built_in: bool | None = None


def add(tx: Tx, project: ProjectId, tool: Tool, at: datetime) -> None:
    """Keep a new tool. Raises `Conflict` where one of its name is kept."""
    _take_name(tx, project, tool)
    key = {"id": tool.id, "project_id": project, "created_at": at}
    tx.run(insert(_tools), {**key, **_row(tool, at)})


def get(tx: Tx, project: ProjectId, tool_id: str, *, for_update: bool = False) -> Tool:
    """The tool called `tool_id`, or `NotFound`. `for_update` keeps others from changing it."""
    query = select(_tools.c.body).where(_tools.c.project_id == project, _tools.c.id == tool_id)
    row = tx.first(query.with_for_update(key_share=True) if for_update else query)
    if row is None:
        raise NotFound("Tool")
    return Tool.model_validate_json(row.body)


def change(tx: Tx, project: ProjectId, tool: Tool, at: datetime) -> None:
    """Keep what a tool has become. Raises `NotFound`; `Conflict` where its name is taken."""
    _take_name(tx, project, tool)
    mine = (_tools.c.project_id == project, _tools.c.id == tool.id)
    if not tx.run(update(_tools).where(*mine).values(_row(tool, at))):
        raise NotFound("Tool")


def remove(tx: Tx, project: ProjectId, tool_id: str) -> None:
    """Delete a tool. Raises `NotFound`."""
    if not tx.run(delete(_tools).where(_tools.c.project_id == project, _tools.c.id == tool_id)):
        raise NotFound("Tool")


def by_ids(tx: Tx, project: ProjectId, ids: Sequence[str]) -> dict[str, Tool]:
    """Those of the tools that are kept, by id."""
    mine = (_tools.c.project_id == project, _tools.c.id.in_(ids))
    rows = tx.all(select(_tools.c.body).where(*mine)) if ids else ()
    found = (Tool.model_validate_json(row.body) for row in rows)
    return {tool.id: tool for tool in found}


def find_named(tx: Tx, project: ProjectId, name: str, *, for_update: bool = False) -> Tool | None:
    """The tool of a name, if one is kept. `for_update` keeps others from giving names meanwhile."""
    if for_update:
        naming.hold(tx, project)
    mine = (_tools.c.project_id == project, _tools.c.name == name)
    row = tx.first(select(_tools.c.body).where(*mine))
    return Tool.model_validate_json(row.body) if row is not None else None


def mentioning(
    tx: Tx, project: ProjectId, words: Sequence[str], types: Sequence[str] | None
) -> list[Tool]:
    """The tools of some types in whose texts, source included, one of the words stands.

    The newest come first; all of them where there are no words.
    """
    query = select(_tools.c.body).where(_tools.c.project_id == project)
    if words:
        query = query.where(or_(*(containing(_tools.c.body, word) for word in words)))
    if types is not None:
        query = query.where(_tools.c.tool_type.in_(types))
    rows = tx.all(query.order_by(_tools.c.sorted_as.desc()))
    return [Tool.model_validate_json(row.body) for row in rows]


def listed(
    tx: Tx, project: ProjectId, page: Page, wanted: ToolFilter, built_in: BuiltIn
) -> list[Tool]:
    """The tools on a page, with those that are built in: these are older than all others."""
    everything = _everything(project, built_in)
    query = select(everything).where(*_conditions(everything, wanted, built_in))
    rows = paged(tx, project, query, everything, page)
    return [built_in.get(row.id) or Tool.model_validate_json(row.body) for row in rows]


def counted(tx: Tx, project: ProjectId, wanted: ToolFilter, built_in: BuiltIn) -> int:
    """How many tools there are of those that are wanted."""
    everything = _everything(project, built_in)
    query = select(func.count()).where(*_conditions(everything, wanted, built_in))
    return int(tx.all(query.select_from(everything))[0][0])


def _take_name(tx: Tx, project: ProjectId, tool: Tool) -> None:
    taken = find_named(tx, project, tool.name or "", for_update=True)
    if taken is not None and taken.id != tool.id:
        raise Conflict(f"There is a tool `{tool.name}`; change that one, or choose another name.")


def _everything(project: ProjectId, built_in: BuiltIn) -> Subquery:
    """All tools as one table. Of those that are built in it holds what is looked for."""
    kept = select(
        _tools.c.id,
        _tools.c.project_id,
        _tools.c.name,
        _tools.c.tool_type,
        _tools.c.sorted_as,
        _tools.c.body,
    ).where(_tools.c.project_id == project)
    own = [
        select(
            literal(tool.id).label("id"),
            literal(project).label("project_id"),
            literal(tool.name).label("name"),
            literal(tool.tool_type).label("tool_type"),
            literal(tool.id).label("sorted_as"),
            literal("").label("body"),
        )
        for tool in built_in.values()
    ]
    return union_all(kept, *own).subquery()


def _conditions(
    everything: Subquery, wanted: ToolFilter, built_in: BuiltIn
) -> list[ColumnElement[bool]]:
    columns = everything.c
    given = {columns.name: wanted.names, columns.id: wanted.ids, columns.tool_type: wanted.types}
    conditions: list[ColumnElement[bool]]
    conditions = [column.in_(values) for column, values in given.items() if values is not None]
    if wanted.search:
        conditions.append(containing(columns.name, wanted.search))
    if wanted.not_types:
        conditions.append(columns.tool_type.not_in(wanted.not_types))
    if wanted.built_in is not None:
        own = columns.id.in_(built_in)
        conditions.append(own if wanted.built_in else not_(own))
    return conditions


def _row(tool: Tool, at: datetime) -> dict[str, Any]:
    return {
        "name": tool.name,
        "tool_type": tool.tool_type,
        "updated_at": at,
        "body": tool.model_dump_json(),
    }
