"""Servers are killed while they bring the tables up to date; the next one does it."""

from functools import partial
from importlib.resources import files

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine

from tests.crash import stories
from tests.crash.playing import Figures, check_all, die, side_by_side, started, told, world_of
from tests.crash.witness import Witness
from tests.databases import Databases

pytestmark = pytest.mark.timeout(400)  # for machines that do something else as well

NEW = [
    "CREATE TABLE alembic_version",
    "CREATE TABLE projects",
    "CREATE TABLE conversations",
    "CREATE UNIQUE INDEX one_run_of_a_key",
    "INSERT INTO projects",
    "INSERT INTO alembic_version",
    "CREATE UNIQUE INDEX one_running_run",
    "UPDATE alembic_version",
]
OLD = [
    "ALTER TABLE runs ADD COLUMN place",
    "DROP INDEX one_active_run",
    "CREATE UNIQUE INDEX one_running_run",
    "DROP TABLE workers",
    "CREATE TABLE workers",
    "UPDATE alembic_version",
]


async def test_a_new_database_is_made_by_the_next_server(many: Databases) -> None:
    figures = await side_by_side({at: partial(_make, many, [at]) for at in NEW})

    figures.check()


async def test_a_new_database_is_made_however_often_it_is_broken_off(many: Databases) -> None:
    figures = await side_by_side({"all of them": partial(_make, many, NEW)})

    figures.check()


async def test_an_old_database_is_brought_up_to_date_by_the_next_server(many: Databases) -> None:
    figures = await side_by_side({at: partial(_upgrade, many, [at]) for at in OLD})

    figures.check()


async def _make(databases: Databases, statements: list[str], figures: Figures) -> None:
    """Servers die at statements; the next one has all tables and can be talked to."""
    with databases.empty() as url, world_of(url) as world:
        for statement in statements:
            await die(world, f"statement:{statement}", figures)
        async with started(world, figures) as life:
            witness = Witness(life)
            await stories.speaking(witness)
            await check_all(witness, life, figures)


async def _upgrade(databases: Databases, statements: list[str], figures: Figures) -> None:
    """The same with a database that an older palaver has left in the middle of an answer."""
    with databases.fresh() as url, world_of(url) as world:
        witness = await told(stories.talking, world, "heard:7", figures)
        _downgrade(url)
        for statement in statements:
            await die(world, f"statement:{statement}", figures)
        async with started(world, figures) as life:
            await check_all(witness, life, figures)


def _downgrade(url: str) -> None:
    """Not in a thread: Alembic knows only one connection at a time."""
    config = Config()
    config.set_main_option("script_location", str(files("palaver.store") / "migrations"))
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool
    )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    engine.dispose()
