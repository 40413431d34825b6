"""The load: what a client asks of a server, with every answer checked, and what that costs.

A figure is the CPU (user + system) that the server's processes spent, by the operations that they
did meanwhile. It says more than a time does on a machine that others use too.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from bench.fakellm import MODEL, answer, order
from bench.servers import Server
from bench.wire import Connection, Json, WrongAnswer

SENT_AT_ONCE = 500  # messages of one send, its answer included

_RESTING = '''
def {name}(n: int) -> int:
    """Rest.

    Args:
        n: What to return.
    """
    import time

    time.sleep(0.1)
    return n
'''

Job = Callable[[], Coroutine[Any, Any, object]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operation costs: milliseconds of the server's CPU, and of the client's time."""

    cpu: float
    p50: float


async def measured(server: Server, jobs: Sequence[Job], per_job: int = 1) -> Cost:
    """The cost of an operation, of which each job makes `per_job`; there are two jobs or more.

    They are done one after the other; the first tenth of them, at least one, is not counted.
    """
    warm = max(1, len(jobs) // 10)
    for job in jobs[:warm]:
        await job()
    before = server.cpu()
    times: list[float] = []
    for job in jobs[warm:]:
        begun = perf_counter()
        await job()
        times.append(perf_counter() - begun)
    cpu = (server.cpu() - before) / (len(times) * per_job)
    return Cost(cpu=cpu * 1000, p50=median(times) * 1000)


def expect(is_so: bool, what: str, got: Json) -> None:
    """Raise `WrongAnswer` unless `is_so`: nothing is measured that did not happen."""
    if not is_so:
        raise WrongAnswer(f"wanted {what}, got {str(got)[:300]}")


class Conversations:
    """A client of the Conversations API, which has one connection and one agent."""

    def __init__(self, server: Server) -> None:
        self._connection = Connection(server.port)
        self.agent = ""

    async def begin(self, agent: str = "") -> "Conversations":
        """Talk to `agent`, or to a new one."""
        self.agent = agent or await self._make_agent()
        return self

    async def create(self) -> str:
        """The id of a new conversation."""
        path = f"/v1/conversations/?agent_id={self.agent}"
        made = await self._connection.call("POST", path, {})
        expect(made["agent_id"] == self.agent, "a conversation of the agent", made)
        return str(made["id"])

    async def retrieve(self, conversation: str) -> None:
        """Read a conversation."""
        read = await self._connection.call("GET", f"/v1/conversations/{conversation}")
        expect(read["id"] == conversation, "the conversation", read)

    async def list_50(self) -> None:
        """List 50 of the agent's conversations."""
        path = f"/v1/conversations/?agent_id={self.agent}&limit=50"
        listed = await self._connection.call("GET", path)
        expect(len({one["id"] for one in listed}) == 50, "50 conversations", listed)

    async def list_100_messages(self, conversation: str) -> None:
        """List the newest 100 messages of a conversation."""
        path = f"/v1/conversations/{conversation}/messages?limit=100"
        listed = await self._connection.call("GET", path)
        expect(len({one["id"] for one in listed}) == 100, "100 messages", listed)
        expect(all(one["content"] for one in listed), "messages with words", listed)

    async def fill(self, conversation: str, size: int) -> None:
        """Make a conversation `size` messages long; each 500th, and the last, is the model's.

        `size` must be even, so that it is the user whom the model answers.
        """
        for start in range(0, size, SENT_AT_ONCE):
            stop = min(start + SENT_AT_ONCE, size) - 1
            said = [{"role": role_of(n), "content": words_of(n)} for n in range(start, stop)]
            body = {"messages": said, "streaming": False}
            await self._connection.call("POST", f"/v1/conversations/{conversation}/messages", body)

    async def say(self, conversation: str) -> None:
        """One turn, not streamed, with a model that answers one token at once."""
        body = {"input": f"hello {order(1, 0)}", "streaming": False}
        path = f"/v1/conversations/{conversation}/messages"
        got = await self._connection.call("POST", path, body)
        said = "".join(m["content"] for m in got["messages"])
        expect(said == answer(1), "one token", got)
        expect(got["stop_reason"]["stop_reason"] == "end_turn", "the end of a turn", got)

    async def compact(self, conversation: str, size: int) -> None:
        """Compact a conversation of `size` messages, by a model that sums up in one token."""
        body = {"compaction_settings": {"model": f"openai/{MODEL}"}}
        path = f"/v1/conversations/{conversation}/compact"
        got = await self._connection.call("POST", path, body)
        expect(got["summary"] == answer(1).strip(), "one token", got)
        before, after = got["num_messages_before"], got["num_messages_after"]
        expect(after < before == size + 1, "a shorter window", got)

    async def follow(self, conversation: str, tokens: int, apart: int) -> None:
        """One streamed turn; the words streamed must be the whole answer."""
        body = {"input": f"hello {order(tokens, apart)}", "stream_tokens": True}
        said = ""
        async for event in self._connection.events(
            f"/v1/conversations/{conversation}/messages", body
        ):
            if event["message_type"] == "assistant_message":
                said += event["content"]
        expect(said == answer(tokens), f"{tokens} tokens", said)

    async def check_stored(self, conversation: str, tokens: int) -> None:
        """The newest message must be the whole answer."""
        path = f"/v1/conversations/{conversation}/messages?limit=1"
        (newest,) = await self._connection.call("GET", path)
        expect(newest["content"] == answer(tokens), "the stored answer", newest)

    async def equip(self, name: str) -> None:
        """Talk to a new agent, with the offline model and a tool that rests 100 ms."""
        source = _RESTING.format(name=name)
        tool = await self._connection.call(
            "PUT", "/v1/tools/", {"source_code": source, "enable_parallel_execution": True}
        )
        body = {"name": "bench", "model": "palaver/offline", "tool_ids": [tool["id"]]}
        self.agent = str((await self._connection.call("POST", "/v1/agents/", body))["id"])

    async def use_tools(self, conversation: str, name: str, times: int) -> None:
        """One turn, not streamed, whose first step calls a tool so many times at once."""
        calls = " ".join(f'[[call: {name} {{"n": {n}}}]]' for n in range(times))
        body = {"input": calls, "streaming": False}
        path = f"/v1/conversations/{conversation}/messages"
        got = await self._connection.call("POST", path, body)
        (back,) = (m for m in got["messages"] if m["message_type"] == "tool_return_message")
        said = [one["tool_return"] for one in back["tool_returns"]]
        expect(said == [str(n) for n in range(times)], "each return in its place", back)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    async def _make_agent(self) -> str:
        blocks = [
            {"label": "human", "value": "The user measures servers."},
            {"label": "persona", "value": "I answer in few words."},
        ]
        body = {"name": "bench", "model": f"openai/{MODEL}", "memory_blocks": blocks}
        made = await self._connection.call("POST", "/v1/agents/", body)
        return str(made["id"])


class Completions:
    """A client of the chat protocol, for the bare proxy: it says the same, and nothing is kept."""

    def __init__(self, server: Server) -> None:
        self._connection = Connection(server.port)

    async def say(self) -> None:
        """One answer of one token, not streamed."""
        got = await self._connection.call("POST", "/v1/chat/completions", _chat(1, 0, False))
        said = got["choices"][0]["message"]["content"]
        expect(said == answer(1), "one token", got)

    async def follow(self, tokens: int, apart: int) -> None:
        """One streamed answer; the words streamed must be the whole answer."""
        said = ""
        body = _chat(tokens, apart, True)
        async for event in self._connection.events("/v1/chat/completions", body):
            for choice in event["choices"]:
                said += choice["delta"].get("content", "")
        expect(said == answer(tokens), f"{tokens} tokens", said)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


async def together(doings: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all at once; the first failure ends the others."""
    async with asyncio.TaskGroup() as group:
        for doing in doings:
            group.create_task(doing)


def role_of(n: int) -> str:
    """Who says the n-th message of a conversation made by `fill`."""
    return "assistant" if n % 2 else "user"


def words_of(n: int) -> str:
    """What is said in it."""
    return f"message {n}, with words enough to be a sentence"


def _chat(tokens: int, apart: int, stream: bool) -> Json:
    said = [{"role": "user", "content": f"hello {order(tokens, apart)}"}]
    return {"model": MODEL, "messages": said, "stream": stream}
