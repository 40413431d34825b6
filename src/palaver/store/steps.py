"""Steps, as they are kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, bindparam, delete, insert, select, update

from palaver.domain.ids import ProjectId
from palaver.domain.page import Page
from palaver.domain.run import Step, StepMetrics
from palaver.errors import NotFound
from palaver.store import schema
from palaver.store.db import Tx
from palaver.store.paging import paged

_steps = schema.steps
_ADD = insert(_steps)
_MINE = (_steps.c.project_id == bindparam("project"), _steps.c.id == bindparam("step"))
_GET = select(_steps.c.body, _steps.c.metrics).where(*_MINE, schema.is_there(_steps))
_MEASURE = update(_steps).where(*_MINE)
_JUDGE = update(_steps).where(*_MINE)
_tags = schema.step_tags


@dataclass(frozen=True, slots=True)
class StepFilter:
    """Which steps are wanted; they have all of the tags. Nothing has a trace of OpenTelemetry's."""

    agent_id: str | None = None
    model: str | None = None
    feedback: Literal["positive", "negative"] | None = None
    has_feedback: bool | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    tags: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()

    @property
    def hopeless(self) -> bool:
        """Whether something is asked for that no step has."""
        return bool(self.trace_ids)


def put(
    tx: Tx,
    project: ProjectId,
    conversation_id: str,
    step: Step,
    at: datetime,
    metrics: StepMetrics | None = None,
) -> None:
    """Keep a step whose call of the model has ended."""
    tx.run(
        _ADD,
        {
            "id": step.id,
            "project_id": project,
            "agent_id": step.agent_id,
            "conversation_id": conversation_id,
            "run_id": step.run_id,
            "status": step.status,
            "model": step.model,
            "created_at": at,
            "body": _body(step),
            "metrics": metrics and _dumped(metrics),
        },
    )


def measure(tx: Tx, project: ProjectId, metrics: StepMetrics) -> None:
    """Keep what is known by now of how long a step took, if there is such a step."""
    tx.run(_MEASURE, {"project": project, "step": metrics.id, "metrics": _dumped(metrics)})


def judge(tx: Tx, project: ProjectId, step: Step) -> None:
    """Keep what somebody thinks of a step: its feedback and its tags. Raises `NotFound`."""
    given = {"project": project, "step": step.id, "feedback": step.feedback, "body": _body(step)}
    if not tx.run(_JUDGE, given):
        raise NotFound("Step")
    tx.run(delete(_tags).where(_tags.c.step_id == step.id))
    tx.many(insert(_tags), [{"step_id": step.id, "tag": tag} for tag in dict.fromkeys(step.tags)])


def get(tx: Tx, project: ProjectId, step_id: str, *, for_update: bool = False) -> Step:
    """The step called `step_id` in `project`, or `NotFound`.

    `for_update` keeps others from changing it meanwhile.
    """
    return Step.model_validate_json(_row_of(tx, project, step_id, for_update=for_update).body)


def find(tx: Tx, project: ProjectId, step_id: str) -> Step | None:
    """The step called `step_id`, if there is one: it may have been removed with its run."""
    row = tx.first(_GET, {"project": project, "step": step_id})
    return None if row is None else Step.model_validate_json(row.body)


def metrics_of(tx: Tx, project: ProjectId, step_id: str) -> StepMetrics:
    """How long the step called `step_id` took, or `NotFound`. Of older ones nothing is known."""
    row = _row_of(tx, project, step_id)
    step = Step.model_validate_json(row.body)
    kept = StepMetrics.model_validate_json(row.metrics) if row.metrics else StepMetrics(id=step.id)
    return kept.model_copy(
        update={
            "agent_id": step.agent_id,
            "run_id": step.run_id,
            "project_id": project,
            "provider_id": step.provider_id,
            "cached_input_tokens": step.cached_input_tokens,
        }
    )


def listed(tx: Tx, project: ProjectId, page: Page, wanted: StepFilter) -> list[Step]:
    """The steps on a page."""
    if wanted.hopeless:
        return []
    query = select(_steps.c.body).where(_steps.c.project_id == project, schema.is_there(_steps))
    if wanted.agent_id is not None:
        query = query.where(_steps.c.agent_id == wanted.agent_id)
    if wanted.model is not None:
        query = query.where(_steps.c.model == wanted.model)
    if wanted.start_date is not None:
        query = query.where(_steps.c.created_at >= wanted.start_date)
    if wanted.end_date is not None:
        query = query.where(_steps.c.created_at <= wanted.end_date)
    if wanted.feedback is not None:
        query = query.where(schema.WITH_FEEDBACK, _steps.c.feedback == wanted.feedback)
    if wanted.has_feedback is not None:
        said = schema.WITH_FEEDBACK if wanted.has_feedback else _steps.c.feedback.is_(None)
        query = query.where(said)
    for tag in set(wanted.tags):
        query = query.where(_steps.c.id.in_(select(_tags.c.step_id).where(_tags.c.tag == tag)))
    return _read_all(paged(tx, project, query, _steps, page))


def of_run(tx: Tx, project: ProjectId, run_id: str, page: Page) -> list[Step]:
    """The steps of a run on a page."""
    query = select(_steps.c.body).where(_steps.c.project_id == project, _steps.c.run_id == run_id)
    return _read_all(paged(tx, project, query, _steps, page))


def all_of_run(tx: Tx, project: ProjectId, run_id: str) -> list[Step]:
    """All steps of a run."""
    query = select(_steps.c.body).where(_steps.c.project_id == project, _steps.c.run_id == run_id)
    return _read_all(tx.all(query.order_by(_steps.c.id)))


def _body(step: Step) -> str:
    """A step as it is kept: with what is told of its tokens, which nobody is shown with it."""
    if step.token_details is None:
        return step.model_dump_json(exclude_defaults=True)
    told = step.token_details.model_dump(mode="json", exclude_none=True)
    return json.dumps(
        {**step.model_dump(mode="json", exclude_defaults=True), "token_details": told}
    )


def _dumped(metrics: StepMetrics) -> str:
    return metrics.model_dump_json(exclude_none=True)


def _row_of(tx: Tx, project: ProjectId, step_id: str, *, for_update: bool = False) -> Row[Any]:
    query = _GET.with_for_update(of=_steps) if for_update else _GET
    row = tx.first(query, {"project": project, "step": step_id})
    if row is None:
        raise NotFound("Step")
    return row


def _read_all(rows: Sequence[Row[Any]]) -> list[Step]:
    return [Step.model_validate_json(row.body) for row in rows]
