"""Runs and steps over HTTP."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import Body, Query
from pydantic import Field

from palaver.api import routing
from palaver.api.deps import Caller, Db, Rooms
from palaver.api.pages import NewestFirst, OldestFirst
from palaver.api.problems import CONFLICT, Problem
from palaver.core.expand import messages_of
from palaver.domain.frozen import Frozen, SentStamp
from palaver.domain.ids import RunId, StepId
from palaver.domain.message import Message
from palaver.domain.page import Limit, Page
from palaver.domain.run import (
    ACTIVE,
    CompletionTokensDetails,
    PromptTokensDetails,
    Run,
    RunMetrics,
    RunStatus,
    RunUsage,
    Step,
    StepMetrics,
    StopReason,
)
from palaver.domain.trace import ProviderTrace
from palaver.engine import line, measuring
from palaver.errors import TracesOff
from palaver.store import entries, runs, steps, traces
from palaver.store.db import Tx
from palaver.store.runs import RunFilter
from palaver.store.steps import StepFilter

router = routing.router("/v1/runs", "runs")
step_router = routing.router("/v1/steps", "steps")
telemetry = routing.router("/v1/telemetry", "telemetry")

_OFF: dict[int | str, dict[str, Any]] = {
    501: {"model": Problem, "description": "Traces are switched off."}
}


class RunQuery(NewestFirst):
    """Which runs are wanted. ``active`` is the older way to ask for those that go on."""

    limit: Annotated[int, Field(ge=0, le=1000)] | None = 100
    active: bool = False
    agent_id: str | None = None
    agent_ids: list[str] | None = None
    conversation_id: str | None = None
    statuses: list[RunStatus] | None = None
    stop_reason: StopReason | None = None
    background: bool | None = None
    ascending: bool | None = None

    @property
    def page(self) -> Page:
        """The part of the list that is wanted."""
        page = super().page
        return page.model_copy(update={"order": "asc"}) if self.ascending else page

    @property
    def wanted(self) -> RunFilter:
        """The filter that the store understands."""
        agents = tuple(self.agent_ids or ()) or ((self.agent_id,) if self.agent_id else ())
        return RunFilter(
            agent_ids=agents,
            conversation_id=self.conversation_id,
            statuses=tuple(self.statuses or (ACTIVE if self.active else ())),
            stop_reason=self.stop_reason,
            background=self.background,
        )


class StepQuery(NewestFirst):
    """Which steps are wanted."""

    limit: Limit | None = 50
    agent_id: str | None = None
    model: str | None = None
    feedback: Literal["positive", "negative"] | None = None
    has_feedback: bool | None = None
    start_date: SentStamp | None = None
    end_date: SentStamp | None = None
    tags: list[str] | None = None
    trace_ids: list[str] | None = None
    project_id: str | None = None

    @property
    def wanted(self) -> StepFilter:
        """The filter that the store understands."""
        return StepFilter(
            agent_id=self.agent_id,
            model=self.model,
            feedback=self.feedback,
            has_feedback=self.has_feedback,
            start_date=self.start_date,
            end_date=self.end_date,
            tags=tuple(self.tags or ()),
            trace_ids=tuple(self.trace_ids or ()),
        )


class Feedback(Frozen):
    """What somebody thinks of a step."""

    feedback: Literal["positive", "negative"] | None = None
    tags: list[str] | None = None


@router.get("/")
async def list_runs(query: Annotated[RunQuery, Query()], caller: Caller, db: Db) -> list[Run]:
    """List runs."""
    return await db.read(runs.listed, caller.project, query.page, query.wanted)


@router.get("/active", deprecated=True)
async def list_active(
    caller: Caller, db: Db, agent_id: str | None = None, background: bool | None = None
) -> list[Run]:
    """List the runs that are active: another way to ask for some statuses."""
    query = RunQuery(active=True, agent_id=agent_id, background=background)
    return await list_runs(query, caller, db)


@router.get("/{run_id}")
async def retrieve(run_id: RunId, caller: Caller, db: Db) -> Run:
    """Read one run."""
    return await db.read(runs.get, caller.project, run_id)


@router.delete("/{run_id}", responses=CONFLICT)
async def delete(run_id: RunId, caller: Caller, db: Db) -> None:
    """Remove a run that has ended, with its steps and its stream. What was said in it stays."""
    await db.tx(line.remove, caller.project, run_id)


@router.get("/{run_id}/messages")
async def list_messages(
    run_id: RunId, query: Annotated[OldestFirst, Query()], caller: Caller, db: Db
) -> list[Message]:
    """List what was said in a run, its input first."""

    def read(tx: Tx) -> list[Message]:
        runs.get(tx, caller.project, run_id)
        found = entries.of_run(tx, caller.project, run_id, query.page)
        return [message for entry in found for message in messages_of(entry)]

    return await db.read(read)


@router.get("/{run_id}/steps")
async def list_steps_of_run(
    run_id: RunId, query: Annotated[NewestFirst, Query()], caller: Caller, db: Db
) -> list[Step]:
    """List the steps of a run."""

    def read(tx: Tx) -> list[Step]:
        runs.get(tx, caller.project, run_id)
        return steps.of_run(tx, caller.project, run_id, query.page)

    return await db.read(read)


@router.get("/{run_id}/usage")
async def usage(run_id: RunId, caller: Caller, db: Db) -> RunUsage:
    """Sum up the tokens of a run."""

    def read(tx: Tx) -> list[Step]:
        runs.get(tx, caller.project, run_id)
        return steps.all_of_run(tx, caller.project, run_id)

    done = await db.read(read)
    cached = _sum(step.cached_input_tokens for step in done)
    return RunUsage(
        prompt_tokens=_sum(step.prompt_tokens for step in done) or 0,
        completion_tokens=_sum(step.completion_tokens for step in done) or 0,
        total_tokens=_sum(step.total_tokens for step in done) or 0,
        prompt_tokens_details=PromptTokensDetails(
            cached_tokens=cached,
            cache_read_tokens=cached,
            cache_creation_tokens=_sum(step.cache_write_tokens for step in done),
        ),
        completion_tokens_details=CompletionTokensDetails(
            reasoning_tokens=_sum(step.reasoning_tokens for step in done)
        ),
    )


@router.get("/{run_id}/metrics")
async def metrics(run_id: RunId, caller: Caller, db: Db) -> RunMetrics:
    """Read how long a run took, and which tools it used."""
    return await db.read(measuring.of_run, caller.project, run_id)


@router.get("/{run_id}/trace", responses=_OFF)
async def trace(
    run_id: RunId, caller: Caller, rooms: Rooms, limit: Annotated[int, Query(ge=1, le=5000)] = 1000
) -> list[ProviderTrace]:
    """List what a run asked of providers and what they answered, oldest first."""

    def read(tx: Tx) -> list[ProviderTrace]:
        runs.get(tx, caller.project, run_id)
        return traces.of_run(tx, caller.project, run_id, limit)

    found = await rooms.db.read(read)
    if not (found or rooms.catalog.traces):
        raise TracesOff
    return found


@step_router.get("/")
async def list_steps(query: Annotated[StepQuery, Query()], caller: Caller, db: Db) -> list[Step]:
    """List steps."""
    return await db.read(steps.listed, caller.project, query.page, query.wanted)


@step_router.get("/{step_id}")
async def retrieve_step(step_id: StepId, caller: Caller, db: Db) -> Step:
    """Read one step."""
    return await db.read(steps.get, caller.project, step_id)


@step_router.get("/{step_id}/metrics")
async def retrieve_metrics(step_id: StepId, caller: Caller, db: Db) -> StepMetrics:
    """Read how long a step took, and whether its prompt went on from the one before it."""
    return await db.read(steps.metrics_of, caller.project, step_id)


@step_router.get("/{step_id}/trace")
@telemetry.get("/{step_id}", deprecated=True)
async def retrieve_trace(step_id: StepId, caller: Caller, db: Db) -> ProviderTrace | None:
    """Read what a step asked of its provider and what came back; null where that is not kept."""

    def read(tx: Tx) -> ProviderTrace | None:
        steps.get(tx, caller.project, step_id)
        return traces.find(tx, caller.project, step_id)

    return await db.read(read)


@step_router.patch("/{step_id}/feedback")
async def judge(step_id: StepId, body: Annotated[Feedback, Body()], caller: Caller, db: Db) -> Step:
    """Say what you think of a step; null takes it back, and tags that are left out stay."""

    def write(tx: Tx) -> Step:
        step = steps.get(tx, caller.project, step_id, for_update=True)
        tags = step.tags if body.tags is None else body.tags
        judged = step.model_copy(update={"feedback": body.feedback, "tags": tags})
        steps.judge(tx, caller.project, judged)
        return judged

    return await db.tx(write)


@step_router.get("/{step_id}/messages")
async def list_messages_of_step(
    step_id: StepId, query: Annotated[OldestFirst, Query()], caller: Caller, db: Db
) -> list[Message]:
    """List what was said in a step."""

    def read(tx: Tx) -> list[Message]:
        steps.get(tx, caller.project, step_id)
        found = entries.of_step(tx, caller.project, step_id, query.page)
        return [message for entry in found for message in messages_of(entry)]

    return await db.read(read)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
