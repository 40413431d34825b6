"""Tables that come and go, whoever opens the database, and however many at once."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine, inspect, text

from palaver import clock
from palaver.domain.ids import DEFAULT_PROJECT
from palaver.errors import Invalid
from palaver.store import migrate, schema
from palaver.store.opening import open_database

THEN = "2026-01-02T03:04:05.000006Z"
OPEN = "import asyncio, sys; from palaver.store.opening import open_database as o; "
OPEN += "asyncio.run(o(sys.argv[1]).close())"
AGENT = (
    "INSERT INTO agents (id, project_id, name, hidden, created_at, updated_at, deleted_at,"
    " body) VALUES (:id, :project, 'Ada', false, :then, :then, :gone, '{}')"
)


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    """A database with nothing in it, as SQLAlchemy sees it."""
    url = empty_database_url.replace("postgresql://", "postgresql+psycopg://")
    made = create_engine(url, poolclass=NullPool)
    yield made
    made.dispose()


def tables(engine: Engine) -> set[str]:
    """The tables that there are, but for Alembic's own and those of the full-text index."""
    found = set(inspect(engine).get_table_names()) - {"alembic_version"}
    return {name for name in found if not of_index(name)}


def of_index(name: str) -> bool:
    """Whether a table is the full-text index, or one in which SQLite keeps it."""
    return name == "words" or name.startswith("words_")


def differences(engine: Engine) -> list[object]:
    """What Alembic would change to make the tables those of the schema."""
    with engine.connect() as connection:
        opts = {
            "compare_type": True,
            "include_name": lambda name, kind, _parents: kind != "table" or not of_index(name),
        }
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, schema.metadata))


def partial_indexes(engine: Engine) -> dict[str, str]:
    """The conditions of the partial indexes, by name, as the database keeps them."""
    kept = f"{engine.dialect.name}_where"
    found = {}
    for table in schema.metadata.tables:
        for index in inspect(engine).get_indexes(table):
            if kept in (options := index.get("dialect_options", {})):
                found[str(index["name"])] = str(options[kept])
    return found


def to(engine: Engine, revision: str) -> None:
    """Bring the tables to a revision."""
    with engine.begin() as connection:
        migrate.to(connection, revision)


def test_up_and_down_and_up_again(engine: Engine) -> None:
    to(engine, migrate.HEAD)
    first = partial_indexes(engine)
    to(engine, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}

    to(engine, migrate.HEAD)
    assert tables(engine) == set(schema.metadata.tables)
    assert partial_indexes(engine) == first
    assert set(first) == {
        "one_running_run", "active_runs", "runs_of_worker", "runs_with_a_log", "one_run_of_a_key",
        "callbacks_due", "batch_callbacks_due", "batches_that_go_on", "requests_that_wait",
        "entries_of_otid", "one_default_conversation", "answers_due",
        "steps_with_feedback", "garbage", "agents_that_are_gone",
        "agents_of_project", "agents_of_name", "agents_by_change", "agents_by_run",
        "block_templates", "runs_of_stop_reason", "runs_in_background",
        "files_of_folder", "names_of_files", "files_that_are_gone",
    }  # fmt: skip


def test_the_scripts_make_the_tables_that_the_functions_read(engine: Engine) -> None:
    to(engine, migrate.HEAD)

    assert differences(engine) == []


def test_a_difference_would_be_seen(engine: Engine) -> None:
    to(engine, migrate.HEAD)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX entries_of_run"))

    assert len(differences(engine)) == 1


def test_the_newest_script_is_the_one_that_a_start_looks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(files("palaver.store") / "migrations"))

    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_many_processes_may_open_an_empty_database_at_once(
    empty_database_url: str, engine: Engine
) -> None:
    command = [sys.executable, "-W", "error", "-c", OPEN, empty_database_url]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    failures = [process.communicate()[1].decode() for process in processes]

    assert failures == [""] * 4
    assert tables(engine) == set(schema.metadata.tables)
    with engine.connect() as connection:
        assert list(connection.scalars(text("SELECT id FROM projects"))) == [DEFAULT_PROJECT]
        versions = connection.scalars(text("SELECT version_num FROM alembic_version"))
        assert list(versions) == [migrate.HEAD]


def test_the_tables_of_a_newer_palaver_are_left_alone(
    empty_database_url: str, engine: Engine
) -> None:
    asyncio.run(open_database(empty_database_url).close())
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Invalid, match="9999"):
        open_database(empty_database_url)
    assert tables(engine) == set(schema.metadata.tables)


def test_a_usual_start_does_not_wait_for_alembic(database_url: str) -> None:
    told = OPEN + "; sys.exit('alembic' in sys.modules)"

    subprocess.run([sys.executable, "-c", told, database_url], check=True)


def test_tags_get_the_project_of_what_has_them(engine: Engine) -> None:
    to(engine, "0016")
    with engine.begin() as connection:
        for id, gone in (("agent-1", None), ("agent-2", "now")):
            given = {"id": id, "project": DEFAULT_PROJECT, "gone": gone, "then": THEN}
            connection.execute(text(AGENT), given)
            connection.execute(text("INSERT INTO agent_tags VALUES (:id, 't')"), {"id": id})

    to(engine, migrate.HEAD)

    with engine.connect() as connection:
        kept = connection.execute(text("SELECT agent_id, tag, project_id FROM agent_tags")).all()
    assert kept == [("agent-1", "t", DEFAULT_PROJECT)]


def test_what_came_with_ids_of_elsewhere_is_put_in_time(engine: Engine) -> None:
    to(engine, "0017")
    first, last = clock.mint("agent"), clock.mint("agent")
    foreign = ["agent-e0000000-0000-4000-8000-00000000000" + n for n in "21"]
    with engine.begin() as connection:
        for id, at in zip(foreign, (THEN, "2026-01-03T00:00:00.000000Z"), strict=True):
            given = {"id": id, "project": DEFAULT_PROJECT, "gone": None, "then": at}
            connection.execute(text(AGENT), given)
            connection.execute(text("INSERT INTO agent_tags VALUES (:id, 't', :project)"), given)
        for id in (first, last):
            now = f"{clock.now().replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
            given = {"id": id, "project": DEFAULT_PROJECT, "gone": None, "then": now}
            connection.execute(text(AGENT), given)

    to(engine, migrate.HEAD)

    with engine.connect() as connection:
        listed = connection.scalars(text("SELECT id FROM agents ORDER BY sorted_as")).all()
        tagged = connection.scalars(text("SELECT agent_id FROM agent_tags ORDER BY sorted_as"))
        assert list(tagged) == foreign
    assert listed == [*foreign, first, last]
    to(engine, "0017")
