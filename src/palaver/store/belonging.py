"""What belongs to the conversation that a statement is about, which is bound when it is run."""

from sqlalchemy import ColumnElement, Table, bindparam

from palaver.store.schema import conversations

CONVERSATION = (
    conversations.c.project_id == bindparam("project"),
    conversations.c.id == bindparam("conversation"),
)
"""That conversation itself."""

LIVE_CONVERSATION = (*CONVERSATION, conversations.c.deleted_at.is_(None))
"""That conversation, if it has not been deleted."""


def to_conversation(table: Table) -> tuple[ColumnElement[bool], ...]:
    """The rows of `table` that belong to that conversation."""
    return (
        table.c.project_id == bindparam("project"),
        table.c.conversation_id == bindparam("conversation"),
    )
