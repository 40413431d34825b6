"""Sends with all their choices, and streams byte for byte."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from palaver.providers.certificates import trusted
from tests.api.here import Client, Json

WITHIN = 30  # seconds, for what would otherwise never happen
ENDLESS = "[[words: 100000]] [[pace: 20]]"
CALLING = '[[call: memory_insert {"label": "human", "new_string": "tea"}]] [[pace: 20]]'

_DONE = b"data: [DONE]"
_POLL = 0.02  # seconds between looks at what tells of no change by itself


@dataclass(frozen=True, slots=True)
class Told:
    """A stream as it came: the frames of its events, its pings, and whether it said DONE."""

    events: tuple[bytes, ...]
    pings: tuple[Json, ...]
    done: bool

    @property
    def numbers(self) -> list[int]:
        """The numbers of the events."""
        return [number_of(frame) for frame in self.events]

    @property
    def run_id(self) -> str:
        """The run that is told of."""
        said = (*self.pings, *map(json_of, self.events))
        return next(str(one["run_id"]) for one in said if one.get("run_id"))

    @property
    def stop(self) -> str:
        """Why the run stopped; it is told exactly once."""
        (stop,) = (one for one in map(json_of, self.events) if "stop_reason" in one)
        return str(stop["stop_reason"])

    def after(self, number: int) -> tuple[bytes, ...]:
        """The frames of the events after a number."""
        return tuple(frame for frame in self.events if number_of(frame) > number)


@dataclass(frozen=True, slots=True)
class Begun:
    """A send that goes on in the background: its run, and its place among those that wait."""

    run_id: str
    position: str | None


def frames_of(raw: bytes) -> Iterator[bytes]:
    """The whole frames of a stream, or of its beginning."""
    yield from raw.split(b"\n\n")[:-1]


def json_of(frame: bytes) -> Json:
    """What a frame says."""
    said: Json = json.loads(frame.removeprefix(b"event: error\n").removeprefix(b"data: "))
    return said


def number_of(frame: bytes) -> int:
    """The number of the event in a frame."""
    return int(json_of(frame)["seq_id"])


def told_in(raw: bytes) -> Told:
    """What a stream, or its beginning, tells."""
    frames = list(frames_of(raw))
    events: list[bytes] = []
    pings: list[Json] = []
    for frame in frames:
        if frame == _DONE:
            continue
        said = json_of(frame)
        if said["message_type"] == "ping":
            pings.append(said)
        else:
            events.append(frame)
    return Told(tuple(events), tuple(pings), frames[-1:] == [_DONE])


async def conversation_to_edit(client: Client) -> str:
    """A conversation with an agent that has something to edit, of any client."""
    blocks = [{"label": "human", "value": "no tea"}]
    return await client.conversation(await client.agent(memory_blocks=blocks))


def path_of(conversation: str) -> str:
    """Where one sends to a conversation."""
    return f"/v1/conversations/{conversation}/messages"


@asynccontextmanager
async def talking(url: str) -> AsyncIterator[Client]:
    """A client of the server at `url`, with as many connections as it wants.

    It keeps few: each that is idle is looked at before each request.
    """
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=8)
    async with httpx2.AsyncClient(
        base_url=url, timeout=WITHIN, trust_env=False, limits=limits, verify=trusted()
    ) as http:
        yield Client(http)


async def post(
    client: Client, conversation: str, text: str, key: str | None = None, **body: Any
) -> httpx2.Response:
    """Send words; any answer, whole."""
    client.conversations.add(conversation)
    headers = {} if key is None else {"idempotency-key": key}
    said = {"input": text} if text else {}
    return await client.http.post(
        path_of(conversation), json={**said, **body}, headers=headers, timeout=WITHIN
    )


async def begin(
    client: Client, conversation: str, text: str = ENDLESS, key: str | None = None, **body: Any
) -> Begun:
    """Send words whose answer goes on when we hang up; what is told before the first event."""
    client.conversations.add(conversation)
    headers = {} if key is None else {"idempotency-key": key}
    sent = {**({"input": text} if text else {}), "background": True, **body}
    raw = b""
    path = path_of(conversation)
    async with client.http.stream("POST", path, json=sent, headers=headers) as response:
        if response.status_code != 200:
            await response.aread()
            raise AssertionError(f"{response.status_code}: {response.text}")
        async with aclosing(response.aiter_raw()) as pieces:
            async for piece in pieces:
                raw += piece
                if b"\n\n" in raw:
                    break
        return Begun(told_in(raw).run_id, response.headers.get("x-queue-position"))


async def follow(client: Client, path: str, body: Json | None = None) -> Told:
    """All that a stream tells, to its end."""
    answer = await client.ask("POST", path, body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return told_in(answer.content)


async def log_of(client: Client, run_id: str, **body: Any) -> Told:
    """All events of a run; it has an end, so they are waited for."""
    return await follow(client, f"/v1/runs/{run_id}/stream", {"include_pings": False, **body})


async def queued(client: Client, conversation: str, text: str, **body: Any) -> str:
    """The run of a send that may wait."""
    return (await begin(client, conversation, text, on_busy="queue", **body)).run_id


async def ended(client: Client, *runs: str) -> list[str]:
    """Why the runs have stopped, once they have."""
    return [(await log_of(client, run)).stop for run in runs]


async def cancel_run(client: Client, run_id: str) -> None:
    """Ask for the end of this run, and not of those that wait behind it."""
    agent = (await client.get(f"/v1/runs/{run_id}"))["agent_id"]
    path = f"/v1/agents/{agent}/messages/cancel"
    assert await client.post(path, {"run_ids": [run_id]}) == {run_id: "cancelled"}


async def until(client: Client, run_id: str, *statuses: str) -> Json:
    """The run, once its status is one of these."""
    async with asyncio.timeout(WITHIN):
        while True:
            run: Json = await client.get(f"/v1/runs/{run_id}")
            if run["status"] in statuses:
                return run
            await asyncio.sleep(_POLL)


async def until_said(client: Client, run: str) -> None:
    """Wait until the run has said something."""
    path = f"/v1/runs/{run}/stream"
    async with (
        client.http.stream("POST", path, json={"include_pings": False}) as response,
        aclosing(response.aiter_raw()) as pieces,
    ):
        assert (await anext(pieces)).startswith(b"data: ")


async def said_in(client: Client, conversation: str, role: str = "user_message") -> list[str]:
    """What was said in a conversation by one side, in order."""
    return [
        str(one["content"])
        for one in await client.history(conversation)
        if one["message_type"] == role
    ]
