"""Messages over HTTP: sending to a conversation, and reading what was said."""

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Annotated, Any

from fastapi import Body, Query, Response

from palaver.api import addressing, problems, routing, sse, turns
from palaver.api.deps import Caller, Connection, Db, House, Rooms, Who, Wire
from palaver.api.pages import NewestFirst
from palaver.api.problems import CONFLICT
from palaver.api.send_body import AgentSendBody, BackgroundSendBody, SendBody
from palaver.api.sse import EventStream, LettaResponse, Wanted
from palaver.core.expand import messages_of
from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId, ConversationName, MessageId, ProjectId, RunId
from palaver.domain.message import Message, MessageType
from palaver.domain.page import MAX_LIMIT, Page
from palaver.domain.run import Run
from palaver.engine import line, previewing
from palaver.engine.failure import Failure
from palaver.engine.line import Admitted, Cancelled
from palaver.engine.send import Send
from palaver.store import agents, entries, runs
from palaver.store.db import Tx

router = routing.router("/v1/conversations/{conversation_id}/messages", "conversations")
of_agent = routing.router("/v1/agents/{agent_id}/messages", "agents")
by_id = routing.router("/v1/messages", "messages")

BUSY: dict[int | str, dict[str, Any]] = {
    409: {
        "model": problems.Busy | problems.Pending,
        "description": "Another run holds the conversation, or tool calls wait for an answer.",
    },
}

_EITHER: dict[int | str, dict[str, Any]] = {
    **BUSY,
    200: {
        "description": "The answer: a stream of events, or all of it at once.",
        "model": LettaResponse,
        "content": {"text/event-stream": {"schema": {"description": "One message an event."}}},
    },
    **problems.FROM_PROVIDER,
}


_STRETCHES = 100  # that are passed over at the most, so that a search for nothing has an end


class RunsToCancel(Frozen):
    """Which runs to cancel; left out, the active one of the default conversation."""

    run_ids: list[RunId] | None = None


class MessageQuery(NewestFirst):
    """Which messages are wanted. ``limit`` counts stored messages, which may show as several."""

    group_id: str | None = None
    include_err: bool | None = None
    include_return_message_types: list[MessageType] | None = None

    def shown(self, read: Callable[[Page], list[Entry]]) -> list[Message]:
        """The messages on the page of a list.

        Stretches of which nothing is shown are passed over: to clients an empty page is the last.
        """
        page, limit = self.page, self.page.limit
        backwards = page.after is None and page.before is not None
        for _ in range(_STRETCHES):
            found = read(page)
            if not found:
                break
            if shown := [kept for entry in found if (kept := self._kept(entry))]:
                return list(chain.from_iterable(shown[-limit:] if backwards else shown[:limit]))
            edge = {"before": found[0].id} if backwards else {"after": found[-1].id}
            page = page.model_copy(update={**edge, "limit": MAX_LIMIT})
        return []

    def _kept(self, entry: Entry) -> list[Message]:
        kinds = self.include_return_message_types
        return [
            message
            for message in messages_of(entry)
            if kinds is None or message.message_type in kinds
            if self.group_id in (None, entry.group_id)
        ]


class ConversationMessageQuery(MessageQuery):
    """Which messages of a conversation are wanted; `agent_id` says whose ``default``."""

    agent_id: AgentId | None = None


class AgentMessageQuery(MessageQuery):
    """Which messages of an agent are wanted: of all its conversations, or of one."""

    conversation_id: str | None = None


@router.post("", response_model=None, responses=_EITHER)
async def send(
    conversation_id: ConversationName,
    body: SendBody,
    caller: Caller,
    rooms: Rooms,
    wire: Connection,
) -> Response:
    """Send messages to a conversation; the answer is streamed unless `streaming` is false."""
    address = await rooms.db.read(addressing.find, caller.project, conversation_id, body.agent_id)
    return await _send(address, body, caller, rooms, wire)


@router.post("/preview-raw-payload")
async def preview(
    conversation_id: ConversationName,
    body: SendBody,
    caller: Caller,
    rooms: Rooms,
    wire: Connection,
) -> dict[str, Any]:
    """Show what a send would ask the provider, in the provider's own form. Nothing is sent."""
    address = await rooms.db.read(addressing.find, caller.project, conversation_id, body.agent_id)
    return await previewing.preview(rooms.db, rooms.catalog, wished(address, body, caller, wire))


@router.get("")
async def list_messages(
    conversation_id: ConversationName,
    query: Annotated[ConversationMessageQuery, Query()],
    caller: Caller,
    db: Db,
) -> list[Message]:
    """List what was said in a conversation, newest first unless asked otherwise."""

    def read(tx: Tx) -> list[Message]:
        address = addressing.find(tx, caller.project, conversation_id, query.agent_id)
        where = (tx, caller.project, address.conversation_id)
        return query.shown(partial(entries.listed, *where))

    return await db.read(read)


@of_agent.post("", response_model=None, responses=_EITHER)
async def send_to_agent(
    agent_id: AgentId, body: AgentSendBody, caller: Caller, rooms: Rooms, wire: Connection
) -> Response:
    """Send messages to the agent's default conversation; streamed only if `streaming` is true."""
    address = await rooms.db.read(addressing.default_of, caller.project, agent_id)
    return await _send(address, body, caller, rooms, wire)


@of_agent.post("/stream", response_model=None, responses=_EITHER, deprecated=True)
async def stream_to_agent(
    agent_id: AgentId, body: AgentSendBody, caller: Caller, rooms: Rooms, wire: Connection
) -> Response:
    """Send messages to the agent's default conversation; the answer is streamed."""
    streamed = body.model_copy(update={"streaming": True})
    return await send_to_agent(agent_id, streamed, caller, rooms, wire)


@of_agent.post("/async", responses=BUSY)
async def send_in_background(
    agent_id: AgentId, body: BackgroundSendBody, caller: Caller, rooms: Rooms, wire: Connection
) -> Run:
    """Send messages to the agent's default conversation; the answer is the run, just begun.

    When it has ended, `callback_url` gets a POST with `run_id`, `status`, `stop_reason`,
    `completed_at`, `agent_id`, `conversation_id` and `metadata`.
    """
    if body.callback_url is not None:
        await rooms.egress.permit(body.callback_url)
    address = await rooms.db.read(addressing.default_of, caller.project, agent_id)
    send = wished(address, body, caller, wire)
    told = send.model_copy(update={"callback_url": body.callback_url})
    admitted = await rooms.runner.start(told)
    return await rooms.db.read(runs.get, caller.project, admitted.run_id)


@of_agent.post("/preview-raw-payload")
async def preview_of_agent(
    agent_id: AgentId, body: AgentSendBody, caller: Caller, rooms: Rooms, wire: Connection
) -> dict[str, Any]:
    """Show what a send to the agent's default conversation would ask the provider."""
    address = await rooms.db.read(addressing.default_of, caller.project, agent_id)
    return await previewing.preview(rooms.db, rooms.catalog, wished(address, body, caller, wire))


@of_agent.post("/cancel", responses=CONFLICT)
async def cancel_runs_of_agent(
    agent_id: AgentId,
    caller: Caller,
    rooms: Rooms,
    body: Annotated[RunsToCancel | None, Body()] = None,
) -> dict[str, str]:
    """Cancel these runs of the agent, or the active ones of its default conversation."""

    def write(tx: Tx, worker: str) -> Cancelled:
        address = addressing.default_of(tx, caller.project, agent_id)
        if body is None or body.run_ids is None:
            return line.cancel(tx, worker, caller.project, address)
        return line.cancel_some(tx, worker, caller.project, agent_id, body.run_ids)

    return await rooms.cancel(write)


@of_agent.get("")
async def list_messages_of_agent(
    agent_id: AgentId, query: Annotated[AgentMessageQuery, Query()], caller: Caller, db: Db
) -> list[Message]:
    """List what was said in an agent's conversations: all, ``default`` or one of them."""

    def read(tx: Tx) -> list[Message]:
        agents.get(tx, caller.project, agent_id)
        if query.conversation_id is None:
            return query.shown(partial(entries.of_agent, tx, caller.project, agent_id))
        address = addressing.of_agent(tx, caller.project, agent_id, query.conversation_id)
        where = (tx, caller.project, address.conversation_id)
        return query.shown(partial(entries.listed, *where))

    return await db.read(read)


@by_id.get("/{message_id}")
async def retrieve(message_id: MessageId, caller: Caller, db: Db) -> list[Message]:
    """Read one stored message: all the messages that it is shown as."""
    return messages_of(await db.read(entries.get, caller.project, message_id))


async def _send(
    address: Address, body: AgentSendBody, caller: Who, rooms: House, wire: Wire
) -> Response:
    admitted = await rooms.runner.start(wished(address, body, caller, wire))
    run_id, kinds = admitted.run_id, body.include_return_message_types
    left = None
    if body.cancel_on_disconnect:
        left = partial(cancel, rooms, caller.project, address.agent_id, run_id)
    if body.streaming:
        wanted = Wanted(run_id, pings=body.include_pings, kinds=kinds)
        return EventStream(sse.frames(rooms.log, wanted), left, _place(admitted))
    async with sse.unless_gone(wire.request.receive, left):
        answer = await sse.gather(rooms.log, Wanted(run_id, kinds=kinds))
    if answer is None:
        return problems.of_failure(await rooms.db.read(failure, caller.project, run_id))
    if body.return_logprobs or body.return_token_ids:
        answer = await rooms.db.read(turns.with_tokens, caller.project, run_id, answer)
    return Response(answer.model_dump_json(), 200, _place(admitted), "application/json")


def wished(address: Address, body: AgentSendBody, caller: Who, wire: Wire) -> Send:
    """What the caller wants done."""
    inputs, key = body.inputs(), body.key(wire.key)
    return Send(
        project=caller.project,
        address=address,
        inputs=inputs,
        max_steps=body.max_steps,
        tokens=body.streaming and body.stream_tokens,
        compactions=body.include_compaction_messages,
        background=body.in_background,
        override_model=body.override_model,
        override_system=body.override_system,
        skills=body.skills,
        client_tools=tuple(tool.spec for tool in body.client_tools or ()),
        approval_ttl=body.approval_ttl,
        logprobs=body.logprobs,
        token_ids=body.return_token_ids,
        config=body.config,
        key=key,
        fingerprint=key and body.fingerprint(inputs),
        on_busy=body.on_busy,
        on_pending=body.on_pending,
    )


def _place(admitted: Admitted) -> dict[str, str]:
    """The header that says where in the line a send stands."""
    return {} if admitted.position is None else {"x-queue-position": str(admitted.position)}


async def cancel(rooms: House, project: ProjectId, agent_id: str, run_id: str) -> None:
    """Cancel a run, if it still goes on."""
    await rooms.end(line.cancel_some, project, agent_id, [run_id])


def failure(tx: Tx, project: ProjectId, run_id: str) -> Failure:
    """Why a run failed."""
    metadata = runs.get(tx, project, run_id).metadata or {}
    return Failure.model_validate(metadata["error"])
