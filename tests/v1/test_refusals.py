"""What cannot be brought over is refused in one clear line, which tells no password."""

from pathlib import Path

import psycopg
import pytest

from palaver.errors import Unavailable
from palaver.store.v1 import V1Database
from tests.v1.conftest import Old, bring

PASSWORD = "swordfish"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (f"postgresql://somebody:{PASSWORD}@127.0.0.1:1/letta", 2),
        (f"postgresql://somebody:{PASSWORD}@[half/letta", 1),
        (f"postgres://somebody:{PASSWORD}@nowhere.invalid/letta", 2),
    ],
)
def test_a_source_that_is_not_there(tmp_path: Path, source: str, code: int) -> None:
    said = bring(tmp_path, f"sqlite:///{tmp_path}/palaver.db", source)

    assert said.code == code
    assert len(said.err.strip().splitlines()) == 1
    assert PASSWORD not in said.out + said.err


def test_a_database_of_another_kind(tmp_path: Path, old: Old) -> None:
    with old("0_16", "DROP TABLE block CASCADE") as source:
        said = bring(tmp_path, f"sqlite:///{tmp_path}/palaver.db", source)

    assert said.code == 1
    assert "This is no V1 database" in said.err
    assert "block.id" in said.err


def test_tables_that_may_not_be_read(tmp_path: Path, old: Old) -> None:
    reader = (
        "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT SELECT ON agents TO reader"
    )
    with old("0_06", *reader.split("; ")) as source:
        user = source.replace("postgres:@", "reader:@")
        said = bring(tmp_path, f"sqlite:///{tmp_path}/palaver.db", user)

    assert user != source
    assert (said.code, "not all of it may be read" in said.err) == (1, True), said.err


def test_nothing_can_be_written_by_that_door(old: Old) -> None:
    with (
        old("0_06") as source,
        pytest.raises(Unavailable, match="read-only"),
        V1Database.opened(source) as opened,
    ):
        opened._connection.execute("DELETE FROM messages")


def test_a_source_that_goes_away(old: Old) -> None:
    with (
        old("0_06") as source,
        psycopg.connect(source, autocommit=True) as other,
        pytest.raises(Unavailable, match="cannot be read"),
        V1Database.opened(source) as opened,
    ):
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid != pg_backend_pid()"
        )
        opened.count("agents")
