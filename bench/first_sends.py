"""What the first send to a provider costs the others: the longest silence of a stream beside it.

python -m bench.first_sends

The first send to a provider imports its library, which takes seconds. Meanwhile a stream of the
offline model says a word every 10 ms; the longest time between two of its words is told, while
nothing else happens and while the library is imported. The provider itself is not there: to reach
it is not part of the price.
"""

import asyncio
import itertools
from dataclasses import dataclass
from time import perf_counter

import click
import uvloop

from bench.servers import Program, Server, running
from bench.wire import HOST, Connection, WrongAnswer

PACE = 0.01  # seconds between two words
QUIET = 2.0  # seconds that the stream speaks alone, before the send and after it
BUDGET = 0.05  # seconds of silence that a stream may notice

NOBODY = f"http://{HOST}:1"
PROVIDERS = {
    "openai/gpt-4o": {"OPENAI_BASE_URL": f"{NOBODY}/v1"},
    "openai/gpt-5-mini": {"OPENAI_BASE_URL": f"{NOBODY}/v1"},
    "anthropic/claude-sonnet-4-6": {"ANTHROPIC_BASE_URL": NOBODY},
    "google_ai/gemini-2.5-flash": {"PALAVER_GOOGLE_AI_BASE_URL": NOBODY},
    "bedrock/amazon.nova-pro-v1:0": {
        "PALAVER_BEDROCK_BASE_URL": NOBODY,
        "PALAVER_BEDROCK_API_KEY": "x",
    },
    "bedrock/anthropic.claude-sonnet-4-5-v1:0": {
        "PALAVER_BEDROCK_BASE_URL": NOBODY,
        "PALAVER_BEDROCK_API_KEY": "x",
    },
}


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
    for model, environment in PROVIDERS.items():
        told = await _silences(model, environment)
        verdict = "ok" if told.beside <= BUDGET * 1000 else "missed"
        click.echo(
            f"| {model} | {told.took:.1f} | **{told.beside:.0f}** | {told.alone:.0f} | {verdict} |"
        )


async def _silences(model: str, environment: dict[str, str]) -> Silences:
    program = Program(
        "palaver",
        ("-m", "palaver.cli", "serve", "--port", "{port}"),
        {"PALAVER_HOME": "{folder}", **environment},
    )
    async with running(program) as server:
        offline, asked = await _talk(server, "palaver/offline"), await _talk(server, model)
        words = _Words()
        stream = asyncio.create_task(words.listen(server, offline))
        await asyncio.sleep(QUIET)
        begun = perf_counter()
        await _send(server, asked)
        ended = perf_counter()
        await asyncio.sleep(QUIET)
        stream.cancel()
        await asyncio.wait([stream])
    return Silences(
        alone=1000 * max(words.longest(0, begun), words.longest(ended + QUIET / 2, perf_counter())),
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
    """Send, and be told that the provider is not there."""
    connection = Connection(server.port)
    body = {"input": "Hi", "streaming": False}
    try:
        await connection.call("POST", f"/v1/conversations/{conversation}/messages", body)
    except WrongAnswer as told:
        if "cannot be reached" not in str(told):
            raise
    else:
        raise WrongAnswer("nobody is there, and yet there was an answer")
    finally:
        connection.close()


if __name__ == "__main__":
    main()
