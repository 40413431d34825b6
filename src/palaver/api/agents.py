"""Agents over HTTP."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import Body, Query

from palaver.api import agent_making, agent_states, routing
from palaver.api.agent_bodies import AgentChange, NewAgent
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.pages import Paged
from palaver.api.problems import CONFLICT
from palaver.domain.agent import AgentSort, AgentState, Include, Memory, Variable
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId
from palaver.domain.page import Limit, Order, Page
from palaver.domain.run import StopReason
from palaver.store import agents
from palaver.store.agents import AgentFilter
from palaver.store.db import Tx
from palaver.store.identities import Whose

router = routing.router("/v1/agents", "agents")

Includes = Annotated[list[Include] | None, Query()]


class Deleted(Frozen):
    """An agent is gone."""

    message: str


class AgentWish(Frozen):
    """Which agents are wanted."""

    name: str | None = None
    tags: list[str] | None = None
    match_all_tags: bool = False
    query_text: str | None = None
    last_stop_reason: StopReason | None = None
    project_id: str | None = None
    created_by_id: str | None = None
    template_id: str | None = None
    base_template_id: str | None = None
    identity_id: str | None = None
    identifier_keys: list[str] | None = None

    @property
    def hopeless(self) -> bool:
        """Whether something is asked for that no agent here has: a template or a maker."""
        return bool(self.template_id or self.base_template_id or self.created_by_id)

    @property
    def wanted(self) -> AgentFilter:
        """The filter that the store understands."""
        return AgentFilter(
            name=self.name,
            tags=tuple(self.tags or ()),
            match_all_tags=self.match_all_tags,
            query_text=self.query_text,
            last_stop_reason=self.last_stop_reason,
            whose=Whose(self.identity_id, tuple(self.identifier_keys or ())),
        )


class AgentQuery(AgentWish, Paged):
    """Which agents are wanted, in which order."""

    include: list[Include] | None = None
    include_relationships: list[str] | None = None
    limit: Limit | None = 50
    order: Order = "desc"
    order_by: AgentSort = "created_at"
    ascending: bool | None = None
    sort_by: AgentSort | None = None

    @property
    def wanted(self) -> AgentFilter:
        """The filter that the store understands, with the order of the list."""
        return replace(super().wanted, order_by=self.sort_by or self.order_by)

    @property
    def page(self) -> Page:
        """The part of the list that is wanted."""
        order = self.order if self.ascending is None else ("asc" if self.ascending else "desc")
        return super().page.model_copy(update={"order": order})


class Reset(Frozen):
    """How an agent begins anew. There are no messages that it would begin with by itself."""

    add_default_initial_messages: bool = False


@router.post("/", responses=CONFLICT)
async def create(body: NewAgent, caller: Caller, rooms: Rooms) -> AgentState:
    """Make an agent, with its blocks and its default conversation."""
    making = agent_making.Making(rooms.catalog, rooms.workshop, caller.project)
    return await rooms.db.tx(making.create, body)


@router.get("/")
async def list_agents(
    query: Annotated[AgentQuery, Query()], caller: Caller, rooms: Rooms
) -> list[AgentState]:
    """List agents. Relations are empty unless they are included."""

    def read(tx: Tx) -> list[AgentState]:
        found = agents.listed(tx, caller.project, query.page, query.wanted)
        return agent_states.show_all(tx, caller.project, rooms.catalog, found, query.include)

    return [] if query.hopeless else await rooms.db.read(read)


@router.get("/count")
async def count(query: Annotated[AgentWish, Query()], caller: Caller, db: Db) -> int:
    """Count agents."""
    return 0 if query.hopeless else await db.read(agents.counted, caller.project, query.wanted)


@router.get("/{agent_id}")
async def retrieve(
    agent_id: AgentId, caller: Caller, rooms: Rooms, include: Includes = None
) -> AgentState:
    """Read one agent. Relations are empty unless they are included."""
    return await rooms.db.read(_shown, rooms, caller.project, agent_id, include or ())


@router.patch("/{agent_id}", responses=CONFLICT)
async def update(agent_id: AgentId, body: AgentChange, caller: Caller, rooms: Rooms) -> AgentState:
    """Change an agent; fields that are left out stay as they are."""
    making = agent_making.Making(rooms.catalog, rooms.workshop, caller.project)
    return await rooms.db.tx(making.change, agent_id, body)


@router.delete("/{agent_id}")
async def delete(agent_id: AgentId, caller: Caller, rooms: Rooms) -> Deleted:
    """Delete an agent and its conversations. Blocks that it shared stay."""
    await rooms.end(agent_making.remove, caller.project, agent_id)
    return Deleted(message=f"Agent id={agent_id} successfully deleted")


@router.patch("/{agent_id}/reset-messages", responses=CONFLICT)
async def reset_messages(
    agent_id: AgentId, caller: Caller, rooms: Rooms, body: Annotated[Reset | None, Body()] = None
) -> AgentState:
    """Begin the agent's default conversation anew. What was said in it stays, in one of its own."""
    making = agent_making.Making(rooms.catalog, rooms.workshop, caller.project)
    return await rooms.db.tx(making.reset, agent_id)


@router.get("/{agent_id}/core-memory", deprecated=True)
async def retrieve_core_memory(agent_id: AgentId, caller: Caller, db: Db) -> Memory:
    """Read the blocks of an agent in their older form."""
    return await db.read(agent_states.memory_of, caller.project, agent_id)


@router.get("/{agent_id}/secrets")
async def list_secrets(agent_id: AgentId, caller: Caller, rooms: Rooms) -> list[Variable]:
    """List what the agent's tools find in their environment."""
    include = ("agent.secrets",)
    return (await rooms.db.read(_shown, rooms, caller.project, agent_id, include)).secrets


@router.post("/{agent_id}/system-prompt/recompile", name="recompile_prompt", deprecated=True)
@router.post("/{agent_id}/recompile")
async def recompile(
    agent_id: AgentId,
    caller: Caller,
    db: Db,
    dry_run: bool = False,
    update_timestamp: bool = False,
) -> str:
    """Compile the system prompt of the agent's default conversation anew; the new text."""
    return await db.tx(agent_making.recompile_default, caller.project, agent_id, dry_run)


def _shown(tx: Tx, rooms: Rooms, project: str, agent_id: str, include: Sequence[str]) -> AgentState:
    agent = agents.get(tx, project, agent_id)
    return agent_states.show(tx, project, rooms.catalog, agent, include)
