"""Tools that run in the server: the model's calls in, their returns out.

A tool that fails is a return with status ``error``, never the end of a run.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from palaver import clock
from palaver.core import memory
from palaver.domain.part import ToolCall, ToolReturn
from palaver.domain.tool import ToolSpec
from palaver.engine.send import Send
from palaver.errors import NotFound, ToolRefused
from palaver.store import blocks, claims
from palaver.store.claims import Owner
from palaver.store.db import Database, Tx


class Toolbox:
    """The tools of one agent, for one run: whoever loses that run can change nothing more."""

    def __init__(self, db: Database, send: Send, owner: Owner, names: Sequence[str]) -> None:
        self._db = db
        self._project = send.project
        self._agent_id = send.address.agent_id
        self._owner = owner
        self._names = [name for name in names if name in memory.TOOLS]

    def specs(self) -> tuple[ToolSpec, ...]:
        """What the model is told of them."""
        return tuple(memory.TOOLS[name].spec for name in self._names)

    async def run(self, calls: Sequence[ToolCall]) -> tuple[ToolReturn, ...]:
        """Carry out the calls, one after the other; a return for each in their order. Or `Lost`."""
        return tuple([await self._run(call) for call in calls])

    async def _run(self, call: ToolCall) -> ToolReturn:
        try:
            if call.name not in self._names:
                known = ", ".join(self._names) or "none"
                raise ToolRefused(
                    f"[ToolConstraintError] There is no tool `{call.name}`; valid tools: {known}."
                )
            said = await self._db.tx(self._edit, call.name, _arguments(call))
        except ToolRefused as refusal:
            return _returned(call, "error", str(refusal))
        return _returned(call, "success", said)

    def _edit(self, tx: Tx, tool: str, arguments: Mapping[str, Any]) -> str:
        label = memory.label_of(arguments)
        claims.hold(tx, self._owner)
        try:
            block = blocks.labelled(tx, self._project, self._agent_id, label, for_update=True)
        except NotFound:
            raise ToolRefused(f"There is no memory block `{label}`.") from None
        edit = memory.edit(tool, arguments, block)
        changed = block.model_copy(update={"value": edit.value})
        blocks.change(tx, self._project, changed, clock.now())
        return edit.said


def _arguments(call: ToolCall) -> Mapping[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        raise ToolRefused(f"The arguments of `{call.name}` are not valid JSON.") from None
    if not isinstance(arguments, dict):
        raise ToolRefused(f"The arguments of `{call.name}` must be a JSON object.")
    return arguments


def _returned(call: ToolCall, status: str, text: str) -> ToolReturn:
    return ToolReturn.model_validate(
        {"call_id": call.call_id, "name": call.name, "status": status, "content": text}
    )
