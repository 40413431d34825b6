"""What a unit of work may rely on, on either database."""

import asyncio
import threading
from random import Random

import pytest

from palaver.domain.block import Block
from palaver.errors import Invalid, NotFound, TooLong, Unavailable
from palaver.store import agents, blocks
from palaver.store.db import Database, Tx
from palaver.store.opening import open_database
from tests.store import making
from tests.store.making import HERE


class Slow:
    """A unit that has begun, and does not end before it is let go."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = asyncio.Event()
        self._go = threading.Event()

    def __call__(self, tx: Tx, name: str) -> str:
        """Keep an agent, slowly."""
        self._loop.call_soon_threadsafe(self._begun.set)
        self._go.wait()
        return making.keep_agent(tx, name).id

    async def begun(self) -> None:
        """Wait until the unit has begun."""
        await self._begun.wait()

    def let_go(self) -> None:
        """Let the unit go on, once all that is ready now has had its turn."""
        self._loop.call_soon(self._go.set)


def names(tx: Tx) -> list[str]:
    """The names of all agents, in the order in which they were made."""
    page = making.all_of_it("asc")
    return [one.name for one in agents.listed(tx, HERE, page, agents.AgentFilter())]


async def test_what_a_unit_kept_can_be_read(db: Database) -> None:
    kept = await db.tx(making.keep_agent)

    assert await db.read(agents.get, HERE, kept.id) == kept


async def test_an_error_undoes_its_unit_and_comes_out(db: Database) -> None:
    def fail(tx: Tx) -> None:
        making.keep_agent(tx)
        agents.get(tx, HERE, making.agent().id)

    with pytest.raises(NotFound):
        await db.tx(fail)

    assert await db.read(names) == []


async def test_what_is_too_long_to_be_looked_up_is_no_trouble_of_the_databases(
    db: Database,
) -> None:
    random = Random(7)
    long = "".join(chr(random.randrange(0x4E00, 0x9FFF)) for _ in range(20_000))

    def keep(tx: Tx) -> None:
        making.keep_agent(tx, long)
        agents.listed(tx, HERE, making.all_of_it("asc"), agents.AgentFilter(query_text=long))

    with pytest.raises(TooLong):
        await db.tx(keep)

    assert await db.read(names) == []


async def test_many_units_at_once_are_all_kept(db: Database) -> None:
    wanted = [f"agent {n}" for n in range(300)]

    await asyncio.gather(*(db.tx(making.keep_agent, name) for name in wanted))

    assert sorted(await db.read(names)) == sorted(wanted)


async def test_many_changes_at_once_lose_none(db: Database, database_url: str) -> None:
    other = open_database(database_url)
    agent = await db.tx(making.keep_agent)
    block = await db.tx(making.keep_block, agent.id, "tally")

    def count(tx: Tx) -> None:
        found = blocks.labelled(tx, HERE, agent.id, "tally", for_update=True)
        more = found.model_copy(update={"value": found.value + "|"})
        blocks.change(tx, HERE, more, making.LATER)

    await asyncio.gather(*(one.tx(count) for one in (db, other) for _ in range(20)))
    await other.close()

    counted: Block = await db.read(blocks.get, HERE, block.id)
    assert counted.value.count("|") == 40


async def test_a_caller_that_is_cancelled_stops_nothing_that_has_begun(db: Database) -> None:
    slow = Slow()
    impatient = asyncio.create_task(db.tx(slow, "patient"))
    await slow.begun()
    impatient.cancel()
    slow.let_go()
    with pytest.raises(asyncio.CancelledError):
        await impatient

    await db.tx(making.keep_agent, "next")
    await db.close()  # all that has begun is finished now
    assert impatient.cancelled()


async def test_what_a_cancelled_caller_had_begun_is_kept_whole(
    db: Database, database_url: str
) -> None:
    slow = Slow()
    impatient = asyncio.create_task(db.tx(slow, "patient"))
    await slow.begun()
    impatient.cancel()
    slow.let_go()
    await db.close()

    again = open_database(database_url)
    assert await again.read(names) == ["patient"]
    await again.close()


async def test_closing_finishes_what_has_begun(db: Database, database_url: str) -> None:
    slow = Slow()
    begun = asyncio.create_task(db.tx(slow, "last"))
    await slow.begun()
    slow.let_go()
    await db.close()

    await begun
    again = open_database(database_url)
    assert await again.read(names) == ["last"]
    await again.close()


async def test_a_closed_database_says_so(db: Database) -> None:
    await db.close()

    for unit in (db.tx, db.read):
        with pytest.raises(Unavailable, match="closed"):
            await unit(names)


async def test_a_read_sees_one_moment(db: Database) -> None:
    loop, half = asyncio.get_running_loop(), asyncio.Event()
    go = threading.Event()

    def look_twice(tx: Tx) -> tuple[list[str], list[str]]:
        before = names(tx)
        loop.call_soon_threadsafe(half.set)
        go.wait()
        return before, names(tx)

    looking = asyncio.create_task(db.read(look_twice))
    await half.wait()
    await db.tx(making.keep_agent)
    go.set()

    assert await looking == ([], [])


async def test_a_read_cannot_write(db: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)read-?only"):
        await db.read(making.keep_agent)

    assert await db.read(names) == []


@pytest.mark.parametrize(
    "url", ["mysql://here/db", "palaver.db", "", "sqlite:///", "sqlite:///:memory:"]
)
def test_only_two_kinds_of_database_are_known(url: str) -> None:
    with pytest.raises(Invalid, match="sqlite:///"):
        open_database(url)


async def test_a_hint_is_heard_where_the_database_can_pass_it_on(
    db: Database, database_url: str
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    other = open_database(database_url)
    other.listen(heard.put_nowait)
    try:
        async with asyncio.timeout(20):
            if database_url.startswith("sqlite"):
                await db.hint("events worker-1")
                assert heard.empty()
                return
            while heard.empty():
                await db.hint("events worker-1")
                await asyncio.sleep(0)
        assert await heard.get() == "events worker-1"
    finally:
        await other.close()
