"""Ways to talk to a server that check each answer, whatever the test was about."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from letta_client import AsyncLetta, Letta
from pydantic import BaseModel, TypeAdapter

from palaver.core.fold import fold
from palaver.domain.message import Message
from tests.contract.fields import check, operation_of
from tests.contract.problems import check_problem

Json = dict[str, Any]

_MESSAGES: TypeAdapter[list[Message]] = TypeAdapter(list[Message])
_ENDS = ("ping", "stop_reason", "usage_statistics", "error_message")


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
        return fold(_MESSAGES.validate_python([e for e in self.events if _is_message(e)]))

    def of(self, kind: str) -> list[Json]:
        """The events of one kind."""
        return [event for event in self.events if event["message_type"] == kind]

    @property
    def text(self) -> str:
        """What the model said to the people."""
        return "".join(str(event["content"]) for event in self.of("assistant_message"))


def heard(stream: Iterable[Any]) -> Turn:
    """All events of an official client's stream, each held against the contract."""
    turn = Turn([event.to_dict(mode="json") for event in stream])
    for event in turn.events:
        check("LettaStreamingResponse", event)
    return turn


def check_history(http: httpx2.Client, turn: Turn) -> None:
    """Law 1: what the stream spelled is what the history holds."""
    answer = http.get(f"/v1/runs/{turn.run_id}/messages", params={"limit": 1000})
    stored = _MESSAGES.validate_python([m for m in answer.json() if _was_said(m)])
    assert turn.messages == stored


def _is_message(event: Json) -> bool:
    return event["message_type"] not in _ENDS


def _was_said(message: Json) -> bool:
    return message["message_type"] not in ("user_message", "system_message")


def check_answer(response: httpx.Response | httpx2.Response) -> None:
    """Hold an answer against the contract. A stream is left alone; `heard` does it for those."""
    assert not response.is_redirect, f"{response.request.url} is answered with a redirect"
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        return
    assert response.headers["content-type"] == "application/json"
    if response.is_error:
        check_problem(response.status_code, response.headers, response.json())
        return
    path = response.request.url.raw_path.decode().partition("?")[0]
    operation = operation_of(response.request.method, path)
    assert operation.response is not None, f"{path} is always answered by a stream"
    check(operation.response, response.json())


def _checked(response: httpx.Response) -> None:
    if not _streams(response):
        response.read()
    check_answer(response)


async def _checked_later(response: httpx.Response) -> None:
    if not _streams(response):
        await response.aread()
    check_answer(response)


def _checked_wire(response: httpx2.Response) -> None:
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        response.read()
    check_answer(response)


def _streams(response: httpx.Response) -> bool:
    return str(response.headers.get("content-type", "")).startswith("text/event-stream")


@contextmanager
def wire(url: str) -> Iterator[httpx2.Client]:
    """Plain HTTP, with each answer checked."""
    hooks = {"response": [_checked_wire]}
    with httpx2.Client(base_url=url, timeout=30, trust_env=False, event_hooks=hooks) as http:
        yield http


@contextmanager
def official(url: str) -> Iterator[Letta]:
    """The official client."""
    http = httpx.Client(event_hooks={"response": [_checked]}, timeout=30, trust_env=False)
    with Letta(base_url=url, api_key="none", max_retries=0, http_client=http) as client:
        yield client


@contextmanager
def official_async(url: str) -> Iterator[Letta]:
    """The official asynchronous client, in the shape of the other one."""
    hooks = {"response": [_checked_later]}
    with start_blocking_portal() as portal:

        async def connect() -> AsyncLetta:
            http = httpx.AsyncClient(event_hooks=hooks, timeout=30, trust_env=False)
            return AsyncLetta(base_url=url, api_key="none", max_retries=0, http_client=http)

        client = portal.call(connect)
        yield cast(Letta, Blocking(client, portal))
        portal.call(client.close)


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

        async def following() -> tuple[Any, ...]:
            return tuple([item async for item in _one_of(items)])

        while found := self.portal.call(following):
            yield found[0]


async def _one_of(items: AsyncIterator[Any]) -> AsyncIterator[Any]:
    try:
        yield await anext(items)
    except StopAsyncIteration:
        return


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | list | dict | tuple | BaseModel)


def frames(text: str) -> list[str]:
    """The frames of a stream, which are told apart by empty lines."""
    assert text.endswith("\n\n")
    return text.removesuffix("\n\n").split("\n\n")


def parsed(frame: str) -> Json:
    """What a frame says, named or not."""
    *name, data = frame.split("\n")
    assert name in ([], ["event: error"]), frame
    said: Json = json.loads(data.removeprefix("data: "))
    return said
