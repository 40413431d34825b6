"""The official TypeScript client on Node; what it is asked to do stands beside its package."""

import os
import subprocess

from tests.clients import node
from tests.servers import Server

PACKAGE = node.FOLDER / "node_modules/@letta-ai/letta-client/package.json"


def test_the_typescript_client_does_the_main_job(server: Server, mcp_url: str) -> None:
    found = node.find()
    assert found, "there is no Node: run `make test`, which brings one"
    assert PACKAGE.exists(), "the client is not installed: run `make test`, which installs it"

    run = subprocess.run(
        [*found.node, "--test", "contract.test.mjs"],
        cwd=node.FOLDER,
        env={**os.environ, "PALAVER_URL": server.url, "MCP_URL": mcp_url},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "# fail 0" in run.stdout or "fail 0" in run.stdout, run.stdout
