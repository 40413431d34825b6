"""An entry: one stored side's say, never changed once it is written.

(The one exception is a conversation's system entry, whose text is replaced by recompile.)
"""

from datetime import datetime
from typing import Literal

from palaver.domain.frozen import Frozen
from palaver.domain.message import CompactionStats
from palaver.domain.part import Part, text_of

Role = Literal["system", "user", "assistant", "tool", "approval", "summary"]

SYSTEM_SEQ = 0
"""Where a conversation's system entry stands; everything else comes after it."""


class Entry(Frozen):
    """One say. It owns the ``message-…`` id; the API shows each of its parts as a message.

    ``seq`` is its number in its conversation. ``cut`` is set when the say was broken off by a
    cancel or a failure: what there is of it is kept. ``otid`` is the client's own name for an
    input. ``model`` is the handle of the model that spoke.
    Of the role ``system`` are the prompt, at `SYSTEM_SEQ`, and inputs whose caller calls them so.
    An entry of the role ``approval`` is an answer to calls that wait. One of the role ``summary``
    stands in the window for entries that left it, and has the stats of that ``compaction``.
    """

    id: str
    seq: int
    role: Role
    parts: tuple[Part, ...]
    created_at: datetime
    otid: str | None = None
    name: str | None = None
    sender_id: str | None = None
    group_id: str | None = None
    run_id: str | None = None
    step_id: str | None = None
    model: str | None = None
    cut: bool = False
    compaction: CompactionStats | None = None

    @property
    def is_input(self) -> bool:
        """Whether somebody has said it to the agent: a reminder is of a step."""
        return self.role in ("user", "system") and self.step_id is None

    @property
    def text(self) -> str:
        """Its words, one part after the other."""
        return text_of(self.parts)

    @property
    def lines(self) -> str:
        """The same, each part on lines of its own."""
        return text_of(self.parts, "\n")
