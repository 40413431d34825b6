"""What is secret about MCP servers is kept, sent to them, and told to nobody else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.mcp_process import STDIO
from tests.servers import Server, serve

CANARY = "c4nary"
ALLOWED = {"PALAVER_ALLOW_PRIVATE_URLS": "1", "PALAVER_ALLOW_MCP_STDIO": "1"}
SECRETS = {"auth_token": f"{CANARY}-token", "custom_headers": {"X-Key": f"{CANARY}-header"}}


@pytest.fixture
def talkative(tmp_path: Path) -> Iterator[Server]:
    """A server that writes down all it can."""
    with serve(tmp_path, {**ALLOWED, "PALAVER_LOG_LEVEL": "debug"}) as running:
        yield running


def test_no_answer_and_no_line_of_the_log_tells_a_secret(
    talkative: Server, mcp_url: str, tmp_path: Path
) -> None:
    http, told = talkative.http, list[str]()

    def ask(method: str, path: str, body: Any = None) -> Any:
        answer = http.request(method, f"/v1/mcp-servers/{path}", json=body)
        told.append(answer.text)
        return answer.json()

    configs: list[dict[str, Any]] = [
        {"mcp_server_type": "streamable_http", "server_url": f"{mcp_url}/mcp", **SECRETS},
        {"mcp_server_type": "sse", "server_url": f"{mcp_url}/sse", **SECRETS},
        {"mcp_server_type": "sse", "server_url": "http://127.0.0.1:1/", **SECRETS},
        {"mcp_server_type": "streamable_http", "server_url": f"{mcp_url}/nothing", **SECRETS},
        {**STDIO, "env": {**STDIO["env"], "KEY": f"{CANARY}-variable"}},
        {**STDIO, "command": "no-such-command", "env": {"KEY": f"{CANARY}-variable"}},
    ]
    for n, config in enumerate(configs):
        server = ask("POST", "", {"server_name": f"s{n}", "config": config})["id"]
        ask("PATCH", f"{server}/refresh")
        for tool in ask("GET", f"{server}/tools"):
            if tool["metadata_"]["mcp"]["tool_name"] == "fail":
                ask("POST", f"{server}/tools/{tool['id']}/run", {"args": {}})
        ask("PATCH", server, {"config": {**config, "custom_headers": {"Host": CANARY}}})
        ask("GET", server)
    ask("GET", "")

    assert CANARY not in "".join(told)
    assert CANARY not in (tmp_path / "server.log").read_text()
