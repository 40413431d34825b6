"""Compaction over HTTP: of any conversation, tried out beforehand, and taken back."""

from typing import Annotated, Any

from fastapi import Body

from palaver.api import addressing, routing
from palaver.api.deps import Caller, Db, House, Rooms, Who
from palaver.api.problems import CONFLICT, FROM_PROVIDER
from palaver.core.compaction import Compacted
from palaver.domain.agent import CompactionSettings
from palaver.domain.conversation import Address
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId, ConversationName, ProjectId
from palaver.engine import compacting
from palaver.errors import NothingToCompact
from palaver.store import entries
from palaver.store.db import Tx

router = routing.router("/v1/conversations/{conversation_id}/compact", "conversations")
of_agent = routing.router("/v1/agents/{agent_id}/summarize", "agents")

_ANSWERS: dict[int | str, dict[str, Any]] = {**FROM_PROVIDER, **CONFLICT}


class SummaryRequest(Frozen):
    """How to compact: what is said here counts before the agent's own settings."""

    compaction_settings: CompactionSettings | None = None


class CompactionRequest(SummaryRequest):
    """How to compact, and which agent ``default`` means."""

    agent_id: AgentId | None = None


class WindowChange(Frozen):
    """How many messages were in the window, and are now, the system message among them."""

    num_messages_before: int
    num_messages_after: int


class CompactionResponse(WindowChange):
    """What a compaction came to. The summary is null where there is none and none was needed."""

    summary: str | None


class CompactionPreview(CompactionResponse):
    """What a compaction would come to; tokens are estimates."""

    tokens_before: int
    tokens_after: int
    dropped_message_ids: list[str]


@router.post("", responses=_ANSWERS)
async def compact(
    conversation_id: ConversationName,
    caller: Caller,
    rooms: Rooms,
    dry_run: bool = False,
    body: Annotated[CompactionRequest | None, Body()] = None,
) -> CompactionPreview | CompactionResponse:
    """Let a summary stand for the older messages in the window; they stay in the history.

    With `dry_run` nothing is changed, and the answer tells more.
    """
    asked = body or CompactionRequest()
    address = await rooms.db.read(addressing.find, caller.project, conversation_id, asked.agent_id)
    return await _compact(rooms, caller, address, asked, dry_run)


@router.post("/undo", responses=CONFLICT)
async def undo(
    conversation_id: ConversationName, caller: Caller, db: Db, agent_id: AgentId | None = None
) -> WindowChange:
    """Take the last compaction back: the window is what it was, and what was said since."""

    def write(tx: Tx) -> WindowChange:
        address = addressing.find(tx, caller.project, conversation_id, agent_id)
        before, after = compacting.undo(tx, caller.project, address)
        return WindowChange(num_messages_before=before, num_messages_after=after)

    return await db.tx(write)


@of_agent.post("", responses=_ANSWERS)
async def summarize(
    agent_id: AgentId,
    caller: Caller,
    rooms: Rooms,
    dry_run: bool = False,
    body: Annotated[SummaryRequest | None, Body()] = None,
) -> CompactionPreview | CompactionResponse:
    """Compact the agent's default conversation; where there is nothing to do, say how it is."""
    address = await rooms.db.read(addressing.default_of, caller.project, agent_id)
    try:
        return await _compact(rooms, caller, address, body or SummaryRequest(), dry_run)
    except NothingToCompact:
        return await rooms.db.read(_as_it_is, address.conversation_id)


async def _compact(
    rooms: House, caller: Who, address: Address, asked: SummaryRequest, dry_run: bool
) -> CompactionPreview | CompactionResponse:
    where: tuple[ProjectId, Address] = (caller.project, address)
    settings = asked.compaction_settings
    done = await compacting.compact(rooms.db, rooms.catalog, where, settings, dry_run)
    return _preview(done) if dry_run else _response(done)


def _response(done: Compacted) -> CompactionResponse:
    return CompactionResponse(
        summary=done.summary,
        num_messages_before=done.stats.messages_count_before,
        num_messages_after=done.stats.messages_count_after,
    )


def _preview(done: Compacted) -> CompactionPreview:
    return CompactionPreview(
        **_response(done).model_dump(),
        tokens_before=done.stats.context_tokens_before or 0,
        tokens_after=done.stats.context_tokens_after or 0,
        dropped_message_ids=[entry.id for entry in done.cut.evicted],
    )


def _as_it_is(tx: Tx, conversation_id: str) -> CompactionResponse:
    _, said = entries.window(tx, conversation_id)
    summary = next((entry.text for entry in said if entry.role == "summary"), None)
    count = len(said) + 1
    return CompactionResponse(summary=summary, num_messages_before=count, num_messages_after=count)
