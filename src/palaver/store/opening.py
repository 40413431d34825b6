"""Which database a URL means, and its door."""

from palaver.errors import Invalid
from palaver.store.db import Database


def open_database(url: str) -> Database:
    """Open a database and bring its tables up to date.

    `url` is ``sqlite:///path`` or anything that begins with ``postgresql://`` or ``postgres://``.
    Raises `Invalid` for another kind, or for tables of a newer palaver; `Unavailable` where it
    cannot be reached.
    """
    if url.startswith("sqlite:///"):
        from palaver.store.sqlite import SqliteDatabase

        return SqliteDatabase(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")):
        from palaver.store.postgres import PostgresDatabase

        return PostgresDatabase(url)
    raise Invalid("The database URL must begin with sqlite:/// or postgresql://.")
