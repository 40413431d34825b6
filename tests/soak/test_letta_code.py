"""The newest Letta Code that a package index has, against a server: it only gets another URL."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Server, serve

_PROGRAM = Path(sys.executable).with_name("letta")
_QUIET = {
    "LETTA_CODE_TELEM": "0",
    "DO_NOT_TRACK": "1",
    "DISABLE_AUTOUPDATER": "1",
    "SCARF_ANALYTICS": "false",
    "LETTA_SKIP_KEYCHAIN_CHECK": "1",
}

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with no model but the offline one."""
    with serve(tmp_path_factory.mktemp("home"), {}) as server:
        yield server


class LettaCode:
    """The program, in a home and a working folder of its own."""

    def __init__(self, server: Server, folder: Path) -> None:
        assert _PROGRAM.exists(), "Install requirements-clients.lock; `make soak` does."
        self._server, self._folder = server, folder

    def says(self, text: str, *options: str, key: str = "") -> Any:
        """What it prints of one prompt, as JSON; it has to end well."""
        bin_folders = {str(Path(found).parent) for found in (shutil.which("sh"),) if found}
        environment = {
            **_QUIET,
            "HOME": str(self._folder),
            "PATH": ":".join(["/usr/bin", *sorted(bin_folders)]),
            "LETTA_BASE_URL": self._server.url,
            **({"LETTA_API_KEY": key} if key else {}),
        }
        done = subprocess.run(
            [str(_PROGRAM), "-p", text, "--output-format", "json", *options],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "outdated" not in done.stderr
        return json.loads(done.stdout[done.stdout.index("{") :])


@pytest.fixture
def letta_code(own: Server, tmp_path: Path) -> LettaCode:
    """It, with nothing remembered."""
    return LettaCode(own, tmp_path)


@pytest.mark.parametrize("model", ["palaver/offline", "letta/auto"])
def test_it_makes_an_agent_and_talks(letta_code: LettaCode, model: str) -> None:
    told = letta_code.says("Say hello to Ada", "--new-agent", "-m", model, key="any")

    assert told["is_error"] is False
    assert "Say hello to Ada" in told["result"]
    assert told["usage"]["step_count"] == 1


def test_it_comes_back_to_a_conversation(letta_code: LettaCode) -> None:
    first = letta_code.says("First", "--new-agent", "-m", "palaver/offline")
    second = letta_code.says("Second", "--conv", first["conversation_id"])
    default = letta_code.says("Third", "--agent", first["agent_id"], "--conv", "default")

    assert second["conversation_id"] == first["conversation_id"]
    assert "that I can see: 2)" in second["result"]
    assert "that I can see: 1)" in default["result"]


def test_its_tools_run_where_it_runs(letta_code: LettaCode, own: Server) -> None:
    call = '[[call: exec_command {"cmd": "echo tool-$((40 + 2))", "description": "count"}]]'

    told = letta_code.says(f"{call} {call}", "--new-agent", "-m", "palaver/offline", "--yolo")

    path = f"/v1/conversations/{told['conversation_id']}/messages"
    messages = own.http.get(path, params={"limit": 100}).json()
    returned = [one for one in messages if one["message_type"] == "tool_return_message"]
    assert str(returned).count("tool-42") >= 2
    assert "tool-42" in told["result"]
