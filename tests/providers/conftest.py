"""Fixtures of this room."""

from collections.abc import AsyncIterator

import pytest

from palaver.providers.catalog import Catalog
from tests.fakes.provider import FakeProvider
from tests.providers import talk


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    """A provider on this machine."""
    async with FakeProvider() as provider:
        yield provider


@pytest.fixture
async def models(fake: FakeProvider) -> AsyncIterator[Catalog]:
    """The models of `fake`; nothing is tried twice."""
    catalog = talk.catalog(fake)
    yield catalog
    await catalog.close()


@pytest.fixture
async def everybody(fake: FakeProvider) -> AsyncIterator[Catalog]:
    """The models of `fake` under the names of all who speak OpenAI's or Anthropic's protocols."""
    catalog = talk.everybody(fake)
    yield catalog
    await catalog.close()
