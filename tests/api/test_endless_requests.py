"""Requests that never come to an end are not listened to for ever."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from uvicorn._types import Scope

from palaver.api.wire import HEAD, Bounded

_POST = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
_GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
_PIECE = b"x" * 16_384


class Hasty(Bounded):
    """The same, for whom a moment is long."""

    look = 0.2


async def _echo(scope: Scope, receive: object, send: object) -> None:
    """Read all of a request, then answer."""
    assert callable(receive)
    assert callable(send)
    while (message := await receive())["type"] == "http.request" and message["more_body"]:
        pass
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where somebody listens who is hasty."""
    config = uvicorn.Config(
        _echo, port=0, log_config=None, http=Hasty, lifespan="off", timeout_keep_alive=1
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server.servers[0].sockets[0].getsockname()[1]
    await server.shutdown()


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /?", b"GET / HTTP/1.1\r\nHost: x\r\nx: ", _POST + b"1;", _POST + b"0\r\nx: ",
        _GET + b"GET /?",
    ],
    ids=["address", "header", "extension", "trailer", "second"],
)  # fmt: skip
async def test_what_is_no_body_may_not_be_long(port: int, begin: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)
    sent = 0
    with pytest.raises(ConnectionError):
        while sent < 100 * HEAD:
            writer.write(_PIECE)
            await writer.drain()
            await asyncio.sleep(0)
            sent += len(_PIECE)
    writer.close()


@pytest.mark.parametrize(
    ("begin", "more"),
    [(b"", b""), (b"\r\n", b""), (b"GE", b"T"), (_GET + b"GET", b""), (_POST + b"9999\r\n", b"x")],
    ids=["nothing", "line", "head", "second", "body"],
)
async def test_a_request_that_does_not_come_in_is_given_up(
    port: int, begin: bytes, more: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)
    ended = asyncio.create_task(reader.read())
    while not ended.done():
        writer.write(more)
        await asyncio.wait([ended], timeout=0.05)
    writer.close()

    assert b"200 OK" not in (await ended).rpartition(b"HTTP/1.1 ")[2]


async def test_a_large_body_may_take_its_time(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_POST)
    for _ in range(12):
        writer.write(b"4000\r\n" + _PIECE + b"\r\n")
        await asyncio.sleep(Hasty.look / 4)
    writer.write(b"0\r\n\r\n")

    assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    writer.close()
