"""The tools of MCP servers, carried out by their servers."""

from palaver.core.offers import offered_as
from palaver.domain.mcp import McpServer
from palaver.domain.tool import Outcome, Tool
from palaver.engine.mcp.client import McpClient
from palaver.engine.workshop import ToolUse
from palaver.errors import Invalid, McpFailed, NotFound, ToolRefused
from palaver.store import mcp_servers
from palaver.store.db import Database, Tx


class McpTools:
    """A hand for all of them. What goes wrong at a server is told to the model."""

    def __init__(self, db: Database, client: McpClient) -> None:
        self._db = db
        self._client = client

    def refusal(self, tool: Tool) -> str | None:
        """Why no tool of an MCP server can be carried out here, if so."""
        return self._client.refusal()

    async def use(self, use: ToolUse) -> Outcome:
        """Have a tool carried out. Raises `ToolRefused`, and `Lost`."""
        try:
            server = await self._db.tx(_server_of, use)
            return await self._client.call(server, offered_as(use.tool), use.arguments)
        except (McpFailed, Invalid, NotFound) as error:
            raise ToolRefused(str(error)) from error


def _server_of(tx: Tx, use: ToolUse) -> McpServer:
    use.hold(tx)
    return mcp_servers.of_tool(tx, use.project, use.tool.id)
