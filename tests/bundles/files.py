"""Agent files that go through a server."""

import json
from typing import Any

import httpx2

from tests.api.here import Client


async def exported(client: Client, agent: str, **query: Any) -> bytes:
    """An agent as a file; when that was written is left out."""
    answer = await client.ask("GET", f"/v1/agents/{agent}/export", **query)
    assert answer.status_code == 200, answer.text
    return timeless(answer.content)


def timeless(data: bytes) -> bytes:
    """A file without the time when it was written."""
    found = json.loads(data)
    del found["created_at"]
    return json.dumps(found, indent=2, ensure_ascii=False).encode()


async def sent(client: Client, data: bytes, **changes: str) -> httpx2.Response:
    """What is answered to a file."""
    files = {"file": ("agent.af", data, "application/json")}
    return await client.http.post("/v1/agents/import", files=files, data=changes)


async def brought(client: Client, data: bytes, **changes: str) -> str:
    """The agent that a file holds, here."""
    answer = await sent(client, data, **changes)
    assert answer.status_code == 200, answer.text
    (agent,) = answer.json()["agent_ids"]
    return str(agent)


async def refused(client: Client, data: bytes, **changes: str) -> httpx2.Response:
    """The refusal of a file."""
    answer = await sent(client, data, **changes)
    assert 400 <= answer.status_code < 500, answer.text
    return answer
