"""PostgreSQL: a pool of connections, each used by one thread at a time.

Any number of palaver processes may share a database; whatever they must agree on is decided by its
transactions. The DSN goes to libpq as it is, so several hosts and ``target_session_attrs`` work.
"""

import asyncio
import select
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Concatenate

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import InterfaceError, InvalidatePoolError, OperationalError

from palaver.errors import Invalid, Unavailable
from palaver.store import migrate
from palaver.store.db import P, T, Tx

_CONNECTIONS = 8
_CONNECT_WITHIN = 5  # seconds, unless the DSN says otherwise


class PostgresDatabase:
    """One database on a server, or on several that follow one another."""

    def __init__(self, dsn: str) -> None:
        given = _parsed(dsn)
        self.url = f"postgresql://{given.get('host', '')}/{given.get('dbname', '')}"
        settings = {"connect_timeout": _CONNECT_WITHIN, **given}
        self._engine = create_engine(
            "postgresql+psycopg://",
            creator=partial(psycopg.connect, **settings),
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

    async def close(self) -> None:
        """See `Database.close`."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise Unavailable("The database has been closed; the server is about to stop.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _run(
    engine: Engine, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    with _explained(), engine.begin() as connection:
        return unit(Tx(connection), *args, **kwargs)


def _refuse_dead(connection: psycopg.Connection, _record: object, _proxy: object) -> None:
    """Have the pool replace its connections if this one was cut.

    An idle connection has nothing to say: what can be read from it is its end. So this costs no
    word with the server, which would double the price of a small unit.
    """
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    if waiting.poll(0):
        raise InvalidatePoolError


@contextmanager
def _explained() -> Iterator[None]:
    """Turn an error of the database itself into `Unavailable`."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(
            f"PostgreSQL cannot be used at the moment ({str(error.orig).strip()}); "
            "check that it is up and reachable, then try again."
        ) from error


def _parsed(dsn: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # it repeats the password
        raise Invalid(
            "The database URL cannot be read; write it as postgresql://user:password@host:port/name."
        ) from None
