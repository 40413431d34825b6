"""Conversations, as they are kept: their own entries, and below them what they were forked from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, insert, select, update

from palaver import clock
from palaver.domain.conversation import (
    Address,
    ArchiveStatus,
    Context,
    Conversation,
    ConversationSort,
    Segment,
)
from palaver.domain.entry import SYSTEM_SEQ, Entry
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.errors import NotFound
from palaver.store import compactions, entries, prompts, schema, schema_texts
from palaver.store.db import Tx
from palaver.store.paging import By, containing, paged

_own = schema.conversations
_agents = schema.agents
_segments = schema.segments
_SHOWN = (_own.c.body, _own.c.last_message_at)
_ALIVE = (_own.c.project_id == bindparam("project"), _own.c.deleted_at.is_(None))
_LIVE = (*_ALIVE, _own.c.id == bindparam("conversation"), _own.c.is_default.is_(False))
_GET = select(*_SHOWN).where(*_LIVE)
_GET_TO_CHANGE = _GET.with_for_update(key_share=True)
_CHANGE = update(_own).where(*_LIVE)
_LOCATE = select(_own.c.agent_id).where(*_LIVE)
_DEFAULT = select(_own.c.id).where(
    *_ALIVE, _own.c.agent_id == bindparam("agent"), schema.IS_DEFAULT
)
_SET = update(_own).where(_own.c.id == bindparam("conversation"))
_OVERDUE = (
    select(_own.c.id)
    .where(schema.WITH_DEADLINE, _own.c.answer_due <= bindparam("now"), _own.c.deleted_at.is_(None))
    .order_by(_own.c.answer_due)
    .limit(bindparam("limit"))
)
_OVERDUE_HELD = _OVERDUE.with_for_update(skip_locked=True, key_share=True)
_EVERYWHERE = (
    select(_own.c.project_id, _own.c.id, _own.c.agent_id)
    .where(_own.c.deleted_at.is_(None), _own.c.id > bindparam("after"))
    .order_by(_own.c.id)
    .limit(bindparam("limit"))
)
_OF_AGENT = (
    select(*_SHOWN, _own.c.id, _own.c.is_default, _own.c.hidden, _own.c.stale)
    .where(*_ALIVE, _own.c.agent_id == bindparam("agent"))
    .order_by(_own.c.sorted_as)
)
_AT_ONCE = 20  # conversations that go on in one transaction
_ADD = insert(_own)
_ADD_SEGMENT = insert(_segments)
_EMPTY = {"head_seq": SYSTEM_SEQ, "context_from": SYSTEM_SEQ + 1}


@dataclass(frozen=True, slots=True)
class Home:
    """Whose a conversation is, the default one of an agent too."""

    project: ProjectId
    conversation_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What a conversation is besides what the API shows: what it reaches, and its window."""

    is_default: bool
    hidden: bool
    stale: bool
    head: int
    context: Context
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Which conversations are wanted. The search finds a part of the summary, in any case."""

    agent_id: str | None = None
    archive_status: ArchiveStatus = "unarchived"
    summary_search: str | None = None
    order_by: ConversationSort = "created_at"


def add(
    tx: Tx,
    project: ProjectId,
    conversation: Conversation,
    system: Entry,
    *,
    is_default: bool = False,
) -> None:
    """Keep a new conversation and the system entry that it begins with."""
    _insert(tx, project, conversation, {"is_default": is_default, **_EMPTY})
    address = Address(conversation_id=conversation.id, agent_id=conversation.agent_id)
    entries.insert_all(tx, project, address, [system])


def get(tx: Tx, project: ProjectId, conversation_id: str) -> Conversation:
    """The conversation called so in `project`, with its context's ids, or `NotFound`."""
    found = bare(tx, project, conversation_id)
    context = entries.context_ids(tx, conversation_id)
    return found.model_copy(update={"in_context_message_ids": context})


def bare(
    tx: Tx, project: ProjectId, conversation_id: str, *, for_update: bool = False
) -> Conversation:
    """The conversation called so in `project`, without its context's ids, or `NotFound`.

    The default conversation of an agent has no name of its own: it is not found. `for_update`
    keeps others from changing it meanwhile.
    """
    query = _GET_TO_CHANGE if for_update else _GET
    row = tx.first(query, {"project": project, "conversation": conversation_id})
    if row is None:
        raise NotFound("Conversation")
    return _read(row)


def locate(tx: Tx, project: ProjectId, conversation_id: str) -> Address:
    """Whose conversation it is, or `NotFound`."""
    row = tx.first(_LOCATE, {"project": project, "conversation": conversation_id})
    if row is None:
        raise NotFound("Conversation")
    return Address(conversation_id=conversation_id, agent_id=row.agent_id)


def everywhere(tx: Tx, after: str, limit: int) -> list[Home]:
    """The next conversations by id, of all projects, those that were deleted left out."""
    rows = tx.all(_EVERYWHERE, {"after": after, "limit": limit})
    return [Home(row.project_id, row.id, row.agent_id) for row in rows]


def find_default(tx: Tx, project: ProjectId, agent_id: str) -> str | None:
    """The id of an agent's default conversation, if there is such an agent."""
    row = tx.first(_DEFAULT, {"project": project, "agent": agent_id})
    return None if row is None else row.id


def demote(tx: Tx, project: ProjectId, conversation_id: str) -> None:
    """Make a default conversation one like all others, and hold it as a send does.

    Raises `NotFound` if it no longer is the default one.
    """
    mine = (_own.c.project_id == project, _own.c.id == conversation_id, _own.c.is_default.is_(True))
    if not tx.run(update(_own).where(*mine).values(is_default=False, stale=False)):
        raise NotFound("Default conversation", "somebody has just reset it.")


def change(tx: Tx, project: ProjectId, conversation: Conversation) -> None:
    """Keep what a conversation has become. Raises `NotFound`."""
    mine = {"project": project, "conversation": conversation.id}
    if not tx.run(_CHANGE, {**mine, **_row(conversation)}):
        raise NotFound("Conversation")


def hide(tx: Tx, project: ProjectId, conversation_id: str) -> None:
    """Leave a conversation out of lists from now on. Raises `NotFound`."""
    mine = {"project": project, "conversation": conversation_id}
    if not tx.run(_CHANGE, {**mine, "hidden": True}):
        raise NotFound("Conversation")


def forget(tx: Tx, project: ProjectId, conversation_id: str) -> None:
    """Leave all that was said in a conversation so far out of its window, or `NotFound`."""
    mine = (_own.c.project_id == project, _own.c.id == conversation_id)
    beyond = {"context_from": _own.c.head_seq + 1, "context_head": ()}
    if not tx.run(update(_own).where(*mine).values(beyond)):
        raise NotFound("Conversation")


def touch(tx: Tx, conversation_id: str, at: datetime) -> None:
    """Remember when something was last sent to a conversation."""
    tx.run(_SET, {"conversation": conversation_id, "last_message_at": at})


def mark_stale(tx: Tx, project: ProjectId, block_id: str) -> None:
    """Remember that the prompts of default conversations hold an older text of a block."""
    held = schema.agents_blocks
    _mark(tx, project, select(held.c.agent_id).where(held.c.block_id == block_id))


def mark_stale_folder(tx: Tx, project: ProjectId, folder_id: str) -> None:
    """The same for what is told of a folder."""
    held = schema_texts.agents_folders
    _mark(tx, project, select(held.c.agent_id).where(held.c.folder_id == folder_id))


def mark_stale_agent(tx: Tx, project: ProjectId, agent_id: str) -> None:
    """The same for what is told of an agent's folders and open files."""
    _mark(tx, project, select(_agents.c.id).where(_agents.c.id == agent_id))


def take_stale(tx: Tx, conversation_id: str) -> bool:
    """Whether the prompt of a conversation is stale; afterwards it is not taken to be."""
    mine = (_own.c.id == conversation_id, _own.c.stale.is_(True))
    return bool(tx.run(update(_own).where(*mine).values(stale=False)))


def await_answer(tx: Tx, conversation_id: str, due: datetime | None) -> None:
    """Remember until when the calls of a conversation wait for an answer; null is for ever."""
    tx.run(_SET, {"conversation": conversation_id, "answer_due": due})


def is_overdue(tx: Tx, now: datetime) -> bool:
    """Whether calls wait anywhere that should have been answered."""
    return tx.first(_OVERDUE, {"now": now, "limit": 1}) is not None


def overdue(tx: Tx, now: datetime) -> list[str]:
    """Conversations whose calls should have been answered by now, held as a send holds them.

    They are the longest overdue, and not those that somebody else holds.
    """
    rows = tx.all(_OVERDUE_HELD, {"now": now, "limit": _AT_ONCE})
    return [row.id for row in rows]


def remove(tx: Tx, project: ProjectId, conversation_id: str, at: datetime) -> None:
    """Make a conversation disappear; its forks keep what they share with it. Or `NotFound`."""
    locate(tx, project, conversation_id)
    tx.run(_SET, {"conversation": conversation_id, "deleted_at": at})
    prompts.forget(tx, project, conversation_id)
    compactions.forget(tx, project, conversation_id)


def listed(
    tx: Tx, project: ProjectId, page: Page, wanted: ConversationFilter
) -> list[Conversation]:
    """The conversations on a page, without their context; default and hidden ones are left out."""
    query = select(*_SHOWN).where(
        _own.c.project_id == project,
        _own.c.deleted_at.is_(None),
        _own.c.is_default.is_(False),
        _own.c.hidden.is_(False),
    )
    if wanted.agent_id is not None:
        query = query.where(_own.c.agent_id == wanted.agent_id)
    if wanted.archive_status != "all":
        live = _own.c.archived_at.is_(None)
        query = query.where(live if wanted.archive_status == "unarchived" else ~live)
    if wanted.summary_search:
        query = query.where(containing(_own.c.summary, wanted.summary_search))
    key = None if wanted.order_by == "created_at" else _own.c[wanted.order_by]
    return [_read(row) for row in paged(tx, project, query, _own, page, By(key))]


def fork(
    tx: Tx,
    project: ProjectId,
    source_id: str,
    new: Conversation,
    system: Entry,
    *,
    upto: str | None = None,
) -> None:
    """Keep `new` as a fork of a conversation: a snapshot of its context, up to entry `upto`.

    Raises `NotFound` for an entry that is not in the source's context. What is written does not
    grow with the history: a row, its segments, a system entry, what is remembered of the prompt,
    and a summary of its own where it is cut before that of the source.
    """
    source = entries.reach_in(tx, project, source_id, lock=True)
    start, opening = source.context.start, source.context.head
    cut = source.head if upto is None else source.seq_of(tx, upto)
    if upto is not None and SYSTEM_SEQ != cut < start and cut not in opening:
        raise NotFound(f"Message {upto}", "only messages in the context can be forked at.")
    shared = source.context_upto(cut)
    own, head = [system], [seq for seq in opening if seq <= cut]
    if shared and len(head) < len(opening):
        summary = entries.summary_of(tx, source)
        own.append(summary.model_copy(update={"id": clock.mint("message"), "seq": cut + 1}))
        head.insert(0, cut + 1)
    _insert(
        tx,
        project,
        new,
        {
            "is_default": False,
            "head_seq": max(cut, own[-1].seq) if shared else SYSTEM_SEQ,
            "context_from": min(start, cut + 1) if shared else SYSTEM_SEQ + 1,
            "context_head": tuple(head),
        },
    )
    _share(tx, new.id, shared)
    address = Address(conversation_id=new.id, agent_id=new.agent_id)
    entries.insert_all(tx, project, address, own)
    prompts.share(tx, project, source_id, new.id)


def take_in(tx: Tx, project: ProjectId, conversation: Conversation, shape: Shape) -> None:
    """Keep a conversation that was led elsewhere; its entries, the system one too, come after."""
    _insert(
        tx,
        project,
        conversation,
        {
            "is_default": shape.is_default,
            "hidden": shape.hidden,
            "stale": shape.stale,
            "head_seq": shape.head,
            "context_from": shape.context.start,
            "context_head": shape.context.head,
        },
    )
    _share(tx, conversation.id, shape.segments)


def of_agent(tx: Tx, project: ProjectId, agent_id: str) -> list[tuple[Conversation, Shape]]:
    """All conversations of an agent, hidden ones and the default one too, oldest first."""
    mine = {"project": project, "agent": agent_id}
    found = []
    for row in tx.all(_OF_AGENT, mine):
        reached = entries.reach(tx, row.id)
        shape = Shape(row.is_default, row.hidden, row.stale, reached.head, reached.context)
        found.append((_read(row), shape))
    return found


def recall_count(tx: Tx, conversation_id: str) -> int:
    """How many entries a conversation has besides its system entry."""
    stretches = entries.reach(tx, conversation_id).stretches
    return sum(stretch.hi - stretch.lo + 1 for stretch in stretches)


def _insert(tx: Tx, project: ProjectId, conversation: Conversation, more: dict[str, Any]) -> None:
    tx.run(
        _ADD,
        {
            "id": conversation.id,
            "project_id": project,
            "agent_id": conversation.agent_id,
            "created_at": conversation.created_at,
            "hidden": False,
            "stale": False,
            "collected": False,
            **_row(conversation),
            **more,
        },
    )


def _mark(tx: Tx, project: ProjectId, holders: Select[str]) -> None:
    theirs = (_own.c.project_id == project, _own.c.agent_id.in_(holders))
    tx.run(update(_own).where(*theirs, schema.IS_DEFAULT).values(stale=True))


def _share(tx: Tx, conversation_id: str, segments: Sequence[Segment]) -> None:
    tx.many(
        _ADD_SEGMENT,
        [
            {
                "conversation_id": conversation_id,
                "n": n,
                "source_conversation_id": segment.source,
                "lo": segment.lo,
                "hi": segment.hi,
            }
            for n, segment in enumerate(segments)
        ],
    )


def _row(conversation: Conversation) -> dict[str, Any]:
    return {
        "summary": conversation.summary,
        "updated_at": conversation.updated_at,
        "last_message_at": conversation.last_message_at,
        "archived_at": conversation.archived_at,
        "body": conversation.model_dump_json(
            exclude={"in_context_message_ids"}, exclude_unset=True
        ),
    }


def _read(row: Row[Any]) -> Conversation:
    conversation = Conversation.model_validate_json(row.body)
    if conversation.last_message_at == row.last_message_at:
        return conversation
    return conversation.model_copy(update={"last_message_at": row.last_message_at})
