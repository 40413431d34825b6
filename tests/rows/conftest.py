"""One server that knows all providers, and one fake in the place of each."""

from collections.abc import AsyncIterator

import pytest

from palaver.providers.remote import Patience
from tests.api.here import Client, serving
from tests.fakes.provider import FakeProvider
from tests.rows.rows import environment


@pytest.fixture(scope="module")
async def fake() -> AsyncIterator[FakeProvider]:
    """The provider that the server asks, whichever it thinks it is."""
    async with FakeProvider() as fake:
        yield fake


@pytest.fixture(autouse=True)
def _begin_again(fake: FakeProvider) -> None:
    fake.forget()


@pytest.fixture(scope="module")
async def client(fake: FakeProvider, file_url: str) -> AsyncIterator[Client]:
    """A client of the server. Nothing is tried twice."""
    async with serving(file_url, environment(fake), Patience(tries=1)) as client:
        yield client
