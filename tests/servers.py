"""A palaver server to talk to: a real process on this machine, and a provider it can ask.

Most are forks of a process that has palaver imported, because there are hundreds of them, and carry
out the command `palaver serve` in an environment of their own. Where the start or the end of the
program matters it is started as the `program` that it is.

The fixtures stand in `tests/conftest.py`; this is what they are made of.
"""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic

import httpx2
from anyio.from_thread import start_blocking_portal

from palaver.providers.certificates import trusted
from tests.fakes.provider import FakeProvider

READY_WITHIN = 60.0  # seconds; generous, for machines that do something else as well
ENDS_WITHIN = 10.0
_SOURCES = Path(__file__).parents[1] / "src"

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "palaver.cli",
        "palaver.serving",
        "palaver.store.sqlite",
        "palaver.store.postgres",
        "palaver.providers.pydantic_ai",
        "palaver.providers.openai_client",
        "alembic.command",
        "uvicorn.lifespan.on",
        "uvicorn.loops.auto",
        "uvicorn.protocols.http.auto",
        "tests.servers",
        "tests.crash.victim",
        "tests.frozen",
    ]
)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `http` speaks to it plainly, without a client library."""

    url: str
    process: BaseProcess
    http: httpx2.Client

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self.process.pid is not None
        return self.process.pid


@contextmanager
def serve(home: Path, environment: Mapping[str, str], *, program: bool = False) -> Iterator[Server]:
    """A server process with its files in `home`, and nothing else in its environment.

    It is a fork, or the `program`. It is told to end afterwards, and must do so in time and without
    complaint.
    """
    port = _free_port()
    log = home / "server.log"
    process = FORKS.Process(
        target=_run if program else _carry_out,
        args=(["serve", "--port", str(port)], environment_of(home, environment), str(log)),
        daemon=True,
    )
    process.start()
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx2.Client(base_url=url, timeout=30, trust_env=False, verify=trusted()) as http:
            _until_ready(http, process, log)
            yield Server(url, process, http)
        code = _end(process)
        said = log.read_text()
        assert code in (0, -signal.SIGTERM), f"The server ended with {code}:\n{said}"
        assert "Traceback" not in said, said
    finally:
        process.kill()
        process.join()


@contextmanager
def serve_two(
    new_home: Callable[[str], Path], environment: Mapping[str, str]
) -> Iterator[tuple[Server, Server]]:
    """Two server processes that share what `environment` names and nothing else."""
    with (
        serve(new_home("home"), environment) as one,
        serve(new_home("home"), environment) as other,
    ):
        yield one, other


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    """A fake provider that runs beside the tests, in a thread of its own."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(FakeProvider()) as fake,
    ):
        yield fake


def asking(fake: FakeProvider) -> dict[str, str]:
    """The environment of a server that asks `fake` for everything."""
    return {
        "OPENAI_API_KEY": "sk-openai",
        "OPENAI_BASE_URL": fake.openai_url,
        "ANTHROPIC_API_KEY": "sk-anthropic",
        "ANTHROPIC_BASE_URL": fake.url,
        "SGLANG_BASE_URL": fake.openai_url,
        "GEMINI_API_KEY": "AIza-gemini",
        "GOOGLE_GEMINI_BASE_URL": fake.url,
    }


def environment_of(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a process that has its files in `home`."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "PALAVER_HOME": str(home),
        "PYTHONPATH": str(_SOURCES),
        **more,
    }


def command(home: Path, url: str, *words: str) -> tuple[int, str]:
    """Call a command as a process of its own, on a database; its exit code, and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "palaver.cli", *words],
        env=environment_of(home, {"PALAVER_DATABASE_URL": url}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _run(words: list[str], environment: dict[str, str], log: str) -> None:
    """Be the program `palaver`, called with `words`; what it says goes to `log`."""
    _say_to(log)
    os.execve(sys.executable, [sys.executable, "-m", "palaver.cli", *words], environment)


def _carry_out(words: list[str], environment: dict[str, str], log: str) -> None:
    """The same in a process that has it imported already."""
    from palaver.cli import main

    _say_to(log)
    os.environ.clear()
    os.environ.update(environment)
    main(words, prog_name="palaver")


def _say_to(log: str) -> None:
    with Path(log).open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)


def _until_ready(http: httpx2.Client, process: BaseProcess, log: Path) -> None:
    end = monotonic() + READY_WITHIN
    while monotonic() < end:
        try:
            if http.get("/v1/health/").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        process.join(timeout=0.05)
        if process.exitcode is not None:
            break
    raise AssertionError(f"The server did not become ready:\n{log.read_text()}")


def _end(process: BaseProcess) -> int | None:
    process.terminate()
    process.join(timeout=ENDS_WITHIN)
    return process.exitcode
