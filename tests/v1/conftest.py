"""V1 databases to bring over: their tables as five ages had them, with rows made up for tests.

Each age is the one before, upgraded in its place, as real databases were.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from palaver.cli import main
from tests.databases import Databases, PostgresDatabases
from tests.servers import environment_of

AGES = ("0_06", "0_06_49", "0_11", "0_14", "0_16")

Json = dict[str, Any]
Old = Callable[..., AbstractContextManager[str]]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Json:
        """What it told a program."""
        found: Json = json.loads(self.out)
        return found


@dataclass(frozen=True, slots=True)
class Brought:
    """A V1 database of an age, and palaver's, into which it was brought over."""

    age: str
    source: str
    url: str
    home: Path
    told: Json

    def again(self, *options: str) -> Said:
        """Bring it over once more."""
        return bring(self.home, self.url, self.source, *options)


def bring(home: Path, url: str, source: str, *options: str) -> Said:
    """Call `palaver import`."""
    environment = environment_of(home, {"PALAVER_DATABASE_URL": url})
    said = CliRunner().invoke(main, ["import", source, *options], env=environment)
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exc_info
    return Said(said.exit_code, said.stdout, said.stderr)


def command(source: str, *options: str) -> list[str]:
    """The words of the command, for a process of its own."""
    return [sys.executable, "-m", "palaver.cli", "import", source, *options]


@pytest.fixture(scope="session")
def old() -> Iterator[Old]:
    """Makes a V1 database of an age, and runs more SQL on it; gives its URL."""
    server = PostgresDatabases()

    @contextmanager
    def made(age: str, *more: str) -> Iterator[str]:
        with server.empty() as url:
            with psycopg.connect(url, autocommit=True) as connection:
                for one in AGES[: AGES.index(age) + 1]:
                    script = Path(__file__).with_name(f"age_{one}.sql").read_bytes()
                    connection.execute(script)
                for statement in more:
                    connection.execute(statement.encode())
            yield url

    yield made
    server.close()


@pytest.fixture(scope="module", params=AGES)
def brought(
    request: pytest.FixtureRequest,
    old: Old,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Brought]:
    """A V1 database of each age in turn, brought over. Nobody changes anything in it."""
    home = tmp_path_factory.mktemp("home")
    with old(request.param) as source, databases.fresh() as url:
        told = bring(home, url, source, "--json").told
        yield Brought(request.param, source, url, home, told)
