"""How many streams one server process carries: the most that are all told in time.

python -m bench.streams [--seconds 10] [--most 2000] [--database-url postgresql://…]

Each stream says 20 words a second. They are told in time where the last event of every stream has
come no later than a quarter past its due; nothing may be missing, doubled or misplaced.
"""

import asyncio
import resource
import sys
from collections.abc import Sequence
from time import perf_counter

import click
import uvloop

from bench.load import Conversations
from bench.servers import Program, Server, running
from bench.wire import HOST, Connection, WrongAnswer

APART = 0.05  # seconds between the words of a stream
LATE = 1.25  # times the duration that was asked for
FIRST = 25  # streams of the first try
EXACT = 8  # streams, within which the figure is found

PALAVER = ("-m", "palaver.cli", "serve", "--host", HOST, "--port", "{port}")


@click.command()
@click.option("--seconds", default=10, show_default=True, help="How long each try speaks.")
@click.option("--most", default=2000, show_default=True, help="Streams that are not exceeded.")
@click.option("--database-url", help="Where palaver keeps its data (default: a new SQLite file).")
def main(seconds: int, most: int, database_url: str | None) -> None:
    """Find the highest number of streams that are told in time, by doubling and halving."""
    _allow_files(2 * most + 200)
    best = uvloop.run(_search(seconds, most, database_url))
    click.echo(f"{best} streams of {1 / APART:.0f} events a second are told in time.")
    sys.exit(not best)


async def _search(seconds: int, most: int, url: str | None) -> int:
    environment = {"PALAVER_HOME": "{folder}"} | ({"PALAVER_DATABASE_URL": url} if url else {})
    good, bad = 0, most + 1
    async with running(Program("palaver", PALAVER, environment)) as server:
        while bad - good > EXACT:
            doubled = max(FIRST, 2 * good)
            streams = min(doubled, most) if bad > most else (good + bad) // 2
            if await _holds(server, streams, seconds):
                good = streams
            else:
                bad = streams
    return good


async def _holds(server: Server, streams: int, seconds: int) -> bool:
    """Whether so many streams are told in time; what became of them is printed."""
    words = round(seconds / APART)
    client = await Conversations(server).begin(await _agent(server))
    places = [await client.create() for _ in range(streams)]
    before, begun = server.cpu(), perf_counter()
    took = await asyncio.gather(*(_time(server, place, words) for place in places))
    cpu = (server.cpu() - before) / (perf_counter() - begun)
    due, last = words * APART, max(took)
    in_time = last <= LATE * due
    click.echo(
        f"{streams:5} streams: the last event after {last:5.1f} s of {due:.0f} s, "
        f"{_median(took):5.1f} s in the middle, {cpu:4.0%} CPU: {'in time' if in_time else 'late'}",
        err=True,
    )
    return in_time


async def _agent(server: Server) -> str:
    """The id of a new agent with the offline model."""
    connection = Connection(server.port)
    made = await connection.call("POST", "/v1/agents/", {"model": "palaver/offline"})
    connection.close()
    return str(made["id"])


async def _time(server: Server, conversation: str, words: int) -> float:
    """How long a stream takes from the send to its end; it must be whole and in order."""
    connection = Connection(server.port)
    text = f"[[words: {words}]] [[pace: {APART * 1000:.0f}]]"
    body = {"input": text, "stream_tokens": True, "include_pings": False}
    begun, expected = perf_counter(), 1
    async for event in connection.events(f"/v1/conversations/{conversation}/messages", body):
        if event["seq_id"] != expected:
            raise WrongAnswer(f"event {event['seq_id']} where {expected} was due")
        expected += 1
    if expected != words + 3:
        raise WrongAnswer(f"{expected - 1} events of {words + 2}")
    connection.close()
    return perf_counter() - begun


def _median(times: Sequence[float]) -> float:
    return sorted(times)[len(times) // 2]


def _allow_files(wanted: int) -> None:
    """Ask for as many open files as the streams need; the servers inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


if __name__ == "__main__":
    main()
