"""Messages of all agents over HTTP: what was said, listed and searched."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field

from palaver.api import routing
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.messages import MessageQuery
from palaver.core.bundled_messages import Writer
from palaver.core.expand import messages_of
from palaver.domain.frozen import Frozen, SentStamp, Stamp
from palaver.domain.ids import AgentId
from palaver.domain.meaning import SearchMode
from palaver.domain.message import (
    AssistantMessage,
    Message,
    ReasoningMessage,
    TextContent,
    TextOrImage,
    UserMessage,
)
from palaver.domain.words import holds
from palaver.store import entries, recall
from palaver.store.db import Tx
from palaver.store.recall import EntryFilter, EntryHit

router = routing.router("/v1/messages", "messages")
of_agents = routing.router("/v1/agents/messages", "agents")

AnyRole = Literal["assistant", "user", "tool", "function", "system", "approval", "summary"]


class AllMessagesQuery(MessageQuery):
    """Which messages are wanted: of all conversations, or of one."""

    conversation_id: str | None = None


class _Search(Frozen):
    """What is searched for, and where: by an agent, in a conversation (or in ``default`` ones).

    ``search_mode`` may say anything: without an embedding model, full text is what there is.
    """

    agent_id: AgentId | None = None
    conversation_id: str | None = None
    search_mode: SearchMode = "hybrid"
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    start_date: SentStamp | None = None
    end_date: SentStamp | None = None

    @property
    def wanted(self) -> EntryFilter:
        """The filter that the store understands."""
        default = self.conversation_id == "default"
        return EntryFilter(
            agent_id=self.agent_id,
            conversation_id=None if default else self.conversation_id or None,
            default_only=default,
            roles=("user", "assistant"),
            since=self.start_date,
            until=self.end_date,
            thoughts=True,
        )


class MessageSearch(_Search):
    """The same, with what is asked."""

    query: str


class EntrySearch(_Search):
    """The same, by an older server's words. There are no templates, and one project for a key."""

    query: str | None = None
    roles: list[AnyRole] | None = None
    project_id: str | None = None
    template_id: str | None = None

    @property
    def wanted(self) -> EntryFilter:
        """The filter that the store understands."""
        roles = entries.SEARCHED if self.roles is None else self.roles
        return replace(super().wanted, roles=[one for one in entries.SEARCHED if one in roles])


class EntryFound(Frozen):
    """What one side said at once, and its places in the lists. ``rrf_score`` is from 0 to 1."""

    embedded_text: str
    message: dict[str, Any]
    fts_rank: int | None = None
    vector_rank: int | None = None
    rrf_score: float


class _Found(Frozen):
    message_id: str
    created_at: Stamp
    agent_id: str | None = None
    conversation_id: str | None = None


class UserMessageFound(_Found):
    """What somebody sent."""

    message_type: Literal["user_message"] = "user_message"
    content: str | list[TextOrImage]


class AssistantMessageFound(_Found):
    """What a model said."""

    message_type: Literal["assistant_message"] = "assistant_message"
    content: str | list[TextContent]


class ReasoningMessageFound(_Found):
    """What a model thought."""

    message_type: Literal["reasoning_message"] = "reasoning_message"
    reasoning: str


MessageFound = Annotated[
    UserMessageFound | AssistantMessageFound | ReasoningMessageFound,
    Field(discriminator="message_type"),
]


@router.get("/")
async def list_messages(
    query: Annotated[AllMessagesQuery, Query()], caller: Caller, db: Db
) -> list[Message]:
    """List what was said in all conversations, newest first unless asked otherwise."""

    def read(tx: Tx) -> list[Message]:
        if query.conversation_id:
            where = (tx, caller.project, query.conversation_id)
            return query.shown(partial(entries.listed, *where))
        return query.shown(partial(entries.of_project, tx, caller.project))

    return await db.read(read)


@router.post("/search")
async def search(body: MessageSearch, caller: Caller, rooms: Rooms) -> list[MessageFound]:
    """Find the messages that are most about a question, best first; without words the newest."""
    sought = await rooms.meanings.sought(body.query, body.search_mode)
    hits = await rooms.db.read(recall.found, caller.project, body.wanted, sought, body.limit)
    return [found for hit in hits for found in _shown(hit, body.query)][: body.limit]


@of_agents.post("/search")
async def search_entries(body: EntrySearch, caller: Caller, rooms: Rooms) -> list[EntryFound]:
    """Find what was said that is most about a question, best first; without one the newest."""
    if body.template_id or body.project_id not in (None, caller.project):
        return []
    sought = await rooms.meanings.sought(body.query, body.search_mode)
    hits = await rooms.db.read(recall.found, caller.project, body.wanted, sought, body.limit)
    return [
        EntryFound(
            embedded_text=hit.entry.lines,
            message=_whole(hit),
            fts_rank=hit.rank.by_words,
            vector_rank=hit.rank.by_meaning,
            rrf_score=hit.rank.score,
        )
        for hit in hits
    ]


def _whole(hit: EntryHit) -> dict[str, Any]:
    """An entry as an older server keeps one."""
    entry = hit.entry
    written = Writer(hit.agent_id).write(entry, entry.id)
    return {
        **written.model_dump(mode="json", exclude={"type", "parts", "cut", "compaction"}),
        "conversation_id": hit.conversation_id,
        "run_id": entry.run_id,
        "step_id": entry.step_id,
    }


def _shown(hit: EntryHit, query: str) -> Iterator[MessageFound]:
    """The messages of an entry that hold what is asked for; all texts of one that means it."""
    all_texts = not query or hit.rank.by_meaning is not None
    where: dict[str, Any] = {
        "message_id": hit.entry.id,
        "created_at": hit.entry.created_at,
        "agent_id": hit.agent_id,
        "conversation_id": hit.conversation_id,
    }
    for message in messages_of(hit.entry):
        match message:
            case UserMessage(content=content):
                yield UserMessageFound(**where, content=content)
            case AssistantMessage(content=str(said)) if all_texts or holds(said, query):
                yield AssistantMessageFound(**where, content=said)
            case ReasoningMessage(reasoning=thought) if not query or holds(thought, query):
                yield ReasoningMessageFound(**where, reasoning=thought)
            case _:
                pass
