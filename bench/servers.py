"""The processes of a run: started on free ports of loopback, ended by their own numbers."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil

from bench.wire import HOST, Connection, WrongAnswer

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0  # seconds that a server may take to start
GRACE = 10.0  # seconds that it may take to end

# Nothing else is handed on: neither the keys nor the settings of whoever runs the bench.
INHERITED = ("PATH", "PYTHONPATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Program:
    """Something that serves HTTP when it is started.

    ``{port}`` and ``{folder}``, in the arguments of Python and in the environment, stand for a
    free port and for a new folder.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Server:
    """A program that runs. ``started_in`` is the time from exec to the first 200, in seconds."""

    name: str
    port: int
    process: psutil.Process
    started_in: float

    def cpu(self) -> float:
        """Seconds of CPU that the process and its children have used, ended ones included."""
        spent = [self.process.cpu_times()]
        spent += [child.cpu_times() for child in self.process.children(recursive=True)]
        return float(sum(t.user + t.system + t.children_user + t.children_system for t in spent))

    def memory(self) -> float:
        """Resident memory of the process and its children, in MB."""
        tree = [self.process, *self.process.children(recursive=True)]
        return float(sum(one.memory_info().rss for one in tree)) / 1e6


@asynccontextmanager
async def running(program: Program) -> AsyncIterator[Server]:
    """The program at work, ready to answer, and ended afterwards whatever happens.

    Raises `WrongAnswer`, with the end of its log, where it does not come up.
    """
    port = _free_port()
    with TemporaryDirectory(prefix="palaver-bench-") as folder:
        log = Path(folder, "log")
        start = perf_counter()
        process = _started(program, port, folder, log)
        try:
            if not await _healthy(process, port):
                tail = log.read_text(errors="replace")[-2000:]
                raise WrongAnswer(f"{program.name} does not start:\n{tail}")
            started_in = perf_counter() - start
            yield Server(program.name, port, psutil.Process(process.pid), started_in)
        finally:
            _end(process)


def _started(program: Program, port: int, folder: str, log: Path) -> subprocess.Popen[bytes]:
    def filled(text: str) -> str:
        return text.replace("{port}", str(port)).replace("{folder}", folder)

    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    given = {name: filled(value) for name, value in program.environment.items()}
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, *map(filled, program.arguments)],
            cwd=ROOT,
            env={**inherited, **given},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the bench, which then ends the others
        )


async def _healthy(process: subprocess.Popen[bytes], port: int) -> bool:
    end = perf_counter() + PATIENCE
    while process.poll() is None and perf_counter() < end:
        connection = Connection(port)
        try:
            await connection.call("GET", "/v1/health/")
        except (OSError, WrongAnswer):
            await asyncio.sleep(0.01)
        else:
            return True
        finally:
            connection.close()
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the group is the process's own, see above
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
