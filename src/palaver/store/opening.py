"""Which database a URL means, and its door."""

from pathlib import Path

from palaver.errors import Invalid, NotFound
from palaver.store.db import Database

_SQLITE = "sqlite:///"
SERVERS = ("postgresql://", "postgres://")
"""How the URL of a database on a PostgreSQL server begins."""


def open_database(url: str) -> Database:
    """Open a database and bring its tables up to date.

    `url` is ``sqlite:///path`` or anything that begins with ``postgresql://`` or ``postgres://``.
    Raises `Invalid` for another kind, or for tables of a newer palaver; `Unavailable` where it
    cannot be reached.
    """
    if url.startswith(_SQLITE) and url.removeprefix(_SQLITE) not in ("", ":memory:"):
        from palaver.store.sqlite import SqliteDatabase

        return SqliteDatabase(url.removeprefix(_SQLITE))
    if url.startswith(SERVERS):
        from palaver.store.postgres import PostgresDatabase

        return PostgresDatabase(url)
    raise Invalid(
        "The database URL must begin with sqlite:/// and name a file, or with postgresql://."
    )


def open_existing(url: str) -> Database:
    """Open a database as `open_database` does, if it is there already, or `NotFound`."""
    if not is_there(url):
        raise NotFound(f"The database {url}", "set PALAVER_HOME or PALAVER_DATABASE_URL.")
    return open_database(url)


def is_there(url: str) -> bool:
    """Whether opening a database would not make its file."""
    return not url.startswith(_SQLITE) or Path(url.removeprefix(_SQLITE)).exists()
