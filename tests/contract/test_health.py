"""The server says that it is there."""

import httpx2
import pytest
from letta_client import Letta


def test_the_server_is_healthy(client: Letta) -> None:
    assert client.health().status == "ok"


@pytest.mark.parametrize("path", ["/v1/health", "/v1/health/", "/v1/ready", "/v1/ready/"])
def test_both_spellings_are_served(http: httpx2.Client, path: str) -> None:
    assert http.get(path).json()["status"] == "ok"


def test_no_client_takes_the_server_for_an_outdated_one(client: Letta) -> None:
    version = tuple(map(int, client.health().version.split(".")))
    assert version >= (0, 16, 6)  # below, Letta Code tells people to update
