"""Clients that do not give up: they send with a key, and again with the same key, until it is done.

Each knows what it was told on every try, and so what the server has to keep.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count
from time import monotonic

import httpx2

from tests.api.here import OFFLINE, Client, Json
from tests.api.sending import Told, path_of, told_in

PAUSE = 0.05  # seconds until the same is asked once more, while something lasts
_AGAIN = 0.1  # seconds until a refused client asks again
_WITHIN = 60


@dataclass(slots=True, eq=False)
class Caller:
    """One send. `doors` are the servers that take it, `tries` what was heard on each try."""

    doors: Sequence[Client]
    conversation: str
    text: str
    key: str
    body: Json = field(default_factory=dict)
    hurried: bool = False  # it hangs up once, as soon as it hears something
    tries: list[bytes] = field(default_factory=list)
    refusals: list[httpx2.Response] = field(default_factory=list)
    heard_at: float | None = None  # when an answer began
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def told(self) -> Sequence[Told]:
        """What was heard of the stream, each time."""
        return [told_in(raw) for raw in self.tries]

    async def until(self, events: int) -> None:
        """Wait until one try has told so many events; with 0, for the first byte."""
        async with asyncio.timeout(_WITHIN):
            while not any(raw and len(told_in(raw).events) >= events for raw in self.tries):
                await self._news.wait()

    async def insist(self) -> None:
        """Ask one server after the other until the whole answer was heard."""
        async with asyncio.timeout(_WITHIN):
            for turn in count():
                if await self.ask(self.doors[turn % len(self.doors)]):
                    return
                await asyncio.sleep(_AGAIN)

    async def ask(self, door: Client) -> bool:
        """Ask one server, once; whether the whole answer was heard."""
        body = {"input": self.text, "stream_tokens": True, **self.body}
        headers = {"idempotency-key": self.key}
        path = path_of(self.conversation)
        try:
            async with door.http.stream("POST", path, json=body, headers=headers) as response:
                if response.status_code != 200:
                    await response.aread()
                    self.refusals.append(response)
                    return False
                return await self._hear(response)
        except httpx2.TransportError:
            return False

    async def _hear(self, response: httpx2.Response) -> bool:
        self.heard_at = self.heard_at or monotonic()
        self.tries.append(b"")
        async with aclosing(response.aiter_raw()) as pieces:
            async for piece in pieces:
                self.tries[-1] += piece
                self._news.set()
                self._news = asyncio.Event()
                if self.hurried and len(self.tries) == 1:
                    return False
        return not self.body.get("streaming", True) or self.told[-1].done


@dataclass(slots=True, eq=False)
class Chatter:
    """A client that sends again and again to one conversation, until it is told to stop."""

    doors: Sequence[Client]
    conversation: str
    orders: str
    said: list[Caller] = field(default_factory=list)
    stopped: bool = False

    async def go_on(self) -> None:
        """Send, hear the whole answer, send again."""
        for number in count(1):
            if self.stopped:
                return
            text = f"said-{number} {self.orders}"
            doors = [*self.doors[number % 2 :], *self.doors[: number % 2]]
            caller = Caller(doors, self.conversation, text, f"key-{number}")
            caller.hurried = number % 3 == 0
            self.said.append(caller)
            await caller.insist()


async def until_answered(client: Client, is_so: Callable[[httpx2.Response], bool]) -> float:
    """How many seconds it takes until a write is answered as wanted."""
    begun = monotonic()
    async with asyncio.timeout(_WITHIN):
        while True:
            try:
                answer = await client.ask("POST", "/v1/agents/", {"model": OFFLINE})
                if is_so(answer):
                    return monotonic() - begun
            except httpx2.TransportError:
                pass
            await asyncio.sleep(PAUSE)
