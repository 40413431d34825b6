"""What the sandbox costs: a call of an empty tool, and turns beside an agent whose tools misbehave.

python -m bench.tools [--quick]

The first figures are what the server says of itself: how long the tools of a step took. The others
are times of a client that has turn after turn with the offline model. For some turns nothing else
happens, for as many another agent's tool does its worst, over and over; the two take turns, so that
what else the machine does meets both alike.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import click
import uvloop

from bench.load import expect
from bench.servers import Program, Server, running
from bench.wire import Connection

CALLS = 200
TURNS = 40  # in one stretch, quiet or not
STRETCHES = 10  # of each
BUDGET = 60.0  # ms that a call may take
WORSE = 1.10  # times the p99 of quiet turns that the others may take
LIMIT = "3s"  # after which an abuse is ended, and begun again
HEAD = "import os, threading\n"

EMPTY = 'def empty() -> str:\n    """Do nothing."""\n    return ""\n'
ABUSES = {
    "spins": "while True: pass",
    "forks": "while True:\n        try: os.fork()\n        except OSError: pass",
    "makes threads that spin": (
        "def spin():\n        while True: pass\n"
        "    while True:\n        try: threading.Thread(target=spin).start()\n"
        "        except RuntimeError: pass"
    ),
    "fills the memory": "x = []\n    while True: x.append(bytearray(1 << 20))",
    "prints without end": "while True: print('x' * 9999)",
    "makes files": "for n in range(10 ** 9): open(str(n), 'w').close()",
}

Abuse = Callable[[], Coroutine[Any, Any, None]]


class Talk:
    """A conversation with an agent of its own."""

    def __init__(self, server: Server) -> None:
        self._connection = Connection(server.port)
        self._agent, self._id = "", ""

    async def begin(self, *sources: str) -> "Talk":
        """Make the agent, with tools of these sources, and the conversation."""
        tools = [
            (await self._connection.call("POST", "/v1/tools/", {"source_code": source}))["id"]
            for source in sources
        ]
        blocks = [{"label": "human", "value": ""}]
        body = {"model": "palaver/offline", "tool_ids": tools, "memory_blocks": blocks}
        agent = await self._connection.call("POST", "/v1/agents/", body)
        self._agent = agent["id"]
        await self.begin_again()
        return self

    async def begin_again(self) -> None:
        """Go on in a new conversation."""
        path = f"/v1/conversations/?agent_id={self._agent}"
        self._id = (await self._connection.call("POST", path, {}))["id"]

    async def say(self, text: str) -> str:
        """Have a turn; the id of its first step."""
        path = f"/v1/conversations/{self._id}/messages"
        body = {"input": text, "streaming": False}
        told = await self._connection.call("POST", path, body)
        expect(told["stop_reason"]["stop_reason"] == "end_turn", "the end of a turn", told)
        return str(told["messages"][0]["step_id"])

    async def tools_took(self, step: str) -> float:
        """How many milliseconds the tools of a step took."""
        told = await self._connection.call("GET", f"/v1/steps/{step}/metrics")
        return float(told["tool_execution_ns"]) / 1e6

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@click.command()
@click.option("--quick", is_flag=True, help="A quarter of the turns and calls.")
def main(quick: bool) -> None:
    """Measure on a server of its own."""
    uvloop.run(_measure(4 if quick else 1))


async def _measure(part: int) -> None:
    program = Program(
        "palaver",
        ("-m", "palaver.cli", "serve", "--port", "{port}"),
        {"PALAVER_HOME": "{folder}", "PALAVER_TOOL_TIMEOUT": LIMIT},
    )
    async with running(program) as server:
        await _calls(server, CALLS // part)
        click.echo(
            "\n| turns beside a tool that | p50 ms, alone | beside | p99 ms, alone | beside | × | |"
        )
        click.echo("|---|--:|--:|--:|--:|--:|---|")
        for number, (name, body) in enumerate(ABUSES.items()):
            call = f"abuse_{number}"
            source = f'{HEAD}def {call}() -> str:\n    """Do the worst."""\n    {body}\n'
            abuser = await Talk(server).begin(source)
            await _beside(server, name, partial(_abuse, abuser, call), TURNS // part)
            abuser.close()


async def _calls(server: Server, calls: int) -> None:
    click.echo("| call of | p50 ms | p95 ms | budget of p50 | |")
    click.echo("|---|--:|--:|--:|---|")
    talk = await Talk(server).begin(EMPTY)
    for name, text in (
        ("an empty Python tool", "[[call: empty]]"),
        ("a memory tool", '[[call: memory_insert {"label": "human", "new_string": "."}]]'),
    ):
        steps = [await talk.say(text) for _ in range(calls)]
        took = [await talk.tools_took(step) for step in steps]
        verdict = "ok" if median(took) <= BUDGET else "missed"
        click.echo(
            f"| {name} | **{median(took):.1f}** | {_p(95, took):.1f} | {BUDGET:g} | {verdict} |"
        )
    talk.close()


async def _beside(server: Server, name: str, abuse: Abuse, turns: int) -> None:
    talk = await Talk(server).begin()
    alone: list[float] = []
    beside: list[float] = []
    await _turns(talk, turns)
    for _ in range(STRETCHES):
        alone += await _turns(talk, turns)
        abusing = asyncio.create_task(abuse())
        beside += await _turns(talk, turns)
        abusing.cancel()
        await asyncio.wait([abusing])
    talk.close()
    quiet, late = _p(99, alone), _p(99, beside)
    verdict = "ok" if late <= WORSE * quiet else "missed"
    medians = f"{median(alone):.1f} | {median(beside):.1f}"
    click.echo(
        f"| {name} | {medians} | {quiet:.1f} | {late:.1f} | **{late / quiet:.2f}** | {verdict} |"
    )


async def _turns(talk: Talk, turns: int) -> list[float]:
    """How many milliseconds each turn took."""
    took = []
    await talk.begin_again()
    for _ in range(turns):
        begun = perf_counter()
        await talk.say("[[words: 1]]")
        took.append((perf_counter() - begun) * 1000)
    return took


async def _abuse(talk: Talk, tool: str) -> None:
    try:
        while True:
            await talk.say(f"[[call: {tool}]]")
    finally:
        talk.close()


def _p(percent: int, took: Sequence[float]) -> float:
    return quantiles(took, n=100)[percent - 1]


if __name__ == "__main__":
    main()
