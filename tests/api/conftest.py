"""What is asked over HTTP is the same on every database: a SQLite file will do here."""

from collections.abc import AsyncIterator

import pytest

from tests.api.here import Client, serving
from tests.api.sending import conversation_to_edit
from tests.fakes.provider import FakeProvider


@pytest.fixture(scope="module")
async def fake() -> AsyncIterator[FakeProvider]:
    """The provider that the servers of a module ask."""
    async with FakeProvider() as fake:
        yield fake


@pytest.fixture
def begin_again(fake: FakeProvider) -> None:
    """Let the provider forget what it was asked, and what it was to answer."""
    fake.forget()


@pytest.fixture(scope="module")
async def client(file_url: str, fake: FakeProvider) -> AsyncIterator[Client]:
    """A client of a server that asks `fake`."""
    async with serving(file_url, {"OPENAI_BASE_URL": fake.openai_url}) as client:
        yield client


@pytest.fixture
async def conversation(client: Client) -> str:
    """A conversation with an agent that has something to edit."""
    return await conversation_to_edit(client)
