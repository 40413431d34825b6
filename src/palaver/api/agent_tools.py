"""The tools of an agent over HTTP: which of them wait for somebody's approval."""

from typing import Annotated

from fastapi import Body, HTTPException
from pydantic import AliasChoices, Field

from palaver import clock
from palaver.api import routing
from palaver.api.deps import Caller, Db
from palaver.core.approval import RULE
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId
from palaver.engine import equipment
from palaver.errors import NotFound
from palaver.store import agents
from palaver.store.db import Tx

router = routing.router("/v1/agents/{agent_id}/tools", "agents")


class ApprovalChange(Frozen):
    """Whether the calls of a tool wait for approval.

    The TypeScript client writes the name of its own parameter, which is the second one.
    """

    requires_approval: bool | None = Field(
        None, validation_alias=AliasChoices("requires_approval", "body_requires_approval")
    )


@router.patch("/approval/{tool_name}")
async def update_approval(
    agent_id: AgentId,
    tool_name: str,
    caller: Caller,
    db: Db,
    requires_approval: bool | None = None,
    body: Annotated[ApprovalChange | None, Body()] = None,
) -> None:
    """Let the calls of a tool wait for approval, or no longer; those that wait still do."""
    wanted = body.requires_approval if body else None
    wanted = requires_approval if wanted is None else wanted
    if wanted is None:
        raise HTTPException(422, "requires_approval: say true or false, in the body")
    await db.tx(_change, caller.project, agent_id, tool_name, wanted)


def _change(tx: Tx, project: str, agent_id: str, tool: str, wanted: bool) -> None:
    agent = agents.get(tx, project, agent_id, for_update=True)
    if tool not in [one.name for one in equipment.of_agent(tx, project, agent)]:
        raise NotFound(f"Tool {tool}", "it has to be one of this agent's.")
    rule = {"type": RULE, "tool_name": tool}
    others = [
        one for one in agent.tool_rules or [] if (one["type"], one["tool_name"]) != (RULE, tool)
    ]
    rules = [*others, rule] if wanted else others
    changed = agent.model_copy(update={"tool_rules": rules, "updated_at": clock.now()})
    agents.change(tx, project, changed)
