"""The seam: units of work, run in database threads, on SQLite or on PostgreSQL.

A unit is a plain function whose first parameter is a `Tx`. `Database.tx` runs it in one transaction
that is committed before the call returns; `Database.read` runs it on one consistent snapshot.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Row
from sqlalchemy.sql import Executable

P = ParamSpec("P")
T = TypeVar("T")

Params = Mapping[str, Any]


class Tx:
    """A transaction, as the functions of the store see it."""

    __slots__ = ("_connection", "dialect")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect.name

    def all(self, statement: Executable, params: Params | None = None) -> Sequence[Row[Any]]:
        """All rows of a query."""
        return self._connection.execute(statement, params).all()

    def first(self, statement: Executable, params: Params | None = None) -> Row[Any] | None:
        """The first row of a query, or None."""
        return self._connection.execute(statement, params).first()

    def run(self, statement: Executable, params: Params | None = None) -> int:
        """Do something; how many rows it touched."""
        return self._connection.execute(statement, params).rowcount

    def many(self, statement: Executable, rows: Sequence[Params]) -> None:
        """Do the same for each of `rows`; nothing for none."""
        if rows:
            self._connection.execute(statement, rows)


class Database(Protocol):
    """Where everything is kept. `url` is for people to read: it holds no password.

    `look_every` is how many seconds may pass between looks for what other processes have written.
    """

    url: str
    look_every: float

    async def tx(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `unit` in a transaction of its own; what it returns, once that is durable.

        An exception undoes this unit alone and comes out. Raises `Unavailable` while the database
        is away; a unit may have been committed all the same if it went away in that moment.
        `Refused` is for what the database does not take. A caller that is cancelled does not stop a
        unit that has begun.
        """
        ...

    async def read(
        self, unit: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `unit`, which only reads, on one consistent snapshot."""
        ...

    def listen(self, heard: Callable[[str], None]) -> None:
        """Have `heard` called in this event loop with what other processes `hint` at.

        Nothing is heard where the database has no means for it, or while it is away.
        """
        ...

    async def hint(self, said: str) -> None:
        """Say a word to all processes that listen, this one too. It may be lost."""
        ...

    async def close(self) -> None:
        """Finish what has begun, then close."""
        ...
