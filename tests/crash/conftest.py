"""Databases for many cases at once."""

import pytest

from tests.crash.lives import import_all
from tests.databases import Databases


@pytest.fixture(scope="session")
def many(databases: Databases) -> Databases:
    """Databases whose tables are made already, so that threads may ask for copies."""
    import_all()
    with databases.fresh():
        return databases
