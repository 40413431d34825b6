"""A run's log as server-sent events, or gathered into one answer.

Frames are bare ``data:`` lines, errors alone have a name; the end is ``[DONE]`` and the connection
is closed (contract §3.6). Pings are not part of the log: they carry the last number.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from fastapi.responses import StreamingResponse

from palaver import clock
from palaver.core.fold import fold
from palaver.domain.frozen import Frozen, date_of
from palaver.domain.message import Message, Ping, Stop, Usage
from palaver.engine.log import MESSAGES, Event, Log, messages_in

PING_EVERY = 20.0  # seconds of silence

_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


class LettaResponse(Frozen):
    """All that a run said, when it is not streamed."""

    messages: list[Message]
    stop_reason: Stop
    usage: Usage
    logprobs: dict[str, object] | None = None
    turns: list[dict[str, object]] | None = None


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


def stream(log: Log, wanted: Wanted) -> StreamingResponse:
    """Follow a run's log as a stream of events."""
    return StreamingResponse(_frames(log, wanted), media_type="text/event-stream", headers=_HEADERS)


async def gather(log: Log, wanted: Wanted) -> LettaResponse | None:
    """Follow a run's log to its end and give it as one answer; None where the run failed."""
    events = [event async for batch in log.follow(wanted.run_id, wanted.after) for event in batch]
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


async def _frames(log: Log, wanted: Wanted) -> AsyncIterator[bytes]:
    last = wanted.after
    if wanted.pings:
        yield _ping(wanted.run_id, last)
    async for batch in log.follow(wanted.run_id, last, patience=PING_EVERY):
        if batch:
            last = batch[-1].seq
            shown = b"".join(_frame(event) for event in batch if wanted.shows(event))
            if shown:
                yield shown
        elif wanted.pings:
            yield _ping(wanted.run_id, last)
    yield b"data: [DONE]\n\n"


def _frame(event: Event) -> bytes:
    name = "event: error\n" if event.kind == "error_message" else ""
    return f"{name}data: {event.data}\n\n".encode()


def _ping(run_id: str, last: int) -> bytes:
    ping = Ping(id=clock.mint("ping"), date=date_of(clock.now()), run_id=run_id, seq_id=last)
    return f"data: {ping.model_dump_json()}\n\n".encode()
