"""Runs followed over HTTP: from any number on, while they go on and after their end."""

from typing import Annotated, Any

from fastapi import Body
from fastapi.responses import Response
from pydantic import Field

from palaver.api import addressing, routing
from palaver.api.deps import Caller, Rooms
from palaver.api.sse import EventStream, Wanted, frames
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId, ConversationName, ProjectId, RunId
from palaver.errors import Invalid, NotFound
from palaver.store import entries, runs, waiting
from palaver.store.db import Tx

router = routing.router("/v1/conversations/{conversation_id}", "conversations")
of_run = routing.router("/v1/runs/{run_id}", "runs")

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The events of the run, from the wanted number on.",
        "content": {"text/event-stream": {"schema": {"description": "One message an event."}}},
    },
}


class Following(Frozen):
    """Which run is to be followed, and after which number.

    ``poll_interval`` and ``batch_size`` mean nothing here: events come as soon as they are there.
    """

    run_id: RunId | None = None
    otid: str | None = None
    agent_id: AgentId | None = None
    starting_after: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    include_pings: bool | None = True
    poll_interval: float | None = None
    batch_size: int | None = None

    def of(self, run_id: str, kinds: list[str] | None) -> Wanted:
        """What is wanted of a run."""
        return Wanted(run_id, self.starting_after, self.include_pings is not False, kinds)


Wish = Annotated[Following | None, Body()]


@router.post("/stream", response_model=None, responses=_STREAM)
async def follow_conversation(
    conversation_id: ConversationName, caller: Caller, rooms: Rooms, body: Wish = None
) -> Response:
    """Follow a run of a conversation: by its id, by an `otid` of its input, or the active one."""
    wish = body or Following()

    def read(tx: Tx) -> Wanted:
        address = addressing.find(tx, caller.project, conversation_id, wish.agent_id)
        run_id = _run_in(tx, caller.project, address.conversation_id, wish)
        return wish.of(run_id, _kinds(tx, caller.project, run_id))

    return EventStream(frames(rooms.log, await rooms.db.read(read)))


@of_run.post("/stream", response_model=None, responses=_STREAM)
async def follow_run(run_id: RunId, caller: Caller, rooms: Rooms, body: Wish = None) -> Response:
    """Follow a run."""
    wish = body or Following()
    kinds = await rooms.db.read(_kinds, caller.project, run_id)
    return EventStream(frames(rooms.log, wish.of(run_id, kinds)))


def _run_in(tx: Tx, project: ProjectId, conversation_id: str, wish: Following) -> str:
    if wish.run_id is not None:
        if runs.conversation_of(tx, project, wish.run_id) != conversation_id:
            raise NotFound("Run", "it is not one of this conversation's.")
        return wish.run_id
    if wish.otid is not None:
        found = waiting.find_run(tx, project, conversation_id, wish.otid)
        found = found or entries.find_run(tx, conversation_id, wish.otid)
        if found is None:
            raise NotFound("Run", "no send to this conversation had this otid.")
        return found
    active = runs.active(tx, project, conversation_id)
    if not active:
        raise Invalid("No active runs found for this conversation; name one by run_id or otid.")
    return active[0]


def _kinds(tx: Tx, project: ProjectId, run_id: str) -> list[str] | None:
    """Which kinds of message the send that started a run wanted to see."""
    config = runs.get(tx, project, run_id).request_config
    kinds = config.include_return_message_types if config else None
    return None if kinds is None else list(kinds)
