"""What the last compaction of each conversation has changed: one row, so that it can be undone."""

from typing import Any

from sqlalchemy import Text, bindparam, delete, insert, select, update

from palaver.domain.conversation import Context
from palaver.domain.ids import ProjectId
from palaver.errors import NotFound, NothingToUndo
from palaver.store import belonging, entries, schema
from palaver.store.db import Tx

_compactions = schema.compactions
_conversations = schema.conversations
_MINE = belonging.to_conversation(_compactions)
_FIND = select(
    _compactions.c.context_from, _compactions.c.context_head, _compactions.c.system
).where(*_MINE)
_FORGET = delete(_compactions).where(*_MINE)
_SET = (
    update(_conversations)
    .where(*belonging.CONVERSATION)
    .values(context_from=bindparam("start"), context_head=bindparam("head"))
)
_REMEMBER = insert(_compactions).from_select(
    ("conversation_id", "project_id", "context_from", "context_head", "system"),
    select(
        _conversations.c.id,
        _conversations.c.project_id,
        _conversations.c.context_from,
        _conversations.c.context_head,
        bindparam("system", type_=Text),
    ).where(*belonging.LIVE_CONVERSATION),
)


def put(
    tx: Tx,
    project: ProjectId,
    conversation_id: str,
    context: Context,
    text: str | None = None,
) -> None:
    """Let a conversation have another context, and remember the one that it has had.

    With a `text` its prompt is replaced, and remembered, too. Nothing is remembered of one that was
    deleted. Raises `NotFound`.
    """
    mine = {"project": project, "conversation": conversation_id}
    replaced = None
    if text is not None:
        replaced = entries.rewrite_system(tx, conversation_id, text)
    tx.run(_FORGET, mine)
    tx.run(_REMEMBER, {**mine, "system": replaced})
    _set(tx, mine, context)


def undo(tx: Tx, project: ProjectId, conversation_id: str) -> None:
    """Let a conversation have the context and the prompt back that it has had before.

    What was said since stays in it. Raises `NothingToUndo`.
    """
    mine = {"project": project, "conversation": conversation_id}
    row = tx.first(_FIND, mine)
    if row is None:
        raise NothingToUndo
    _set(tx, mine, Context(start=row.context_from, head=row.context_head))
    if row.system is not None:
        entries.rewrite_system(tx, conversation_id, row.system)
    tx.run(_FORGET, mine)


def forget(tx: Tx, project: ProjectId, conversation_id: str) -> None:
    """Remember nothing of a conversation any more."""
    tx.run(_FORGET, {"project": project, "conversation": conversation_id})


def _set(tx: Tx, mine: dict[str, Any], context: Context) -> None:
    if not tx.run(_SET, {**mine, "start": context.start, "head": context.head}):
        raise NotFound("Conversation")
