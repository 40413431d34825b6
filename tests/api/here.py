"""A server in this process, on loopback, and a client that talks to it as anybody would."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from palaver.app import make_app
from palaver.providers.certificates import trusted
from palaver.providers.remote import Patience
from palaver.settings import EVENTS_KEEP, Settings

Json = dict[str, Any]

OFFLINE = "palaver/offline"
_ENDS = ("stop_reason", "usage_statistics", "error_message", "ping")
_CALLS = ("tool_call_message", "approval_request_message")


@asynccontextmanager
async def serving(
    database_url: str,
    environment: Mapping[str, str] | None = None,
    patience: Patience | None = None,
    keep: timedelta = EVENTS_KEEP,
    **more: Any,
) -> AsyncIterator["Client"]:
    """A client of a server of its own, which ends with the context. `more` are settings."""
    settings = Settings(
        home=Path("nowhere"),
        database_url=database_url,
        events_keep=keep,
        environment=environment or {},
        **more,
    )
    config = uvicorn.Config(
        make_app(settings, patience), port=0, log_config=None, ws="none", lifespan="on"
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False, verify=trusted()
        ) as http:
            yield Client(http)
    finally:
        await server.shutdown()


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a send that streamed: its frames, without pings, and whether it said DONE."""

    frames: tuple[Json, ...]
    done: bool

    @property
    def messages(self) -> list[Json]:
        """The messages or fragments of messages."""
        return [frame for frame in self.frames if frame["message_type"] not in _ENDS]

    @property
    def text(self) -> str:
        """What was said to the people."""
        return "".join(
            frame["content"]
            for frame in self.frames
            if frame["message_type"] == "assistant_message"
        )

    @property
    def stop(self) -> str:
        """Why the run stopped; every stream tells it exactly once."""
        (stop,) = self.of_type("stop_reason")
        reason: str = stop["stop_reason"]
        return reason

    @property
    def error(self) -> Json | None:
        """The error frame, if there is one."""
        return next(iter(self.of_type("error_message")), None)

    def of_type(self, kind: str) -> list[Json]:
        """The frames of one kind."""
        return [frame for frame in self.frames if frame["message_type"] == kind]


@dataclass(frozen=True, slots=True)
class Client:
    """A caller. What it asks for must succeed, except with `ask`, which takes any answer."""

    http: httpx2.AsyncClient
    conversations: set[str] = field(default_factory=set, repr=False)  # those it sent something to

    async def ask(self, method: str, path: str, body: Any = None, **params: Any) -> httpx2.Response:
        """Any request, any answer. A body of None is none at all."""
        content = None if body is None else json.dumps(body)
        headers = {"content-type": "application/json"}
        return await self.http.request(
            method, path, content=content, headers=headers, params=params
        )

    async def get(self, path: str, **params: Any) -> Any:
        """What is there."""
        return _ok(await self.ask("GET", path, **params)).json()

    async def post(self, path: str, body: Any = None, **params: Any) -> Any:
        """What came of a POST that does not stream."""
        return _ok(await self.ask("POST", path, body, **params)).json()

    async def patch(self, path: str, body: Any = None) -> Any:
        """What came of a PATCH."""
        return _ok(await self.ask("PATCH", path, body)).json()

    async def delete(self, path: str) -> Any:
        """What came of a DELETE."""
        return _ok(await self.ask("DELETE", path)).json()

    async def agent(self, **body: Any) -> str:
        """The id of a new agent; it has the offline model unless `body` says otherwise."""
        made = await self.post("/v1/agents/", {"model": OFFLINE, **body})
        agent_id: str = made["id"]
        return agent_id

    async def conversation(self, agent_id: str, **body: Any) -> str:
        """The id of a new conversation with an agent."""
        made = await self.post("/v1/conversations/", body, agent_id=agent_id)
        conversation_id: str = made["id"]
        return conversation_id

    async def history(self, conversation_id: str) -> list[Json]:
        """All that was said in a conversation, oldest first."""
        found: list[Json] = await self.get(
            f"/v1/conversations/{conversation_id}/messages", order="asc", limit=1000
        )
        return found

    async def send(self, conversation_id: str, text: str, **body: Any) -> Heard:
        """Send words and hear the whole answer, which is streamed."""
        frames, done = [], False
        async for frame in self.stream(conversation_id, text, **body):
            if frame is None:
                done = True
            else:
                frames.append(frame)
        return Heard(tuple(frames), done)

    async def stream(
        self, conversation_id: str, text: str, **body: Any
    ) -> AsyncGenerator[Json | None, None]:
        """Send words; the frames of the answer as they come, without pings, and None at DONE."""
        self.conversations.add(conversation_id)
        path = f"/v1/conversations/{conversation_id}/messages"
        said = {"input": text} if text else {}
        async with self.http.stream("POST", path, json={**said, **body}) as response:
            if response.status_code != 200:
                await response.aread()
            _ok(response)
            async for line in response.aiter_lines():
                frame = _frame(line)
                if frame != {}:
                    yield frame

    async def newest_run(self, conversation_id: str) -> Json:
        """The run that was started last in a conversation."""
        found = await self.get("/v1/runs/", conversation_id=conversation_id, limit=1)
        run: Json = found[0]
        return run

    async def cancel(self, conversation_id: str) -> httpx2.Response:
        """Ask for the end of what goes on in a conversation."""
        return await self.ask("POST", f"/v1/conversations/{conversation_id}/cancel")


def joined(fragments: list[Json]) -> list[Json]:
    """What a client makes of the messages in a stream: fragments that share an otid are one."""
    whole: dict[str, Json] = {}
    for fragment in fragments:
        name = fragment["otid"]
        message = whole.get(name)
        whole[name] = _whole(fragment) if message is None else _longer(message, fragment)
    return list(whole.values())


def check_calls(history: Sequence[Json]) -> None:
    """Every tool call has its return, and no other return is there."""
    calls = [
        call["tool_call_id"]
        for one in history
        if one["message_type"] in _CALLS
        for call in one["tool_calls"]
    ]
    returns = [
        back["tool_call_id"]
        for one in history
        if one["message_type"] == "tool_return_message"
        for back in one["tool_returns"]
    ]
    assert sorted(calls) == sorted(returns), f"calls {calls}, returns {returns}"


def waits(history: Sequence[Json]) -> list[str]:
    """The ids of the calls that wait for an answer in a history."""
    newest = [one for one in history if one["id"] == history[-1]["id"]]
    return [
        call["tool_call_id"]
        for one in newest
        if one["message_type"] == "approval_request_message"
        for call in one["tool_calls"]
    ]


def without_request(history: Sequence[Json]) -> Sequence[Json]:
    """A history without the calls that still wait in it, and what was said with them."""
    if not waits(history):
        return history
    return [one for one in history if one["id"] != history[-1]["id"]]


def _whole(fragment: Json) -> Json:
    message = {**fragment, "seq_id": None}
    if message["message_type"] in _CALLS and isinstance(message["tool_calls"], dict):
        message["tool_calls"] = [message["tool_call"]]
    return message


def _longer(message: Json, fragment: Json) -> Json:
    more: Json = {"is_err": message["is_err"] or fragment["is_err"]}
    match message["message_type"]:
        case "assistant_message":
            more["content"] = message["content"] + fragment["content"]
        case "reasoning_message":
            more["reasoning"] = message["reasoning"] + fragment["reasoning"]
            more["signature"] = fragment["signature"] or message["signature"]
        case "tool_call_message" | "approval_request_message":
            calls = {call["tool_call_id"]: call for call in message["tool_calls"]}
            piece = fragment["tool_call"]
            begun = calls.get(piece["tool_call_id"], {**piece, "arguments": ""})
            arguments = begun["arguments"] + piece["arguments"]
            calls[piece["tool_call_id"]] = {**begun, "arguments": arguments}
            more["tool_calls"] = list(calls.values())
            more["tool_call"] = more["tool_calls"][0]
    return {**message, **more}


def _frame(line: str) -> Json | None:
    """A line of a stream: a frame, None for the end, empty for what carries nothing."""
    if not line.startswith("data: "):
        return {}
    data = line.removeprefix("data: ")
    if data == "[DONE]":
        return None
    frame: Json = json.loads(data)
    return {} if frame["message_type"] == "ping" else frame


def _ok(response: httpx2.Response) -> httpx2.Response:
    assert response.status_code == 200, f"{response.status_code}: {response.text}"
    return response
