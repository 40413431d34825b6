"""SQLite: one writer thread with group commit, and readers beside it.

Every commit reaches the disk (``synchronous=FULL``). What waits when the writer comes back from one
commit goes into the next one together, each unit in a savepoint of its own, so that a commit is
paid for once and an error undoes one unit only.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from palaver.errors import Refused, TooLong, Unavailable
from palaver.store import migrate
from palaver.store.db import P, T, Tx

_GROUP = 128  # units that share a commit at most
_READERS = 3
_PATIENCE = 10.0  # seconds that another process may hold the file
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
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
        """Do the work. Whatever goes wrong is for its caller to hear, not for the writer."""
        with self, _explained():
            self.result = self.work(tx)

    def deliver(self) -> None:
        """Tell the caller, unless it has gone away."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: object, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        self.error = error
        return True


class SqliteDatabase:
    """One file, in this process's hands (and perhaps in others').

    ``patience`` is how many seconds a unit waits for another process that holds the file.
    """

    look_every = 0.03

    def __init__(self, path: str, patience: float = _PATIENCE) -> None:
        self.url = f"sqlite:///{path}"
        _make_folder(Path(path).parent)
        self._engine = create_engine(
            URL.create("sqlite", database=path),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",  # the transactions are made here
            connect_args={"check_same_thread": False, "timeout": patience},
        )
        event.listen(self._engine, "connect", _prepare)
        with ExitStack() as undo, _explained(DatabaseError):
            self._connection = self._engine.connect()
            undo.callback(self._connection.close)
            migrate.sqlite(self._connection)
            undo.pop_all()
        self._open: list[Connection] = []
        self._local = threading.local()
        self._closed = False
        self._units: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="sqlite-writer", daemon=True)
        self._writer.start()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")

    async def tx(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.tx`."""
        if self._closed:
            raise Unavailable("The database has been closed; the server is about to stop.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._units.put(_Unit(lambda tx: unit(tx, *args, **kwargs), loop, future))
        return await future

    async def read(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.read`."""
        if self._closed:
            raise Unavailable("The database has been closed; the server is about to stop.")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, partial(self._read, unit, *args, **kwargs))

    def listen(self, heard: Callable[[str], None]) -> None:
        """See `Database.listen`: a file says nothing, so others have to look."""

    async def hint(self, said: str) -> None:
        """See `Database.hint`."""

    async def close(self) -> None:
        """See `Database.close`."""
        self._closed = True
        self._units.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._readers.shutdown)
        for connection in (*self._open, self._connection):
            connection.close()
        self._engine.dispose()

    def _read(self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with _explained():
            connection = self._reader()
            do = _driver(connection).execute
            do("BEGIN")
            try:
                return unit(Tx(connection), *args, **kwargs)
            finally:
                do("ROLLBACK")

    def _reader(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._engine.connect()
            _driver(connection).execute("PRAGMA query_only=ON")
            self._open.append(connection)
        return connection

    def _write(self) -> None:
        tx = Tx(self._connection)
        while True:
            group = self._next_group()
            units = [unit for unit in group if unit is not None]
            if units:
                self._commit(tx, units)
                _deliver(units)
            if None in group:
                return

    def _next_group(self) -> list[_Unit | None]:
        group = [self._units.get()]
        with suppress(queue.Empty):
            while len(group) < _GROUP:
                group.append(self._units.get_nowait())
        return group

    def _commit(self, tx: Tx, units: Sequence[_Unit]) -> None:
        do = _driver(self._connection).execute
        try:
            with _explained():
                do("BEGIN IMMEDIATE")
                for unit in units:
                    do("SAVEPOINT unit")
                    unit.run(tx)
                    if unit.error is not None:
                        do("ROLLBACK TO unit")
                    do("RELEASE unit")
                do("COMMIT")
        except Unavailable as error:
            with suppress(sqlite3.Error):
                do("ROLLBACK")
            for unit in units:
                unit.error = unit.error or error


@contextmanager
def _explained(kind: type[DatabaseError] = OperationalError) -> Iterator[None]:
    """Turn errors into `Refused`; those of the database itself, or of a `kind`, `Unavailable`."""
    try:
        yield
    except (kind, sqlite3.Error) as error:
        said = error.orig if isinstance(error, DatabaseError) else error
        if str(said).endswith("pattern too complex"):  # which has no code of its own
            raise TooLong(said) from error
        raise Unavailable(
            f"The database cannot be used at the moment ({said}); check the disk and "
            "whether another program holds the file, then try again."
        ) from error
    except DatabaseError as error:
        raise Refused(str(error.orig)) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)  # nobody else reads it
    except OSError as error:
        raise Unavailable(
            f"The folder of the database file cannot be made ({error}); name another one."
        ) from error


def _deliver(units: Sequence[_Unit]) -> None:
    """Tell the callers, each in its own event loop."""
    for loop in {unit.loop for unit in units}:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_tell, [unit for unit in units if unit.loop is loop])


def _tell(units: Sequence[_Unit]) -> None:
    for unit in units:
        unit.deliver()


def _driver(connection: Connection) -> sqlite3.Connection:
    """What `connection` stands on; it begins and ends transactions at a tenth of the cost."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    _write_ahead(connection)
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    connection.create_function("lower", 1, _lower, deterministic=True)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Use a write-ahead log. SQLite itself does not wait for others that open a new file too."""
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _lower(text: str | None) -> str | None:
    """SQLite's own knows no letters but those of English."""
    return None if text is None else text.lower()
