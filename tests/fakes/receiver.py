"""Who is called back: takes what is posted, and answers as it is told."""

import asyncio
import json
from collections import deque
from contextlib import suppress
from typing import Any, Self

Json = dict[str, Any]


class Receiver:
    """``async with Receiver() as receiver``: a server at `receiver.url`.

    Each call takes the next of the scripted statuses, or 200 when there are none left; 0 hangs up
    without a word. A redirect points to itself.
    """

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[Json] = []
        self.statuses: deque[int] = deque()
        self._called = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def called(self, times: int) -> list[Json]:
        """What has been posted, once it is so many times."""
        async with asyncio.timeout(60), self._called:
            await self._called.wait_for(lambda: len(self.bodies) >= times)
        return self.bodies

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hook"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            assert head.startswith("post /hook ")
            length = int(head.split("content-length: ")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            status = self.statuses.popleft() if self.statuses else 200
            if status:
                said = f"HTTP/1.1 {status} X\r\nlocation: {self.url}\r\ncontent-length: 0\r\n\r\n"
                writer.write(said.encode())
            async with self._called:
                self.bodies.append(body)
                self._called.notify_all()
        writer.close()
