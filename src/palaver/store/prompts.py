"""What is remembered of the last prompt of each conversation: one row, of a size of its own.

`palaver.core.prefix` knows what the two pieces mean; `said` is of the entries.
"""

from sqlalchemy import LargeBinary, bindparam, delete, insert, literal, select, update

from palaver.domain.ids import ProjectId
from palaver.store import belonging, schema
from palaver.store.columns import Id
from palaver.store.db import Tx

_prompts = schema.prompts
_conversations = schema.conversations
_MINE = belonging.to_conversation(_prompts)
_FIND = select(_prompts.c.head, _prompts.c.said).where(*_MINE)
_CHANGE = update(_prompts).where(*_MINE).values(head=bindparam("head_"), said=bindparam("said_"))
_ROW = ("conversation_id", "project_id", "head", "said")
_ADD = insert(_prompts).from_select(
    _ROW,
    select(
        _conversations.c.id,
        _conversations.c.project_id,
        bindparam("head_", type_=LargeBinary),
        bindparam("said_", type_=LargeBinary),
    ).where(*belonging.LIVE_CONVERSATION),
)
_SHARE = insert(_prompts).from_select(
    _ROW,
    select(
        bindparam("fork", type_=Id),
        _prompts.c.project_id,
        _prompts.c.head,
        literal(b"", LargeBinary),
    ).where(*_MINE),
)


def find(tx: Tx, project: ProjectId, conversation_id: str) -> tuple[bytes, bytes] | None:
    """What was remembered of a conversation, `head` and `said`, if it was ever sent to a model."""
    row = tx.first(_FIND, {"project": project, "conversation": conversation_id})
    return None if row is None else (row.head, row.said)


def put(tx: Tx, project: ProjectId, conversation_id: str, prompt: tuple[bytes, bytes]) -> None:
    """Remember `head` and `said` of a conversation, unless it has been deleted."""
    head, said = prompt
    row = {"project": project, "conversation": conversation_id, "head_": head, "said_": said}
    if not tx.run(_CHANGE, row):
        tx.run(_ADD, row)


def share(tx: Tx, project: ProjectId, conversation_id: str, fork_id: str) -> None:
    """Let a fork remember what its source does, but for the entries: those it shares anyway."""
    tx.run(_SHARE, {"project": project, "conversation": conversation_id, "fork": fork_id})


def forget(tx: Tx, project: ProjectId, conversation_id: str) -> None:
    """Remember nothing of a conversation any more."""
    mine = {"project": project, "conversation": conversation_id}
    tx.run(delete(_prompts).where(*_MINE), mine)
