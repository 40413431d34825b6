"""Fixtures for every test."""

import gc
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from tempfile import TemporaryDirectory

import pytest

from palaver.store.db import Database
from palaver.store.opening import open_database
from tests.databases import Databases, PostgresDatabases, SqliteDatabases, in_memory
from tests.fakes.mcp_process import listening
from tests.fakes.provider import FakeProvider
from tests.servers import Server, asking, fake_provider, serve

pytest.register_assert_rewrite("tests.contract.talk")


def pytest_collection(session: pytest.Session) -> None:
    """Do not look for garbage while ten thousand tests are collected; all of them stay."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Do not look at them again and again either."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly what could not be run, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, number in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{number} tests were NOT run. {reason}", yellow=True)


KINDS: dict[str, type[Databases]] = {"sqlite": SqliteDatabases, "postgres": PostgresDatabases}

_ALLOWED = {
    "PALAVER_ALLOW_PRIVATE_URLS": "127.0.0.1",
    "PALAVER_ALLOW_MCP_STDIO": "1",
    "PALAVER_TRACES": "1h",
}


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


@pytest.fixture(scope="module")
def module_url(databases: Databases) -> Iterator[str]:
    """A database for all tests of a module."""
    with databases.fresh() as url:
        yield url


@pytest.fixture(scope="module")
async def module_db(module_url: str) -> AsyncIterator[Database]:
    """It, opened."""
    opened = open_database(module_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def file_url() -> Iterator[str]:
    """The URL of a database file that does not exist yet, for all tests of a module."""
    with TemporaryDirectory(prefix="palaver-", dir=in_memory()) as folder:
        yield f"sqlite:///{folder}/palaver.db"


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """A database of the test's own with nothing in it, not even tables."""
    with databases.empty() as url:
        yield url


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture(scope="session")
def provider() -> Iterator[FakeProvider]:
    """The provider that `server` asks."""
    with fake_provider() as fake:
        yield fake


@pytest.fixture
def fake(provider: FakeProvider) -> FakeProvider:
    """The provider that `server` asks, with nothing scripted and nothing asked yet."""
    provider.forget()
    return provider


@pytest.fixture(scope="session")
def server(
    databases: Databases, provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server process on each kind of database, one for all tests."""
    home = tmp_path_factory.mktemp("home")
    with (
        databases.empty() as url,
        serve(home, asking(provider) | _ALLOWED | {"PALAVER_DATABASE_URL": url}) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def mcp_url() -> Iterator[str]:
    """Below which URL a real MCP server listens."""
    with listening() as url:
        yield url


@pytest.fixture
def agent(server: Server) -> str:
    """The id of a fresh agent that needs no provider."""
    body = {"name": "Ada", "model": "palaver/offline", "include_base_tools": False}
    answer = server.http.post("/v1/agents/", json=body)
    agent_id: str = answer.raise_for_status().json()["id"]
    return agent_id
