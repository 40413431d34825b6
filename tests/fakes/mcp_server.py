"""A real MCP server with odd tools, by the library's own server: a program of its own.

``python -m tests.fakes.mcp_server stdio`` speaks on its input and output; ``… http`` listens on
loopback, with streamable HTTP at ``/mcp`` and SSE at ``/sse``, and prints its port first.
"""

import asyncio
import os
import socket
import sys
from typing import Annotated, Any

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Image
from starlette.applications import Starlette

server = MCPServer("odd")


@server.tool()
def add(a: int, b: Annotated[int, "the other one"]) -> str:
    """Add two numbers."""
    return str(a + b)


@server.tool()
def fail(why: str = "no reason") -> str:
    """Fail."""
    raise ValueError(why)


@server.tool(structured_output=False)
def show() -> Any:
    """Say something, and show a picture."""
    return ["a picture:", Image(data=b"12345678", format="png")]


@server.tool()
def flood(size: int) -> str:
    """Say very much."""
    return "x" * size


@server.tool()
async def hang() -> str:
    """Never answer."""
    await asyncio.Event().wait()
    return ""


@server.tool()
def die() -> str:
    """End the process in the middle of the call."""
    os._exit(3)


@server.tool()
def variable(name: str) -> str:
    """A variable of the server's environment."""
    return os.environ.get(name, "(not set)")


@server.tool()
def header(name: str, context: Context[Any]) -> str:
    """A header of the request."""
    return str((context.headers or {}).get(name, "(not sent)"))


@server.tool()
def become_newer() -> str:
    """Offer other tools from now on: `add` takes three numbers, `fail` is gone, `new` is there."""
    for name in ("add", "fail", "become_newer"):
        server.remove_tool(name)
    server.add_tool(add_three, name="add")
    server.add_tool(new)
    return "done"


def add_three(a: int, b: int, c: int) -> str:
    """Add three numbers."""
    return str(a + b + c)


def new() -> str:
    """Be new."""
    return "new"


async def listen() -> None:
    """Listen on a free port, by both ways of HTTP."""
    streamable, events = server.streamable_http_app(), server.sse_app()
    lifespan: Any = streamable.router.lifespan_context
    app = Starlette(routes=[*streamable.routes, *events.routes], lifespan=lifespan)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        await uvicorn.Server(uvicorn.Config(app, log_config=None)).serve([listener])


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run("stdio")
    else:
        asyncio.run(listen())
