"""This process as a client of MCP servers. The library for that is imported when it is needed."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import httpx2

from palaver.domain.mcp import McpServer, Offer, StdioMcpServer
from palaver.domain.tool import Outcome
from palaver.engine.egress import Egress
from palaver.errors import Invalid
from palaver.settings import Settings

LISTED_WITHIN = 20.0  # seconds


def is_installed() -> bool:
    """Whether the library is there. Nothing of it is imported."""
    return find_spec("mcp") is not None


class McpClient:
    """Asks MCP servers for what they offer, and to carry it out: a session for each question.

    Nobody waits for a server longer than `limit` seconds. `stdio` says whether servers may be
    commands on this machine, `installed` whether the library is there.
    """

    def __init__(
        self,
        egress: Egress,
        limit: float,
        *,
        stdio: bool = False,
        installed: Callable[[], bool] = is_installed,
    ) -> None:
        self._egress = egress
        self._limit = limit
        self._stdio = stdio
        self._installed = installed
        self._opening = asyncio.Lock()
        self._is_open = False

    def refusal(self) -> str | None:
        """Why no server can be asked, and what to do about it; None if they can be."""
        if self._installed():
            return None
        return 'MCP servers cannot be asked here: pip install "palaver[mcp]" on the server.'

    def check(self, server: McpServer) -> None:
        """Raise `Invalid` for a server that this process does not ask, as far as can be seen."""
        refusal = self.refusal()
        if refusal is not None:
            raise Invalid(refusal)
        if not isinstance(server, StdioMcpServer):
            self._egress.read(server.server_url)
        elif not self._stdio:
            raise Invalid(
                "An MCP server of type stdio is a command on palaver's own machine, and those are "
                "not run unless the operator sets PALAVER_ALLOW_MCP_STDIO=1; use a URL instead."
            )

    async def look(self, server: McpServer) -> None:
        """The same, and its host's addresses are looked up. One that has none yet may have later.

        Raises `Invalid`.
        """
        self.check(server)
        if not isinstance(server, StdioMcpServer):
            with suppress(httpx2.ConnectError):
                await self._egress.addresses(self._egress.read(server.server_url))

    async def offers(self, server: McpServer) -> list[Offer]:
        """What a server offers. Raises `McpFailed` and `Invalid`."""
        await self._open(server)
        from palaver.engine.mcp import sessions

        limit = min(self._limit, LISTED_WITHIN)
        async with sessions.session(server, self._egress, limit) as session:
            return await sessions.offers(session)

    async def call(self, server: McpServer, tool: str, arguments: Mapping[str, Any]) -> Outcome:
        """Have a server carry a tool out, called as it offered it. Raises as `offers` does."""
        await self._open(server)
        from palaver.engine.mcp import sessions

        async with sessions.session(server, self._egress, self._limit) as session:
            return await sessions.call(session, tool, arguments)

    async def _open(self, server: McpServer) -> None:
        """Import what speaks to a server, out of the way of others; that takes about a second."""
        self.check(server)
        async with self._opening:
            if not self._is_open:
                await asyncio.to_thread(import_module, "palaver.engine.mcp.sessions")
                self._is_open = True


def client_of(settings: Settings, egress: Egress) -> McpClient:
    """A client that may do what the operator lets it do."""
    return McpClient(egress, settings.mcp_timeout.total_seconds(), stdio=settings.mcp_stdio)
