"""A batch: many sends in the background that are given in one piece."""

from typing import Literal

from palaver.domain.frozen import Stamp
from palaver.domain.run import Undertaking


class BatchJob(Undertaking):
    """A batch. Its status is that of its runs.

    It is completed when all have ended and one of them was completed. ``metadata`` counts its
    requests by how they stand; of one batch it also tells their runs, in the order of the
    requests, and why requests (by their number) could not be sent.
    """

    updated_at: Stamp | None = None
    job_type: Literal["batch"] = "batch"
    background: bool = True
    agent_id: str | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None
