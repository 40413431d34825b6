"""Blocks, as they are kept, and which agents have them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from palaver.domain.block import Block
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.errors import Conflict, NotFound
from palaver.store import agents, identities, schema
from palaver.store.db import Tx
from palaver.store.identities import BLOCKS, Whose
from palaver.store.paging import By, Way, any_of, as_of, containing, led, paged, tagged

_blocks = schema.blocks
_few = _blocks.alias("few_blocks")
_held = schema.agents_blocks
_tags = schema.block_tags
_GET = select(_blocks.c.body).where(
    _blocks.c.project_id == bindparam("project"), _blocks.c.id == bindparam("block")
)
_GET_TO_CHANGE = _GET.with_for_update(key_share=True)
_OF_AGENT = (
    select(_blocks.c.body)
    .join(_held, _held.c.block_id == _blocks.c.id)
    .where(
        _held.c.agent_id == bindparam("agent"),
        exists().where(
            schema.agents.c.id == _held.c.agent_id,
            schema.agents.c.project_id == bindparam("project"),
        ),
    )
)
_IN_ORDER = _OF_AGENT.order_by(_held.c.n)
_LABELLED = _OF_AGENT.where(_held.c.label == bindparam("label"))
_LABELLED_TO_CHANGE = _LABELLED.with_for_update(of=_blocks, key_share=True)


@dataclass(frozen=True, slots=True)
class BlockFilter:
    """Which blocks are wanted. Searches find a part of the text, in any case."""

    label: str | None = None
    label_search: str | None = None
    name: str | None = None
    value_search: str | None = None
    description_search: str | None = None
    tags: tuple[str, ...] = ()
    match_all_tags: bool = False
    templates_only: bool = False
    agents_eq: tuple[int, ...] = ()
    agents_gt: int | None = None
    agents_lt: int | None = None
    whose: Whose = field(default_factory=Whose)


def add(tx: Tx, project: ProjectId, block: Block, at: datetime) -> None:
    """Keep a new block."""
    tx.run(
        insert(_blocks),
        {"id": block.id, "project_id": project, "created_at": at, **_row(block, at)},
    )
    _tag(tx, project, block)


def get(tx: Tx, project: ProjectId, block_id: str, *, for_update: bool = False) -> Block:
    """The block called `block_id` in `project`, or `NotFound`.

    `for_update` keeps others from changing it meanwhile.
    """
    query = _GET_TO_CHANGE if for_update else _GET
    row = tx.first(query, {"project": project, "block": block_id})
    if row is None:
        raise NotFound("Block")
    return Block.model_validate_json(row.body)


def change(tx: Tx, project: ProjectId, block: Block, at: datetime) -> None:
    """Keep what a block has become. Raises `NotFound`; `Conflict` where its label is taken."""
    mine = (_blocks.c.project_id == project, _blocks.c.id == block.id)
    if not tx.run(update(_blocks).where(*mine).values(_row(block, at))):
        raise NotFound("Block")
    tx.run(delete(_tags).where(_tags.c.block_id == block.id))
    _tag(tx, project, block)
    _relabel(tx, block)


def remove(tx: Tx, project: ProjectId, block_id: str) -> None:
    """Delete a block, also from the agents that have it. Raises `NotFound`."""
    get(tx, project, block_id)
    tx.run(delete(_held).where(_held.c.block_id == block_id))
    tx.run(delete(_tags).where(_tags.c.block_id == block_id))
    identities.forget(tx, BLOCKS, block_id)
    tx.run(delete(_blocks).where(_blocks.c.id == block_id))


def listed(tx: Tx, project: ProjectId, page: Page, wanted: BlockFilter) -> list[Block]:
    """The blocks on a page; hidden ones are left out."""
    query = _wanted(select(_blocks.c.body), project, wanted)
    query, ways = led(query, _blocks, _groups(tx, project, wanted))
    return _read_all(tx, project, query, page, ways)


def counted(tx: Tx, project: ProjectId, wanted: BlockFilter) -> int:
    """How many blocks are wanted; hidden ones are left out."""
    query = _wanted(select(func.count()).select_from(_blocks), project, wanted)
    groups = _groups(tx, project, wanted)
    return int(tx.all(query.where(*(any_of(group, _blocks) for group in groups)))[0][0])


def of_agent(tx: Tx, project: ProjectId, agent_id: str, page: Page | None = None) -> list[Block]:
    """The blocks of an agent in the order in which it got them, or those on a page."""
    if page is not None:
        theirs = (_held.c.agent_id == agent_id, _few.c.id == _held.c.block_id)
        return _among(tx, project, Way(_held.c.block_id, theirs, _few.c.sorted_as), page)
    rows = tx.all(_IN_ORDER, {"project": project, "agent": agent_id})
    return [Block.model_validate_json(row.body) for row in rows]


def labelled(
    tx: Tx, project: ProjectId, agent_id: str, label: str, *, for_update: bool = False
) -> Block:
    """The agent's block with a label, or `NotFound`. `for_update` keeps others from changing it."""
    agents.get(tx, project, agent_id)
    query = _LABELLED_TO_CHANGE if for_update else _LABELLED
    row = tx.first(query, {"project": project, "agent": agent_id, "label": label})
    if row is None:
        raise NotFound(f"Block `{label}` of this agent")
    return Block.model_validate_json(row.body)


def attach(tx: Tx, project: ProjectId, agent_id: str, block_id: str) -> None:
    """Give an agent a block; one that it has already changes nothing.

    Raises `NotFound` for either, `Conflict` where the agent has another block of that label.
    """
    agents.get(tx, project, agent_id, for_update=True)  # attachments wait for each other
    block = get(tx, project, block_id, for_update=True)
    taken = tx.first(
        select(_held.c.block_id).where(_held.c.agent_id == agent_id, _held.c.label == block.label)
    )
    if taken is not None and taken.block_id == block_id:
        return
    if taken is not None:
        raise Conflict(f"The agent has a block labelled `{block.label}`; detach that one first.")
    last = select(func.coalesce(func.max(_held.c.n), 0)).where(_held.c.agent_id == agent_id)
    n = tx.all(last)[0][0] + 1
    pair = {"agent_id": agent_id, "block_id": block_id}
    held = insert(_held).values(sorted_as=as_of(schema.agents, agent_id))
    tx.run(held, {**pair, "label": block.label, "n": n})


def detach(tx: Tx, project: ProjectId, agent_id: str, block_id: str) -> None:
    """Take a block from an agent. Raises `NotFound` if it does not have it."""
    agents.get(tx, project, agent_id)
    mine = (_held.c.agent_id == agent_id, _held.c.block_id == block_id)
    if not tx.run(delete(_held).where(*mine)):
        raise NotFound("Block of this agent")


def of_identity(tx: Tx, project: ProjectId, identity_id: str, page: Page) -> list[Block]:
    """The blocks that have an identity, on a page."""
    return _among(tx, project, BLOCKS.way(identity_id), page)


def _wanted(query: Select[Any], project: ProjectId, wanted: BlockFilter) -> Select[Any]:
    mine = (_blocks.c.project_id == project, _blocks.c.hidden.is_(False))
    return query.where(*mine, *_conditions(wanted))


def _among(tx: Tx, project: ProjectId, way: Way, page: Page) -> list[Block]:
    query = select(_blocks.c.body).where(_blocks.c.project_id == project)
    return _read_all(tx, project, query, page, [way])


def _groups(tx: Tx, project: ProjectId, wanted: BlockFilter) -> list[list[Way]]:
    each = tagged(project, _tags.c.block_id, wanted.tags, every=wanted.match_all_tags)
    return wanted.whose.groups(tx, project, BLOCKS) + each


def _conditions(wanted: BlockFilter) -> list[ColumnElement[bool] | TextClause]:
    exact = {_blocks.c.label: wanted.label, _blocks.c.name: wanted.name}
    part = {
        _blocks.c.label: wanted.label_search,
        _blocks.c.value: wanted.value_search,
        _blocks.c.description: wanted.description_search,
    }
    conditions: list[ColumnElement[bool] | TextClause]
    conditions = [column == text for column, text in exact.items() if text is not None]
    conditions += [containing(column, text) for column, text in part.items() if text]
    if wanted.templates_only:
        conditions.append(schema.IS_TEMPLATE)
    return [*conditions, *_holders(wanted)]


def _holders(wanted: BlockFilter) -> list[ColumnElement[bool]]:
    count = (
        select(func.count()).where(_held.c.block_id == _blocks.c.id).correlate(_blocks)
    ).scalar_subquery()
    conditions: list[ColumnElement[bool]] = []
    if wanted.agents_eq:
        conditions.append(count.in_(wanted.agents_eq))
    if wanted.agents_gt is not None:
        conditions.append(count > wanted.agents_gt)
    if wanted.agents_lt is not None:
        conditions.append(count < wanted.agents_lt)
    return conditions


def _read_all(
    tx: Tx, project: ProjectId, query: Select[Any], page: Page, ways: Sequence[Way] | None
) -> list[Block]:
    rows = paged(tx, project, query, _blocks, page, By(ways=ways))
    return [Block.model_validate_json(row.body) for row in rows]


def _tag(tx: Tx, project: ProjectId, block: Block) -> None:
    given = {"block_id": block.id, "project_id": project}
    tagged = insert(_tags).values(sorted_as=as_of(_blocks, block.id))
    tx.many(tagged, [{**given, "tag": tag} for tag in dict.fromkeys(block.tags or ())])


def _relabel(tx: Tx, block: Block) -> None:
    holders = select(_held.c.agent_id).where(_held.c.block_id == block.id)
    taken = select(_held.c.block_id).where(
        _held.c.agent_id.in_(holders), _held.c.label == block.label, _held.c.block_id != block.id
    )
    if tx.first(taken) is not None:
        raise Conflict(f"An agent with this block has another one labelled `{block.label}`.")
    tx.run(update(_held).where(_held.c.block_id == block.id).values(label=block.label))


def _row(block: Block, at: datetime) -> dict[str, Any]:
    return {
        "label": block.label or "",
        "name": block.template_name,
        "description": block.description,
        "value": block.value,
        "hidden": bool(block.hidden),
        "is_template": block.is_template,
        "updated_at": at,
        "body": block.model_dump_json(),
    }
