"""Whatever an MCP server does, a run of an agent that has its tools goes on to its end."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from palaver.engine.egress import MOST_BYTES
from palaver.settings import EVERYWHERE
from tests.api.here import Client, serving
from tests.fakes.mcp_process import STDIO
from tests.fakes.mcp_script import McpScript, scripted

LOOK = {"name": "look", "inputSchema": {"type": "object"}}
SAID = {"content": [{"type": "text", "text": "a tree"}]}
HTTP = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"


@pytest.fixture(scope="module")
async def client(file_url: str) -> AsyncIterator[Client]:
    """A client of a server that does not wait for MCP servers for long."""
    short = timedelta(seconds=1)
    async with serving(file_url, private_networks=EVERYWHERE, mcp_timeout=short) as client:
        yield client


@pytest.fixture
async def script() -> AsyncIterator[McpScript]:
    """A server that offers to look, and answers as it is told to."""
    async with scripted() as one:
        one.offer(LOOK)
        yield one


@pytest.fixture
async def server(client: Client, script: McpScript) -> AsyncIterator[str]:
    """The id under which the client knows it."""
    config = {"mcp_server_type": "streamable_http", "server_url": script.url}
    made = await client.post("/v1/mcp-servers/", {"server_name": "script", "config": config})
    yield made["id"]
    await client.delete(f"/v1/mcp-servers/{made['id']}")


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (SAID, "success", "a tree"),
        ({**SAID, "isError": True}, "error", "a tree"),
        (None, "error", "longer than 1 s"),
        (b"", "error", "failed"),
        (HTTP + b"{", "error", "failed"),
        (HTTP + b" " * (MOST_BYTES + 1), "error", "failed"),
        ({"content": "nothing"}, "error", "protocol"),
        ({"error": -32602, "message": "not so"}, "error", "not so"),
        (b"HTTP/1.1 307 To\r\nlocation: http://169.254.169.254/\r\n\r\n", "error", "not followed"),
    ],
    ids=["said", "failed", "hangs", "breaks off", "cut", "huge", "lies", "refuses", "redirects"],
)
async def test_a_call_ends_in_a_return_and_the_run_in_an_answer(
    client: Client, script: McpScript, server: str, answer: Any, status: str, text: str
) -> None:
    (tool,) = await client.get(f"/v1/mcp-servers/{server}/tools")
    agent = await client.agent(tool_ids=[tool["id"]])
    conversation = await client.conversation(agent)
    script.answers["tools/call"] = answer

    heard = await client.send(conversation, "[[call: look]]")

    (back,) = heard.of_type("tool_return_message")
    assert (back["status"], heard.stop) == (status, "end_turn")
    assert text in back["tool_return"]
    assert (await client.send(conversation, "Go on.")).stop == "end_turn"


async def test_a_refresh_that_takes_too_long_is_a_timeout(
    client: Client, script: McpScript, server: str
) -> None:
    script.answers["tools/list"] = None

    answer = await client.ask("PATCH", f"/v1/mcp-servers/{server}/refresh")

    assert answer.status_code == 408
    assert "TIMEOUT" in answer.json()["detail"]
    assert len(await client.get(f"/v1/mcp-servers/{server}/tools")) == 1


async def test_what_can_be_no_tool_is_skipped_and_told(
    client: Client, script: McpScript, server: str
) -> None:
    script.offer(LOOK, {**LOOK, "name": "…"}, {**LOOK, "name": "memory_insert"})

    found = await client.patch(f"/v1/mcp-servers/{server}/refresh")

    assert found["added"] == ["script_memory_insert"]
    assert found["skipped"].keys() == {"…"}


@pytest.mark.parametrize("config", [STDIO, {"server_url": "http://[::1]:1/"}], ids=str)
async def test_commands_and_private_urls_are_refused_unless_they_are_allowed(
    tmp_path_factory: pytest.TempPathFactory, config: dict[str, Any]
) -> None:
    home = tmp_path_factory.mktemp("palaver")
    async with serving(f"sqlite:///{home / 'palaver.db'}") as client:
        body = {"server_name": "x", "config": config}
        answer = await client.ask("POST", "/v1/mcp-servers/", body)

        assert answer.status_code == 400
        assert "PALAVER_ALLOW_" in answer.json()["detail"]
        assert await client.get("/v1/mcp-servers/") == []
