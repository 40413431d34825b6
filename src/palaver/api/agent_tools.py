"""The tools of an agent over HTTP: which it has, and which of them wait for approval."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Body, HTTPException, Query
from pydantic import AliasChoices, Field

from palaver import clock
from palaver.api import routing
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.pages import NewestFirst
from palaver.api.tool_bodies import ToolInput
from palaver.core.approval import RULE, with_gates
from palaver.domain.agent import Agent
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId, ToolId
from palaver.domain.page import Limit
from palaver.domain.tool import Outcome, Tool, ToolExecutionResult
from palaver.engine import equipment
from palaver.engine.toolbox import limited
from palaver.engine.workshop import ToolUse, Workshop
from palaver.errors import NotFound
from palaver.store import agents
from palaver.store.db import Tx
from palaver.store.tools import ToolFilter

router = routing.router("/v1/agents/{agent_id}/tools", "agents")


class ApprovalChange(Frozen):
    """Whether the calls of a tool wait for approval.

    The TypeScript client writes the name of its own parameter, which is the second one.
    """

    requires_approval: bool | None = Field(
        None, validation_alias=AliasChoices("requires_approval", "body_requires_approval")
    )


class ToolsOfAgent(NewestFirst):
    """A part of the list of an agent's tools."""

    limit: Limit | None = 10


@router.get("")
async def list_tools(
    agent_id: AgentId, query: Annotated[ToolsOfAgent, Query()], caller: Caller, db: Db
) -> list[Tool]:
    """List the tools of an agent."""

    def read(tx: Tx) -> list[Tool]:
        wanted = ToolFilter(ids=agents.get(tx, caller.project, agent_id).tools)
        return equipment.listed(tx, caller.project, query.page, wanted)

    return await db.read(read)


@router.patch("/attach/{tool_id}")
async def attach_tool(agent_id: AgentId, tool_id: ToolId, caller: Caller, rooms: Rooms) -> None:
    """Give an agent a tool that this server can run; attaching twice changes nothing."""
    await rooms.db.tx(_attach, rooms.workshop, caller.project, agent_id, tool_id)


@router.patch("/detach/{tool_id}")
async def detach_tool(agent_id: AgentId, tool_id: ToolId, caller: Caller, db: Db) -> None:
    """Take a tool from an agent. The tool itself stays, and so do rules about it."""
    await db.tx(_detach, caller.project, agent_id, tool_id)


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


@router.post("/{tool_name}/run")
async def run_tool(
    agent_id: AgentId, tool_name: str, caller: Caller, rooms: Rooms, body: ToolInput | None = None
) -> ToolExecutionResult:
    """Carry out one of an agent's tools, as if its model had called it, in no conversation."""
    agent, tool = await rooms.db.read(_held, caller.project, agent_id, tool_name)
    args = body.args if body else {}
    outcome = await rooms.workshop.try_out(ToolUse(tool, args, caller.project, agent))
    return executed(tool, outcome)


def executed(tool: Tool, outcome: Outcome) -> ToolExecutionResult:
    """What came of a tool, as it is told to a client."""
    outcome = limited(outcome, tool.return_char_limit)
    if outcome.status == "success":
        return ToolExecutionResult(
            status="success",
            func_return=outcome.text,
            stdout=outcome.stdout,
            stderr=outcome.stderr,
        )
    told = [outcome.text, *(outcome.stderr or ())]  # what went wrong is no return
    return ToolExecutionResult(status="error", stdout=outcome.stdout, stderr=told)


def _held(tx: Tx, project: str, agent_id: str, name: str) -> tuple[Agent, Tool]:
    agent = agents.get(tx, project, agent_id)
    return agent, _named(equipment.of_agent(tx, project, agent), name)


def _named(tools: Iterable[Tool], name: str) -> Tool:
    for tool in tools:
        if tool.name == name:
            return tool
    raise NotFound(f"Tool {name}", "it has to be one of this agent's.")


def _attach(tx: Tx, workshop: Workshop, project: str, agent_id: str, tool_id: str) -> None:
    agent = agents.get(tx, project, agent_id, for_update=True)
    tool = equipment.get(tx, project, tool_id)
    workshop.check(tool)
    if tool_id in agent.tools:
        return
    changes = {
        "tools": (*agent.tools, tool_id),
        "tool_rules": with_gates(agent.tool_rules, [tool]),
        "updated_at": clock.now(),
    }
    agents.change(tx, project, agent.model_copy(update=changes))


def _detach(tx: Tx, project: str, agent_id: str, tool_id: str) -> None:
    agent = agents.get(tx, project, agent_id, for_update=True)
    if tool_id not in agent.tools:
        raise NotFound("Tool of this agent")
    rest = tuple(one for one in agent.tools if one != tool_id)
    changed = agent.model_copy(update={"tools": rest, "updated_at": clock.now()})
    agents.change(tx, project, changed)


def _change(tx: Tx, project: str, agent_id: str, tool: str, wanted: bool) -> None:
    agent = agents.get(tx, project, agent_id, for_update=True)
    _named(equipment.of_agent(tx, project, agent), tool)
    rule = {"type": RULE, "tool_name": tool}
    others = [
        one for one in agent.tool_rules or [] if (one["type"], one["tool_name"]) != (RULE, tool)
    ]
    rules = [*others, rule] if wanted else others
    changed = agent.model_copy(update={"tool_rules": rules, "updated_at": clock.now()})
    agents.change(tx, project, changed)
