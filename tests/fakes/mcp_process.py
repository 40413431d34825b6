"""The MCP server of `tests.fakes.mcp_server`, as a process."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_PROGRAM = ["-m", "tests.fakes.mcp_server"]

STDIO: dict[str, Any] = {
    "mcp_server_type": "stdio",
    "command": sys.executable,
    "args": [*_PROGRAM, "stdio"],
    "env": {"PYTHONPATH": str(_ROOT), "SECRET": "hush"},
}
"""The config of the server as a command."""


@contextmanager
def listening() -> Iterator[str]:
    """A server process that listens; the URL below which it has ``/mcp`` and ``/sse``."""
    process = subprocess.Popen(
        [sys.executable, *_PROGRAM, "http"],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
