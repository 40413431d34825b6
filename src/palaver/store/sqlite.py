"""SQLite: one writer thread with group commit, and readers beside it.

Every commit reaches the disk (``synchronous=FULL``). What waits when the writer comes back from one
commit goes into the next one together, each unit in a savepoint of its own, so that a commit is
paid for once and an error undoes one unit only.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Concatenate

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from palaver.errors import PalaverError, Unavailable
from palaver.store import migrate
from palaver.store.db import P, T, Tx

_GROUP = 128  # units that share a commit at most
_READERS = 3
_WAIT = 10_000  # milliseconds that another process may hold the file
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_WAIT}",
    "PRAGMA cache_size=-16000",
)


@dataclass(slots=True)
class _Unit:
    """A unit that waits for the writer, and what comes of it."""

    work: Callable[[Tx], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def run(self, tx: Tx) -> None:
        """Do the work; an error of the database itself comes out, any other is kept."""
        try:
            self.result = self.work(tx)
        except OperationalError:
            raise
        except BaseException as error:
            self.error = error

    def deliver(self) -> None:
        """Tell the caller, unless it has gone away."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class SqliteDatabase:
    """One file, in this process's hands (and perhaps in others')."""

    def __init__(self, path: str) -> None:
        self.url = f"sqlite:///{path}"
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(
            self.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"check_same_thread": False},
        )
        event.listen(self._engine, "connect", _prepare)
        with _explained():
            self._connection = self._engine.connect()
            migrate.sqlite(self._connection)
        self._open: list[Connection] = []
        self._local = threading.local()
        self._units: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="sqlite-writer", daemon=True)
        self._writer.start()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")

    async def tx(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.tx`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._units.put(_Unit(lambda tx: unit(tx, *args, **kwargs), loop, future))
        return await future

    async def read(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.read`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, partial(self._read, unit, *args, **kwargs))

    async def close(self) -> None:
        """See `Database.close`."""
        self._units.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown()
        for connection in (*self._open, self._connection):
            connection.close()
        self._engine.dispose()

    def _read(self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with _explained():
            connection = self._reader()
            connection.exec_driver_sql("BEGIN")
            try:
                return unit(Tx(connection), *args, **kwargs)
            finally:
                connection.exec_driver_sql("COMMIT")

    def _reader(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._engine.connect()
            self._open.append(connection)
        return connection

    def _write(self) -> None:
        while True:
            group = self._next_group()
            units = [unit for unit in group if unit is not None]
            if units:
                self._commit(units)
                _deliver(units)
            if None in group:
                return

    def _next_group(self) -> list[_Unit | None]:
        group = [self._units.get()]
        with suppress(queue.Empty):
            while len(group) < _GROUP:
                group.append(self._units.get_nowait())
        return group

    def _commit(self, units: list[_Unit]) -> None:
        connection = self._connection
        try:
            with _explained():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                for unit in units:
                    connection.exec_driver_sql("SAVEPOINT unit")
                    unit.run(Tx(connection))
                    if unit.error is not None:
                        connection.exec_driver_sql("ROLLBACK TO unit")
                    connection.exec_driver_sql("RELEASE unit")
                connection.exec_driver_sql("COMMIT")
        except PalaverError as error:
            with suppress(OperationalError):
                connection.exec_driver_sql("ROLLBACK")
            for unit in units:
                unit.error = unit.error or error


@contextmanager
def _explained() -> Iterator[None]:
    """Turn an error of the database itself into `Unavailable`."""
    try:
        yield
    except OperationalError as error:
        raise Unavailable(
            f"The database cannot be used at the moment ({error.orig}); check the disk and "
            "whether another program holds the file, then try again."
        ) from error


def _deliver(units: list[_Unit]) -> None:
    for loop in {unit.loop for unit in units}:
        mine = [unit for unit in units if unit.loop is loop]
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda mine=mine: [unit.deliver() for unit in mine])


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: str | None) -> str | None:
    """SQLite's own knows no letters but those of English."""
    return None if text is None else text.lower()
