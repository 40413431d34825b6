"""Web pages that a browser on this machine shows can neither do nor read anything here."""

from collections.abc import AsyncIterator

import pytest

from tests.api.here import Client, serving


@pytest.fixture(scope="module")
async def client(file_url: str) -> AsyncIterator[Client]:
    """A server on loopback, which a proxy calls by a name."""
    async with serving(file_url, hosts=frozenset({"palaver.example"})) as client:
        yield client


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8283", 200), ("127.0.0.1", 200), ("[::1]:8283", 200), ("palaver", 200),
        ("host.docker.internal:8283", 200), ("palaver.example", 200),
        ("evil.example", 403), ("127.0.0.1.evil.example:8283", 403), ("evil.example.", 403),
        ("1.0.0.127.ip6.arpa", 403), ("palaver.example.evil.example", 403),
    ],
)  # fmt: skip
async def test_a_name_that_leads_here_is_not_enough(client: Client, host: str, status: int) -> None:
    answer = await client.http.get("/v1/agents/", headers={"host": host})
    assert answer.status_code == status
    assert status == 200 or "PALAVER_HOSTS" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://localhost:8283"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "https://palaver.example"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://localhost:3000"}, 403),
        ({"origin": "http://localhost:3000"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
    ],
)
async def test_pages_of_other_sites_change_nothing(
    client: Client, headers: dict[str, str], status: int
) -> None:
    before = await client.get("/v1/agents/count")
    answer = await client.http.post(
        "/v1/agents/", json={}, headers={"host": "localhost:8283", **headers}
    )
    assert answer.status_code == status
    assert await client.get("/v1/agents/count") == before + (status == 200)


async def test_whoever_listens_beyond_this_machine_is_called_by_any_name(file_url: str) -> None:
    async with serving(file_url, host="0.0.0.0") as client:
        answer = await client.http.get("/v1/health/", headers={"host": "palaver.example.org"})
        assert answer.status_code == 200
