"""The tools that palaver brings with it, carried out: each is one transaction."""

from collections.abc import Mapping
from typing import Any

from palaver import clock
from palaver.core import memory, voice
from palaver.domain.ids import ProjectId
from palaver.domain.tool import Outcome, Tool
from palaver.engine.workshop import ToolUse
from palaver.errors import NotFound, ToolRefused
from palaver.store import blocks, claims
from palaver.store.db import Database, Tx


class OwnTools:
    """A hand for all of them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def refusal(self, tool: Tool) -> str | None:
        """None: they can be carried out everywhere."""
        return None

    async def use(self, use: ToolUse) -> Outcome:
        """Carry one out. Raises `ToolRefused`, and `Lost`."""
        if use.tool.name == voice.NAME:
            return Outcome(text=voice.answer(use.arguments))
        return Outcome(text=await self._db.tx(_use, use))


def _use(tx: Tx, use: ToolUse) -> str:
    if use.owner is not None:
        claims.hold(tx, use.owner)
    return _edit(tx, use.project, use.agent.id, use.tool.name or "", use.arguments)


def _edit(
    tx: Tx, project: ProjectId, agent_id: str, tool: str, arguments: Mapping[str, Any]
) -> str:
    label = memory.label_of(arguments)
    try:
        block = blocks.labelled(tx, project, agent_id, label, for_update=True)
    except NotFound:
        raise ToolRefused(f"There is no memory block `{label}`.") from None
    edit = memory.edit(tool, arguments, block)
    blocks.change(tx, project, block.model_copy(update={"value": edit.value}), clock.now())
    return edit.said
