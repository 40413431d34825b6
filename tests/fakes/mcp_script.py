"""An MCP server that answers as it is told to: what no library would let a server say."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "script", "version": "1"},
}


@dataclass
class McpScript:
    """What is answered to each method: a result, or the bytes of a whole answer. None hangs."""

    url: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def offer(self, *tools: dict[str, Any]) -> None:
        """Offer these tools."""
        self.answers["tools/list"] = {"tools": list(tools)}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, for as long as it asks."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                size = next(
                    (
                        int(line.partition(":")[2])
                        for line in head.splitlines()
                        if line.startswith("content-length:")
                    ),
                    0,
                )
                body = json.loads(await reader.readexactly(size)) if size else {}
                if not await self._answer(head.split()[0], body, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, verb: str, body: Any, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; whether the connection goes on."""
        method = body.get("method", verb)
        self.asked.append(method)
        if "id" not in body:
            writer.write(_http(202 if method != "get" else 405, ""))
            return True
        answer = {"initialize": HELLO, **self.answers}.get(method, {"error": -32601})
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
            return False
        said = {"jsonrpc": "2.0", "id": body["id"]}
        if "error" in answer:
            said["error"] = {"code": answer["error"], "message": answer.get("message", "no")}
        else:
            said["result"] = answer
        writer.write(_http(200, json.dumps(said)))
        await writer.drain()
        return True


@asynccontextmanager
async def scripted() -> AsyncIterator[McpScript]:
    """A server on loopback that has nothing to answer yet but its greeting."""
    script = McpScript()
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await script.serve(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            connections.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
    try:
        yield script
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def _http(status: int, body: str) -> bytes:
    kind = "content-type: application/json\r\n" if body else ""
    data = body.encode()
    return f"HTTP/1.1 {status} Said\r\n{kind}content-length: {len(data)}\r\n\r\n".encode() + data
