"""A provider on this machine: it speaks the real protocols, and answers and fails as it is told."""

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self

from tests.fakes import (
    anthropic_messages,
    bedrock,
    chat,
    embeddings,
    faulty,
    gemini,
    responses,
    sglang,
)
from tests.fakes.reply import WORDS, Answer, Fault, Refusal, Reply, Say, Usage


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class _Wire:
    admits: Callable[[Request], bool]
    frames: Callable[[Reply, dict[str, Any]], Iterator[bytes]]
    failure: Callable[[Any], bytes]
    complaint: Callable[[dict[str, Any]], str | None]
    last: bytes = b""
    headers: Mapping[str, str] = field(
        default_factory=lambda: {"content-type": "text/event-stream"}
    )


def _admits_openais(request: Request) -> bool:
    """Whether the key is where it belongs: a header of its own at Azure, elsewhere a token."""
    headers = request.headers
    if request.path.startswith("/openai/"):
        return "api-key" in headers and "authorization" not in headers
    if request.path.startswith("/backend-api/codex/") and not headers.get("chatgpt-account-id"):
        return False
    return headers.get("authorization", "").startswith("Bearer ")


def _admits_anthropics(request: Request) -> bool:
    token = request.headers.get("authorization", "").startswith("Bearer ")
    return (token or "x-api-key" in request.headers) and "anthropic-version" in request.headers


def _admits_googles(request: Request) -> bool:
    token = request.headers.get("authorization", "").startswith("Bearer ")
    return token or "x-goog-api-key" in request.headers


def _admits_amazons(request: Request) -> bool:
    """Whether it has a token, or was signed by the one who has the keys."""
    return bedrock.stranger(request.path, request.headers, request.raw) is None


_WIRES = {
    r".*/chat/completions": _Wire(
        _admits_openais, chat.frames, chat.failure, chat.complaint, chat.DONE
    ),
    r".*/responses": _Wire(
        _admits_openais, responses.frames, responses.failure, responses.complaint
    ),
    r".*/messages": _Wire(
        _admits_anthropics,
        anthropic_messages.frames,
        anthropic_messages.failure,
        anthropic_messages.complaint,
    ),
    gemini.PATH: _Wire(_admits_googles, gemini.frames, gemini.failure, gemini.complaint),
    r"/model/.*/converse-stream": _Wire(
        _admits_amazons,
        bedrock.frames,
        bedrock.failure,
        bedrock.complaint,
        headers=bedrock.HEADERS,
    ),
    r"/model/.*/invoke-with-response-stream": _Wire(
        _admits_amazons,
        bedrock.claude_frames,
        bedrock.failure,
        bedrock.claude_complaint,
        headers=bedrock.HEADERS,
    ),
}
"""The protocols by their paths. What a path names, a model perhaps, counts as part of the body."""


class FakeProvider:
    """``async with FakeProvider() as fake``: a server at `fake.url`.

    Each request takes the next of the scripted answers, or a plain one when there are none left,
    and is remembered. Requests that the real providers would refuse are refused. `sglang` is how
    it was started, when it is taken for an SGLang; what that one only reads takes no answer.
    """

    def __init__(self, models: Iterable[str] = ("gpt-4o", "claude-sonnet-4-6")) -> None:
        self.requests: list[Request] = []
        self.models = tuple(models)
        self.sglang = sglang.Started()
        self.listing: Any = None  # what is listed instead of the models
        self.count: Callable[[Any], int] | None = None  # the tokens of a request, if it counts
        self.away: Refusal | None = None  # what everybody is told who asks for vectors
        self.url = ""
        self._answers: deque[Answer] = deque()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._streams = 0
        self._changed = asyncio.Condition()

    @property
    def openai_url(self) -> str:
        """Where OpenAI's client finds it."""
        return f"{self.url}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the requests, in order."""
        return [request.body for request in self.requests]

    def script(self, *answers: Answer) -> None:
        """Answer the next requests with these."""
        self._answers.extend(answers)

    def forget(self) -> None:
        """Begin again: no answers scripted, no requests seen."""
        self._answers.clear()
        self.requests.clear()
        self.away = None
        self.sglang = sglang.Started()

    async def until_streaming(self, answers: int = 1) -> None:
        """Wait until so many answers are being streamed."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._streams >= answers)

    async def until_quiet(self) -> None:
        """Wait until no answer is being streamed any more."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._streams == 0)

    async def until_alone(self) -> None:
        """Wait until nobody is connected."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._connections)

    async def __aenter__(self) -> Self:
        """Start to listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and hang up on everybody."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._connections):
            writer.close()
        await self.until_alone()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._connected(writer, True)
        try:
            while request := await _read(reader):
                self.requests.append(request)
                await self._answer(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            await self._connected(writer, False)

    async def _connected(self, writer: asyncio.StreamWriter, is_there: bool) -> None:
        async with self._changed:
            (self._connections.add if is_there else self._connections.discard)(writer)
            self._changed.notify_all()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        path = request.path.partition("?")[0]
        told = self._told(path, request) or self._meant(path, request)
        if told is not None:
            return await _whole(writer, told)
        found = self._wire(path)
        if found is None:
            return await _whole(writer, Refusal(404, {"error": {"message": f"no {path}"}}))
        wire, named = found
        body = {**named, **request.body}
        if not wire.admits(request):
            error = {"type": "authentication_error", "message": "no key where it belongs"}
            return await _whole(writer, Refusal(401, {"type": "error", "error": error}))
        answer = self._answers.popleft() if self._answers else Reply()
        if isinstance(answer, Refusal):
            return await _whole(writer, answer)
        if complaint := wire.complaint(body):
            error = {"type": "invalid_request_error", "message": complaint}
            return await _whole(writer, Refusal(400, {"type": "error", "error": error}))
        if self.count is not None:
            answer = replace(answer, usage=Usage(prompt=self.count(body)))
        if not ("stream" in path or body.get("stream")):
            return await _whole(writer, Refusal(200, chat.whole(answer, body)))
        self._streams += 1
        try:
            async with self._changed:
                self._changed.notify_all()
            await self._stream(wire, answer, body, (reader, writer))
        finally:
            self._streams -= 1

    def _told(self, path: str, request: Request) -> Refusal | None:
        """What is told without a script: lists, tokens, vectors."""
        if path.endswith("/models") and self.listing is not None:
            return Refusal(200, self.listing)
        if path == "/v1beta/models":
            return Refusal(200, gemini.listed(self.models))
        if path.endswith("/models"):
            listed = [{"id": name, "object": "model"} for name in self.models]
            return Refusal(200, {"data": listed, "has_more": False})
        if path == "/token":  # where Google's library gets one
            token = {"access_token": gemini.TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            return Refusal(200, token)
        if path in sglang.READERS:
            return sglang.READERS[path](self.sglang, request.body)
        return None

    def _meant(self, path: str, request: Request) -> Refusal | None:
        """Vectors, if they are asked for, or the scripted refusal; while it is away, always one."""
        if not path.endswith("/embeddings"):
            return None
        if not _admits_openais(request):
            return Refusal(401, {"error": {"message": "no key where it belongs"}})
        if self.away or (self._answers and isinstance(self._answers[0], Refusal)):
            answer = self.away or self._answers.popleft()
            return answer if isinstance(answer, Refusal) else None
        return embeddings.answer(request.body)

    def _wire(self, path: str) -> tuple[_Wire, dict[str, str]] | None:
        """The protocol of a path, and what the path names."""
        if path == "/generate":
            frames = partial(sglang.frames, self.sglang)
            wire = _Wire(_admits_openais, frames, sglang.failure, sglang.complaint, sglang.DONE)
            return wire, {}
        matches = ((wire, re.fullmatch(pattern, path)) for pattern, wire in _WIRES.items())
        return next(((wire, match.groupdict()) for wire, match in matches if match), None)

    async def _stream(
        self,
        wire: _Wire,
        reply: Reply,
        body: dict[str, Any],
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        reader, writer = line
        head = {**wire.headers, "transfer-encoding": "chunked", **reply.headers}
        writer.write(_head(200, head))
        frames = [*reply.bend([*wire.frames(reply, body), wire.last])]
        good = len(frames) if reply.fault is None else _place(reply.fault, wire, reply, body)
        for frame in frames[:good]:
            await faulty.send(frame, writer)
        if reply.fault is not None:
            failure = wire.failure(reply.error)
            await faulty.go_wrong(reply.fault, frames[good:] or [b""], failure, (reader, writer))
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def _place(fault: Fault, wire: _Wire, reply: Reply, body: dict[str, Any]) -> int:
    """How many frames are sent before the fault.

    The frame of the first words is the first one that is another one if other words are said.
    """
    if fault.after != WORDS:
        return fault.after
    other = replace(reply, parts=(Say(("...",)), *reply.parts[1:]))
    both = zip(wire.frames(reply, body), wire.frames(other, body), strict=False)
    return next(number for number, (one, two) in enumerate(both, 1) if one != two)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    is_json = raw and "json" in headers.get("content-type", "")
    return Request(method, path, headers, json.loads(raw) if is_json else {}, raw)


async def _whole(writer: asyncio.StreamWriter, answer: Refusal) -> None:
    is_text = isinstance(answer.body, str)
    body = answer.body.encode() if is_text else json.dumps(answer.body).encode()
    headers = {
        "content-type": "text/html" if is_text else "application/json",
        "content-length": str(len(body)),
        **answer.headers,
    }
    writer.write(_head(answer.status, headers) + body)
    await writer.drain()


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode()
