"""Tools that callers have brought, as they are kept. Built-in ones are not among them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from palaver.domain.ids import ProjectId
from palaver.domain.tool import Tool
from palaver.errors import Conflict, NotFound
from palaver.store import schema
from palaver.store.db import Tx

_tools = schema.tools


def add(tx: Tx, project: ProjectId, tool: Tool, at: datetime) -> None:
    """Keep a new tool. Raises `Conflict` where one of its name is kept."""
    if find_named(tx, project, tool.name or "") is not None:
        raise Conflict(f"There is a tool `{tool.name}`; change it, or choose another name.")
    key = {"id": tool.id, "project_id": project, "created_at": at}
    tx.run(insert(_tools), {**key, **_row(tool, at)})


def change(tx: Tx, project: ProjectId, tool: Tool, at: datetime) -> None:
    """Keep what a tool has become. Raises `NotFound`."""
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


def find_named(tx: Tx, project: ProjectId, name: str) -> Tool | None:
    """The tool of a name, if one is kept."""
    mine = (_tools.c.project_id == project, _tools.c.name == name)
    row = tx.first(select(_tools.c.body).where(*mine))
    return Tool.model_validate_json(row.body) if row is not None else None


def _row(tool: Tool, at: datetime) -> dict[str, Any]:
    return {
        "name": tool.name,
        "tool_type": tool.tool_type,
        "updated_at": at,
        "body": tool.model_dump_json(),
    }
