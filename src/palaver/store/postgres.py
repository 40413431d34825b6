"""PostgreSQL: a pool of connections, each used by one thread at a time.

Any number of palaver processes may share a database; whatever they must agree on is decided by its
transactions. The DSN goes to libpq as it is, so several hosts and ``target_session_attrs`` work.
"""

import asyncio
import select as sockets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Concatenate

import psycopg
from psycopg.abc import Params, Query
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, create_engine, event, func, select, text
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InternalError,
    InvalidatePoolError,
    OperationalError,
)

from palaver.errors import Invalid, Refused, TooLong, Unavailable
from palaver.store import migrate
from palaver.store.db import P, T, Tx

_CONNECTIONS = 8
_CHANNEL = "palaver"
# Nothing was written: another transaction was in the way, or this one stood still for too long.
_UNDONE = {"40001", "40P01", "25P03"}
_LIMITS = "54"  # the class of what is beyond the server's limits
_TRIES = 3
# A process that stands still in a transaction keeps its locks, and nobody could take over its runs.
# After this time the server cuts it off: by then others see its beat missing, so they lose no time,
# and a unit that computes between two statements takes far less. What an operator has said wins,
# be it in the DSN, for the role, for the database or for the server.
_CUT_STANDING = """
SELECT set_config(name, '3s', false) FROM pg_settings
WHERE name = 'idle_in_transaction_session_timeout' AND source = 'default'
"""
# A host that vanishes without a word is given up after some 10 s. TCP alone would wait for minutes.
_PATIENCE = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
_LISTEN_AGAIN = 0.5  # seconds until a broken listener connects again, and a closed one ends


class _Cursor(psycopg.Cursor[Any]):
    """A cursor after whose every call PostgreSQL counts how long a transaction stands still.

    It stops counting at a flush, which is what psycopg says last when it writes many rows.
    """

    def executemany(self, query: Query, params_seq: Iterable[Params], **kwargs: Any) -> None:
        super().executemany(query, params_seq, **kwargs)
        self.connection.execute("")


class PostgresDatabase:
    """One database on a server, or on several that follow one another."""

    look_every = 0.2

    def __init__(self, dsn: str) -> None:
        given = _parsed(dsn)
        self.url = f"postgresql://{given.get('host', '')}/{given.get('dbname', '')}"
        settings = {**_PATIENCE, **given, "cursor_factory": _Cursor}
        self._connect = partial(psycopg.connect, **settings, autocommit=True)
        self._engine = create_engine(
            "postgresql+psycopg://",
            creator=self._open,
            pool_size=_CONNECTIONS,
            max_overflow=0,
        )
        event.listen(self._engine, "checkout", _refuse_dead)
        self._snapshots = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with ExitStack() as undo, _explained():
            undo.callback(self._engine.dispose)
            migrate.postgres(self._engine)
            undo.pop_all()
        self._threads = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="postgres")
        self._ear: threading.Thread | None = None
        self._closed = False

    async def tx(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.tx`."""
        return await self._in_thread(partial(_run, self._engine, unit, *args, **kwargs))

    async def read(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `Database.read`."""
        return await self._in_thread(partial(_run, self._snapshots, unit, *args, **kwargs))

    def listen(self, heard: Callable[[str], None]) -> None:
        """See `Database.listen`. It takes a connection and a thread of its own."""
        loop = asyncio.get_running_loop()

        def hear() -> None:
            while not self._closed:
                try:
                    self._listen(lambda said: loop.call_soon_threadsafe(heard, said))
                except psycopg.Error:
                    time.sleep(_LISTEN_AGAIN)

        self._ear = threading.Thread(target=hear, name="postgres-listener", daemon=True)
        self._ear.start()

    async def hint(self, said: str) -> None:
        """See `Database.hint`."""
        await self.tx(_notify, said)

    def _listen(self, tell: Callable[[str], object]) -> None:
        """Listen on a connection until it breaks, or the database is closed."""
        with self._connect() as connection:
            connection.execute(f"LISTEN {_CHANNEL}")
            while not self._closed:
                for said in connection.notifies(timeout=_LISTEN_AGAIN):
                    if self._closed:
                        return
                    tell(said.payload)

    async def close(self) -> None:
        """See `Database.close`."""
        self._closed = True
        if self._ear is not None:
            await asyncio.to_thread(self._ear.join, 2 * _LISTEN_AGAIN)
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    def _open(self) -> psycopg.Connection:
        """A connection for transactions."""
        connection = self._connect()
        with ExitStack() as undo:
            undo.callback(connection.close)
            connection.execute(_CUT_STANDING)
            connection.autocommit = False
            undo.pop_all()
        return connection

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise Unavailable("The database has been closed; the server is about to stop.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _run(
    engine: Engine, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    for again in reversed(range(_TRIES)):
        with _explained():
            try:
                with engine.begin() as connection:
                    return unit(Tx(connection), *args, **kwargs)
            except DBAPIError as error:
                if not again or getattr(error.orig, "sqlstate", None) not in _UNDONE:
                    raise
    raise AssertionError("the last try returns or raises")


def _refuse_dead(connection: psycopg.Connection, _record: object, _proxy: object) -> None:
    """Have the pool replace its connections if this one was cut.

    An idle connection has nothing to say: what can be read from it is its end. So this costs no
    word with the server, which would double the price of a small unit.
    """
    waiting = sockets.poll()
    waiting.register(connection, sockets.POLLIN)
    if waiting.poll(0):
        raise InvalidatePoolError


def _notify(tx: Tx, said: str) -> None:
    """Tell all who listen. A hint need not survive a crash, so nobody waits for the disk."""
    tx.run(text("SET LOCAL synchronous_commit = off"))
    tx.all(select(func.pg_notify(_CHANNEL, said)))


@contextmanager
def _explained() -> Iterator[None]:
    """Turn errors into `Refused`, those of the database itself into `Unavailable`.

    An internal error is what a server that may only be read from says to a write.
    """
    try:
        yield
    except (OperationalError, InterfaceError, InternalError) as error:
        if str(getattr(error.orig, "sqlstate", None)).startswith(_LIMITS):
            raise TooLong(error.orig) from error
        raise Unavailable(
            f"PostgreSQL cannot be used at the moment ({str(error.orig).strip()}); "
            "check that it is up and reachable, then try again."
        ) from error
    except DBAPIError as error:
        raise Refused(str(error.orig).strip()) from error


def _parsed(dsn: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # it repeats the password
        raise Invalid(
            "The database URL cannot be read; write it as postgresql://user:password@host:port/name."
        ) from None
