"""A file of 50 MB comes in: in little memory, and others are answered meanwhile."""

import asyncio
import json
from pathlib import Path
from time import monotonic

import httpx2
import psutil

from tests.servers import serve

MEGABYTE = 1024 * 1024
PARAGRAPH = "What was said in a long conversation about ferries, tea and the weather. " * 280


def large(path: Path) -> int:
    """Write a file of 50 MB; how many messages it holds."""
    messages = [{"id": "message-0", "role": "system", "content": "You count."}]
    while len(messages) * len(PARAGRAPH) < 50 * MEGABYTE:
        role = "assistant" if len(messages) % 2 else "user"
        messages.append({"id": f"message-{len(messages)}", "role": role, "content": PARAGRAPH})
    agent = {"id": "agent-0", "name": "Large", "model": "palaver/offline", "messages": messages}
    path.write_text(json.dumps({"agents": [agent]}, indent=1))
    return len(messages)


async def test_50_megabytes_come_in_and_nobody_waits_for_them(tmp_path: Path) -> None:
    path = tmp_path / "large.af"
    count = large(path)
    assert path.stat().st_size > 50 * MEGABYTE
    with serve(tmp_path, {}) as server:
        process = psutil.Process(server.pid)
        async with httpx2.AsyncClient(base_url=server.url, timeout=100, trust_env=False) as http:
            before = process.memory_info().rss
            with path.open("rb") as file:
                asking = asyncio.create_task(http.post("/v1/agents/import", files={"file": file}))
                most, slowest = before, 0.0
                while not asking.done():
                    began = monotonic()
                    (await http.get("/v1/health/")).raise_for_status()
                    slowest = max(slowest, monotonic() - began)
                    most = max(most, process.memory_info().rss)
            (agent,) = (await asking).raise_for_status().json()["agent_ids"]
            found = (await http.get(f"/v1/agents/{agent}")).json()

    assert len(found["message_ids"]) == count
    assert most < 700 * MEGABYTE, f"{most / MEGABYTE:.0f} MB"
    assert slowest < 2, f"{slowest:.2f} s"
