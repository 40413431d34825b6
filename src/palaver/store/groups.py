"""Groups, as they are kept, and which agents are in them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, select, update

from palaver.domain.group import Group, GroupType
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.errors import NotFound
from palaver.store import identities, known, schema_texts
from palaver.store.db import Tx
from palaver.store.identities import AGENTS, BLOCKS
from palaver.store.paging import By, Way, paged

_groups = schema_texts.groups
_again = _groups.alias()
_members = schema_texts.groups_agents


def hold(tx: Tx, project: ProjectId, agent_ids: Iterable[str], block_ids: Iterable[str]) -> None:
    """Keep agents and blocks from being removed meanwhile. Raises `NotFound`.

    Who changes a group holds its agents before the group: who removes one does it in that order.
    """
    for holders, ids in ((AGENTS, agent_ids), (BLOCKS, block_ids)):
        for thing_id in sorted(set(ids)):
            identities.hold(tx, project, holders, thing_id)


def add(tx: Tx, project: ProjectId, group: Group) -> None:
    """Keep a new group. Its agents and blocks are held."""
    tx.run(insert(_groups), {"id": group.id, "project_id": project, **_row(group)})
    _seat(tx, group.id, group.agent_ids)


def get(tx: Tx, project: ProjectId, group_id: str, *, for_update: bool = False) -> Group:
    """The group called `group_id`, or `NotFound`. `for_update` keeps others from changing it."""
    query = select(_groups.c.body).where(*_mine(project, group_id))
    row = tx.first(query.with_for_update(key_share=True) if for_update else query)
    if row is None:
        raise NotFound("Group")
    return _read(tx, project, [row])[0]


def change(
    tx: Tx, project: ProjectId, group: Group, agent_ids: Sequence[str] | None = None
) -> None:
    """Keep what a group has become. Raises `NotFound`.

    Who is in it stays so, unless `agent_ids`, which are held, take their place.
    """
    if not tx.run(update(_groups).where(*_mine(project, group.id)).values(_row(group))):
        raise NotFound("Group")
    if agent_ids is not None:
        tx.run(delete(_members).where(_members.c.group_id == group.id))
        _seat(tx, group.id, agent_ids)


def remove(tx: Tx, project: ProjectId, group_id: str) -> None:
    """Delete a group; its agents stay. Raises `NotFound`."""
    if not _remove(tx, *_mine(project, group_id)):
        raise NotFound("Group")


def forget(tx: Tx, agent_id: str) -> None:
    """Take an agent that goes from all groups; those that it managed go with it."""
    _remove(tx, _groups.c.manager_agent_id == agent_id)
    tx.run(delete(_members).where(_members.c.agent_id == agent_id))


def listed(
    tx: Tx, project: ProjectId, page: Page, manager_type: GroupType | None = None
) -> list[Group]:
    """The groups on a page, of one type if that is asked for; hidden ones are left out."""
    query = _of_type(project, manager_type).where(_groups.c.hidden.is_(False))
    return _read(tx, project, paged(tx, project, query, _groups, page))


def counted(tx: Tx, project: ProjectId) -> int:
    """How many groups there are; hidden ones are left out."""
    mine = (_groups.c.project_id == project, _groups.c.hidden.is_(False))
    return int(tx.all(select(func.count()).select_from(_groups).where(*mine))[0][0])


def of_agent(
    tx: Tx, project: ProjectId, agent_id: str, page: Page, manager_type: str | None = None
) -> list[Group]:
    """The groups that an agent is in or manages, on a page."""
    led = Way(_again.c.id, (_again.c.manager_agent_id == agent_id,))
    by = By(ways=[led, Way(_members.c.group_id, (_members.c.agent_id == agent_id,))])
    return _read(
        tx, project, paged(tx, project, _of_type(project, manager_type), _groups, page, by)
    )


def find_managed(tx: Tx, project: ProjectId, agent_id: str) -> Group | None:
    """The group that an agent manages, if it does; of several the newest."""
    query = _of_type(project, None).where(_groups.c.manager_agent_id == agent_id)
    row = tx.first(query.order_by(_groups.c.id.desc()).limit(1))
    return None if row is None else _read(tx, project, [row])[0]


def _of_type(project: ProjectId, manager_type: str | None) -> Select[Any]:
    query = select(_groups.c.body).where(_groups.c.project_id == project)
    return query if manager_type is None else query.where(_groups.c.manager_type == manager_type)


def _seat(tx: Tx, group_id: str, agent_ids: Sequence[str]) -> None:
    seats = enumerate(dict.fromkeys(agent_ids))
    rows = [{"group_id": group_id, "agent_id": agent_id, "n": n} for n, agent_id in seats]
    tx.many(insert(_members), rows)


def _remove(tx: Tx, *these: ColumnElement[bool]) -> int:
    ids = [row.id for row in tx.all(select(_groups.c.id).where(*these).with_for_update())]
    if ids:
        tx.run(delete(_members).where(_members.c.group_id.in_(ids)))
        tx.run(delete(_groups).where(_groups.c.id.in_(ids)))
    return len(ids)


def _read(tx: Tx, project: ProjectId, rows: Sequence[Row[Any]]) -> list[Group]:
    """Groups with their agents, and without blocks that are gone."""
    found = [Group.model_validate_json(row.body) for row in rows]
    seats: dict[str, list[str]] = {group.id: [] for group in found}
    query = select(_members.c.group_id, _members.c.agent_id).order_by(
        _members.c.group_id, _members.c.n
    )
    for row in tx.all(query.where(_members.c.group_id.in_(seats))) if seats else ():
        seats[row.group_id].append(row.agent_id)
    shared = {block_id for group in found for block_id in group.shared_block_ids}
    there = known.among(tx, project, "block", sorted(shared))
    return [_filled(group, seats[group.id], there) for group in found]


def _filled(group: Group, agent_ids: list[str], there: Mapping[str, bool]) -> Group:
    blocks = [block_id for block_id in group.shared_block_ids if there.get(block_id)]
    return group.model_copy(update={"agent_ids": agent_ids, "shared_block_ids": blocks})


def _mine(project: ProjectId, group_id: str) -> tuple[ColumnElement[bool], ...]:
    return (_groups.c.project_id == project, _groups.c.id == group_id)


def _row(group: Group) -> dict[str, Any]:
    return {
        "manager_type": group.manager_type,
        "manager_agent_id": group.manager_agent_id,
        "hidden": bool(group.hidden),
        "body": group.model_dump_json(exclude={"agent_ids"}),
    }
