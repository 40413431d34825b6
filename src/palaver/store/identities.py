"""Identities, as they are kept, and which agents and blocks have them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, func, insert, select, update

from palaver.domain.identity import Identity, IdentityType
from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.errors import Conflict, NotFound
from palaver.store import naming, schema, schema_texts
from palaver.store.db import Tx
from palaver.store.paging import Way, as_of, paged

_identities = schema_texts.identities


@dataclass(frozen=True, slots=True)
class Holders:
    """Things that may have identities, and the table of who has which."""

    noun: str
    things: Table
    held: Table
    gone: Column[Any] | None = None

    @property
    def id(self) -> Column[Any]:
        """The thing, in the table of who has which."""
        return self.held.c[f"{self.noun.lower()}_id"]

    def way(self, identity_id: str) -> Way:
        """The way to the things that have an identity."""
        return Way(self.id, (self.held.c.identity_id == identity_id,), self.held.c.sorted_as)

    def there(self, project: ProjectId) -> list[ColumnElement[bool]]:
        """Which things are of a project, and there."""
        alive = [] if self.gone is None else [self.gone.is_(None)]
        return [self.things.c.project_id == project, *alive]


AGENTS = Holders("Agent", schema.agents, schema_texts.agents_identities, schema.agents.c.deleted_at)
BLOCKS = Holders("Block", schema.blocks, schema_texts.blocks_identities)


@dataclass(frozen=True, slots=True)
class IdentityFilter:
    """Which identities are wanted."""

    name: str | None = None
    identifier_key: str | None = None
    identity_type: IdentityType | None = None


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose things are wanted: of an identity, and of any that one of the keys names."""

    identity_id: str | None = None
    identifier_keys: tuple[str, ...] = ()

    def groups(self, tx: Tx, project: ProjectId, holders: Holders) -> list[list[Way]]:
        """The ways to a thing, of which one of each group has to lead to it."""
        asked = []
        if self.identity_id:
            asked.append(_identities.c.id == self.identity_id)
        if self.identifier_keys:
            asked.append(_identities.c.identifier_key.in_(self.identifier_keys))
        mine = select(_identities.c.id).where(_identities.c.project_id == project)
        return [[holders.way(row.id) for row in tx.all(mine.where(one))] for one in asked]


def add(tx: Tx, project: ProjectId, identity: Identity, at: datetime) -> None:
    """Keep a new identity. Raises `Conflict` where one of its key is kept."""
    _take_key(tx, project, identity)
    key = {"id": identity.id, "project_id": project, "created_at": at}
    tx.run(insert(_identities), {**key, **_row(identity, at)})


def get(tx: Tx, project: ProjectId, identity_id: str, *, for_update: bool = False) -> Identity:
    """The identity called `identity_id`, with the ids of its agents and blocks, or `NotFound`.

    `for_update` keeps others from changing any.
    """
    if for_update:
        naming.hold(tx, project)
    query = select(_identities.c.body).where(*_mine(project, identity_id))
    row = tx.first(query.with_for_update(key_share=True) if for_update else query)
    if row is None:
        raise NotFound("Identity")
    (identity,) = _read(tx, [row.body])
    return identity


def find_keyed(tx: Tx, project: ProjectId, key: str) -> Identity | None:
    """The identity of a key, if there is one. Nobody gives keys before the transaction ends."""
    naming.hold(tx, project)
    mine = (_identities.c.project_id == project, _identities.c.identifier_key == key)
    rows = tx.all(select(_identities.c.body).where(*mine))
    return next(iter(_read(tx, [row.body for row in rows])), None)


def change(tx: Tx, project: ProjectId, identity: Identity, at: datetime) -> None:
    """Keep what an identity has become. Raises `NotFound`; `Conflict` where its key is taken."""
    _take_key(tx, project, identity)
    mine = _mine(project, identity.id)
    if not tx.run(update(_identities).where(*mine).values(_row(identity, at))):
        raise NotFound("Identity")


def remove(tx: Tx, project: ProjectId, identity_id: str) -> None:
    """Delete an identity, also from the agents and blocks that have it. Raises `NotFound`."""
    mine = _mine(project, identity_id)
    if tx.first(select(_identities.c.id).where(*mine).with_for_update()) is None:
        raise NotFound("Identity")
    for holders in (AGENTS, BLOCKS):
        tx.run(delete(holders.held).where(holders.held.c.identity_id == identity_id))
    tx.run(delete(_identities).where(*mine))


def listed(tx: Tx, project: ProjectId, page: Page, wanted: IdentityFilter) -> list[Identity]:
    """The identities on a page."""
    query = select(_identities.c.body).where(_identities.c.project_id == project)
    given = {
        _identities.c.name: wanted.name,
        _identities.c.identifier_key: wanted.identifier_key,
        _identities.c.identity_type: wanted.identity_type,
    }
    query = query.where(*(column == value for column, value in given.items() if value is not None))
    return _read(tx, [row.body for row in paged(tx, project, query, _identities, page)])


def counted(tx: Tx, project: ProjectId) -> int:
    """How many identities there are."""
    count = select(func.count()).select_from(_identities)
    return int(tx.all(count.where(_identities.c.project_id == project))[0][0])


def of_agent(tx: Tx, project: ProjectId, agent_id: str) -> list[Identity]:
    """The identities that an agent has."""
    theirs = select(AGENTS.held.c.identity_id).where(AGENTS.id == agent_id)
    mine = (_identities.c.project_id == project, _identities.c.id.in_(theirs))
    rows = tx.all(select(_identities.c.body).where(*mine).order_by(_identities.c.sorted_as))
    return _read(tx, [row.body for row in rows])


def attach(tx: Tx, project: ProjectId, holders: Holders, thing_id: str, identity_id: str) -> None:
    """Give a thing an identity; one that it has already changes nothing. Raises `NotFound`."""
    hold(tx, project, holders, thing_id)
    _keep(tx, project, identity_id)
    pair = _pair(holders, thing_id, identity_id)
    if tx.first(select(holders.id).where(*pair)) is None:
        held = insert(holders.held).values(sorted_as=as_of(holders.things, thing_id))
        tx.run(held, {holders.id.name: thing_id, "identity_id": identity_id})


def detach(tx: Tx, project: ProjectId, holders: Holders, thing_id: str, identity_id: str) -> None:
    """Take an identity from a thing. Raises `NotFound` if it does not have it."""
    hold(tx, project, holders, thing_id)
    if not tx.run(delete(holders.held).where(*_pair(holders, thing_id, identity_id))):
        raise NotFound(f"Identity of this {holders.noun.lower()}")


def hold_only(
    tx: Tx,
    project: ProjectId,
    holders: Holders,
    identity_id: str,
    thing_ids: Collection[str] | None,
) -> None:
    """Let these things have an identity, and no others. Raises `NotFound`; None changes nothing."""
    if thing_ids is None:
        return
    _keep(tx, project, identity_id)
    held = set(_held(tx, holders, [identity_id])[identity_id])
    for thing_id in sorted(held - set(thing_ids)):
        detach(tx, project, holders, thing_id, identity_id)
    for thing_id in sorted(set(thing_ids) - held):
        attach(tx, project, holders, thing_id, identity_id)


def forget(tx: Tx, holders: Holders, thing_id: str) -> None:
    """Take all identities from a thing that goes."""
    tx.run(delete(holders.held).where(holders.id == thing_id))


def hold(tx: Tx, project: ProjectId, holders: Holders, thing_id: str) -> None:
    """Keep a thing from being changed or removed meanwhile, or `NotFound`."""
    query = select(holders.things.c.id).where(
        *holders.there(project), holders.things.c.id == thing_id
    )
    if tx.first(query.with_for_update(key_share=True)) is None:
        raise NotFound(holders.noun)


def _keep(tx: Tx, project: ProjectId, identity_id: str) -> None:
    """Keep an identity from being removed meanwhile, or `NotFound`."""
    there = select(_identities.c.id).where(*_mine(project, identity_id))
    if tx.first(there.with_for_update(read=True, key_share=True)) is None:
        raise NotFound("Identity")


def _take_key(tx: Tx, project: ProjectId, identity: Identity) -> None:
    key = identity.identifier_key
    taken = find_keyed(tx, project, key)
    if taken is not None and taken.id != identity.id:
        raise Conflict(
            f"There is an identity with the key `{key}`: {taken.id}; change it with "
            "PUT /v1/identities/, or choose another key."
        )


def _read(tx: Tx, bodies: Sequence[str]) -> list[Identity]:
    found = [Identity.model_validate_json(body) for body in bodies]
    ids = [one.id for one in found]
    agents, blocks = _held(tx, AGENTS, ids), _held(tx, BLOCKS, ids)
    return [
        one.model_copy(update={"agent_ids": agents[one.id], "block_ids": blocks[one.id]})
        for one in found
    ]


def _held(tx: Tx, holders: Holders, ids: Collection[str]) -> dict[str, list[str]]:
    held: dict[str, list[str]] = {id: [] for id in ids}
    query = select(holders.held.c.identity_id, holders.id.label("thing"))
    query = query.where(holders.held.c.identity_id.in_(ids))
    for row in tx.all(query.order_by(holders.held.c.identity_id, holders.id)) if ids else ():
        held[row.identity_id].append(row.thing)
    return held


def _mine(project: ProjectId, identity_id: str) -> tuple[ColumnElement[bool], ...]:
    return (_identities.c.project_id == project, _identities.c.id == identity_id)


def _pair(holders: Holders, thing_id: str, identity_id: str) -> tuple[ColumnElement[bool], ...]:
    return (holders.id == thing_id, holders.held.c.identity_id == identity_id)


def _row(identity: Identity, at: datetime) -> dict[str, Any]:
    return {
        "identifier_key": identity.identifier_key,
        "name": identity.name,
        "identity_type": identity.identity_type,
        "updated_at": at,
        "body": identity.model_dump_json(exclude={"agent_ids", "block_ids"}),
    }
