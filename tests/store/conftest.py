"""A database, opened."""

from collections.abc import AsyncIterator

import pytest

from palaver.store.db import Database
from palaver.store.opening import open_database


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A database with the current tables and nothing in them."""
    opened = open_database(database_url)
    yield opened
    await opened.close()
