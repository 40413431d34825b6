"""Batches over HTTP: many sends in the background, given in one piece."""

from functools import cache
from typing import Annotated

from fastapi import Query
from pydantic import Field

from palaver import clock
from palaver.api import addressing, routing
from palaver.api.deps import Caller, Connection, Db, Rooms, Wire
from palaver.api.messages import wished
from palaver.api.pages import NewestFirst
from palaver.api.problems import CONFLICT
from palaver.api.send_body import AgentSendBody, CallbackUrl
from palaver.core.overview import whole
from palaver.domain.batch import BatchJob
from palaver.domain.conversation import Address
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId, BatchId
from palaver.domain.overview import WholeMessage
from palaver.engine import choosing, line
from palaver.engine.choosing import Opened
from palaver.engine.send import Send
from palaver.store import batches
from palaver.store.db import Tx

router = routing.router("/v1/messages/batches", "batches")

MOST = 1000  # requests in one batch
_PATIENT = {"on_busy": "queue"}


class BatchRequest(AgentSendBody):
    """A send to the default conversation of an agent. It waits in line where that is busy."""

    agent_id: AgentId

    @property
    def in_background(self) -> bool:
        """It always is."""
        return True


class CreateBatch(Frozen):
    """What is to be sent.

    When all of it is over, `callback_url` gets a POST with `job_id`, `status`, `completed_at` and
    `metadata`.
    """

    requests: Annotated[list[BatchRequest], Field(min_length=1, max_length=MOST)]
    callback_url: CallbackUrl | None = None


class BatchMessages(Frozen):
    """What was said in answer to a batch."""

    messages: list[WholeMessage]


class BatchMessageQuery(NewestFirst):
    """Which messages are wanted: of all agents, or of one."""

    agent_id: AgentId | None = None


@router.post("")
async def create(body: CreateBatch, caller: Caller, rooms: Rooms, wire: Connection) -> BatchJob:
    """Send many messages in the background. If one cannot be sent, none is.

    Ten of their runs are active at the same time. With an `idempotency-key`, what is repeated is
    carried out once.
    """
    if body.callback_url is not None:
        await rooms.egress.permit(body.callback_url)

    def read(tx: Tx) -> list[Send]:
        @cache
        def home(agent_id: str) -> tuple[Opened, Address]:
            address = addressing.default_of(tx, caller.project, agent_id)
            return choosing.opened(tx, caller.project, address), address

        sends = []
        for n, one in enumerate(body.requests):
            opened, address = home(one.agent_id)
            choosing.choose(rooms.catalog, opened, one.override_model)
            own = Wire(wire.request, wire.key and f"{wire.key}:{n}")
            sends.append(wished(address, one, caller, own))
        return sends

    sends = await rooms.db.read(read)
    job = BatchJob(id=clock.mint("job"), created_at=clock.now(), callback_url=body.callback_url)
    requests = [
        (one.address.agent_id, one.model_copy(update=_PATIENT).model_dump_json(exclude_none=True))
        for one in sends
    ]
    await rooms.db.tx(batches.add, caller.project, job, requests)
    rooms.batches.knock()
    return await rooms.db.read(batches.get, caller.project, job.id)


@router.get("")
async def list_batches(
    query: Annotated[NewestFirst, Query()], caller: Caller, db: Db
) -> list[BatchJob]:
    """List batches."""
    return await db.read(batches.listed, caller.project, query.page)


@router.get("/{batch_id}")
async def retrieve(batch_id: BatchId, caller: Caller, db: Db) -> BatchJob:
    """Read how a batch stands."""
    return await db.read(batches.get, caller.project, batch_id)


@router.get("/{batch_id}/messages")
async def list_messages(
    batch_id: BatchId, query: Annotated[BatchMessageQuery, Query()], caller: Caller, db: Db
) -> BatchMessages:
    """List what was said in answer to a batch, newest first unless asked otherwise."""
    page, agent = query.page, query.agent_id
    said = await db.read(batches.said, caller.project, batch_id, page, agent)
    return BatchMessages(messages=[whole(entry, address) for entry, address in said])


@router.patch("/{batch_id}/cancel", responses=CONFLICT)
async def cancel(batch_id: BatchId, caller: Caller, rooms: Rooms) -> None:
    """Cancel what is left of a batch: what waits is not sent, what is active is ended."""
    active = await rooms.db.tx(batches.cancel, caller.project, batch_id)
    for agent, runs in active.items():
        await rooms.end(line.cancel_some, caller.project, agent, runs)
    rooms.batches.knock()
