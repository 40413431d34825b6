"""Who talks to servers that die: it knows what it asked for and what it was told.

What breaks off in the middle raises nothing here where a client could not know better: a send keeps
what was heard of it.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx2

from tests.api.here import Json
from tests.api.sending import Told, path_of, told_in
from tests.crash.lives import WITHIN, Life

_END = b"\n\n"
_DONE = b"data: [DONE]"
_PING = b'"message_type":"ping"'


@dataclass(slots=True, eq=False)
class Sent:
    """A send with a key, and what was heard of its answer."""

    conversation: str
    text: str
    key: str
    body: Json
    answers: tuple[Json, ...] = ()  # to calls that wait, before the words
    kept: bool = False  # the server has said that it has got it
    refused: int | None = None  # the status, if it said that it will not
    refusal: bytes = b""
    raw: bytes = b""
    heard: int = 0  # events
    whole: bool = False  # the answer has come to its end
    hang_up_at: int | None = None  # the event with which the client hangs up
    _rest: bytes = b""  # the beginning of a frame
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def streams(self) -> bool:
        """Whether the answer is a stream."""
        return bool(self.body.get("streaming", True))

    @property
    def told(self) -> Told:
        """What was heard of the stream."""
        return told_in(self.raw if self.streams else b"")

    def hear(self, piece: bytes) -> None:
        """Hear more."""
        self._rest += piece
        *frames, self._rest = self._rest.split(_END)
        self.heard += sum(frame != _DONE and _PING not in frame for frame in frames)
        self.raw += piece
        self.news()

    def news(self) -> None:
        """Wake who waits for this answer."""
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, events: int) -> None:
        """Wait for so many events, or for the end; with 0, for the first byte."""
        async with asyncio.timeout(WITHIN):
            while not self.whole and (not self.raw or self.heard < events):
                await self._news.wait()


@dataclass(slots=True, eq=False)
class Witness:
    """A client, all that it has done, and what it may therefore expect."""

    life: Life
    kill_at: int | None = None  # the event with which it kills the server
    agent_id: str | None = None
    sent: list[Sent] = field(default_factory=list)
    summaries: dict[str, set[str | None]] = field(default_factory=dict)  # what each may be
    forks: dict[str, str] = field(default_factory=dict)  # fork: source
    deleted: dict[str, bool] = field(default_factory=dict)  # whether the server said so
    cancelled: set[str] = field(default_factory=set)  # runs of which the server said so
    order: list[Sent] = field(default_factory=list)  # sends whose order is known
    expiring: set[str] = field(default_factory=set)  # where calls do not wait for ever
    created: int = 0  # conversations asked for
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def do(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """What came of a request that has to succeed. Or `httpx2.TransportError`."""
        answer = await self.life.client.ask(method, path, body, **params)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code}: {answer.text}"
        return answer.json()

    async def agent(self, **more: Any) -> str:
        """Make an agent."""
        blocks = [{"label": "human", "value": "no tea"}]
        about = {"model": "palaver/offline", "memory_blocks": blocks, **more}
        made = await self.do("POST", "/v1/agents/", about)
        self.agent_id = made["id"]
        return str(made["id"])

    async def conversation(self) -> str:
        """Open a conversation, with an agent of its own if there is none yet."""
        agent_id = self.agent_id or await self.agent()
        self.created += 1
        made = await self.do("POST", "/v1/conversations/", {"summary": "old"}, agent_id=agent_id)
        self.summaries[made["id"]] = {"old"}
        return str(made["id"])

    def begin(
        self, conversation: str, orders: str, hang_up_at: int | None = None, **body: Any
    ) -> Sent:
        """Send, and listen in the background."""
        sent = self.note(conversation, orders, **body)
        sent.hang_up_at = hang_up_at
        self._tasks.add(asyncio.create_task(self.listen(sent)))
        return sent

    def note(self, conversation: str, orders: str, **body: Any) -> Sent:
        """What is to be sent, with words and a key of its own."""
        number = next(self._numbers)
        sent = Sent(conversation, f"said-{number}. {orders}", f"key-{number}", body)
        self.sent.append(sent)
        return sent

    async def send(self, conversation: str, orders: str, **body: Any) -> Sent:
        """Send, and listen to the end, or until the server dies."""
        sent = self.begin(conversation, orders, **body)
        await sent.until(2**31)
        return sent

    async def answer(self, conversation: str, orders: str, *answers: Json) -> Sent:
        """Answer calls that wait, say something, and listen to the end."""
        sent = self.note(conversation, orders)
        sent.answers = answers
        await self.listen(sent)
        return sent

    async def again(self, sent: Sent) -> Sent:
        """The same send once more."""
        copy = Sent(sent.conversation, sent.text, sent.key, sent.body, sent.answers)
        async with asyncio.timeout(WITHIN):
            await self.listen(copy)
        return copy

    async def done(self) -> None:
        """Wait until everything that was begun has come to an end."""
        async with asyncio.timeout(WITHIN):
            await asyncio.gather(*self._tasks)

    async def follow(self, sent: Sent) -> None:
        """Hear the rest of an answer that was broken off."""
        sent.raw = sent.raw[: sent.raw.rfind(_END) + len(_END)]
        sent.hang_up_at, sent._rest = None, b""
        path = f"/v1/conversations/{sent.conversation}/stream"
        body = {"run_id": sent.told.run_id, "starting_after": len(sent.told.events)}
        await self._hear(sent, path, body, {})

    async def listen(self, sent: Sent) -> None:
        """Send, and listen from the beginning to the end, or until the server dies."""
        sent.raw, sent._rest, sent.heard = b"", b"", 0
        said: Json = {"input": sent.text}
        if sent.answers:
            words = {"role": "user", "content": sent.text}
            said = {"messages": [{"type": "approval", "approvals": sent.answers}, words]}
        body = {**said, "stream_tokens": True, **sent.body}
        await self._hear(sent, path_of(sent.conversation), body, {"idempotency-key": sent.key})

    async def _hear(self, sent: Sent, path: str, body: Json, headers: dict[str, str]) -> None:
        http = self.life.client.http
        sent.whole, sent.refused = False, None
        try:
            async with http.stream("POST", path, json=body, headers=headers) as response:
                if response.status_code != 200:
                    sent.refused = response.status_code
                    sent.refusal = await response.aread()
                    return
                sent.kept = True
                async with aclosing(response.aiter_raw()) as pieces:
                    async for piece in pieces:
                        sent.hear(piece)
                        if sent.heard >= (self.kill_at or 2**31):
                            self.life.kill()
                        if sent.heard >= (sent.hang_up_at or 2**31):
                            return
        except httpx2.TransportError:
            pass
        finally:
            sent.whole = True
            sent.news()
