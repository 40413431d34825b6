"""A provider on this machine: it speaks the real protocols, and answers and fails as it is told."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from tests.fakes import anthropic_messages, bedrock, chat, responses
from tests.fakes.reply import Answer, Refusal, Reply


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
    frames: Callable[[Reply, dict[str, Any]], Iterator[bytes]]
    failure: Callable[[Any], bytes]
    complaint: Callable[[dict[str, Any]], str | None]
    last: bytes = b""
    headers: Mapping[str, str] = field(
        default_factory=lambda: {"content-type": "text/event-stream"}
    )
    only_streams: bool = False  # whatever the body says
    stranger: Callable[[Request], str | None] = lambda request: None


_WIRES = {
    "/v1/chat/completions": _Wire(chat.frames, chat.failure, chat.complaint, chat.DONE),
    "/v1/responses": _Wire(responses.frames, responses.failure, responses.complaint),
    "/v1/messages": _Wire(
        anthropic_messages.frames, anthropic_messages.failure, anthropic_messages.complaint
    ),
    "/converse-stream": _Wire(
        bedrock.frames,
        bedrock.failure,
        bedrock.complaint,
        headers=bedrock.HEADERS,
        only_streams=True,
        stranger=lambda request: bedrock.stranger(request.path, request.headers, request.raw),
    ),
    "/invoke-with-response-stream": _Wire(
        bedrock.claude_frames,
        bedrock.failure,
        bedrock.claude_complaint,
        headers=bedrock.HEADERS,
        only_streams=True,
        stranger=lambda request: bedrock.stranger(request.path, request.headers, request.raw),
    ),
}


class FakeProvider:
    """``async with FakeProvider() as fake``: a server at `fake.url`.

    Each request takes the next of the scripted answers, or a plain one when there are none left,
    and is remembered. Requests that the real providers would refuse are refused.
    """

    def __init__(self, models: Iterable[str] = ("gpt-4o", "claude-sonnet-4-6")) -> None:
        self.requests: list[Request] = []
        self.models = tuple(models)
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
        if path == "/v1/models":
            listed = [{"id": name, "object": "model"} for name in self.models]
            return await _whole(writer, Refusal(200, {"data": listed, "has_more": False}))
        if path == "/v1/embeddings":
            vector = {"index": 0, "embedding": [0.0] * 8}
            return await _whole(writer, Refusal(200, {"data": [vector]}))
        wire = next((wire for end, wire in _WIRES.items() if path.endswith(end)), None)
        if wire is None:
            return await _whole(writer, Refusal(404, {"error": {"message": f"no {path}"}}))
        if why := wire.stranger(request):
            return await _whole(writer, bedrock.refusal(403, "AccessDeniedException", why))
        answer = self._answers.popleft() if self._answers else Reply()
        if isinstance(answer, Refusal):
            return await _whole(writer, answer)
        if complaint := wire.complaint(request.body):
            error = {"type": "invalid_request_error", "message": complaint}
            return await _whole(writer, Refusal(400, {"type": "error", "error": error}))
        if not (wire.only_streams or request.body.get("stream")):
            return await _whole(writer, Refusal(200, chat.whole(answer, request.body)))
        self._streams += 1
        try:
            async with self._changed:
                self._changed.notify_all()
            await self._stream(wire, answer, request.body, (reader, writer))
        finally:
            self._streams -= 1

    async def _stream(
        self,
        wire: _Wire,
        reply: Reply,
        body: dict[str, Any],
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        reader, writer = line
        writer.write(_head(200, {**wire.headers, "transfer-encoding": "chunked"}))
        fault = reply.fault
        for number, frame in enumerate([*wire.frames(reply, body), wire.last]):
            if fault is not None and number == fault.after:
                match fault.kind:
                    case "break":
                        await writer.drain()
                        raise ConnectionAbortedError
                    case "stall":
                        await writer.drain()
                        await reader.read(1)  # nothing comes but the end of the connection
                        raise ConnectionAbortedError
                    case "error":
                        frame = wire.failure(reply.error)
                    case "nonsense":
                        frame = frame[: len(frame) // 2] + b"\n\n"
                    case "end":
                        break
            if frame:
                writer.write(b"%x\r\n%b\r\n" % (len(frame), frame))
                await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, json.loads(raw) if raw else {}, raw)


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
