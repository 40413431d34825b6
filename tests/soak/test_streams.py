"""Many streams at once, and clients whose connections drop: nothing lost, doubled or misplaced."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from random import Random

import pytest

from tests.api.here import Client, Json
from tests.api.sending import json_of, log_of, number_of, path_of, talking
from tests.servers import serve

_APART = 50  # milliseconds between events: 20 a second
_DROPS_AFTER = 60  # events, at most
_LATE = 60  # seconds after which a stream that has not ended is taken to be stuck


@pytest.fixture
async def client(database_url: str, tmp_path: Path) -> AsyncIterator[Client]:
    """A client of a server process of its own."""
    with serve(tmp_path, {"PALAVER_DATABASE_URL": database_url}) as server:
        async with talking(server.url) as client:
            yield client


class Listener:
    """A client of one stream whose connection drops now and then, in the middle of anything."""

    def __init__(self, client: Client, conversation: str, words: int) -> None:
        self._client = client
        self._path = path_of(conversation)
        self._words = words
        self._dice = Random(conversation)
        self._done = False
        self.frames: list[bytes] = []
        self.run_id = ""
        self.drops = 0

    async def listen(self) -> None:
        """Send and hear; whenever the connection has dropped, go on where it did."""
        text = f"[[words: {self._words}]] [[pace: {_APART}]]"
        await self._hear(self._path, {"input": text, "stream_tokens": True, "background": True})
        while not self._done:
            self.drops += 1
            last = number_of(self.frames[-1]) if self.frames else 0
            await self._hear(f"/v1/runs/{self.run_id}/stream", {"starting_after": last})

    async def _hear(self, path: str, body: Json) -> None:
        left, rest = self._dice.randint(1, _DROPS_AFTER), b""
        async with (
            self._client.http.stream("POST", path, json=body) as response,
            aclosing(response.aiter_raw()) as pieces,
        ):
            assert response.status_code == 200
            async for piece in pieces:
                *frames, rest = (rest + piece).split(b"\n\n")
                for frame in frames:
                    self._take(frame)
                left -= len(frames)
                if left <= 0:
                    return

    def _take(self, frame: bytes) -> None:
        if frame == b"data: [DONE]":
            self._done = True
        elif json_of(frame)["message_type"] == "ping":
            self.run_id = json_of(frame)["run_id"]
        else:
            self.frames.append(frame)


def _sum_of(frames: Sequence[bytes]) -> str:
    return hashlib.sha256(b"\n\n".join(frames)).hexdigest()


@pytest.mark.parametrize(
    ("streams", "seconds"),
    [
        pytest.param(20, 5, id="20 for 5 s"),
        pytest.param(
            100, 60, id="100 for a minute", marks=[pytest.mark.soak, pytest.mark.timeout(300)]
        ),
    ],
)
async def test_what_is_pieced_together_is_what_was_said(
    client: Client, streams: int, seconds: int
) -> None:
    words = seconds * 1000 // _APART
    agent = await client.agent()
    listeners = [Listener(client, await client.conversation(agent), words) for _ in range(streams)]
    async with asyncio.timeout(seconds + _LATE):
        await asyncio.gather(*(listener.listen() for listener in listeners))

    for listener in listeners:
        log = await log_of(client, listener.run_id)
        assert log.stop == "end_turn"
        assert log.numbers == list(range(1, words + 3))
        assert list(map(number_of, listener.frames)) == log.numbers
        assert _sum_of(listener.frames) == _sum_of(log.events)
    assert sum(listener.drops for listener in listeners) > streams
