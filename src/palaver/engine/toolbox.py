"""Tools that run in the server: the model's calls in, their returns out.

A tool that fails is a return with status ``error``, never the end of a run.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from palaver.core.json_places import unkept
from palaver.domain.agent import Agent
from palaver.domain.part import ToolCall, ToolReturn
from palaver.domain.tool import Outcome, Tool
from palaver.engine.send import Send
from palaver.engine.workshop import ToolUse, Workshop
from palaver.errors import ToolRefused
from palaver.store.claims import Owner


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of one agent, for one run: whoever loses that run can change nothing more.

    `together` lets those run at the same time whose makers say that they may.
    """

    workshop: Workshop
    send: Send
    owner: Owner
    agent: Agent
    tools: Sequence[Tool]
    together: bool = True

    async def run(self, calls: Sequence[ToolCall], ordered: bool) -> tuple[ToolReturn, ...]:
        """Carry out the calls; a return for each in their order. Or `Lost`, with an end to all.

        Calls that follow one another run at the same time if their tools may, unless they are
        `ordered`; any other one begins when those before it have returned.
        """
        returns: list[ToolReturn] = []
        for side_by_side, group in groupby(calls, lambda call: self._may_run_beside(call, ordered)):
            returns += await self._run_all(list(group), side_by_side)
        return tuple(returns)

    def _may_run_beside(self, call: ToolCall, ordered: bool) -> bool:
        may = (tool.enable_parallel_execution for tool in self.tools if tool.name == call.name)
        return self.together and not ordered and bool(next(may, False))

    async def _run_all(self, calls: Sequence[ToolCall], side_by_side: bool) -> list[ToolReturn]:
        if not side_by_side:
            return [await self._run(call) for call in calls]
        try:
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(self._run(call)) for call in calls]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return [task.result() for task in running]

    async def _run(self, call: ToolCall) -> ToolReturn:
        try:
            tool = self._named(call.name)
            outcome = await self.workshop.use(
                ToolUse(
                    tool,
                    _arguments(call),
                    self.send.project,
                    self.agent,
                    self.send.address.conversation_id,
                    self.owner,
                )
            )
            outcome = limited(outcome, tool.return_char_limit)
        except ToolRefused as refusal:
            outcome = Outcome(status="error", text=str(refusal))
        return returned(call.call_id, call.name, outcome)

    def _named(self, name: str) -> Tool:
        found = next((tool for tool in self.tools if tool.name == name), None)
        if found is None:
            known = ", ".join(tool.name or "" for tool in self.tools) or "none"
            raise ToolRefused(
                f"[ToolConstraintError] There is no tool `{name}`; valid tools: {known}."
            )
        return found


def _arguments(call: ToolCall) -> Mapping[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}")
        where = unkept(arguments)
    except (ValueError, RecursionError):
        raise ToolRefused(f"The arguments of `{call.name}` are not valid JSON.") from None
    if not isinstance(arguments, dict):
        raise ToolRefused(f"The arguments of `{call.name}` must be a JSON object.")
    if where is not None:
        raise ToolRefused(
            f"The arguments of `{call.name}` hold what cannot be kept: a NUL character, half of a "
            "surrogate pair, or a number that is not finite. Leave it out."
        )
    return arguments


def returned(call_id: str, name: str, outcome: Outcome) -> ToolReturn:
    """The return of a call that came to this."""
    return ToolReturn(
        call_id=call_id,
        name=name,
        status=outcome.status,
        content=outcome.text,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
    )


def limited(outcome: Outcome, limit: int) -> Outcome:
    """The outcome with a text of at most `limit` characters, and a note of what is missing."""
    whole = outcome.characters or len(outcome.text)
    if whole <= limit:
        return outcome
    note = f"... [truncated: the first {limit} of {whole} characters are shown]"
    return outcome.model_copy(update={"text": outcome.text[:limit] + note})
