"""Groups over HTTP: by themselves, and as those of an agent. Nothing is sent to a group."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import AfterValidator

from palaver import clock
from palaver.api import routing
from palaver.api.deps import Caller, Db
from palaver.api.pages import NewestFirst, OldestFirst
from palaver.domain.frozen import Frozen
from palaver.domain.group import Group, GroupType, Managed, ManagedBy
from palaver.domain.ids import AgentId, BlockId, GroupId, ProjectId
from palaver.domain.page import Limit
from palaver.errors import Invalid
from palaver.store import agents, groups
from palaver.store.db import Tx

router = routing.router("/v1/groups", "groups")
of_agent = routing.router("/v1/agents/{agent_id}/groups", "agents")

_FIELDS: dict[str, tuple[str, ...]] = {
    "round_robin": ("max_turns",),
    "supervisor": ("manager_agent_id",),
    "dynamic": ("manager_agent_id", "termination_token", "max_turns"),
    "sleeptime": ("manager_agent_id", "sleeptime_agent_frequency"),
    "voice_sleeptime": (
        "manager_agent_id", "max_message_buffer_length", "min_message_buffer_length"
    ),
}  # fmt: skip


class Management(Managed):
    """How a group is managed. What its type knows nothing of is ignored."""

    manager_type: ManagedBy | None = None
    manager_agent_id: AgentId | None = None


def _complete(given: Management) -> Management:
    if given.manager_type is None:
        raise ValueError("must have a `manager_type`")
    if given.manager_agent_id is None and "manager_agent_id" in _FIELDS[given.manager_type]:
        raise ValueError(f"must name a `manager_agent_id`: a {given.manager_type} group needs one")
    return given


class GroupChange(Frozen):
    """What a caller changes of a group: fields left out, or null, stay as they are."""

    agent_ids: list[AgentId] | None = None
    description: str | None = None
    manager_config: Management | None = None
    shared_block_ids: list[BlockId] | None = None


class NewGroup(GroupChange):
    """What a caller gives to make a group. Who manages a dynamic one ends it with its token."""

    agent_ids: list[AgentId]
    description: str
    manager_config: Annotated[Management, AfterValidator(_complete)] = Management(
        manager_type="round_robin"
    )
    hidden: bool | None = None


class GroupQuery(OldestFirst):
    """Which groups are wanted, oldest first unless asked otherwise."""

    limit: Limit | None = 50
    manager_type: GroupType | None = None
    project_id: str | None = None


class AgentsGroupQuery(NewestFirst):
    """Which groups of an agent are wanted, newest first unless asked otherwise."""

    manager_type: str | None = None


@router.post("/")
async def create(body: NewGroup, caller: Caller, db: Db) -> Group:
    """Make a group of agents that are there."""
    kind = body.manager_config.manager_type
    told = {"termination_token": "DONE!"} if kind == "dynamic" else {}
    said = {**told, **_said(body, str(kind)), "id": clock.mint("group"), "manager_type": kind}

    def write(tx: Tx) -> Group:
        _hold(tx, caller.project, said)
        group = Group.model_validate(said)
        groups.add(tx, caller.project, group)
        return groups.get(tx, caller.project, group.id)

    return await db.tx(write)


@router.get("/")
async def list_groups(query: Annotated[GroupQuery, Query()], caller: Caller, db: Db) -> list[Group]:
    """List groups; hidden ones are left out."""
    return await db.read(groups.listed, caller.project, query.page, query.manager_type)


@router.get("/count")
async def count(caller: Caller, db: Db) -> int:
    """Count groups; hidden ones are left out."""
    return await db.read(groups.counted, caller.project)


@router.get("/{group_id}")
async def retrieve(group_id: GroupId, caller: Caller, db: Db) -> Group:
    """Read one group."""
    return await db.read(groups.get, caller.project, group_id)


@router.patch("/{group_id}")
async def update(group_id: GroupId, body: GroupChange, caller: Caller, db: Db) -> Group:
    """Change a group; its type stays. Lists that are given take the place of those that were."""

    def write(tx: Tx) -> Group:
        kind = groups.get(tx, caller.project, group_id).manager_type
        if body.manager_config and body.manager_config.manager_type not in {None, kind}:
            raise Invalid(f"A {kind} group stays one; make a group of the other type.")
        said = _said(body, kind)
        _hold(tx, caller.project, said)
        before = groups.get(tx, caller.project, group_id, for_update=True)
        after = before.model_copy(update=said)
        groups.change(tx, caller.project, after, body.agent_ids)
        return groups.get(tx, caller.project, group_id)

    return await db.tx(write)


@router.delete("/{group_id}")
async def delete(group_id: GroupId, caller: Caller, db: Db) -> None:
    """Delete a group; its agents stay."""
    await db.tx(groups.remove, caller.project, group_id)


@of_agent.get("")
async def list_agents_groups(
    agent_id: AgentId, query: Annotated[AgentsGroupQuery, Query()], caller: Caller, db: Db
) -> list[Group]:
    """List the groups that an agent is in or manages."""

    def read(tx: Tx) -> list[Group]:
        agents.get(tx, caller.project, agent_id)
        return groups.of_agent(tx, caller.project, agent_id, query.page, query.manager_type)

    return await db.read(read)


def _said(body: GroupChange, kind: str) -> dict[str, Any]:
    """What is said of a group of that type."""
    said = body.model_dump(exclude={"manager_config"}, exclude_none=True)
    if body.manager_config is not None:
        said |= body.manager_config.model_dump(include={*_FIELDS[kind]}, exclude_none=True)
    return said


def _hold(tx: Tx, project: ProjectId, said: dict[str, Any]) -> None:
    manager = [said["manager_agent_id"]] if "manager_agent_id" in said else []
    held = [*said.get("agent_ids", ()), *manager]
    groups.hold(tx, project, held, said.get("shared_block_ids", ()))
