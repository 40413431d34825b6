"""A sandbox for all tests of a module, and canaries beside it."""

import os
from collections.abc import Iterator

import pytest

from tests.sandbox import places
from tests.sandbox.places import Canaries


@pytest.fixture(scope="session")
def walls() -> None:
    """Bubblewrap, or else the test is skipped and says why."""
    if (fault := places.fault()) is not None:
        pytest.skip(f"no sandbox on this machine: {fault}")


@pytest.fixture(scope="session")
def canaries(walls: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    """Things that nothing in a sandbox may reach, among them a variable of this process."""
    with places.canaries(tmp_path_factory.mktemp("canaries")) as found:
        os.environ["PALAVER_CANARY"] = found.secret
        yield found
        del os.environ["PALAVER_CANARY"]
