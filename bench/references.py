"""The two floors that palaver is held against.

`proxy` relays a request to the model and the answer back as it comes: nothing is read, nothing is
kept. `rows` is a FastAPI app over one SQLite file that answers what the Conversations API asks of
the storage, in about its shape: no agents, no runs, no logic. Both are ASGI factories:

    MODEL_PORT=39500 uvicorn --factory --lifespan off bench.references:proxy
    ROWS_FILE=rows.db uvicorn --factory bench.references:rows
"""

import asyncio
import os
import sqlite3
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from pydantic import BaseModel

from bench.wire import BUFFER, HOST, framed, pieces, read_head

Event = dict[str, Any]
Send = Callable[[Event], Awaitable[None]]
Receive = Callable[[], Awaitable[Event]]

TABLES = """
pragma journal_mode = wal;
pragma synchronous = full;
create table conversations(id text primary key, agent_id text, created_at text);
create index of_agent on conversations(agent_id, created_at);
create table messages(conversation_id text, seq integer, id text, role text, content text,
                      created_at text, primary key(conversation_id, seq)) without rowid;
"""


class Conversation(BaseModel):
    """A conversation, as it is shown."""

    id: str
    agent_id: str
    created_at: str
    summary: str | None = None
    in_context_message_ids: list[str] = []


class Message(BaseModel):
    """A message, as it is shown."""

    id: str
    message_type: str
    date: str
    content: str


class Said(BaseModel):
    """A message, as it is sent."""

    role: str
    content: str


class Sending(BaseModel):
    """Messages for a conversation."""

    messages: list[Said]


class Proxy:
    """Relays requests to the model over connections that are kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[StreamReader, StreamWriter]] = []

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI wants it."""
        body, more = b"", True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
        reader, writer = await self._connection()
        writer.write(framed(f"{scope['method']} {scope['path']} HTTP/1.1", body))
        head = await read_head(reader)
        if head is None:
            raise ConnectionError("the model hung up")
        kind = b"text/event-stream" if head.chunked else b"application/json"
        headers = [(b"content-type", kind)]
        await send({"type": "http.response.start", "status": head.status, "headers": headers})
        async for piece in pieces(reader, head):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        self._idle.append((reader, writer))

    async def _connection(self) -> tuple[StreamReader, StreamWriter]:
        if self._idle:
            return self._idle.pop()
        return await asyncio.open_connection(HOST, self._port, limit=BUFFER)


def proxy() -> Proxy:
    """The bare streaming proxy, before the model at ``MODEL_PORT``."""
    return Proxy(int(os.environ["MODEL_PORT"]))


def rows() -> FastAPI:
    """The bare FastAPI + SQLite app, with its data in ``ROWS_FILE``, which must not exist yet."""
    db = sqlite3.connect(os.environ["ROWS_FILE"], isolation_level=None)
    db.executescript(TABLES)
    app = FastAPI()

    @app.get("/v1/health/")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/agents/")
    async def make_agent() -> dict[str, str]:
        return {"id": _mint("agent")}

    @app.post("/v1/conversations/")
    async def create(agent_id: str) -> Conversation:
        made = (_mint("conv"), agent_id, _now())
        db.execute("insert into conversations values (?, ?, ?)", made)
        return _conversation(made)

    @app.get("/v1/conversations/{conversation_id}")
    async def retrieve(conversation_id: str) -> Conversation:
        select = "select id, agent_id, created_at from conversations where id = ?"
        return _conversation(db.execute(select, (conversation_id,)).fetchone())

    @app.get("/v1/conversations/")
    async def list_conversations(agent_id: str, limit: int) -> list[Conversation]:
        select = """select id, agent_id, created_at from conversations
                    where agent_id = ? order by created_at desc limit ?"""
        return [_conversation(row) for row in db.execute(select, (agent_id, limit))]

    @app.post("/v1/conversations/{conversation_id}/messages")
    async def keep(conversation_id: str, sending: Sending) -> dict[str, int]:
        return {"kept": _keep(db, conversation_id, sending.messages)}

    @app.get("/v1/conversations/{conversation_id}/messages")
    async def list_messages(conversation_id: str, limit: int) -> list[Message]:
        select = """select id, role || '_message', created_at, content from messages
                    where conversation_id = ? order by seq desc limit ?"""
        found = db.execute(select, (conversation_id, limit))
        return [
            Message(id=id, message_type=kind, date=date, content=content)
            for id, kind, date, content in found
        ]

    return app


def _keep(db: sqlite3.Connection, conversation_id: str, said: Iterable[Said]) -> int:
    select = "select coalesce(max(seq), 0) from messages where conversation_id = ?"
    (last,) = db.execute(select, (conversation_id,)).fetchone()
    made = [
        (conversation_id, seq, _mint("message"), one.role, one.content, _now())
        for seq, one in enumerate(said, start=last + 1)
    ]
    db.execute("begin")
    db.executemany("insert into messages values (?, ?, ?, ?, ?, ?)", made)
    db.execute("commit")
    return len(made)


def _conversation(row: tuple[str, str, str]) -> Conversation:
    id, agent_id, created_at = row
    return Conversation(id=id, agent_id=agent_id, created_at=created_at)


def _mint(prefix: str) -> str:
    return f"{prefix}-{uuid4()}"


def _now() -> str:
    return datetime.now(UTC).isoformat()
