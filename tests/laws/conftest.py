"""The laws are tried on both databases, each with one server for all examples."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, settings

from palaver.settings import EVERYWHERE
from tests.api.here import Client, serving

settings.register_profile(
    "laws", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("laws")


@pytest.fixture(scope="module")
async def client(module_url: str) -> AsyncIterator[Client]:
    """A client of a server whose database begins empty."""
    async with serving(module_url, private_networks=EVERYWHERE) as client:
        yield client
