"""What a page of a list costs depends on the page: neither on the list nor on where in it it is.

The cost is what the database counts: SQLite's machine its steps, PostgreSQL the blocks it reads.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    Integer,
    NullPool,
    String,
    Table,
    create_engine,
    event,
    func,
    insert,
    literal,
    null,
    select,
    text,
    true,
)

from palaver.domain.page import Page
from palaver.store import (
    agents,
    archives,
    blocks,
    conversations,
    entries,
    identities,
    passages,
    runs,
    schema,
    schema_texts,
    steps,
    tags,
    tools,
)
from palaver.store.agents import AgentFilter
from palaver.store.archives import ArchiveFilter
from palaver.store.blocks import BlockFilter
from palaver.store.conversations import ConversationFilter
from palaver.store.db import Tx
from palaver.store.identities import AGENTS, IdentityFilter, Whose
from palaver.store.passages import PassageFilter
from palaver.store.runs import RunFilter, Ticket
from palaver.store.steps import StepFilter
from palaver.store.tools import ToolFilter
from tests.databases import Databases
from tests.store import making
from tests.store.making import HERE

FEW = 1_000
PAGE = 20
AT_ONCE = 5  # steps of SQLite's machine between two looks at it

# What is different in each copy of a row, but for ids and bodies.
OWN = {"tools": ("name",), "identities": ("identifier_key",)}
KEPT: tuple[Table, ...] = (
    schema.agents, schema.blocks, schema.tools, schema.conversations, schema.entries, schema.runs,
    schema.steps, schema_texts.archives, schema_texts.passages, schema_texts.identities,
)  # fmt: skip
TAGGED = ((schema.agent_tags, "agent"), (schema.block_tags, "block"), (schema.step_tags, "step"))


@dataclass
class World:
    """A database that grows. `rare` has what only the oldest few things have."""

    connection: Connection
    tx: Tx
    agent: str
    archive: str
    identity: str
    rows: int = 0
    spent: int = 0

    def grow(self, rows: int) -> None:
        """Copy the first thing of each table until there are so many."""
        for table in KEPT:
            self._copy(table, self.rows, rows)
        for tagged, thing in TAGGED:
            self._tag(tagged, thing, self.rows, rows)
        self.rows = rows
        self.connection.commit()
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(text("ANALYZE"))
            self.connection.commit()

    def cost(self, ask: Callable[[], Any]) -> int:
        """What a question costs. It must find something."""
        self.spent = 0
        if self.connection.dialect.name == "postgresql":
            return self._blocks(ask)
        driver = self.connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(self._spend, AT_ONCE)
        assert ask()
        driver.set_progress_handler(None, 0)
        return self.spent

    def _spend(self) -> int:
        self.spent += AT_ONCE
        return 0

    def _blocks(self, ask: Callable[[], Any]) -> int:
        told: list[tuple[str, Any]] = []

        def listen(_c: object, _cursor: object, statement: str, given: Any, *_: object) -> None:
            told.append((statement, given))

        event.listen(self.connection, "before_cursor_execute", listen)
        assert ask()
        event.remove(self.connection, "before_cursor_execute", listen)
        cursor = self.connection.connection.cursor()
        for statement, given in told:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", given)
            (plans,) = cursor.fetchone() or ([],)
            plan = plans[0]["Plan"]
            self.spent += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        return self.spent

    def _copy(self, table: Table, lo: int, hi: int) -> None:
        first = select(func.max(table.c.id)).where(table.c.id < _named(table, 0)).scalar_subquery()
        numbers = _numbers(lo, hi)
        id = _id(table, numbers.c.n)
        new: dict[str, Any] = {"id": id}
        if "body" in table.c:
            new["body"] = func.replace(table.c.body, table.c.id, id)
        if "sorted_as" in table.c:
            new["sorted_as"] = id
        if "seq" in table.c:
            new["seq"] = numbers.c.n + 100
        if "request_key" in table.c:
            new["request_key"] = null()
        for name in OWN.get(table.name, ()):
            new[name] = table.c[name].concat(id)
        columns = [new.get(column.name, column) for column in table.c]
        rows = select(*columns).select_from(table.join(numbers, true())).where(table.c.id == first)
        self.connection.execute(insert(table).from_select(list(table.c), rows))

    def _tag(self, tagged: Table, thing: str, lo: int, hi: int) -> None:
        numbers = _numbers(lo, hi)
        table = next(one for one in KEPT if one.name == f"{thing}s")
        new = {
            f"{thing}_id": _id(table, numbers.c.n),
            "tag": literal("common"),
            "project_id": literal(HERE),
        }
        new["sorted_as"] = new[f"{thing}_id"]
        columns = [new[column.name] for column in tagged.c]
        self.connection.execute(insert(tagged).from_select(list(tagged.c), select(*columns)))


def _numbers(lo: int, hi: int) -> Any:
    n = select(literal(lo + 1, Integer).label("n")).cte("numbers", recursive=True)
    return n.union_all(select(n.c.n + 1).where(n.c.n < hi))


def _id(table: Table, n: Any) -> Any:
    return literal(f"z{table.name}-").concat(func.cast(n + 10**8, String))


def _named(table: Table, n: int) -> str:
    """The id of a copy; they sort behind what was minted."""
    return f"z{table.name}-{10**8 + n}"


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    """A few things, of which the first ones are rare, in a database of their own."""
    with databases.fresh() as url:
        engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool
        )
        with engine.connect() as connection:
            yield keep(connection)
        engine.dispose()


def keep(connection: Connection) -> World:
    """The things to copy; before each one that is rare, and stays so."""
    tx = Tx(connection)
    identity = making.identity()
    identities.add(tx, HERE, identity, making.NOON)
    rare = _keep_one(tx, "rare")
    identities.attach(tx, HERE, AGENTS, rare, identity.id)
    agent = _keep_one(tx, "common")
    held = archives.of_agent(tx, HERE, agent)
    return World(connection, tx, agent, next(iter(held)), identity.id)


def _keep_one(tx: Tx, word: str) -> str:
    agent = making.agent(word).model_copy(update={"tags": (word,)})
    agents.add(tx, HERE, agent)
    block = making.block(word).model_copy(update={"tags": [word]})
    blocks.add(tx, HERE, block, making.NOON)
    tools.add(tx, HERE, making.tool(word), making.NOON)
    making.keep_passage(tx, agent.id)
    named = making.identity().model_copy(update={"name": word})
    identities.add(tx, HERE, named, making.NOON)
    address = making.keep_conversation(tx, agent.id, said=1)
    status, stop = ("failed", "error") if word == "rare" else ("completed", "end_turn")
    run = making.run(address).model_copy(update={"status": status, "stop_reason": stop})
    runs.add(tx, HERE, run, address, Ticket("{}", "worker-1"))
    step = making.step(run, word)
    steps.put(tx, HERE, address.conversation_id, step, making.NOON)
    steps.judge(tx, HERE, step.model_copy(update={"tags": [word]}))
    return agent.id


Ask = Callable[[World, Page], Any]


def _agents(**wanted: Any) -> Ask:
    return lambda it, page: agents.listed(it.tx, HERE, page, AgentFilter(**wanted))


def _blocks(**wanted: Any) -> Ask:
    return lambda it, page: blocks.listed(it.tx, HERE, page, BlockFilter(**wanted))


def _runs(**wanted: Any) -> Ask:
    return lambda it, page: runs.listed(it.tx, HERE, page, RunFilter(**wanted))


def _steps(**wanted: Any) -> Ask:
    return lambda it, page: steps.listed(it.tx, HERE, page, StepFilter(**wanted))


LONG: dict[str, tuple[Table, Ask]] = {
    "agents": (schema.agents, _agents()),
    "agents by their changes": (schema.agents, _agents(order_by="updated_at")),
    "agents by their runs": (schema.agents, _agents(order_by="last_run_completion")),
    "agents of a name": (schema.agents, _agents(name="common")),
    "agents with a tag": (schema.agents, _agents(tags=("common",))),
    "agents with any tag": (schema.agents, _agents(tags=("common", "rare"))),
    "blocks": (schema.blocks, _blocks()),
    "blocks of a label": (schema.blocks, _blocks(label="common")),
    "blocks with a tag": (schema.blocks, _blocks(tags=("common",))),
    "tools": (
        schema.tools, lambda it, page: tools.listed(it.tx, HERE, page, ToolFilter(), {})
    ),
    "conversations": (
        schema.conversations,
        lambda it, page: conversations.listed(it.tx, HERE, page, ConversationFilter()),
    ),
    "an agent's conversations by message": (
        schema.conversations,
        lambda it, page: conversations.listed(
            it.tx,
            HERE,
            page,
            ConversationFilter(agent_id=it.agent, order_by="last_message_at"),
        ),
    ),
    "messages": (schema.entries, lambda it, page: entries.of_project(it.tx, HERE, page)),
    "an agent's messages": (
        schema.entries, lambda it, page: entries.of_agent(it.tx, HERE, it.agent, page)
    ),
    "runs": (schema.runs, _runs()),
    "runs that went well": (schema.runs, _runs(statuses=("completed",))),
    "runs that ended so": (schema.runs, _runs(stop_reason="end_turn", background=False)),
    "steps": (schema.steps, _steps()),
    "steps of a model": (schema.steps, _steps(model="common")),
    "steps with a tag": (schema.steps, _steps(tags=("common",))),
    "archives": (
        schema_texts.archives,
        lambda it, page: archives.listed(it.tx, HERE, page, ArchiveFilter()),
    ),
    "passages": (
        schema_texts.passages,
        lambda it, page: passages.listed(
            it.tx, HERE, page, PassageFilter(archives=[it.archive, "archive-1"])
        ),
    ),
    "identities": (
        schema_texts.identities,
        lambda it, page: identities.listed(it.tx, HERE, page, IdentityFilter()),
    ),
}  # fmt: skip
"""Lists that are as long as their table, by pages."""

RARE: dict[str, Ask] = {
    "rare: agents of a name": _agents(name="rare"),
    "rare: agents with a tag": _agents(tags=("rare",)),
    "rare: agents with all tags": _agents(tags=("rare", "rare"), match_all_tags=True),
    "rare: somebody's agents": lambda it, page: agents.listed(
        it.tx, HERE, page, AgentFilter(whose=Whose(it.identity))
    ),
    "rare: blocks of a label": _blocks(label="rare"),
    "rare: blocks with a tag": _blocks(tags=("rare",)),
    "rare: runs that failed": _runs(statuses=("failed", "cancelled")),
    "rare: runs that ended so": _runs(stop_reason="error"),
    "rare: steps of a model": _steps(model="rare"),
    "rare: steps with a tag": _steps(tags=("rare",)),
    "rare: identities of a name": lambda it, page: identities.listed(
        it.tx, HERE, page, IdentityFilter(name="rare")
    ),
    "rare: tags": lambda it, page: tags.listed(it.tx, HERE, Page(limit=PAGE, order="asc")),
}
"""Lists of a few things, which are the last ones that anybody would look at."""


@pytest.mark.parametrize(
    "many", [10_000, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])]
)
def test_a_page_costs_what_the_page_costs(world: World, many: int) -> None:
    small = _costs(world, FEW)
    large = _costs(world, many)
    deep = {
        name: world.cost(partial(ask, world, Page(limit=PAGE, after=_named(table, many // 10))))
        for name, (table, ask) in LONG.items()
    }

    told = {name: (small[name], large[name], deep.get(name, 0)) for name in small}
    assert [f"{n}: {t}" for n, t in told.items() if t[1] > 2 * t[0] or t[2] > 1.5 * t[1]] == []


def _costs(world: World, rows: int) -> dict[str, int]:
    """What the first pages cost when there are so many rows. A cursor is looked up for each."""
    world.grow(rows)
    pages = {name: Page(limit=PAGE, after=_named(table, rows)) for name, (table, _) in LONG.items()}
    asked = {name: ask for name, (_, ask) in LONG.items()} | RARE
    return {
        name: world.cost(partial(ask, world, pages.get(name, Page(limit=PAGE))))
        for name, ask in asked.items()
    }
