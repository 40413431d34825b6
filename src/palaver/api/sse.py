"""A run's log as server-sent events, or gathered into one answer.

Frames are bare ``data:`` lines, errors alone have a name; the end is ``[DONE]`` and the connection
is closed (contract §3.6). Pings are not part of the log: they carry the last number.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass

from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from palaver import clock
from palaver.core.fold import fold
from palaver.domain.frozen import Frozen, date_of
from palaver.domain.message import Message, Ping, Stop, Usage
from palaver.domain.token_details import Logprobs, TurnTokens
from palaver.engine.log import Log
from palaver.engine.tail import MESSAGES, Event, messages_in
from palaver.errors import Stopping

PING_EVERY = 20.0  # seconds of silence

_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}

Left = Callable[[], Awaitable[None]]
"""What is to be done when a client has gone away before the end."""


class LettaResponse(Frozen):
    """All that a run said, when it is not streamed.

    ``logprobs`` are those of its last answer and ``turns`` all that was said in it, in order, each
    where the send asked for it and the provider told it. No frame of a stream has them.
    """

    messages: list[Message]
    stop_reason: Stop
    usage: Usage
    logprobs: Logprobs | None = None
    turns: list[TurnTokens] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which run's events, after which number, with pings or not, and which kinds (None: all)."""

    run_id: str
    after: int = 0
    pings: bool = True
    kinds: Collection[str] | None = None

    def shows(self, event: Event) -> bool:
        """Whether the client wants to see this event; the ends of a stream are always shown."""
        return self.kinds is None or event.kind in self.kinds or event.kind not in MESSAGES


class EventStream(Response):
    """Frames as a stream of events. A client that reads slowly is waited for."""

    media_type = "text/event-stream"

    def __init__(
        self,
        frames: AsyncGenerator[bytes, None],
        left: Left | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({**_HEADERS, **(headers or {})})
        self._frames = frames
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the frames until the run has ended, or the client has gone away."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            finished = not sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        if self._left is not None and not finished:
            await self._left()

    async def _send(self, send: Send) -> None:
        async with aclosing(self._frames) as frames:
            async for frame in frames:
                await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@asynccontextmanager
async def unless_gone(receive: Receive, left: Left | None) -> AsyncIterator[None]:
    """Have `left` done if the client goes away while the context lasts."""
    waiting = None if left is None else asyncio.ensure_future(_leave(receive, left))
    try:
        yield
    finally:
        if waiting is not None:
            waiting.cancel()


async def gather(log: Log, wanted: Wanted) -> LettaResponse | None:
    """Follow a run's log to its end and give it as one answer; None where the run failed."""
    async with aclosing(log.follow(wanted.run_id, wanted.after)) as batches:
        events = [event async for batch in batches for event in batch]
    if any(event.kind == "error_message" for event in events):
        return None
    kinds = wanted.kinds
    ends = {event.kind: event.data for event in events[-2:]}
    usage = ends.get("usage_statistics")
    return LettaResponse(
        messages=[m for m in fold(messages_in(events)) if kinds is None or m.message_type in kinds],
        stop_reason=Stop.model_validate_json(ends["stop_reason"]),
        usage=Usage.model_validate_json(usage) if usage else Usage(run_ids=[wanted.run_id]),
    )


async def _leave(receive: Receive, left: Left) -> None:
    await _gone(receive)
    await left()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def frames(log: Log, wanted: Wanted) -> AsyncGenerator[bytes, None]:
    """What is sent to a client that follows a run, until it has ended."""
    last = wanted.after
    if wanted.pings:
        yield _ping(wanted.run_id, last)
    async with aclosing(log.follow(wanted.run_id, last, patience=PING_EVERY)) as batches:
        try:
            async for batch in batches:
                if batch:
                    last = batch[-1].seq
                    shown = b"".join(_frame(event) for event in batch if wanted.shows(event))
                    if shown:
                        yield shown
                elif wanted.pings:
                    yield _ping(wanted.run_id, last)
        except Stopping:
            return  # the run goes on: without an end, the client knows to ask again
    yield b"data: [DONE]\n\n"


def _frame(event: Event) -> bytes:
    name = "event: error\n" if event.kind == "error_message" else ""
    return f"{name}data: {event.data}\n\n".encode()


def _ping(run_id: str, last: int) -> bytes:
    ping = Ping(id=clock.mint("ping"), date=date_of(clock.now()), run_id=run_id, seq_id=last)
    return f"data: {ping.model_dump_json()}\n\n".encode()
