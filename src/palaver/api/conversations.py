"""Conversations over HTTP."""

from typing import Annotated, Any

from fastapi import Body, Query

from palaver import clock
from palaver.api import addressing, routing
from palaver.api.agent_bodies import WindowLimit
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.problems import CONFLICT
from palaver.domain.agent import CompactionSettings
from palaver.domain.conversation import ArchiveStatus, Conversation, ConversationSort
from palaver.domain.frozen import Frozen, SentStamp
from palaver.domain.ids import AgentId, ConversationId, ConversationName, MessageId, ProjectId
from palaver.domain.llm import Handle
from palaver.domain.model_settings import ModelSettings
from palaver.domain.page import Limit, Order, Page
from palaver.engine import compiling, line
from palaver.engine.line import Cancelled
from palaver.store import agents, conversations
from palaver.store.conversations import ConversationFilter
from palaver.store.db import Tx

router = routing.router("/v1/conversations", "conversations")


class _ConversationFields(Frozen):
    summary: str | None = None
    description: str | None = None
    model: str | None = None
    model_settings: ModelSettings | None = None
    context_window_limit: WindowLimit | None = None


class NewConversation(_ConversationFields):
    """What may be said of a new conversation; all of it may be left out."""

    hidden: bool | None = False


class ConversationChange(_ConversationFields):
    """What changes: fields left out stay as they are, null clears."""

    last_message_at: SentStamp | None = None
    archived: bool | None = None


class ConversationQuery(Frozen):
    """Which conversations are wanted, in which order."""

    agent_id: str | None = None
    archive_status: ArchiveStatus = "unarchived"
    summary_search: str | None = None
    limit: Limit = 50
    after: str | None = None
    order: Order = "desc"
    order_by: ConversationSort = "created_at"


class Recompilation(Frozen):
    """Which agent ``default`` means. The compaction settings have no effect here."""

    agent_id: AgentId | None = None
    compaction_settings: CompactionSettings | None = None


@router.post("/")
async def create(
    agent_id: str,
    caller: Caller,
    db: Db,
    body: Annotated[NewConversation | None, Body()] = None,
) -> Conversation:
    """Open a conversation with an agent; its prompt is compiled from what the agent is now."""
    return await db.tx(_create, caller.project, agent_id, body or NewConversation())


@router.get("/")
async def list_conversations(
    query: Annotated[ConversationQuery, Query()], caller: Caller, db: Db
) -> list[Conversation]:
    """List conversations, without their context."""
    page = Page(limit=query.limit, after=query.after, order=query.order)
    wanted = ConversationFilter(
        agent_id=query.agent_id,
        archive_status=query.archive_status,
        summary_search=query.summary_search or None,
        order_by=query.order_by,
    )
    return await db.read(conversations.listed, caller.project, page, wanted)


@router.get("/{conversation_id}")
async def retrieve(conversation_id: ConversationId, caller: Caller, db: Db) -> Conversation:
    """Read one conversation, with the ids of the messages in its context."""
    return await db.read(conversations.get, caller.project, conversation_id)


@router.patch("/{conversation_id}")
async def update(
    conversation_id: ConversationId, body: ConversationChange, caller: Caller, db: Db
) -> Conversation:
    """Change a conversation; fields left out stay as they are, null clears."""
    return await db.tx(_change, caller.project, conversation_id, body)


@router.delete("/{conversation_id}")
async def delete(conversation_id: ConversationId, caller: Caller, rooms: Rooms) -> None:
    """Delete a conversation. The runs that are active in it are cancelled."""
    await rooms.end(_delete, caller.project, conversation_id)


@router.post("/{conversation_id}/cancel", responses=CONFLICT)
async def cancel(
    conversation_id: ConversationName,
    caller: Caller,
    rooms: Rooms,
    agent_id: AgentId | None = None,
) -> dict[str, str]:
    """Cancel the active run of this one conversation, and those that wait; 409 without any.

    A run that has ended with calls that wait for an answer counts: they are denied.
    """
    return await rooms.cancel(_cancel, caller.project, conversation_id, agent_id)


@router.post("/{conversation_id}/recompile")
async def recompile(
    conversation_id: ConversationName,
    caller: Caller,
    db: Db,
    dry_run: bool = False,
    body: Annotated[Recompilation | None, Body()] = None,
) -> str:
    """Compile the system prompt anew and, unless `dry_run`, replace it; the new text."""

    def write(tx: Tx) -> str:
        agent_id = body.agent_id if body else None
        address = addressing.find(tx, caller.project, conversation_id, agent_id)
        return compiling.recompile(tx, caller.project, address, dry_run)

    return await db.tx(write)


@router.post("/{conversation_id}/fork")
async def fork(
    conversation_id: ConversationName,
    caller: Caller,
    db: Db,
    agent_id: AgentId | None = None,
    message_id: MessageId | None = None,
    hidden: bool = False,
) -> Conversation:
    """Open a conversation that begins as this one stands, or stood after one of its messages."""

    def write(tx: Tx) -> Conversation:
        source = addressing.find(tx, caller.project, conversation_id, agent_id)
        new = _fork_of(tx, caller.project, source.conversation_id, source.is_default)
        new = new.model_copy(update={"agent_id": source.agent_id})
        agent = agents.get(tx, caller.project, source.agent_id)
        text = compiling.compiled(tx, caller.project, agent, new.id)
        conversations.fork(
            tx,
            caller.project,
            source.conversation_id,
            new,
            compiling.system_entry(text, clock.now()),
            upto=message_id,
        )
        if hidden:
            conversations.hide(tx, caller.project, new.id)
        return new

    return await db.tx(write)


def _fork_of(tx: Tx, project: ProjectId, source_id: str, is_default: bool) -> Conversation:
    now = clock.now()
    new = Conversation(id=clock.mint("conv"), agent_id="", created_at=now, updated_at=now)
    if is_default:
        return new
    source = conversations.bare(tx, project, source_id)
    kept = ("model", "model_settings", "context_window_limit")
    return new.model_copy(update={name: getattr(source, name) for name in kept})


def _create(tx: Tx, project: ProjectId, agent_id: str, body: NewConversation) -> Conversation:
    if body.model:
        Handle.of(body.model)
    agent = agents.get(tx, project, agent_id)
    now = clock.now()
    new = Conversation(
        id=clock.mint("conv"),
        agent_id=agent.id,
        created_at=now,
        updated_at=now,
        summary=body.summary,
        description=body.description,
        model=body.model,
        model_settings=body.model_settings,
        context_window_limit=body.context_window_limit,
    )
    system = compiling.system_entry(compiling.compiled(tx, project, agent, new.id), now)
    conversations.add(tx, project, new, system)
    if body.hidden:
        conversations.hide(tx, project, new.id)
    return new.model_copy(update={"in_context_message_ids": [system.id]})


def _change(
    tx: Tx, project: ProjectId, conversation_id: str, body: ConversationChange
) -> Conversation:
    before = conversations.bare(tx, project, conversation_id, for_update=True)
    now = clock.now()
    changes: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    if body.model:
        Handle.of(body.model)
    if "archived" in changes:
        changes["archived"] = bool(changes["archived"])
        changes["archived_at"] = (before.archived_at or now) if changes["archived"] else None
    after = before.model_copy(update={**changes, "updated_at": now})
    conversations.change(tx, project, after)
    return after


def _delete(tx: Tx, worker: str, project: ProjectId, conversation_id: str) -> Cancelled:
    address = conversations.locate(tx, project, conversation_id)
    ended = line.cancel(tx, worker, project, address)
    conversations.remove(tx, project, conversation_id, clock.now())
    return ended


def _cancel(tx: Tx, worker: str, project: ProjectId, name: str, agent_id: str | None) -> Cancelled:
    return line.cancel(tx, worker, project, addressing.find(tx, project, name, agent_id))
