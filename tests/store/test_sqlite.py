"""Group commit, and a file that others hold."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from palaver.errors import NotFound, Unavailable
from palaver.store import agents
from palaver.store.db import Tx
from palaver.store.sqlite import SqliteDatabase
from tests.store import making
from tests.store.making import HERE


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file of the test's own."""
    return str(tmp_path / "palaver.db")


@pytest.fixture
async def db(path: str) -> AsyncIterator[SqliteDatabase]:
    """A database that has no patience with those who hold its file."""
    opened = SqliteDatabase(path, patience=0.05)
    yield opened
    await opened.close()


class Group:
    """Units that wait for the writer while it is held, and so share one commit."""

    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db
        self._go = threading.Event()
        self._tasks: list[asyncio.Task[object]] = [
            asyncio.create_task(db.tx(lambda _: self._go.wait()))
        ]

    def add(self, unit: Callable[..., object], *args: object) -> None:
        """Let a unit wait with the others."""
        self._tasks.append(asyncio.create_task(self._db.tx(unit, *args)))

    async def results(self) -> list[object]:
        """Let go of the writer; what each unit gave or raised."""
        asyncio.get_running_loop().call_soon(self._go.set)  # when all of them are waiting
        _, *results = await asyncio.gather(*self._tasks, return_exceptions=True)
        return results


def names_outside(path: str) -> list[str]:
    """The names of the agents that are committed, as another program sees them."""
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM agents ORDER BY name")]


async def test_what_waits_is_committed_together(db: SqliteDatabase, path: str) -> None:
    group = Group(db)
    for name in "abc":
        group.add(making.keep_agent, name)
    group.add(lambda _: names_outside(path))
    *_, before = await group.results()

    assert before == []
    assert names_outside(path) == ["a", "b", "c"]


async def test_a_failing_unit_leaves_its_neighbours(db: SqliteDatabase, path: str) -> None:
    def fail(tx: Tx) -> None:
        making.keep_agent(tx, "half done")
        agents.get(tx, HERE, making.agent().id)

    group = Group(db)
    group.add(making.keep_agent, "before")
    group.add(fail)
    group.add(making.keep_agent, "after")
    before, failed, after = await group.results()

    assert isinstance(failed, NotFound)
    assert not isinstance(before, BaseException) and not isinstance(after, BaseException)
    assert names_outside(path) == ["after", "before"]


async def test_a_unit_that_the_database_refuses_leaves_its_neighbours(
    db: SqliteDatabase, path: str
) -> None:
    def ask_for_nonsense(tx: Tx) -> None:
        making.keep_agent(tx, "half done")
        tx.all(text("SELECT no_such_column"))

    group = Group(db)
    group.add(making.keep_agent, "before")
    group.add(ask_for_nonsense)
    group.add(making.keep_agent, "after")
    _, refused, _ = await group.results()

    assert isinstance(refused, Unavailable)
    assert names_outside(path) == ["after", "before"]


async def test_a_cancelled_caller_leaves_its_neighbours(db: SqliteDatabase, path: str) -> None:
    group = Group(db)
    group.add(making.keep_agent, "before")
    impatient = asyncio.create_task(db.tx(making.keep_agent, "impatient"))
    group.add(making.keep_agent, "after")
    asyncio.get_running_loop().call_soon(impatient.cancel)
    await group.results()

    assert impatient.cancelled()
    assert {"before", "after"} <= set(names_outside(path))
    assert (await db.tx(making.keep_agent, "later")).name == "later"


async def test_a_group_that_cannot_begin_fails_as_one(db: SqliteDatabase, path: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        group = [db.tx(making.keep_agent, name) for name in "ab"]
        refused = await asyncio.gather(*group, return_exceptions=True)
        other.execute("COMMIT")

    assert [type(error) for error in refused] == [Unavailable, Unavailable]
    assert "another program" in str(refused[0])
    assert (await db.tx(making.keep_agent, "c")).name == "c"
    assert names_outside(path) == ["c"]


async def test_who_holds_the_file_for_a_moment_is_waited_for(path: str) -> None:
    patient = SqliteDatabase(path)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(patient.tx(making.keep_agent, "a"))
        asyncio.get_running_loop().call_soon(other.execute, "COMMIT")
        await waiting
    await patient.close()

    assert names_outside(path) == ["a"]


async def test_a_reader_does_not_wait_for_a_writer(db: SqliteDatabase, path: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotFound):
            await db.read(agents.get, HERE, making.agent().id)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ada, this is not a database. " * 100)

    with pytest.raises(Unavailable, match="not a database"):
        SqliteDatabase(str(letter))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Unavailable, match="file"):
        SqliteDatabase(str(tmp_path / "file" / "palaver.db"))


async def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    odd = tmp_path / "what? 100%, #1 & more"
    db = SqliteDatabase(str(odd / "palaver.db"))
    await db.close()

    assert (odd / "palaver.db").exists()
