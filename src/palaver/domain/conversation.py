"""Conversations: many for one agent, at the same time."""

from typing import Literal

from palaver.domain.frozen import Frozen, Stamp
from palaver.domain.model_settings import ModelSettings

ArchiveStatus = Literal["unarchived", "archived", "all"]
ConversationSort = Literal["created_at", "last_run_completion", "last_message_at"]


class Conversation(Frozen):
    """A conversation as the API shows it.

    ``in_context_message_ids`` is in context order, the system message first; null where it was not
    loaded (lists).
    """

    id: str
    agent_id: str
    summary: str | None = None
    description: str | None = None
    model: str | None = None
    model_settings: ModelSettings | None = None
    context_window_limit: int | None = None
    archived: bool = False
    archived_at: Stamp | None = None
    last_message_at: Stamp | None = None
    in_context_message_ids: list[str] | None = None
    created_at: Stamp | None = None
    updated_at: Stamp | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None


class Context(Frozen):
    """Which entries stand in a conversation's window, by their numbers.

    First those of the ``head``, then all from ``start`` on that are no summaries. A compaction puts
    its summary at the head, and behind it the newest input if that stands before ``start``.
    """

    start: int
    head: tuple[int, ...] = ()


class Segment(Frozen):
    """A stretch of entries, from ``lo`` to ``hi`` inclusive, written in ``source``.

    A conversation is its own entries and, below them, the segments that it was forked with. A fork
    goes on with the numbers of its source, so an entry has the same ``seq`` wherever it is read.
    """

    source: str
    lo: int
    hi: int


class Address(Frozen):
    """Which conversation of which agent; the default one is told apart, as the API does."""

    conversation_id: str
    agent_id: str
    is_default: bool = False

    @property
    def shown_id(self) -> str | None:
        """The conversation's id where the API shows one: the default conversation has none."""
        return None if self.is_default else self.conversation_id
