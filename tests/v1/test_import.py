"""`palaver import postgresql://…`: what a V1 database holds is here afterwards, and adds up."""

import asyncio
import hashlib
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from palaver.domain.conversation import Address
from palaver.domain.ids import DEFAULT_PROJECT
from palaver.store import entries
from palaver.store.opening import open_database
from palaver.store.schema import metadata
from tests.databases import Databases
from tests.repair.damage import BROKEN
from tests.servers import environment_of
from tests.v1.conftest import Brought, Json, Old, bring, command

NOUNS = (
    "agents", "archives", "blocks", "conversations", "identities", "messages", "passages", "tools",
)  # fmt: skip
OLDEST = ("0_06", "0_06_49")
SECRET = "hush-hush"


def rows_of(url: str) -> dict[str, list[str]]:
    """All that a database of palaver holds, table by table."""
    with _connected(url) as connection:
        return {
            name: sorted(str(row) for row in connection.execute(f'SELECT * FROM "{name}"'))
            for name in metadata.tables
        }


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        yield connection
        connection.close()
    else:
        with psycopg.connect(url) as opened:
            yield opened


def ids_of(url: str) -> dict[str, list[str]]:
    """What is there, without the moments at which it came."""
    with _connected(url) as connection:
        return {
            name: sorted(str(row[0]) for row in connection.execute(f'SELECT id FROM "{name}"'))
            for name in ("agents", "archives", "blocks", "conversations", "entries", "passages")
        }


def fingerprint(url: str) -> str:
    """All that stands in a V1 database, as a number."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' ORDER BY table_name"
        ).fetchall()
        held = [
            connection.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1'.encode()).fetchall()
            for (name,) in tables
        ]
    return hashlib.sha256(repr((tables, held)).encode()).hexdigest()


def sums(told: Json) -> dict[str, tuple[int, int]]:
    """Of each noun how many were found, and how many are accounted for."""
    found = {}
    for noun in NOUNS:
        lost = sum(one["noun"] == noun for one in told["refused"])
        lost += sum(one["number"] for one in told["left"] if one["noun"] == noun)
        lost += told["joined_messages"] if noun == "messages" else 0
        found[noun] = (
            told["found"].get(noun, 0),
            sum(told["counts"].get(noun, {}).values()) + lost,
        )
    return found


def test_all_that_is_found_is_accounted_for(brought: Brought) -> None:
    assert all(there == told for there, told in sums(brought.told).values()), sums(brought.told)
    assert {one["number"] for one in brought.told["left"] if one["noun"] == "agents"} == {1}
    reasons = [one["reason"] for one in brought.told["refused"]]
    taken = "its key is that of identity-11000000-0000-4000-8000-000000000001"
    unknown = "its role 'conductor' is unknown"
    nobody = "no tool of that name is built in here, and nobody has brought one"
    assert reasons == ([unknown] if brought.age in OLDEST else [nobody, unknown, taken])


def test_each_conversation_is_certified(brought: Brought) -> None:
    assert [one["verdict"] for one in brought.told["conversations"]] == ["same"] * len(
        brought.told["conversations"]
    )
    assert len({one["sha256"] for one in brought.told["conversations"]}) > 0


def test_a_second_time_nothing_is_added(brought: Brought) -> None:
    before = rows_of(brought.url)

    again = brought.again("--json")

    assert rows_of(brought.url) == before
    fates = {fate for counts in again.told["counts"].values() for fate, n in counts.items() if n}
    assert fates == {"there"}
    assert again.told["conversations"] == brought.told["conversations"]
    assert again.code == 1  # the role that is unknown still is


def test_a_dry_run_tells_the_same_and_writes_nothing(
    brought: Brought, databases: Databases
) -> None:
    with databases.fresh() as url:
        before = rows_of(url)
        told = bring(brought.home, url, brought.source, "--dry-run", "--json").told

        assert rows_of(url) == before
    assert told["counts"] == brought.told["counts"]
    assert told["found"] == brought.told["found"]
    assert {one["verdict"] for one in told["conversations"]} == {"missing"}
    hashes = [one["sha256"] for one in brought.told["conversations"]]
    assert [one["sha256"] for one in told["conversations"]] == hashes


def test_a_dry_run_makes_no_database(old: Old, tmp_path: Path) -> None:
    with old("0_06") as source:
        bring(tmp_path, f"sqlite:///{tmp_path}/palaver.db", source, "--dry-run")

    assert not [*tmp_path.iterdir()]


def test_no_secret_is_told_or_brought(brought: Brought) -> None:
    if brought.age in OLDEST:
        return  # there were none
    said = brought.again()

    assert SECRET not in str(brought.told) + said.out + said.err + str(rows_of(brought.url))
    assert "WELL_KEY" in said.out


def test_the_source_is_left_as_it_was(old: Old, tmp_path: Path) -> None:
    with old("0_16") as source:
        before = fingerprint(source)
        bring(tmp_path, f"sqlite:///{tmp_path}/palaver.db", source)

        assert fingerprint(source) == before


def test_whoever_is_killed_begins_again_and_comes_to_the_same_end(
    old: Old, databases: Databases, tmp_path: Path
) -> None:
    many = """
        INSERT INTO agents (id, name, system, agent_type, llm_config, organization_id, message_ids)
        SELECT 'agent-20000000-0000-4000-8000-0000000' || 10000 + n, 'Reed ' || n, 'You bend.',
            'letta_v1_agent', '{"handle": "palaver/offline", "model": "offline"}',
            'org-00000000-0000-4000-8000-000000000000', '[]'
        FROM generate_series(1, 20) AS n
    """
    begun = """
        INSERT INTO messages (id, agent_id, role, text, organization_id, created_at)
        SELECT 'message-2' || substr(id, 8), id, 'system', system, organization_id, created_at
        FROM agents WHERE name LIKE 'Reed%'
    """
    with old("0_16", many, begun) as source, databases.fresh() as url, databases.fresh() as other:
        with subprocess.Popen(
            command(source),
            env=environment_of(tmp_path, {"PALAVER_DATABASE_URL": url}),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            first = [process.stdout.readline() for _ in range(8)]
            process.send_signal(signal.SIGKILL)
        assert all("sha256" in line for line in first), first
        assert 0 < len(ids_of(url)["agents"]) < 23

        told = bring(tmp_path, url, source, "--json").told
        bring(tmp_path, other, source)

        assert ids_of(url) == ids_of(other)
        assert {one["verdict"] for one in told["conversations"]} == {"same"}


@pytest.mark.parametrize("age", ["0_06", "0_16"])
def test_a_long_history_is_read_page_by_page(old: Old, tmp_path: Path, age: str) -> None:
    at_once = """
        INSERT INTO messages
            (id, agent_id, role, text, tool_calls, organization_id, created_at)
        SELECT 'message-30000000-0000-4000-8000-0000000' || 10000 + n,
            'agent-06000000-0000-4000-8000-000000000001', 'user', 'word ' || n, '[]',
            'org-00000000-0000-4000-8000-000000000000', '2025-02-01 00:00:00+00'
        FROM generate_series(1, 901) AS n
    """
    with old(age, at_once) as source:
        told = bring(tmp_path, f"sqlite:///{tmp_path}/palaver.db", source, "--json").told

    assert all(there == known for there, known in sums(told).values())
    assert told["conversations"][0]["messages"] == 901 + 6
    assert told["conversations"][0]["verdict"] == "same"


MILL = "agent-16000000-0000-4000-8000-000000000001"
NEW_IN_V1 = """
INSERT INTO conversations (id, agent_id, organization_id, created_at)
SELECT 'conv-17000000-0000-4000-8000-000000000001', agent_id, organization_id, now()
FROM conversations WHERE id LIKE '%1';
INSERT INTO messages (id, agent_id, role, text, organization_id, created_at, conversation_id)
SELECT 'message-17000000-0000-4000-8000-00000000000' || n, agent_id, role, 'New ' || n,
    organization_id, now(), 'conv-1' || c || '000000-0000-4000-8000-00000000000' || d
FROM conversations, (VALUES (1, 'system', 7, 1), (2, 'user', 7, 1), (3, 'user', 6, 3))
    AS said (n, role, c, d) WHERE id LIKE 'conv-16%1';
INSERT INTO conversation_messages (conversation_id, agent_id, message_id, position)
SELECT conversation_id, agent_id, id, 100 + sequence_id FROM messages WHERE id LIKE 'message-17%';
"""


async def say_more(url: str, conversation_id: str) -> None:
    """Have something said in a conversation of the mill."""
    db = open_database(url)
    address = Address(conversation_id=conversation_id, agent_id=MILL)
    more = BROKEN["a call, then somebody speaks"].entries()
    await db.tx(entries.append, DEFAULT_PROJECT, address, more)
    await db.close()


def test_a_later_run_brings_what_is_new(old: Old, databases: Databases, tmp_path: Path) -> None:
    conversations = [f"conv-16000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3)]
    with old("0_16") as source, databases.fresh() as url:
        bring(tmp_path, url, source)
        with psycopg.connect(source, autocommit=True) as connection:
            connection.execute(NEW_IN_V1.encode())
        asyncio.run(say_more(url, conversations[0]))

        again = bring(tmp_path, url, source, "--json")

    verdicts = {one["conversation_id"]: one["verdict"] for one in again.told["conversations"]}
    assert [verdicts[one] for one in conversations] == ["longer", "same", "shorter"]
    assert verdicts["conv-17000000-0000-4000-8000-000000000001"] == "same"
    assert again.told["counts"]["conversations"] == {"added": 1, "there": 8}
    assert again.code == 1
