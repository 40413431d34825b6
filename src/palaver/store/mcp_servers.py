"""MCP servers, as they are kept, and which tools come from them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from palaver.domain.ids import ProjectId
from palaver.domain.mcp import MCP_SERVER, McpServer
from palaver.domain.tool import Tool
from palaver.errors import Conflict, NotFound
from palaver.store import naming, schema, tools
from palaver.store.db import Tx

_servers = schema.mcp_servers
_tools = schema.tools


def add(tx: Tx, project: ProjectId, server: McpServer, at: datetime) -> None:
    """Keep a new server. Raises `Conflict` where one of its name is kept."""
    _check_name(tx, project, server)
    key = {"id": server.id, "project_id": project, "created_at": at}
    row = {"name": server.server_name, "updated_at": at, "body": server.model_dump_json()}
    tx.run(insert(_servers), {**key, **row})


def get(tx: Tx, project: ProjectId, server_id: str, *, for_update: bool = False) -> McpServer:
    """The server called `server_id`, with its secrets, or `NotFound`.

    `for_update` keeps others from changing it or its tools meanwhile.
    """
    query = select(_servers.c.body).where(
        _servers.c.project_id == project, _servers.c.id == server_id
    )
    row = tx.first(query.with_for_update(key_share=True) if for_update else query)
    if row is None:
        raise NotFound("MCP server")
    return MCP_SERVER.validate_json(row.body)


def listed(tx: Tx, project: ProjectId) -> list[McpServer]:
    """All servers, oldest first, with their secrets."""
    query = select(_servers.c.body).where(_servers.c.project_id == project)
    rows = tx.all(query.order_by(_servers.c.created_at, _servers.c.id))
    return [MCP_SERVER.validate_json(row.body) for row in rows]


def change(tx: Tx, project: ProjectId, server: McpServer, at: datetime) -> None:
    """Keep what a server has become. Raises `NotFound`; `Conflict` where its name is taken."""
    _check_name(tx, project, server)
    row = {"name": server.server_name, "updated_at": at, "body": server.model_dump_json()}
    mine = (_servers.c.project_id == project, _servers.c.id == server.id)
    if not tx.run(update(_servers).where(*mine).values(row)):
        raise NotFound("MCP server")


def remove(tx: Tx, project: ProjectId, server_id: str) -> None:
    """Delete a server and its tools, also from the agents that have them. Raises `NotFound`."""
    get(tx, project, server_id, for_update=True)
    tx.run(delete(_tools).where(_tools.c.mcp_server_id == server_id))
    tx.run(delete(_servers).where(_servers.c.id == server_id))


def tools_of(tx: Tx, project: ProjectId, server_id: str) -> list[Tool]:
    """The tools of a server, oldest first. Raises `NotFound` for the server."""
    get(tx, project, server_id)
    query = select(_tools.c.body).where(
        _tools.c.project_id == project, _tools.c.mcp_server_id == server_id
    )
    return [
        Tool.model_validate_json(row.body) for row in tx.all(query.order_by(_tools.c.sorted_as))
    ]


def tool_of(tx: Tx, project: ProjectId, server_id: str, tool_id: str) -> Tool:
    """A tool of a server. Raises `NotFound` for either."""
    found = [tool for tool in tools_of(tx, project, server_id) if tool.id == tool_id]
    if not found:
        raise NotFound("Tool of this MCP server", "refresh the server, or list its tools.")
    return found[0]


def of_tool(tx: Tx, project: ProjectId, tool_id: str) -> McpServer:
    """The server that a tool comes from, with its secrets, or `NotFound`."""
    row = tx.first(
        select(_tools.c.mcp_server_id).where(_tools.c.project_id == project, _tools.c.id == tool_id)
    )
    return get(tx, project, (row and row.mcp_server_id) or "")


def give(tx: Tx, project: ProjectId, server_id: str, tool: Tool, at: datetime) -> None:
    """Keep a new tool of a server. Raises `Conflict` where one of its name is kept."""
    tools.add(tx, project, tool, at)
    tx.run(update(_tools).where(_tools.c.id == tool.id).values(mcp_server_id=server_id))


def taken(tx: Tx, project: ProjectId, server_id: str, names: Collection[str]) -> set[str]:
    """Those of `names` that tools have which are not of this server.

    Nobody gives a name to a tool before the transaction ends.
    """
    naming.hold(tx, project)
    query = select(_tools.c.name, _tools.c.mcp_server_id).where(
        _tools.c.project_id == project, _tools.c.name.in_(names)
    )
    return {row.name for row in tx.all(query) if row.mcp_server_id != server_id}


def _check_name(tx: Tx, project: ProjectId, server: McpServer) -> None:
    others = select(_servers.c.id).where(
        _servers.c.project_id == project,
        _servers.c.name == server.server_name,
        _servers.c.id != server.id,
    )
    if tx.first(others) is not None:
        raise Conflict(f"There is an MCP server `{server.server_name}`; choose another name.")
