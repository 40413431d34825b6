"""Databases for many cases at once."""

import pytest

from tests.databases import Databases


@pytest.fixture(scope="session")
def many(databases: Databases) -> Databases:
    """Databases whose tables are made already, so that threads may ask for copies."""
    with databases.fresh():
        return databases
