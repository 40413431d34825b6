"""As much of HTTP/1.1 as the bench needs, on plain sockets: a client library would cost more than
the servers it measures.
"""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

HOST = "127.0.0.1"
BUFFER = 1 << 22  # bytes; a head or a line may not be longer

Json = Any


class WrongAnswer(Exception):
    """The server did not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Head:
    """The lines above a body: the first one, and what says how the body ends."""

    first: str
    length: int
    chunked: bool
    closing: bool

    @property
    def status(self) -> int:
        """The status of an answer."""
        return int(self.first.split()[1])


async def read_head(reader: StreamReader) -> Head | None:
    """The next head, or None where the other side has hung up."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = raw.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    return Head(
        first=first,
        length=int(fields.get("content-length", 0)),
        chunked="chunked" in fields.get("transfer-encoding", ""),
        closing=fields.get("connection") == "close",
    )


async def pieces(reader: StreamReader, head: Head) -> AsyncIterator[bytes]:
    """The body, as it comes."""
    if not head.chunked:
        yield await reader.readexactly(head.length)
        return
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)


def framed(start: str, body: bytes, kind: str = "application/json") -> bytes:
    """A whole request or answer whose first line is `start`."""
    head = f"{start}\r\nhost: {HOST}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection:
    """A client's connection, kept open from one request to the next. One request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[StreamReader, StreamWriter] | None = None

    async def call(self, method: str, path: str, body: Json = None) -> Json:
        """The answer to a request. Raises `WrongAnswer` unless it is a 200 with JSON in it."""
        return json.loads(b"".join([piece async for piece in self._answer(method, path, body)]))

    async def events(self, path: str, body: Json) -> AsyncIterator[Json]:
        """The events of a streamed answer, up to ``[DONE]``. Raises `WrongAnswer` without it."""
        rest, done = b"", False
        async for piece in self._answer("POST", path, body):
            *frames, rest = (rest + piece).split(b"\n\n")
            for frame in frames:
                if not frame.startswith(b"data: "):
                    raise WrongAnswer(f"not an event: {frame[:300]!r}")
                if frame == b"data: [DONE]":
                    done = True
                else:
                    yield json.loads(frame[6:])
        if not done:
            raise WrongAnswer("the stream broke off")

    def close(self) -> None:
        """Hang up."""
        if self._streams:
            self._streams[1].close()
        self._streams = None

    async def _answer(self, method: str, path: str, body: Json) -> AsyncIterator[bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port, limit=BUFFER)
        reader, writer = self._streams
        sent = b"" if body is None else json.dumps(body).encode()
        writer.write(framed(f"{method} {path} HTTP/1.1", sent))
        head = await read_head(reader)
        if head is None:
            raise WrongAnswer(f"{method} {path}: the server hung up")
        if head.status != 200:
            text = b"".join([piece async for piece in pieces(reader, head)])
            raise WrongAnswer(f"{method} {path}: {head.first}: {text[:300]!r}")
        async for piece in pieces(reader, head):
            yield piece
        if head.closing:
            self.close()
