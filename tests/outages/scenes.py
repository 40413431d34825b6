"""What goes on in a server when its database goes away, and what has to come of it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.api.here import OFFLINE, Client, Json
from tests.api.sending import path_of, talking, told_in
from tests.outages import checks
from tests.outages.callers import Caller, Chatter

Request = tuple[str, str, Json | None]

SHORT = "[[words: 40]] [[pace: 50]]"  # ends while the database is away
TOOL = '[[pace: 150]] [[call: memory_insert {"label": "human", "new_string": "likes tea"}]]'


@dataclass(slots=True)
class Scene:
    """One server and all that its clients do."""

    client: Client
    agent: str
    lasts: float  # seconds
    callers: list[Caller] = field(default_factory=list)
    chatter: Chatter | None = None
    followed: bytes = b""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def said(self) -> list[Caller]:
        """All sends."""
        return [*self.callers, *(self.chatter.said if self.chatter else [])]

    async def begin(self) -> None:
        """Begin runs that last long, end soon, call a tool, are not streamed, and wait."""
        long = await self._say(f"[[words: {self.lasts * 20:.0f}]] [[pace: 50]]")
        await long.until(events=3)
        waiting = Caller([self.client], long.conversation, "then [[words: 3]]", "then")
        waiting.body["on_busy"] = "queue"
        self._insist(waiting)
        await self._say(SHORT, streaming=False)
        await (await self._say(SHORT)).until(events=3)
        self.chatter = Chatter(
            [self.client], await self._conversation(), "[[words: 3]] [[pace: 20]]"
        )
        self._do(self.chatter.go_on())
        self._do(self._follow(long.told[0].run_id))
        await long.until(events=20)
        await (await self._say(TOOL)).until(events=1)

    async def end(self) -> None:
        """Hear everything to its end, then look whether all is as it must be."""
        assert self.chatter is not None
        self.chatter.stopped = True
        await asyncio.gather(*self._tasks)
        await checks.check(self.client, self.said)
        assert told_in(self.followed).done
        followed = told_in(self.followed)
        await checks.check_log(self.client, followed.run_id, [followed])

    async def refused(self, request: Request) -> None:
        """Ask for something that the server cannot do."""
        checks.check_refusal(await self.client.ask(*request))

    async def close(self) -> None:
        """Stop whatever has not ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _say(self, text: str, **body: Any) -> Caller:
        conversation = await self._conversation()
        caller = Caller([self.client], conversation, text, "once", dict(body))
        self._insist(caller)
        return caller

    def _insist(self, caller: Caller) -> None:
        self.callers.append(caller)
        self._do(caller.insist())

    async def _conversation(self) -> str:
        return await self.client.conversation(self.agent)

    async def _follow(self, run_id: str) -> None:
        """Follow a run on a connection of one's own, to the end of that connection."""
        path = f"/v1/runs/{run_id}/stream"
        async with self.client.http.stream("POST", path, json={}) as response:
            async for piece in response.aiter_raw():
                self.followed += piece

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))


def reads(conversation: str) -> list[Request]:
    """Requests that only read."""
    path = f"/v1/conversations/{conversation}"
    return [("GET", path, None), ("GET", f"{path}/messages", None), ("POST", f"{path}/stream", {})]


def writes(conversation: str) -> list[Request]:
    """Requests that write; they leave no trace where they are refused."""
    path = f"/v1/conversations/{conversation}"
    return [
        ("PATCH", path, {"summary": "new"}),
        ("POST", "/v1/agents/", {"model": OFFLINE}),
        ("POST", path_of(conversation), {"input": "Hi"}),
        ("POST", path_of(conversation), {"input": "Hi", "streaming": False}),
        ("POST", f"{path}/fork", {}),
    ]


@asynccontextmanager
async def playing(url: str, lasts: float) -> AsyncIterator[Scene]:
    """A scene with a server, begun, in which the longest run goes on for so many seconds."""
    async with talking(url) as client:
        agent = await client.agent(memory_blocks=[{"label": "human", "value": "?"}])
        scene = Scene(client, agent, lasts)
        try:
            await scene.begin()
            yield scene
        finally:
            await scene.close()
