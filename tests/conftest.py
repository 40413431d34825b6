"""Fixtures for every test."""

from collections.abc import Iterator

import pytest

from tests.databases import Databases, PostgresDatabases, SqliteDatabases

KINDS: dict[str, type[Databases]] = {"sqlite": SqliteDatabases, "postgres": PostgresDatabases}


@pytest.fixture(scope="session", params=KINDS)
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Each kind of database in turn; the PostgreSQL server starts when the first test needs it."""
    made = KINDS[request.param]()
    yield made
    made.close()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A database of the test's own, with the current tables and nothing in them."""
    with databases.fresh() as url:
        yield url


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """A database of the test's own with nothing in it, not even tables."""
    with databases.empty() as url:
        yield url


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the server does."""
    return "asyncio"
