"""The hand: what it refuses, what it installs, and how its calls end before their time."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from palaver import clock
from palaver.domain.agent import Agent
from palaver.domain.ids import DEFAULT_PROJECT
from palaver.domain.tool import Outcome, Tool
from palaver.engine.sandbox import hand
from palaver.engine.sandbox.hand import PythonTools
from palaver.engine.workshop import ToolUse, Workshop
from palaver.errors import Invalid, ToolRefused
from palaver.settings import Settings
from tests.sandbox.places import Canaries

WITHIN = 20.0  # seconds until something has happened on a machine that has other work
_PROCESSES = 2  # of bubblewrap in each call
PLAIN = "def tool():\n    return 'ran'\n"


def _tool(source: str | None = PLAIN, **fields: Any) -> Tool:
    return Tool(id="tool-1", name="tool", source_code=source, source_type="python", **fields)


def _use(tool: Tool, secrets: Mapping[str, str] | None = None, **arguments: Any) -> ToolUse:
    now = clock.now()
    agent = Agent(
        id="agent-1",
        name="Ada",
        system="",
        model="palaver/offline",
        secrets=dict(secrets or {}),
        created_at=now,
        updated_at=now,
    )
    return ToolUse(tool, arguments, DEFAULT_PROJECT, agent)


@contextmanager
def _opened(home: Path, **settings: Any) -> Iterator[PythonTools]:
    tools = hand.opened(Settings(home=home, database_url="sqlite://", **settings))
    try:
        yield tools
    finally:
        tools.close()


@contextmanager
def _bare(home: Path, **settings: Any) -> Iterator[PythonTools]:
    with _opened(home, unsafe_tools=True, **settings) as tools:
        yield tools


class TestWithoutASandbox:
    @pytest.fixture(params=["nowhere", "broken", "silent"])
    def bwrap(self, request: pytest.FixtureRequest, tmp_path: Path) -> str:
        program = tmp_path / "bwrap"
        if request.param != "nowhere":
            said = "echo 'bwrap: no namespaces' >&2; exit 1" if request.param == "broken" else ""
            program.write_text(f"#!/bin/sh\n{said}\n")
            program.chmod(0o755)
        return str(program)

    async def test_tools_are_refused_and_told_what_to_do(self, bwrap: str, tmp_path: Path) -> None:
        with _opened(tmp_path, bubblewrap=bwrap) as tools:
            workshop = Workshop({"custom": tools})

            with pytest.raises(Invalid, match=r"Install bubblewrap .* PALAVER_UNSAFE_TOOLS=1"):
                workshop.check(_tool())
            with pytest.raises(ToolRefused, match="Install bubblewrap"):
                await workshop.use(_use(_tool("open('/tmp/ran', 'w')")))

    async def test_the_operator_may_do_without(
        self, bwrap: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with _bare(tmp_path, bubblewrap=bwrap) as tools:
            outcome = await Workshop({"custom": tools}).use(_use(_tool()))

        assert outcome.text == "ran"
        assert "WITHOUT a sandbox" in caplog.text


@pytest.mark.parametrize(
    ("tool", "why"),
    [
        (_tool(None), "no source"),
        (_tool(npm_requirements=[{"name": "left-pad"}]), "TypeScript"),
        (_tool().model_copy(update={"source_type": "typescript"}), "TypeScript"),
        (_tool(pip_requirements=[{"name": "numpy"}]), "PALAVER_TOOL_PACKAGES=1"),
        (_tool("def tool(agent_state: 'AgentState'): ..."), "`agent_state`"),
        (_tool("async def tool(*, agent_state): ..."), "`agent_state`"),
    ],
    ids=["no source", "npm", "typescript", "packages", "state", "state by name"],
)
def test_what_is_not_supported_is_refused(tool: Tool, why: str, tmp_path: Path) -> None:
    with _bare(tmp_path) as tools, pytest.raises(Invalid, match=why):
        Workshop({"custom": tools}).check(tool)


@pytest.mark.parametrize(
    "source", ["def tool(x): return 'agent_state'", "(" * 9999 + "agent_state"]
)
def test_others_are_not(source: str, tmp_path: Path) -> None:
    with _bare(tmp_path) as tools:
        Workshop({"custom": tools}).check(_tool(source))


async def test_an_agents_secrets_are_the_variables_of_its_tools(
    walls: None, tmp_path: Path
) -> None:
    source = "import os\ndef tool(): return dict(os.environ)\n"
    with _opened(tmp_path) as tools:
        outcome = await tools.use(_use(_tool(source), {"TOKEN": "abc"}))

    assert outcome.text == '{"TOKEN": "abc"}'


@pytest.mark.parametrize("number", [1, 4])
async def test_calls_run_beside_each_other_and_end_when_cancelled(
    number: int, canaries: Canaries, tmp_path: Path
) -> None:
    source = "import time\ndef tool(): time.sleep(1000)\n"
    with _opened(tmp_path, bubblewrap=str(canaries.bwrap)) as tools:
        calls = [asyncio.create_task(tools.use(_use(_tool(source)))) for _ in range(number)]
        async with asyncio.timeout(WITHIN):
            while len(canaries.left()) < number * _PROCESSES:
                await asyncio.sleep(0.01)
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)

        assert all(call.cancelled() for call in calls)
        assert canaries.left() == []


async def test_the_clock_is_the_operators(walls: None, tmp_path: Path) -> None:
    source = "import time\ndef tool(): time.sleep(1000)\n"
    with _opened(tmp_path, tool_timeout=timedelta(seconds=1)) as tools:
        outcome = await tools.use(_use(_tool(source)))

    assert "ended after 1 seconds" in outcome.text


def test_nothing_outlives_the_server(canaries: Canaries) -> None:
    """A process that is killed in the middle of a call takes the call with it."""
    program = (
        "import threading\n"
        "from palaver.engine.sandbox.bounds import Bounds\n"
        "from palaver.engine.sandbox.sandbox import Errand, Sandbox\n"
        "from palaver.engine.sandbox.walls import Bubblewrap\n"
        "source = 'import os, time\\ndef tool(): os.fork(); time.sleep(1000)'\n"
        f"sandbox = Sandbox(Bubblewrap({str(canaries.bwrap)!r}), Bounds())\n"
        "sandbox.carry_out(Errand('tool', source, {}, {}), threading.Event())\n"
    )
    tick = threading.Event()
    with subprocess.Popen([sys.executable, "-c", program]) as server:
        end = monotonic() + WITHIN
        while len(canaries.left()) < _PROCESSES and monotonic() < end:
            tick.wait(0.02)
        assert len(canaries.left()) >= _PROCESSES
        server.send_signal(signal.SIGKILL)
    while canaries.left() and monotonic() < end:
        tick.wait(0.02)

    assert canaries.left() == []


GREETS = "import greeting\ndef tool(): return greeting.HELLO\n"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What tells pip to find a wheel in a folder and nothing anywhere else."""
    folder = tmp_path_factory.mktemp("wheels")
    with zipfile.ZipFile(folder / "greeting-1.0-py3-none-any.whl", "w") as wheel:
        about = "greeting-1.0.dist-info"
        wheel.writestr("greeting.py", "HELLO = 'hello'\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "greeting.py,,\n")
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PATH": os.environ["PATH"]}


async def _ran(tools: PythonTools, *requirements: Mapping[str, str]) -> Outcome:
    tool = _tool(GREETS, pip_requirements=list(requirements))
    return await Workshop({"custom": tools}).use(_use(tool))


async def test_packages_are_installed_once_and_seen(
    walls: None, wheels: dict[str, str], tmp_path: Path
) -> None:
    wanted = {"name": "greeting", "version": "1.0"}
    with _opened(tmp_path, tool_packages=True, environment=wheels) as tools:
        first = await _ran(tools, wanted)
    gone = {**wheels, "PIP_FIND_LINKS": str(tmp_path / "nowhere")}
    with _opened(tmp_path, tool_packages=True, environment=gone) as tools:
        second = await _ran(tools, wanted)

    assert (first.text, second.text) == ("hello", "hello"), (first, second)
    assert len(list((tmp_path / "tool-packages").iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "version", "why"),
    [
        ("nobody-has-this", None, "cannot be installed"),
        ("--find-links=/tmp", None, "not the name of a package"),
        ("-r /etc/passwd", None, "not the name of a package"),
        ("greeting @ file:///tmp/x.whl", None, "not the name of a package"),
        ("../greeting", None, "not the name of a package"),
        ("greeting", "1.0 --pre", "not a version"),
        ("greeting", "-1", "not a version"),
    ],
)
async def test_packages_that_cannot_be_installed_are_refused(
    name: str,
    version: str | None,
    why: str,
    wheels: dict[str, str],
    tmp_path: Path,
) -> None:
    wanted = {"name": name, **({"version": version} if version else {})}
    with (
        _bare(tmp_path, tool_packages=True, environment=wheels) as tools,
        pytest.raises(ToolRefused, match=why),
    ):
        await _ran(tools, wanted)

    left = tmp_path / "tool-packages"
    assert not left.exists() or list(left.iterdir()) == []
