"""What goes over the wire to providers, heard where it passes: at the client of their libraries.

What a provider would be asked is told by those who write it: the libraries. So nothing is written a
second time, and what is told is what would go over the wire. Whoever wants to know what was asked
and answered hangs up a `Tape`.
"""

import json
import re
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2

from palaver import clock
from palaver.domain.llm import StreamEvent
from palaver.domain.trace import Http, ProviderTrace
from palaver.providers.masking import is_secret, masked_document

MOST_BYTES = 1024 * 1024
"""What is kept of a request, and of an answer. The last bytes of one that is longer are cut off."""

_TORN = 1024  # characters before a cut, among which there may be half of a secret
_DEEPEST = 100  # objects within objects that are shown as such
_AMAZONS = "application/vnd.amazon.eventstream"
_PACKED = re.compile(rb'"bytes":\s*"([A-Za-z0-9+/=]*)"?')
_NO_TEXT = re.compile(r"\\ud[89a-f]", re.IGNORECASE)  # what stands for half of a character


class Overheard(BaseException):
    """A request was heard and nobody will answer it. No library takes this for an error."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body


@dataclass(slots=True)
class Exchange:
    """A request as it was sent, and what has come in answer so far."""

    request: httpx2.Request
    call_type: str
    step_id: str | None
    secrets: tuple[str, ...] = field(repr=False)
    response: httpx2.Response | None = None
    heard: bytearray = field(default_factory=bytearray)
    id: str = field(default_factory=lambda: clock.mint("provider_trace"))
    at: datetime = field(default_factory=clock.now)
    begun: int = field(default_factory=clock.ticks)
    last: int | None = None  # when something came

    def hear(self, piece: bytes) -> None:
        """Note a piece of the answer, as far as there is room for it."""
        self.last = clock.ticks()
        self.heard += piece[: max(0, MOST_BYTES + 1 - len(self.heard))]

    def told(self, run_id: str, agent_id: str) -> ProviderTrace:
        """All of it, without secrets. A long one takes a while."""
        asked, answer = self.request, self.response
        return ProviderTrace(
            id=self.id,
            created_at=self.at,
            run_id=run_id,
            step_id=self.step_id,
            agent_id=agent_id,
            call_type=self.call_type,
            latency_ms=self.last and (self.last - self.begun) // 1_000_000,
            request_json=self._document(asked.content),
            response_json=self._answer(answer),
            http=Http(
                method=asked.method,
                url=self._masked(str(asked.url)),
                headers=self._headers(asked.headers),
                status=answer.status_code if answer else None,
                response_headers=self._headers(answer.headers) if answer else {},
            ),
        )

    def _answer(self, answer: httpx2.Response | None) -> dict[str, Any]:
        said = answer.headers if answer else {}
        packed = said.get("content-encoding", "identity")
        if packed != "identity":  # no secret would be seen in it
            return {"unread": packed}
        heard = bytes(self.heard)
        if said.get("content-type") == _AMAZONS:
            heard = _PACKED.sub(_unpacked, heard)
        return self._document(heard)

    def _document(self, said: bytes) -> dict[str, Any]:
        """A JSON object as it is, anything else as text."""
        text = self._masked(said[:MOST_BYTES].decode(errors="replace"))
        if len(said) > MOST_BYTES:
            return {"text": text[:-_TORN], "cut": True}
        return _object(text) or ({"text": text} if text else {})

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {k: "***" if is_secret(k) else self._masked(v) for k, v in headers.items()}

    def _masked(self, text: str) -> str:
        return masked_document(text, self.secrets)


class Tape:
    """What a task has asked providers, until it is taken. Nothing of `secrets` is told."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._call_type = "tool"
        self._step_id: str | None = None
        self._secrets = secrets
        self._heard: list[Exchange] = []

    def turn(self, call_type: str, step_id: str | None = None) -> None:
        """What is asked from now on is asked for this: an ``agent_step``, say, and of which."""
        self._call_type, self._step_id = call_type, step_id

    def begin(self, request: httpx2.Request) -> None:
        """Note a request that goes out. Its answer is asked for in plain bytes."""
        request.headers["accept-encoding"] = "identity"
        self._heard.append(Exchange(request, self._call_type, self._step_id, self._secrets))

    def answer(self, response: httpx2.Response) -> None:
        """Note a response, and what comes of its body."""
        for exchange in self._heard:
            if exchange.request is response.request:
                exchange.response = response
                assert isinstance(response.stream, httpx2.AsyncByteStream)
                response.stream = _Heard(response.stream, exchange.hear)

    def take(self) -> list[Exchange]:
        """What was noted since the last time. What still comes of an answer is in it, too."""
        heard, self._heard = self._heard, []
        return heard


class _Heard(httpx2.AsyncByteStream):
    """A body that somebody listens to."""

    def __init__(self, stream: httpx2.AsyncByteStream, hear: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._hear = hear

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._hear(piece)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


_listening: ContextVar[bool] = ContextVar("listening", default=False)
_tape: ContextVar[Tape | None] = ContextVar("tape", default=None)


def record(tape: Tape | None) -> None:
    """Let what this task asks providers be noted from now on, or no more."""
    _tape.set(tape)


async def listen(request: httpx2.Request) -> None:
    """What every provider's connections do with a request before it goes out."""
    if _listening.get():
        raise Overheard(request.content)
    tape = _tape.get()
    if tape is not None:
        tape.begin(request)


async def hear(response: httpx2.Response) -> None:
    """What they do with a response before it is read."""
    tape = _tape.get()
    if tape is not None:
        tape.answer(response)


HOOKS: Mapping[str, list[Callable[..., Any]]] = {"request": [listen], "response": [hear]}
"""For the client of a provider's library."""


async def overhear(answer: AsyncGenerator[StreamEvent]) -> dict[str, Any]:
    """The body of the request that `answer` would begin with. Raises what writing it raises."""
    token = _listening.set(True)
    try:
        async with aclosing(answer) as events:
            async for _ in events:
                pass
    except Overheard as heard:
        body: dict[str, Any] = json.loads(heard.body)
        return body
    finally:
        _listening.reset(token)
    raise AssertionError("an answer came without a request")


def _unpacked(found: re.Match[bytes]) -> bytes:
    """What an event of Amazon's wraps, as far as it can be read: a secret would not be seen."""
    try:
        return b'"bytes":' + b64decode(found[1])
    except ValueError:
        return b'"bytes":null'


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, if it is one that can be written again."""
    if _NO_TEXT.search(text):
        return None
    try:
        found = json.loads(text)
        return found if isinstance(found, dict) and _depth(found) < _DEEPEST else None
    except (ValueError, RecursionError):
        return None


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)
