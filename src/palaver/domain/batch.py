"""A batch: many sends in the background that are given in one piece."""

from typing import Any, Literal

from palaver.domain.frozen import Frozen, Stamp
from palaver.domain.run import RunStatus, StopReason


class BatchJob(Frozen):
    """A batch. Its status is that of its runs.

    It is completed when all have ended and one of them was completed. ``metadata`` counts its
    requests by how they stand; of one batch it also tells their runs, in the order of the
    requests, and why requests (by their number) could not be sent.
    """

    id: str
    created_at: Stamp
    updated_at: Stamp | None = None
    status: RunStatus = "created"
    completed_at: Stamp | None = None
    stop_reason: StopReason | None = None
    metadata: dict[str, Any] | None = None
    job_type: Literal["batch"] = "batch"
    background: bool = True
    agent_id: str | None = None
    callback_url: str | None = None
    callback_sent_at: Stamp | None = None
    callback_status_code: int | None = None
    callback_error: str | None = None
    ttft_ns: int | None = None
    total_duration_ns: int | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None
