"""The toolbox: which calls of a step are carried out at the same time, and which in order."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from palaver.domain.conversation import Address
from palaver.domain.ids import DEFAULT_PROJECT
from palaver.domain.part import ToolCall
from palaver.domain.tool import Outcome, Tool
from palaver.engine.send import Send
from palaver.engine.toolbox import Toolbox
from palaver.engine.workshop import ToolUse, Workshop
from palaver.store.claims import Lost, Owner
from tests.store import making

_WITHIN = 20  # seconds, for what would otherwise never happen


@dataclass
class Hands:
    """Whoever carries tools out: each waits until as many as `together` have begun.

    `noted` is what began and returned, in order.
    """

    together: int = 1
    noted: list[str] = field(default_factory=list)
    begun: asyncio.Condition = field(default_factory=asyncio.Condition)

    def refusal(self, tool: Tool) -> str | None:
        """None: all can be carried out."""
        return None

    async def use(self, use: ToolUse) -> Outcome:
        """Say the argument `n`, when enough others have begun. With `lost` the run is."""
        name = f"{use.tool.name}{use.arguments['n']}"
        try:
            async with self.begun:
                self.noted.append(f"+{name}")
                self.begun.notify_all()
                await self.begun.wait_for(lambda: self._begun() >= self.together)
            if "lost" in use.arguments:
                raise Lost
            if use.arguments.get("ever"):
                await asyncio.Event().wait()
        finally:
            self.noted.append(f"-{name}")
        return Outcome(text=name)

    def _begun(self) -> int:
        return sum(one.startswith("+") for one in self.noted)


def toolbox(hands: Hands, together: bool = True) -> Toolbox:
    """A box with a tool `p` that may run beside others, and one `s` that may not."""
    tools = [
        Tool(id="tool-1", name="p", enable_parallel_execution=True),
        Tool(id="tool-2", name="s"),
    ]
    agent = making.agent()
    address = Address(conversation_id="conv-1", agent_id=agent.id)
    send = Send(project=DEFAULT_PROJECT, address=address)
    owner = Owner("run-1", "worker-1", 1)
    return Toolbox(Workshop({"custom": hands}), send, owner, agent, tools, together)


def calls(names: str, more: str = "") -> list[ToolCall]:
    """Calls of tools, numbered."""
    return [
        ToolCall(call_id=f"call-{n}", name=name, arguments=f'{{"n": {n}{more}}}')
        for n, name in enumerate(names)
    ]


async def test_calls_that_may_run_at_the_same_time() -> None:
    hands = Hands(together=3)

    async with asyncio.timeout(_WITHIN):
        returns = await toolbox(hands).run(calls("ppp"), ordered=False)

    assert [one.content for one in returns] == ["p0", "p1", "p2"]
    assert hands.noted[:3] == ["+p0", "+p1", "+p2"]


@pytest.mark.parametrize(
    ("names", "together", "ordered"),
    [("sss", True, False), ("ppp", False, False), ("psp", True, 1)],
)
async def test_all_others_run_in_order(names: str, together: bool, ordered: Any) -> None:
    hands = Hands()

    returns = await toolbox(hands, together).run(calls(names), ordered=bool(ordered))

    expected = [f"{name}{n}" for n, name in enumerate(names)]
    assert [one.content for one in returns] == expected
    assert hands.noted == [mark + one for one in expected for mark in "+-"]


async def test_one_that_runs_alone_waits_for_those_before_it() -> None:
    hands = Hands()

    returns = await toolbox(hands).run(calls("ppspp"), ordered=False)

    assert [one.content for one in returns] == ["p0", "p1", "s2", "p3", "p4"]
    alone = hands.noted.index("+s2")
    assert set(hands.noted[:alone]) == {"+p0", "-p0", "+p1", "-p1"}
    assert hands.noted[alone + 1] == "-s2"


async def test_a_failure_is_a_return_and_leaves_the_others_alone() -> None:
    broken = ToolCall(call_id="call-9", name="p", arguments="[")

    returns = await toolbox(Hands()).run([*calls("p"), broken, *calls("p")], ordered=False)

    assert [one.status for one in returns] == ["success", "error", "success"]


async def test_a_run_that_is_lost_ends_all_of_them() -> None:
    hands = Hands(together=3)
    last = ToolCall(call_id="call-2", name="p", arguments='{"n": 2, "lost": true}')

    with pytest.raises(Lost):
        async with asyncio.timeout(_WITHIN):
            await toolbox(hands).run([*calls("pp", ', "ever": true'), last], ordered=False)

    assert {"-p0", "-p1", "-p2"} <= set(hands.noted)


async def test_a_cancel_ends_all_of_them() -> None:
    hands = Hands(together=2)
    run = toolbox(hands).run(calls("pp", ', "ever": true'), ordered=False)
    task = asyncio.create_task(run)
    async with asyncio.timeout(_WITHIN), hands.begun:
        await hands.begun.wait_for(lambda: len(hands.noted) == 2)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert set(hands.noted) == {"+p0", "+p1", "-p0", "-p1"}
