"""Identities over HTTP: by themselves, and as those of agents and of blocks."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

from palaver import clock
from palaver.api import agent_states, routing
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.pages import AgentsQuery, Fifty
from palaver.api.problems import CONFLICT
from palaver.domain.agent import AgentState
from palaver.domain.block import Block
from palaver.domain.frozen import Frozen
from palaver.domain.identity import Identity, IdentityProperty, IdentityType
from palaver.domain.ids import AgentId, BlockId, IdentityId, ProjectId
from palaver.store import agents, blocks, identities
from palaver.store.db import Tx
from palaver.store.identities import AGENTS, BLOCKS, IdentityFilter

router = routing.router("/v1/identities", "identities")
of_agent = routing.router("/v1/agents/{agent_id}/identities", "agents")
of_block = routing.router("/v1/blocks/{block_id}/identities", "blocks")

Key = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class NewIdentity(Frozen):
    """What a caller gives to make an identity. Its key is unique among all."""

    identifier_key: Key
    name: str
    identity_type: IdentityType
    project_id: str | None = None
    agent_ids: list[AgentId] | None = None
    block_ids: list[BlockId] | None = None
    properties: list[IdentityProperty] | None = None


class IdentityChange(Frozen):
    """What a caller changes of an identity: fields left out, or null, stay as they are."""

    identifier_key: Key | None = None
    name: str | None = None
    identity_type: IdentityType | None = None
    agent_ids: list[AgentId] | None = None
    block_ids: list[BlockId] | None = None
    properties: list[IdentityProperty] | None = None


class IdentityQuery(Fifty):
    """Which identities are wanted, newest first unless asked otherwise."""

    name: str | None = None
    identifier_key: str | None = None
    identity_type: IdentityType | None = None
    project_id: str | None = None


@router.post("/", responses=CONFLICT)
async def create(body: NewIdentity, caller: Caller, db: Db) -> Identity:
    """Make an identity. Its key must not be taken; PUT changes the one that has it."""
    return await db.tx(_added, caller.project, body)


@router.put("/")
async def upsert(body: NewIdentity, caller: Caller, db: Db) -> Identity:
    """Make an identity, or change the one that has its key."""

    def write(tx: Tx) -> Identity:
        found = identities.find_keyed(tx, caller.project, body.identifier_key)
        if found is None:
            return _added(tx, caller.project, body)
        change = IdentityChange.model_validate(body.model_dump())
        return _changed(tx, caller.project, found.id, change)

    return await db.tx(write)


@router.get("/")
async def list_identities(
    query: Annotated[IdentityQuery, Query()], caller: Caller, db: Db
) -> list[Identity]:
    """List identities."""
    wanted = IdentityFilter(query.name, query.identifier_key, query.identity_type)
    return await db.read(identities.listed, caller.project, query.page, wanted)


@router.get("/count")
async def count(caller: Caller, db: Db) -> int:
    """Count identities."""
    return await db.read(identities.counted, caller.project)


@router.get("/{identity_id}")
async def retrieve(identity_id: IdentityId, caller: Caller, db: Db) -> Identity:
    """Read one identity."""
    return await db.read(identities.get, caller.project, identity_id)


@router.patch("/{identity_id}", responses=CONFLICT)
async def update(identity_id: IdentityId, body: IdentityChange, caller: Caller, db: Db) -> Identity:
    """Change an identity. Lists that are given take the place of those that were."""
    return await db.tx(_changed, caller.project, identity_id, body)


@router.delete("/{identity_id}")
async def delete(identity_id: IdentityId, caller: Caller, db: Db) -> None:
    """Delete an identity, also from the agents and blocks that have it."""
    await db.tx(identities.remove, caller.project, identity_id)


@router.put("/{identity_id}/properties")
async def upsert_properties(
    identity_id: IdentityId, body: list[IdentityProperty], caller: Caller, db: Db
) -> Identity:
    """Set some properties by their keys; the others stay."""

    def write(tx: Tx) -> Identity:
        before = identities.get(tx, caller.project, identity_id, for_update=True)
        properties = _by_key([*before.properties, *body])
        after = before.model_copy(update={"properties": properties})
        identities.change(tx, caller.project, after, clock.now())
        return after

    return await db.tx(write)


@router.get("/{identity_id}/agents")
async def list_agents(
    identity_id: IdentityId, query: Annotated[AgentsQuery, Query()], caller: Caller, rooms: Rooms
) -> list[AgentState]:
    """List the agents that have an identity."""

    def read(tx: Tx) -> list[AgentState]:
        identities.get(tx, caller.project, identity_id)
        found = agents.of_identity(tx, caller.project, identity_id, query.page)
        return agent_states.show_all(tx, caller.project, rooms.catalog, found, query.include)

    return await rooms.db.read(read)


@router.get("/{identity_id}/blocks")
async def list_blocks(
    identity_id: IdentityId, query: Annotated[Fifty, Query()], caller: Caller, db: Db
) -> list[Block]:
    """List the blocks that have an identity."""

    def read(tx: Tx) -> list[Block]:
        identities.get(tx, caller.project, identity_id)
        return blocks.of_identity(tx, caller.project, identity_id, query.page)

    return await db.read(read)


@of_agent.patch("/attach/{identity_id}")
async def attach_identity(
    agent_id: AgentId, identity_id: IdentityId, caller: Caller, db: Db
) -> None:
    """Give an agent an identity; attaching twice changes nothing."""
    await db.tx(identities.attach, caller.project, AGENTS, agent_id, identity_id)


@of_agent.patch("/detach/{identity_id}")
async def detach_identity(
    agent_id: AgentId, identity_id: IdentityId, caller: Caller, db: Db
) -> None:
    """Take an identity from an agent. The identity itself stays."""
    await db.tx(identities.detach, caller.project, AGENTS, agent_id, identity_id)


@of_block.patch("/attach/{identity_id}")
async def attach_identity_to_block(
    block_id: BlockId, identity_id: IdentityId, caller: Caller, db: Db
) -> Block:
    """Give a block an identity; attaching twice changes nothing."""

    def write(tx: Tx) -> Block:
        identities.attach(tx, caller.project, BLOCKS, block_id, identity_id)
        return blocks.get(tx, caller.project, block_id)

    return await db.tx(write)


@of_block.patch("/detach/{identity_id}")
async def detach_identity_from_block(
    block_id: BlockId, identity_id: IdentityId, caller: Caller, db: Db
) -> Block:
    """Take an identity from a block. The identity itself stays."""

    def write(tx: Tx) -> Block:
        identities.detach(tx, caller.project, BLOCKS, block_id, identity_id)
        return blocks.get(tx, caller.project, block_id)

    return await db.tx(write)


def _added(tx: Tx, project: ProjectId, body: NewIdentity) -> Identity:
    identity = Identity(
        id=clock.mint("identity"),
        identifier_key=body.identifier_key,
        name=body.name,
        identity_type=body.identity_type,
        properties=_by_key(body.properties or ()),
    )
    identities.add(tx, project, identity, clock.now())
    identities.hold_only(tx, project, AGENTS, identity.id, body.agent_ids)
    identities.hold_only(tx, project, BLOCKS, identity.id, body.block_ids)
    return identities.get(tx, project, identity.id)


def _changed(tx: Tx, project: ProjectId, identity_id: str, body: IdentityChange) -> Identity:
    before = identities.get(tx, project, identity_id, for_update=True)
    named = ("identifier_key", "name", "identity_type")
    changes = {name: value for name in named if (value := getattr(body, name)) is not None}
    if body.properties is not None:
        changes["properties"] = _by_key(body.properties)
    identities.change(tx, project, before.model_copy(update=changes), clock.now())
    identities.hold_only(tx, project, AGENTS, identity_id, body.agent_ids)
    identities.hold_only(tx, project, BLOCKS, identity_id, body.block_ids)
    return identities.get(tx, project, identity_id)


def _by_key(properties: Sequence[IdentityProperty]) -> list[IdentityProperty]:
    """Properties, the last one of each key."""
    return list({one.key: one for one in properties}.values())
