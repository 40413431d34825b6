"""Sessions with MCP servers. Only here is the library known that speaks their protocol."""

import json
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import (
    HEADER_MISMATCH,
    AudioContent,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    Implementation,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from palaver import __version__
from palaver.core.mcp_servers import headers
from palaver.domain.mcp import McpServer, Offer, SseMcpServer, StdioMcpServer
from palaver.domain.tool import Outcome
from palaver.engine.egress import Egress
from palaver.errors import McpFailed, McpTimeout, PalaverError

CONNECT_WITHIN = 10.0  # seconds
MOST_OFFERS = 500
MOST_PAGES = 50  # of offers
LONGEST_REASON = 500  # characters of what a server says about its failure
PALAVER = Implementation(name="palaver", version=__version__)

# It writes down what servers say, with the way to it; neither is for our log.
logging.getLogger("mcp").setLevel(logging.CRITICAL)

_FAILURES = (
    ExceptionGroup, MCPError, httpx2.HTTPError, httpx2.SSEError, anyio.BrokenResourceError,
    anyio.ClosedResourceError, anyio.EndOfStream, OSError, RuntimeError, ValueError, TypeError,
    LookupError, AttributeError,
)  # fmt: skip


@asynccontextmanager
async def session(server: McpServer, egress: Egress, limit: float) -> AsyncIterator[Client]:
    """A session with a server, which ends with the context.

    Raises `McpTimeout` where all of it takes longer than `limit` seconds, `McpFailed` where the
    server does not do its part, `AddressRefused`.
    """
    try:
        with anyio.fail_after(limit):
            way = _transport(server, egress, limit)
            async with Client(way, client_info=PALAVER, cache=None) as client:
                yield client
    except TimeoutError:
        raise McpTimeout(
            f"MCP server `{server.server_name}` took longer than {limit:g} s; see whether it runs, "
            "or raise PALAVER_MCP_TIMEOUT."
        ) from None
    except _FAILURES as error:
        raise _translated(error, server) from None


async def offers(client: Client) -> list[Offer]:
    """What a server offers, up to a bound."""
    found: list[Offer] = []
    cursor = None
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += [
            Offer(name=one.name, description=one.description or "", parameters=one.input_schema)
            for one in page.tools
        ]
        cursor = page.next_cursor
        if cursor is None or len(found) >= MOST_OFFERS:
            break
    return found[:MOST_OFFERS]


async def call(client: Client, tool: str, arguments: Mapping[str, Any]) -> Outcome:
    """What comes of a tool.

    The library's own call would hold the result against the schema that the server gives for it,
    whose patterns could keep this process busy for ever.
    """
    params = CallToolRequestParams(name=tool, arguments=dict(arguments))
    request = CallToolRequest(params=params)
    try:
        result = await client.session.send_request(request, CallToolResult)
    except MCPError as error:
        if error.code != HEADER_MISMATCH:
            raise
        await client.list_tools()  # tells the session which arguments are headers
        result = await client.session.send_request(request, CallToolResult)
    return _outcome(result)


@asynccontextmanager
async def _transport(server: McpServer, egress: Egress, limit: float) -> AsyncGenerator[Any, None]:
    """The way to a server and back."""
    if isinstance(server, StdioMcpServer):
        command = StdioServerParameters(command=server.command, args=server.args, env=server.env)
        with open(os.devnull, "w") as nowhere:
            async with stdio_client(command, errlog=nowhere) as streams:
                yield streams
        return
    timeout = httpx2.Timeout(limit, connect=min(limit, CONNECT_WITHIN))
    http = await egress.client(server.server_url, headers(server), timeout)
    if isinstance(server, SseMcpServer):

        def made(
            headers: dict[str, str] | None = None,
            timeout: httpx2.Timeout | None = None,
            auth: httpx2.Auth | None = None,
        ) -> httpx2.AsyncClient:
            return http

        async with sse_client(server.server_url, httpx_client_factory=made) as streams:
            yield streams
    else:
        async with http, streamable_http_client(server.server_url, http_client=http) as streams:
            yield streams


def _outcome(result: CallToolResult) -> Outcome:
    """A result as text: its blocks, a line each; its structured content where it has no blocks."""
    texts = [_text(block) for block in result.content]
    if not texts and result.structured_content is not None:
        texts = [json.dumps(result.structured_content, ensure_ascii=False)]
    text = "\n".join(texts).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return Outcome(status="error" if result.is_error else "success", text=text)


def _text(block: ContentBlock) -> str:
    """A block as text; of what is no text, that it is there."""
    match block:
        case TextContent(text=text) | EmbeddedResource(resource=TextResourceContents(text=text)):
            return text
        case ImageContent(mime_type=kind, data=data) | AudioContent(mime_type=kind, data=data):
            return f"[{block.type}: {kind}, {len(data.rstrip('=')) * 3 // 4} bytes]"
        case ResourceLink(uri=uri, name=name):
            return f"[resource: {name}, {uri}]"
        case EmbeddedResource(resource=resource):
            return f"[resource: {resource.uri}]"


def _translated(error: Exception, server: McpServer) -> PalaverError:
    """A failure as what it means to who asked."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, PalaverError):
            return cause
    return McpFailed(
        f"MCP server `{server.server_name}` failed: {_reason(causes[0])}. See whether it runs, "
        "and whether its config is right."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _causes(one)
    else:
        yield error


def _reason(cause: BaseException) -> str:
    match cause:
        case MCPError(message=message):
            return f"it says {message[:LONGEST_REASON]!r}"
        case httpx2.HTTPStatusError(response=response):
            return f"it answers with status {response.status_code}"
        case httpx2.TimeoutException():
            return "it does not answer in time"
        case httpx2.ConnectError():
            return "it cannot be reached"
        case httpx2.HTTPError():
            return "it breaks off, or sends what it must not"
        case OSError():
            return "its command cannot be run"
        case _:
            return "it does not keep to the protocol"
