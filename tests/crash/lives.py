"""Server processes that come and go.

They are forks (`tests.servers`); how long the program itself takes to start is measured elsewhere.
"""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import monotonic

import httpx2
import psutil

from palaver.providers.certificates import trusted
from tests.api.here import Client
from tests.crash import victim
from tests.servers import FORKS

WITHIN = 60  # seconds, for what would otherwise never happen
_LOOK = 0.02  # seconds between looks at what tells of no change by itself


def import_all() -> None:
    """Have everything imported of which servers are forks, so that it is not counted as theirs."""
    first = FORKS.Process(target=os.getpid)
    first.start()
    first.join()
    first.close()


@dataclass(frozen=True, slots=True)
class Life:
    """A server process from its start to its end."""

    process: BaseProcess
    client: Client
    begun: float

    async def ready(self) -> float:
        """How many seconds it took until it answered, counted from its start.

        Raises `httpx2.TransportError` if it died before.
        """
        async with asyncio.timeout(WITHIN):
            answer = await self.client.ask("GET", "/v1/health/")
        assert answer.status_code == 200, answer.text
        return monotonic() - self.begun

    async def ended(self) -> int | None:
        """Wait for its end; its exit code, negative for a signal. None if it just lives on."""
        return await _end_of(self.process)

    async def standing(self) -> None:
        """Wait until it stands still."""
        process = psutil.Process(self.process.pid)
        async with asyncio.timeout(WITHIN):
            while process.status() != psutil.STATUS_STOPPED:
                await asyncio.sleep(_LOOK)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.process.exitcode is None and self.process.pid is not None:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.signal(signal.SIGKILL)


@asynccontextmanager
async def living(world: Mapping[str, str]) -> AsyncIterator[Life]:
    """A server process in an environment, and a client of it. It is killed afterwards.

    It need not be ready yet: what it is asked before that waits for it.
    """
    log = Path(world["PALAVER_HOME"]) / "server.log"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = FORKS.Process(
            target=victim.serve, args=(listener, dict(world), str(log)), daemon=True
        )
        begun = monotonic()
        process.start()
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    try:
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            timeout=WITHIN,
            trust_env=False,
            limits=limits,
            verify=trusted(),
        ) as http:
            yield Life(process, Client(http), begun)
    finally:
        process.kill()
        await _end_of(process)
        process.close()


async def _end_of(process: BaseProcess) -> int | None:
    """Wait for the end of a process; its exit code, or None if it just lives on.

    Not in a thread: two that wait for children at once may lose how one of them has ended.
    """
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, over.set)
    try:
        await asyncio.wait_for(over.wait(), WITHIN)
    except TimeoutError:
        return None
    finally:
        loop.remove_reader(process.sentinel)
    return process.exitcode
