"""Tables are brought up to date when a database is opened, by one process at a time.

The usual start finds nothing to do, and then Alembic is not even imported.
"""

from importlib.resources import files

from sqlalchemy import Connection, Engine, inspect, text

from palaver.errors import Invalid

HEAD = "0020"
"""The revision that this program works with: the newest in ``migrations/versions``."""

_LOCK = 0x70616C61766572  # any number that nobody else uses: "palaver"


def sqlite(connection: Connection) -> None:
    """Bring a SQLite file up to date. `connection` is in autocommit."""
    if _revision(connection) == HEAD:
        return
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # a table may be made anew under a name
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    end = "ROLLBACK"
    try:
        _upgrade(connection)
        end = "COMMIT"
    finally:
        connection.exec_driver_sql(end)
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def postgres(engine: Engine) -> None:
    """Bring a PostgreSQL database up to date."""
    with engine.begin() as connection:
        if _revision(connection) == HEAD:
            return
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        # Whatever it computes between two statements, nobody else is to go on with half of it.
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return revision


def _upgrade(connection: Connection) -> None:
    found = _revision(connection)
    if found != HEAD:
        to(connection, HEAD, found)


def to(connection: Connection, revision: str, found: str | None = None) -> None:
    """Bring the tables to `revision` (``base`` is none at all), up or down.

    Raises `Invalid` if the tables are of a revision that this program does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(files("palaver.store") / "migrations"))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    try:
        known = found is None or script.get_revision(found) is not None
    except CommandError:
        known = False
    if not known:
        raise Invalid(
            f"The database was made by a newer palaver (revision {found}); "
            "start that one, or give this one a database of its own."
        )
    (command.downgrade if revision == "base" else command.upgrade)(config, revision)
