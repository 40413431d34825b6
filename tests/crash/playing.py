"""A case from its first server to its last."""

import asyncio
import os
import signal
import tempfile
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.crash.checks import check, check_resumed
from tests.crash.lives import Life, living
from tests.crash.points import Crash
from tests.crash.stories import Story
from tests.crash.witness import Witness
from tests.databases import Databases

READY_WITHIN = 10.0  # seconds; the aim is 2, on a machine that does nothing else
QUIET_WITHIN = 10.0  # seconds from ready until no run is active; the aim is 5

_TOLD = 2_000  # characters that are shown of a failure, from its end
_AT_ONCE = 16  # cases that are played at the same time: mostly they wait for a lease to end
_STARTING = 2  # servers that start at the same time: that is work, and it is measured


@dataclass(slots=True)
class Figures:
    """How long the slowest of some cases took, in seconds."""

    ready: float = 0.0
    quiet: float = 0.0
    failed: list[str] = field(default_factory=list)
    starting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_STARTING))

    def check(self) -> None:
        """All went well, and in time."""
        print(f"ready within {self.ready:.2f} s, no active run {self.quiet:.2f} s later")
        assert not self.failed, "\n" + "\n".join(self.failed)
        assert self.ready < READY_WITHIN, f"ready after {self.ready:.2f} s"
        assert self.quiet < QUIET_WITHIN, f"no active run only after {self.quiet:.2f} s"


Play = Callable[[Figures], Awaitable[None]]


async def side_by_side(plays: Mapping[str, Play]) -> Figures:
    """Play all, several at the same time; what is wrong with each, under its name."""
    figures, room = Figures(), asyncio.Semaphore(_AT_ONCE)

    async def one(play: Play) -> None:
        async with room:
            await play(figures)

    played = await asyncio.gather(*map(one, plays.values()), return_exceptions=True)
    for name, failure in zip(plays, played, strict=True):
        if failure is not None:
            told = "".join(traceback.format_exception(failure))
            figures.failed.append(f"--- {name}:\n{told[-_TOLD:]}")
    return figures


@contextmanager
def world_of(url: str) -> Iterator[dict[str, str]]:
    """The environment of servers on a database. What they log must be clean in the end."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    with tempfile.TemporaryDirectory(prefix="palaver-crash-") as home:
        yield {**kept, "HOME": home, "PALAVER_HOME": home, "PALAVER_DATABASE_URL": url}
        said = (Path(home) / "server.log").read_text()
        assert "Traceback" not in said, said


async def play(databases: Databases, case: Crash, figures: Figures) -> None:
    """Tell a story in which servers die; then everything must hold."""
    with databases.fresh() as url, world_of(url) as world:
        witness = await told(case.story, world, case.deaths[0], figures)
        for death in case.deaths[1:]:
            await die(world, death, figures)
        async with started(world, figures) as life:
            await check_all(witness, life, figures)


@asynccontextmanager
async def started(world: Mapping[str, str], figures: Figures) -> AsyncIterator[Life]:
    """A server that can be asked, or that is dead already."""
    async with AsyncExitStack() as stack:
        async with figures.starting:
            life = await stack.enter_async_context(living(world))
            with suppress(httpx2.TransportError):
                figures.ready = max(figures.ready, await life.ready())
        yield life


async def told(story: Story, world: Mapping[str, str], death: str, figures: Figures) -> Witness:
    """A story that was told to a server until its death."""
    async with started({**world, **_armed(death)}, figures) as life:
        witness = Witness(life, _heard(death))
        with suppress(httpx2.TransportError):
            await story(witness)
        await witness.done()
        await _check_dead(life, death)
        return witness


async def die(world: Mapping[str, str], death: str, figures: Figures) -> None:
    """A server that lives until its death, with nothing to do but what others have left."""
    async with started({**world, **_armed(death)}, figures) as life:
        await _check_dead(life, death)


async def check_all(witness: Witness, life: Life, figures: Figures) -> None:
    """Everything that must hold when a new server is there, and how long it took."""
    witness.life, witness.kill_at = life, None
    figures.quiet = max(figures.quiet, await check(witness))
    for sent in witness.sent:
        if sent.streams and sent.conversation not in witness.deleted:
            await check_resumed(witness, sent)


async def _check_dead(life: Life, death: str) -> None:
    code = await life.ended()
    assert code == -signal.SIGKILL, f"{death} was not reached (exit code {code})"


def _armed(death: str) -> dict[str, str]:
    return {} if death.startswith("heard:") else {"CRASH_AT": death}


def _heard(death: str) -> int | None:
    kind, _, number = death.partition(":")
    return int(number) if kind == "heard" else None
