"""MCP servers over HTTP, and the tools that come from them."""

import logging

from palaver import clock
from palaver.api import routing
from palaver.api.agent_tools import executed
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.problems import CONFLICT, MCP
from palaver.api.tool_bodies import ToolInput
from palaver.core import mcp_servers as config
from palaver.core.offers import offered_as
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId, McpServerId, ToolId
from palaver.domain.mcp import McpConfig, McpConfigChange, McpServer, Name, Refreshed
from palaver.domain.tool import Outcome, Tool, ToolExecutionResult
from palaver.engine.mcp.refreshing import refresh
from palaver.errors import McpFailed
from palaver.store import agents, mcp_servers
from palaver.store.db import Tx

logger = logging.getLogger(__name__)

router = routing.router("/v1/mcp-servers", "mcp_servers")


class NewMcpServer(Frozen):
    """What an MCP server is made from."""

    server_name: Name
    config: McpConfig


class McpServerChange(Frozen):
    """What becomes of a server. What is left out stays as it is."""

    server_name: Name | None = None
    config: McpConfigChange


@router.post("/", responses=CONFLICT)
async def create(body: NewMcpServer, caller: Caller, rooms: Rooms) -> McpServer:
    """Make a server known, and take on its tools if it answers; else `refresh` does that later."""
    fields = body.config.model_dump()
    named = {"id": clock.mint("mcp_server"), "server_name": body.server_name}
    server = config.read({**fields, **named})
    rooms.mcp.check(server)
    try:
        found = await rooms.mcp.offers(server)
    except McpFailed:
        logger.info("%s is kept without tools: it does not answer yet", server.id)
        found = []

    def keep(tx: Tx) -> None:
        mcp_servers.add(tx, caller.project, server, clock.now())
        refresh(tx, caller.project, server.id, found)

    await rooms.db.tx(keep)
    return config.shown(server)


@router.get("/")
async def list_servers(caller: Caller, db: Db) -> list[McpServer]:
    """List the servers, oldest first."""
    return [config.shown(one) for one in await db.read(mcp_servers.listed, caller.project)]


@router.get("/{mcp_server_id}")
async def retrieve(mcp_server_id: McpServerId, caller: Caller, db: Db) -> McpServer:
    """Read one server. Its secrets are masked."""
    return config.shown(await db.read(mcp_servers.get, caller.project, mcp_server_id))


@router.patch("/{mcp_server_id}", responses=CONFLICT)
async def update(
    mcp_server_id: McpServerId, body: McpServerChange, caller: Caller, rooms: Rooms
) -> McpServer:
    """Change a server. Its tools stay what they are until it is refreshed."""

    def change(tx: Tx) -> McpServer:
        server = mcp_servers.get(tx, caller.project, mcp_server_id, for_update=True)
        given = body.config.model_dump(exclude_unset=True)
        after = config.changed(server, {**given, "server_name": body.server_name})
        rooms.mcp.check(after)
        mcp_servers.change(tx, caller.project, after, clock.now())
        return after

    return config.shown(await rooms.db.tx(change))


@router.delete("/{mcp_server_id}")
async def delete(mcp_server_id: McpServerId, caller: Caller, db: Db) -> None:
    """Forget a server and its tools, also those that agents have."""
    await db.tx(mcp_servers.remove, caller.project, mcp_server_id)


@router.patch("/{mcp_server_id}/refresh", responses=MCP)
async def refresh_tools(
    mcp_server_id: McpServerId, caller: Caller, rooms: Rooms, agent_id: AgentId | None = None
) -> Refreshed:
    """Ask a server for its tools again: new ones are added, and those that are gone removed."""

    def read(tx: Tx) -> McpServer:
        if agent_id is not None:
            agents.get(tx, caller.project, agent_id)
        return mcp_servers.get(tx, caller.project, mcp_server_id)

    server = await rooms.db.read(read)
    found = await rooms.mcp.offers(server)
    return await rooms.db.tx(refresh, caller.project, server.id, found)


@router.get("/{mcp_server_id}/tools")
async def list_tools(mcp_server_id: McpServerId, caller: Caller, db: Db) -> list[Tool]:
    """List the tools of a server, oldest first."""
    return await db.read(mcp_servers.tools_of, caller.project, mcp_server_id)


@router.get("/{mcp_server_id}/tools/{tool_id}")
async def retrieve_tool(
    mcp_server_id: McpServerId, tool_id: ToolId, caller: Caller, db: Db
) -> Tool:
    """Read one tool of a server."""
    return await db.read(mcp_servers.tool_of, caller.project, mcp_server_id, tool_id)


@router.post("/{mcp_server_id}/tools/{tool_id}/run")
async def run_tool(
    mcp_server_id: McpServerId,
    tool_id: ToolId,
    caller: Caller,
    rooms: Rooms,
    body: ToolInput | None = None,
) -> ToolExecutionResult:
    """Have a tool carried out. Whatever goes wrong at the server is a result with status error."""

    def read(tx: Tx) -> tuple[Tool, McpServer]:
        server = mcp_servers.get(tx, caller.project, mcp_server_id)
        return mcp_servers.tool_of(tx, caller.project, mcp_server_id, tool_id), server

    tool, server = await rooms.db.read(read)
    try:
        given = body.args if body else {}
        outcome = await rooms.mcp.call(server, offered_as(tool), given)
    except McpFailed as error:
        outcome = Outcome(status="error", text=str(error))
    return executed(tool, outcome)
