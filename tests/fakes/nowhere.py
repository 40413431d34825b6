"""Addresses of this machine where no provider is."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

UNKNOWN = f"http://{'.'.join(['nobody' * 10] * 5)}"
"""A name that is too long for the domain name system: nobody needs to be asked for it."""


def refusing() -> str:
    """The URL of a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@asynccontextmanager
async def deaf() -> AsyncIterator[str]:
    """The URL of a server that takes up no connection: its queue is full."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(3):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
            await asyncio.sleep(0)
        yield f"http://127.0.0.1:{address[1]}"


@asynccontextmanager
async def without_tls() -> AsyncIterator[str]:
    """The URL, with https, of a server that speaks plain HTTP."""

    async def complain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(complain, "127.0.0.1", 0) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
