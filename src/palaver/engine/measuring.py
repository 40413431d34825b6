"""What a run is measured by, gathered from where it is kept: its steps and what was said in it."""

from palaver.domain.ids import ProjectId
from palaver.domain.part import ToolReturn
from palaver.domain.run import RunMetrics
from palaver.engine import equipment
from palaver.store import entries, runs, steps
from palaver.store.db import Tx


def of_run(tx: Tx, project: ProjectId, run_id: str) -> RunMetrics:
    """The metrics of a run, or `NotFound`. Tools of clients, and deleted ones, have no id."""
    run = runs.get(tx, project, run_id)
    returns = [
        part
        for entry in entries.all_of_run(tx, project, run_id)
        for part in entry.parts
        if isinstance(part, ToolReturn)
    ]
    names = dict.fromkeys(part.name for part in returns if part.name)
    tools = (equipment.find_named(tx, project, name) for name in names)
    return RunMetrics(
        id=run.id,
        agent_id=run.agent_id,
        project_id=project,
        run_start_ns=int(run.created_at.timestamp() * 1_000_000) * 1_000,
        run_ns=run.total_duration_ns,
        num_steps=len(steps.all_of_run(tx, project, run_id)),
        tools_used=[tool.id for tool in tools if tool is not None],
    )
