"""Ways to talk to a server that hold each answer against the contract, whatever the test is about.

Streams are recorded on their way to the client that reads them, so that the frames are checked as
they came.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from letta_client import AsyncLetta, Letta
from pydantic import BaseModel, TypeAdapter

from palaver.core.fold import fold
from palaver.domain.message import Message
from palaver.providers.certificates import trusted
from tests.contract.fields import Operation, check, operation_of
from tests.contract.problems import check_problem

Json = dict[str, Any]

DONE = "data: [DONE]"
_MESSAGES: TypeAdapter[list[Message]] = TypeAdapter(list[Message])
_INPUTS: tuple[str, ...] = ("user_message", "system_message", "approval_response_message")
_ALOUD = ("ping", "stop_reason", "usage_statistics", "error_message", "event_message")
"""What is told in a stream only."""


@dataclass(frozen=True, slots=True)
class Record:
    """A stream on its way to a client: what was asked for, and what has come so far."""

    asked: Json
    came: bytearray = field(default_factory=bytearray)

    @property
    def is_whole(self) -> bool:
        """Whether the client heard all of it."""
        return self.came.endswith(f"{DONE}\n\n".encode())


@dataclass(frozen=True, slots=True)
class Turn:
    """What a send was answered with: the events of the stream as they came."""

    events: list[Json]

    @property
    def run_id(self) -> str:
        """The run that the events tell of."""
        return next(str(event["run_id"]) for event in self.events if event.get("run_id"))

    @property
    def kinds(self) -> list[str]:
        """The kinds of the events, repeats left out."""
        kinds = [str(event["message_type"]) for event in self.events]
        return [kind for n, kind in enumerate(kinds) if n == 0 or kind != kinds[n - 1]]

    @property
    def messages(self) -> list[Message]:
        """The messages that the events spell."""
        said = [event for event in self.events if event["message_type"] not in _ALOUD]
        return fold(_MESSAGES.validate_python(said))

    def of(self, kind: str) -> list[Json]:
        """The events of one kind."""
        return [event for event in self.events if event["message_type"] == kind]

    @property
    def text(self) -> str:
        """What the model said to the people."""
        return "".join(str(event["content"]) for event in self.of("assistant_message"))

    @property
    def stop(self) -> str:
        """Why the run ended."""
        [event] = self.of("stop_reason")
        return str(event["stop_reason"])


def turn_of(text: str) -> Turn:
    """What a stream says, each frame held against the contract (§3.6)."""
    assert text.endswith("\n\n")
    *frames, last = text.removesuffix("\n\n").split("\n\n")
    assert last == DONE
    turn = Turn([_event(frame) for frame in frames])
    for event in turn.events:
        of_window = event["message_type"] in ("event_message", "summary_message")
        check("LettaMessage" if of_window else "LettaStreamingResponse", event)
    return turn


def _event(frame: str) -> Json:
    *name, data = frame.split("\n")
    said: Json = json.loads(data.removeprefix("data: "))
    assert name == (["event: error"] if said["message_type"] == "error_message" else []), frame
    return said


def heard(stream: Any, records: list[Record]) -> Turn:
    """What the newest stream of an official client says; the client must understand all of it."""
    record = records[-1]
    understood = [event.message_type for event in stream]
    turn = turn_of(record.came.decode())
    assert understood == [event["message_type"] for event in turn.events]
    return turn


def check_history(http: httpx2.Client, record: Record) -> None:
    """Law 1: what the stream spelled is what the history holds."""
    turn = turn_of(record.came.decode())
    stored = http.get(f"/v1/runs/{turn.run_id}/messages", params={"limit": 1000}).json()
    kinds = record.asked.get("include_return_message_types")
    silent = _INPUTS
    if not record.asked.get("include_compaction_messages"):
        silent += ("summary_message",)
    said = [
        message
        for message in _MESSAGES.validate_python(stored)
        if message.message_type not in silent and (kinds is None or message.message_type in kinds)
    ]
    assert turn.messages == said


def paged(page: Callable[[int], Iterable[Any]]) -> list[list[str]]:
    """The ids of a whole list, put together from pages of one, of two and of three."""
    return [[str(one.id) for one in page(limit)] for limit in (1, 2, 3)]


@contextmanager
def wire(url: str, records: list[Record]) -> Iterator[httpx2.Client]:
    """Plain HTTP, with each answer checked."""

    def hook(response: httpx2.Response) -> None:
        if _streams(response):
            response.stream = _Tee(response.stream, _begun(response, records))
        else:
            response.read()
            _check_answer(response)

    hooks = {"response": [hook]}
    with httpx2.Client(
        base_url=url, timeout=30, verify=trusted(), trust_env=False, event_hooks=hooks
    ) as http:
        yield http


@contextmanager
def official(url: str, records: list[Record]) -> Iterator[Letta]:
    """The official client. It does not try again, so that a wrong answer is told at once."""

    def hook(response: httpx.Response) -> None:
        if _streams(response):
            response.stream = _Tee(response.stream, _begun(response, records))
        else:
            response.read()
            _check_answer(response)

    http = httpx.Client(
        event_hooks={"response": [hook]}, timeout=30, verify=trusted(), trust_env=False
    )
    with Letta(base_url=url, api_key="none", max_retries=0, http_client=http) as client:
        yield client


@contextmanager
def official_async(url: str, records: list[Record]) -> Iterator[Letta]:
    """The official asynchronous client, in the shape of the other one."""

    async def hook(response: httpx.Response) -> None:
        if _streams(response):
            response.stream = _AsyncTee(response.stream, _begun(response, records))
        else:
            await response.aread()
            _check_answer(response)

    async def connect() -> AsyncLetta:
        http = httpx.AsyncClient(
            event_hooks={"response": [hook]}, timeout=30, verify=trusted(), trust_env=False
        )
        return AsyncLetta(base_url=url, api_key="none", max_retries=0, http_client=http)

    with start_blocking_portal() as portal:
        client = portal.call(connect)
        yield cast(Letta, Blocking(client, portal))
        portal.call(client.close)


def _streams(response: httpx.Response | httpx2.Response) -> bool:
    assert not response.is_redirect, f"{response.request.url} is answered with a redirect"
    return str(response.headers.get("content-type", "")).startswith("text/event-stream")


def _begun(response: httpx.Response | httpx2.Response, records: list[Record]) -> Record:
    """The record of a stream that begins."""
    records.append(Record(json.loads(response.request.content)))
    return records[-1]


def _check_answer(response: httpx.Response | httpx2.Response) -> None:
    if response.status_code == 204:
        assert response.content == b""
        assert _operation(response).response == "none"
        return
    assert response.headers["content-type"] == "application/json"
    if response.is_error:
        check_problem(response.status_code, response.headers, response.json())
        return
    assert response.status_code == 200
    operation = _operation(response)
    assert operation.response is not None, f"{operation.path} is always answered by a stream"
    check(operation.response, response.json())


def _operation(response: httpx.Response | httpx2.Response) -> Operation:
    """What was asked for."""
    path = response.request.url.raw_path.decode().partition("?")[0]
    return operation_of(response.request.method, path)


class _Tee(httpx.SyncByteStream, httpx2.SyncByteStream):
    """A stream that is recorded while it is read."""

    def __init__(self, stream: Any, record: Record) -> None:
        self._stream = stream
        self._record = record

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._record.came.extend(chunk)
            yield chunk

    def close(self) -> None:
        self._stream.close()


class _AsyncTee(httpx.AsyncByteStream):
    """The same for the asynchronous client."""

    def __init__(self, stream: Any, record: Record) -> None:
        self._stream = stream
        self._record = record

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._record.came.extend(chunk)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


@dataclass(frozen=True, slots=True)
class Blocking:
    """An asynchronous thing, used as if it were none: calls wait, and so does iterating."""

    it: Any
    portal: BlockingPortal

    def __getattr__(self, name: str) -> Any:
        """The same of the thing itself."""
        found = getattr(self.it, name)
        return found if _is_plain(found) else Blocking(found, self.portal)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the thing and wait for what it gives."""

        async def call() -> Any:
            given = self.it(*args, **options)
            return await given if hasattr(given, "__await__") else given

        given = self.portal.call(call)
        return Blocking(given, self.portal) if hasattr(given, "__aiter__") else given

    def __iter__(self) -> Iterator[Any]:
        """Each thing in turn."""
        items: AsyncIterator[Any] = self.it.__aiter__()
        nothing = object()
        while (item := self.portal.call(anext, items, nothing)) is not nothing:
            yield item


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | list | dict | tuple | BaseModel)
