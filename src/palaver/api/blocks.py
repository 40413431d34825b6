"""Blocks over HTTP: by themselves, and as the core memory of an agent."""

from typing import Annotated

from fastapi import Query
from pydantic import Field, StringConstraints

from palaver import clock
from palaver.api import agent_states, routing
from palaver.api.agent_making import block_from
from palaver.api.changes import given
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.pages import AgentsQuery, NewestFirst, OldestFirst
from palaver.api.problems import CONFLICT
from palaver.domain.agent import AgentState
from palaver.domain.block import Block, BlockChange, NewBlock
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId, BlockId
from palaver.domain.page import Limit
from palaver.store import agents, blocks, conversations
from palaver.store.blocks import BlockFilter
from palaver.store.db import Tx
from palaver.store.identities import Whose

router = routing.router("/v1/blocks", "blocks")
core_memory = routing.router("/v1/agents/{agent_id}/core-memory/blocks", "agents")

LabelText = Annotated[
    str, StringConstraints(min_length=1, max_length=50, pattern=r"^[a-zA-Z0-9_/-]+$")
]
Count = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Search = Annotated[str, StringConstraints(min_length=1, max_length=200)]
BlockName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[a-zA-Z0-9 _-]+$")
]

_NEVER_NULL = frozenset(
    {"label", "value", "limit", "read_only", "is_template", "preserve_on_migration", "tags"}
)


class BlockWish(Frozen):
    """Which blocks are wanted."""

    label: LabelText | None = None
    label_search: LabelText | None = None
    name: BlockName | None = None
    value_search: Search | None = None
    description_search: Search | None = None
    tags: list[str] | None = None
    match_all_tags: bool = False
    templates_only: bool = False
    connected_to_agents_count_eq: list[Count] | None = None
    connected_to_agents_count_gt: Count | None = None
    connected_to_agents_count_lt: Count | None = None
    identity_id: Annotated[str, Field(min_length=45, max_length=45)] | None = None
    identifier_keys: list[str] | None = None
    project_id: str | None = None

    @property
    def wanted(self) -> BlockFilter:
        """The filter that the store understands."""
        return BlockFilter(
            label=self.label,
            label_search=self.label_search,
            name=self.name,
            value_search=self.value_search,
            description_search=self.description_search,
            tags=tuple(self.tags or ()),
            match_all_tags=self.match_all_tags,
            templates_only=self.templates_only,
            agents_eq=tuple(self.connected_to_agents_count_eq or ()),
            agents_gt=self.connected_to_agents_count_gt,
            agents_lt=self.connected_to_agents_count_lt,
            whose=Whose(self.identity_id, tuple(self.identifier_keys or ())),
        )


class BlockQuery(BlockWish, OldestFirst):
    """Which blocks are wanted, in which order (oldest first unless asked otherwise)."""

    limit: Limit | None = 50


@router.post("/")
async def create(body: NewBlock, caller: Caller, db: Db) -> Block:
    """Make a block."""
    block = block_from(body)
    await db.tx(blocks.add, caller.project, block, clock.now())
    return block


@router.get("/")
async def list_blocks(query: Annotated[BlockQuery, Query()], caller: Caller, db: Db) -> list[Block]:
    """List blocks, oldest first unless asked otherwise."""
    return await db.read(blocks.listed, caller.project, query.page, query.wanted)


@router.get("/count")
async def count(query: Annotated[BlockWish, Query()], caller: Caller, db: Db) -> int:
    """Count blocks."""
    return await db.read(blocks.counted, caller.project, query.wanted)


@router.get("/{block_id}")
async def retrieve(block_id: BlockId, caller: Caller, db: Db) -> Block:
    """Read one block."""
    return await db.read(blocks.get, caller.project, block_id)


@router.patch("/{block_id}", responses=CONFLICT)
async def update(block_id: BlockId, body: BlockChange, caller: Caller, db: Db) -> Block:
    """Change a block; fields that are left out stay as they are."""

    def change(tx: Tx) -> Block:
        block = blocks.get(tx, caller.project, block_id, for_update=True)
        return _changed(tx, caller.project, block, body)

    return await db.tx(change)


@router.delete("/{block_id}")
async def delete(block_id: BlockId, caller: Caller, db: Db) -> None:
    """Delete a block, also from the agents that have it."""
    await db.tx(blocks.remove, caller.project, block_id)


@router.get("/{block_id}/agents")
async def list_agents(
    block_id: BlockId, query: Annotated[AgentsQuery, Query()], caller: Caller, rooms: Rooms
) -> list[AgentState]:
    """List the agents that have a block."""

    def read(tx: Tx) -> list[AgentState]:
        blocks.get(tx, caller.project, block_id)
        found = agents.with_block(tx, caller.project, block_id, query.page)
        return agent_states.show_all(tx, caller.project, rooms.catalog, found, query.include)

    return await rooms.db.read(read)


@core_memory.get("")
async def list_of_agent(
    agent_id: AgentId, query: Annotated[NewestFirst, Query()], caller: Caller, db: Db
) -> list[Block]:
    """List the blocks of an agent."""

    def read(tx: Tx) -> list[Block]:
        agents.get(tx, caller.project, agent_id)
        return blocks.of_agent(tx, caller.project, agent_id, query.page)

    return await db.read(read)


@core_memory.patch("/attach/{block_id}", responses=CONFLICT)
async def attach(agent_id: AgentId, block_id: BlockId, caller: Caller, rooms: Rooms) -> AgentState:
    """Give an agent a block. Its label must not be taken; attaching twice changes nothing."""
    return await rooms.db.tx(_hold, rooms, caller.project, agent_id, block_id, hold=True)


@core_memory.patch("/detach/{block_id}")
async def detach(agent_id: AgentId, block_id: BlockId, caller: Caller, rooms: Rooms) -> AgentState:
    """Take a block from an agent. The block itself stays."""
    return await rooms.db.tx(_hold, rooms, caller.project, agent_id, block_id, hold=False)


@core_memory.get("/{block_label:path}")
async def retrieve_of_agent(agent_id: AgentId, block_label: str, caller: Caller, db: Db) -> Block:
    """Read an agent's block by its label (which may hold slashes)."""
    return await db.read(blocks.labelled, caller.project, agent_id, block_label)


@core_memory.patch("/{block_label:path}", responses=CONFLICT)
async def update_of_agent(
    agent_id: AgentId, block_label: str, body: BlockChange, caller: Caller, db: Db
) -> Block:
    """Change an agent's block by its label; fields that are left out stay as they are."""

    def change(tx: Tx) -> Block:
        block = blocks.labelled(tx, caller.project, agent_id, block_label, for_update=True)
        return _changed(tx, caller.project, block, body)

    return await db.tx(change)


def _changed(tx: Tx, project: str, block: Block, body: BlockChange) -> Block:
    after = block.model_copy(update=given(body, _NEVER_NULL))
    blocks.change(tx, project, after, clock.now())
    conversations.mark_stale(tx, project, after.id)
    return after


def _hold(
    tx: Tx, rooms: Rooms, project: str, agent_id: str, block_id: str, *, hold: bool
) -> AgentState:
    agent = agents.get(tx, project, agent_id)
    if hold:
        blocks.attach(tx, project, agent_id, block_id)
    conversations.mark_stale(tx, project, block_id)
    if not hold:
        blocks.detach(tx, project, agent_id, block_id)
    return agent_states.show(tx, project, rooms.catalog, agent)
