"""What the first send to a provider costs the others: the longest silence of a stream beside it.

python -m bench.first_sends

The first send to a provider imports its library, which takes seconds. Meanwhile a stream of the
offline model says a word every 10 ms; the longest time between two of its words is told, while
nothing else happens and while the library is imported. The provider is the tests' fake, which
answers at once.
"""

import asyncio
import itertools
from dataclasses import dataclass
from time import perf_counter

import click
import uvloop

from bench.servers import Program, Server, running
from bench.wire import Connection, WrongAnswer
from tests.fakes.provider import FakeProvider
from tests.rows.rows import environment

PACE = 0.01  # seconds between two words
WARM = 1.0  # seconds until the stream has found its pace
QUIET = 2.0  # seconds that the stream speaks alone, before the send and after it
BUDGET = 0.05  # seconds of silence that a stream may notice

MODELS = (
    "openai/gpt-4o",
    "openai/gpt-5-mini",
    "anthropic/claude-sonnet-4-6",
    "google_ai/gemini-2.5-flash",
    "bedrock/us.amazon.nova-pro-v1:0",
    "bedrock/us.anthropic.claude-sonnet-4-6",
)


@dataclass(frozen=True, slots=True)
class Silences:
    """The longest silences of the stream in ms, alone and beside the send, and the send's time."""

    alone: float
    beside: float
    took: float


@click.command()
def main() -> None:
    """Measure each provider on a server of its own."""
    uvloop.run(_measure())


async def _measure() -> None:
    click.echo("| first send to | took s | longest silence beside it ms | while alone ms | |")
    click.echo("|---|--:|--:|--:|---|")
    async with FakeProvider() as fake:
        for model in MODELS:
            told = await _silences(model, environment(fake))
            verdict = "ok" if told.beside <= BUDGET * 1000 else "missed"
            figures = f"{told.took:.1f} | **{told.beside:.0f}** | {told.alone:.0f}"
            click.echo(f"| {model} | {figures} | {verdict} |")


async def _silences(model: str, variables: dict[str, str]) -> Silences:
    program = Program(
        "palaver",
        ("-m", "palaver.cli", "serve", "--port", "{port}"),
        {"PALAVER_HOME": "{folder}", **variables},
    )
    async with running(program) as server:
        offline, asked = await _talk(server, "palaver/offline"), await _talk(server, model)
        words = _Words()
        stream = asyncio.create_task(words.listen(server, offline))
        await asyncio.sleep(WARM)
        warm = perf_counter()
        await asyncio.sleep(QUIET)
        begun = perf_counter()
        await _send(server, asked)
        ended = perf_counter()
        await asyncio.sleep(QUIET)
        stream.cancel()
        await asyncio.wait([stream])
    return Silences(
        alone=1000
        * max(words.longest(warm, begun), words.longest(ended + QUIET / 2, perf_counter())),
        beside=1000 * words.longest(begun, ended + QUIET / 2),
        took=ended - begun,
    )


class _Words:
    """When the words of a stream came."""

    def __init__(self) -> None:
        self._times: list[float] = []

    async def listen(self, server: Server, conversation: str) -> None:
        connection = Connection(server.port)
        body = {"input": f"[[words: 100000]] [[pace: {PACE * 1000:.0f}]]", "stream_tokens": True}
        path = f"/v1/conversations/{conversation}/messages"
        async for _ in connection.events(path, body):
            self._times.append(perf_counter())

    def longest(self, begun: float, ended: float) -> float:
        """The longest time between two words that came in a stretch of time."""
        times = [time for time in self._times if begun <= time <= ended]
        pairs = itertools.pairwise(times)
        return max((after - before for before, after in pairs), default=ended - begun)


async def _talk(server: Server, model: str) -> str:
    """A conversation with a new agent."""
    connection = Connection(server.port)
    agent = await connection.call("POST", "/v1/agents/", {"model": model})
    made = await connection.call("POST", f"/v1/conversations/?agent_id={agent['id']}", {})
    connection.close()
    return str(made["id"])


async def _send(server: Server, conversation: str) -> None:
    """Send, and hear the answer."""
    connection = Connection(server.port)
    body = {"input": "Hi", "streaming": False}
    told = await connection.call("POST", f"/v1/conversations/{conversation}/messages", body)
    if told["stop_reason"]["stop_reason"] != "end_turn":
        raise WrongAnswer(f"not an answer: {told}")
    connection.close()


if __name__ == "__main__":
    main()
