"""One server that knows all providers, and the database under it, to damage."""

from collections.abc import AsyncIterator

import pytest

from palaver.providers.remote import Patience
from palaver.store.db import Database
from tests.api.here import Client, serving
from tests.fakes.provider import FakeProvider
from tests.rows.rows import environment


@pytest.fixture(scope="module")
async def fake() -> AsyncIterator[FakeProvider]:
    """The provider that the server asks, whichever it thinks it is."""
    async with FakeProvider() as fake:
        yield fake


@pytest.fixture(scope="module")
async def client(fake: FakeProvider, module_url: str) -> AsyncIterator[Client]:
    """A client of the server. Nothing is tried twice."""
    async with serving(module_url, environment(fake), Patience(tries=1)) as client:
        yield client


@pytest.fixture(scope="module")
def db(module_db: Database) -> Database:
    """The server's database, through another door."""
    return module_db
