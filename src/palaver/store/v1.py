"""A V1 database, the Letta server's up to 0.16, on PostgreSQL: it is read, and never written.

No two of its versions had the same columns. What is asked for and is not there reads as null, and
a table that is not there has no rows. All is read from one snapshot. What V1 has deleted is still
in its tables, with a mark: such rows are never read, only counted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier, Placeholder

from palaver.errors import Invalid, Unavailable

Row = dict[str, Any]

_AT_ONCE = 200  # rows that are fetched by one statement
NEEDED = {
    "organizations": {"id"},
    "users": {"id", "organization_id"},
    "agents": {"id", "name", "system", "message_ids", "llm_config"},
    "block": {"id", "label", "value"},
    "blocks_agents": {"agent_id", "block_id"},
    "tools": {"id", "name", "json_schema"},
    "tools_agents": {"agent_id", "tool_id"},
    "messages": {"id", "agent_id", "role", "created_at"},
}
_PATIENCE = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 30_000,  # milliseconds
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "palaver import",
}
# Between two pages of it another database is written to, for as long as that takes.
_SETTINGS = """
SELECT set_config('statement_timeout', '120s', false), set_config('lock_timeout', '10s', false),
    set_config('idle_in_transaction_session_timeout', '0', false)
"""
_COLUMNS = """
SELECT table_name, array_agg(column_name::text) AS columns FROM information_schema.columns
WHERE table_schema = ANY (current_schemas(false)) GROUP BY table_name
"""


@dataclass(frozen=True, slots=True)
class V1Database:
    """An open snapshot of a V1 database, with the columns that its tables have."""

    _connection: psycopg.Connection[Row]
    _columns: Mapping[str, frozenset[str]]

    @classmethod
    @contextmanager
    def opened(cls, url: str) -> Iterator[Self]:
        """The database that `url` means, for as long as the context lasts.

        Raises `Unavailable` where it cannot be reached, `Invalid` where it is none of V1, here and
        whenever something is read. No message tells the password.
        """
        with _explained(), psycopg.connect(**_parsed(url), row_factory=dict_row) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute(_SETTINGS)
            found = connection.execute(_COLUMNS).fetchall()
            columns = {row["table_name"]: frozenset(row["columns"]) for row in found}
            _check(columns)
            yield cls(connection, columns)

    def has(self, table: str, column: str = "id") -> bool:
        """Whether there is such a column."""
        return column in self._columns.get(table, ())

    def count(self, table: str, *, deleted: bool = False) -> int:
        """How many rows a table has: those that are there, or the deleted ones."""
        if table not in self._columns or (deleted and not self.has(table, "is_deleted")):
            return 0
        query = SQL("SELECT count(*) AS n {}").format(self._from(table, {}, deleted=deleted))
        return int(self._connection.execute(query).fetchall()[0]["n"])

    def rows(
        self, table: str, wanted: Sequence[str], key: Sequence[str] = ("id",), **where: Any
    ) -> Iterator[Row]:
        """The rows of a table that have these values, in the order of `key`.

        They are fetched page by page, each page from where the one before ended.
        """
        if table not in self._columns:
            return
        self._check(table, (*key, *where))
        query = SQL("SELECT {}, {} {}").format(
            SQL(", ").join(self._column(table, name) for name in wanted),
            SQL(", ").join(Identifier(name) for name in key),
            self._from(table, where),
        )
        order = SQL(", ").join(Identifier(name) for name in key)
        beyond = SQL("AND ({}) > ({})").format(
            order, SQL(", ").join(Placeholder(f"after {name}") for name in key)
        )
        page = SQL(" {} ORDER BY {} LIMIT {}")
        more = Composed([]), dict(where)
        while True:
            statement = query + page.format(more[0], order, SQL(str(_AT_ONCE)))
            found = self._connection.execute(statement, more[1]).fetchall()
            yield from found
            if len(found) < _AT_ONCE:
                return
            more = beyond, {**where, **{f"after {name}": found[-1][name] for name in key}}

    def _check(self, table: str, needed: Iterable[str]) -> None:
        for name in needed:
            if not self.has(table, name):
                told = f"its table {table} has no {name}: a version that palaver does not know"
                raise Invalid(f"This V1 database cannot be read, {told}.")

    def _column(self, table: str, name: str) -> Composed:
        form = SQL("{}") if self.has(table, name) else SQL("NULL AS {}")
        return form.format(Identifier(name))

    def _from(self, table: str, where: Mapping[str, Any], *, deleted: bool = False) -> Composed:
        """The rows of a table with these values; a list of values stands for any of them."""
        terms = [
            SQL("{} = ANY ({})" if isinstance(value, list) else "{} = {}").format(
                Identifier(name), Placeholder(name)
            )
            for name, value in where.items()
        ]
        if self.has(table, "is_deleted"):
            terms.append(Composed([SQL("is_deleted" if deleted else "is_deleted IS NOT TRUE")]))
        return SQL("FROM {} WHERE {}").format(
            Identifier(table), SQL(" AND ").join(terms or [Composed([SQL("TRUE")])])
        )


def _check(columns: Mapping[str, frozenset[str]]) -> None:
    missing = [
        f"{table}.{name}"
        for table, needed in NEEDED.items()
        for name in sorted(needed - columns.get(table, frozenset()))
    ]
    if missing:
        raise Invalid(
            "This is no V1 database (of a Letta server up to 0.16), or not all of it may be read: "
            f"it has no {', '.join(missing[:4])}. Name the database that LETTA_PG_URI named, and a "
            "user who may read its tables."
        )


def _parsed(url: str) -> dict[str, Any]:
    try:
        return {**_PATIENCE, **conninfo_to_dict(url)}
    except psycopg.ProgrammingError:  # it repeats the password
        raise Invalid(
            "The URL of the V1 database cannot be read; "
            "write it as postgresql://user:password@host:port/name."
        ) from None


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise Invalid(f"The V1 database may not be read ({_line(error)}).") from None
    except psycopg.Error as error:
        raise Unavailable(f"The V1 database cannot be read ({_line(error)}).") from None


def _line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
