"""Where tools are carried out: by whom, for which agent, and with what result."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from palaver.domain.agent import Agent
from palaver.domain.ids import ProjectId
from palaver.domain.tool import Outcome, Tool, ToolType
from palaver.errors import Invalid, ToolRefused
from palaver.store import claims
from palaver.store.claims import Owner
from palaver.store.db import Tx


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that an agent uses. `owner` is whose run it is part of, if it is part of one.

    Whoever has lost that run by now may change nothing more.
    """

    tool: Tool
    arguments: Mapping[str, Any]
    project: ProjectId
    agent: Agent
    conversation_id: str | None = None
    owner: Owner | None = None

    def hold(self, tx: Tx) -> None:
        """Let it change things in this transaction, or raise `Lost`."""
        if self.owner is not None:
            claims.hold(tx, self.owner)


class Hand(Protocol):
    """Who carries out tools of one kind."""

    def refusal(self, tool: Tool) -> str | None:
        """Why this server cannot carry out a tool and what to do about it; None if it can."""
        ...

    async def use(self, use: ToolUse) -> Outcome:
        """Carry a tool out. Raises `ToolRefused` where it cannot be, and `Lost`."""
        ...


class Workshop:
    """All who carry out tools in this process, by the types of their tools."""

    def __init__(self, hands: Mapping[ToolType, Hand]) -> None:
        self._hands = hands

    def check(self, tool: Tool) -> None:
        """Raise `Invalid` for a tool that cannot be carried out here."""
        refusal = self._refusal(tool)
        if refusal is not None:
            raise Invalid(refusal)

    async def use(self, use: ToolUse) -> Outcome:
        """Carry a tool out. Raises `ToolRefused` where it cannot be, and `Lost`."""
        refusal = self._refusal(use.tool)
        if refusal is not None:
            raise ToolRefused(refusal)
        return await self._hands[use.tool.tool_type].use(use)

    async def try_out(self, use: ToolUse) -> Outcome:
        """Carry a tool out for somebody who waits for it; what a tool refuses is an outcome, too.

        Raises `Invalid` for a tool that cannot be carried out here.
        """
        self.check(use.tool)
        try:
            return await self.use(use)
        except ToolRefused as refusal:
            return Outcome(status="error", text=str(refusal))

    def _refusal(self, tool: Tool) -> str | None:
        hand = self._hands.get(tool.tool_type)
        if hand is None:
            return f"Tool {tool.name} is of type {tool.tool_type}, which this server does not run."
        return hand.refusal(tool)
