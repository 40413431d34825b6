"""What forks of forks cost those who read them: fifty deep, over a hundred thousand entries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from palaver.domain.conversation import Address
from palaver.domain.page import Order, Page
from palaver.store import conversations, entries, schema
from palaver.store.db import Database, Tx
from tests.store import making
from tests.store.making import HERE

DEEP = 50
EACH = 2_000  # entries that are said in each fork before it is forked
LONG = DEEP * EACH
LIMIT = 50

FILL = text(
    """
    INSERT INTO entries
        (id, project_id, agent_id, conversation_id, seq, role, created_at, body)
    WITH RECURSIVE numbers(n) AS
        (SELECT CAST(:first AS INTEGER) UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
    SELECT CAST(:name AS TEXT) || n, project_id, agent_id, conversation_id, n, 'user', created_at,
        replace(body, id, CAST(:name AS TEXT) || n)
    FROM entries, numbers WHERE conversation_id = :conversation AND seq = 0
    """
)


@dataclass(slots=True)
class Cost:
    """What was asked of a database: statements and rows, and on SQLite steps of its machine."""

    statements: int = 0
    rows: int = 0
    steps: int = 0


class Metered(Tx):
    """A transaction that counts what is read in it."""

    __slots__ = ("cost",)

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx._connection)
        self.cost = Cost()

    def all(self, *query: Any) -> Any:
        """All rows of a query, counted."""
        found = super().all(*query)
        self.cost.statements += 1
        self.cost.rows += len(found)
        return found

    def first(self, *query: Any) -> Any:
        """The first row of a query, counted."""
        self.cost.statements += 1
        self.cost.rows += 1
        return super().first(*query)

    def measured(self, read: Callable[[Tx], object]) -> Cost:
        """What it costs to read something."""
        driver: Any = self._connection.connection.driver_connection
        if self.dialect != "sqlite":
            read(self)
            return self.cost
        driver.set_progress_handler(self._step, 1)
        try:
            read(self)
        finally:
            driver.set_progress_handler(None, 1)
        return self.cost

    def _step(self) -> int:
        self.cost.steps += 1
        return 0


def say(tx: Tx, address: Address, name: str, first: int, last: int) -> None:
    """A conversation says a great deal, from one number to another."""
    mine = schema.conversations.c.id == address.conversation_id
    numbers = {"first": first, "last": last}
    tx.run(FILL, {"conversation": address.conversation_id, "name": name, **numbers})
    tx.run(schema.conversations.update().where(mine).values(head_seq=last))


def keep_deep(tx: Tx) -> Address:
    """A fork of forks, in each of which as much was said."""
    address = making.keep_conversation(tx)
    for depth in range(DEEP):
        if depth:
            address = making.fork(tx, address)
        say(tx, address, "deep-", depth * EACH + 1, (depth + 1) * EACH)
    return address


def keep_flat(tx: Tx, name: str = "flat-", length: int = LONG) -> Address:
    """A conversation that was never forked."""
    address = making.keep_conversation(tx)
    say(tx, address, name, 1, length)
    return address


async def cost(db: Database, read: Callable[[Tx], object]) -> Cost:
    """What it costs to read something."""
    return await db.read(lambda tx: Metered(tx).measured(read))


@pytest.fixture(scope="module")
async def deep(module_db: Database) -> Address:
    """The fork of forks."""
    return await module_db.tx(keep_deep)


@pytest.fixture(scope="module")
async def flat(module_db: Database) -> Address:
    """The conversation without forks."""
    return await module_db.tx(keep_flat)


MIDDLE = LONG // 2


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("cursor", [None, LIMIT + 1, MIDDLE - 20, MIDDLE + 20, LONG - LIMIT])
async def test_a_page_costs_at_most_three_times_as_much(
    module_db: Database, deep: Address, flat: Address, order: Order, cursor: int | None
) -> None:
    def page(tx: Tx, address: Address, name: str) -> None:
        after = None if cursor is None else f"{name}{cursor}"
        wanted = Page(limit=LIMIT, order=order, after=after)
        assert len(entries.listed(tx, HERE, address.conversation_id, wanted)) == LIMIT

    forked = await cost(module_db, lambda tx: page(tx, deep, "deep-"))
    plain = await cost(module_db, lambda tx: page(tx, flat, "flat-"))

    assert forked.statements <= 3 * plain.statements
    assert forked.rows <= 3 * plain.rows
    assert forked.steps <= 3 * plain.steps


async def look_back(db: Database, address: Address, size: int, head: int = LONG) -> Cost:
    """What the window's ids cost if it holds so many entries, as after a compaction."""
    mine = schema.conversations.c.id == address.conversation_id
    values = {"context_from": head - size + 1}
    await db.tx(lambda tx: tx.run(schema.conversations.update().where(mine).values(values)))

    def ids(tx: Tx) -> None:
        found = conversations.get(tx, HERE, address.conversation_id).in_context_message_ids
        assert found is not None
        assert len(found) == 1 + size

    return await cost(db, ids)


async def test_the_ids_in_the_window_cost_what_the_window_holds(
    module_db: Database, deep: Address, flat: Address
) -> None:
    sizes = (100, 1_000, 10_000)
    short = await module_db.tx(keep_flat, "short-", sizes[-1])
    for size in sizes:
        of_little = await look_back(module_db, short, size, head=sizes[-1])
        of_much = await look_back(module_db, flat, size)
        of_forks = await look_back(module_db, deep, size)

        assert of_much.rows == of_little.rows <= size + 5
        assert of_much.statements == of_little.statements
        assert of_much.steps <= 1.01 * of_little.steps <= 10 * size
        assert of_forks.rows <= of_much.rows + DEEP
        assert of_forks.statements <= of_much.statements + size // EACH
        assert of_forks.steps <= of_much.steps + 15 * DEEP
