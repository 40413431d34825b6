"""Runs that wait, requests that can be taken up again, logs that are removed, beats for leases.

Revision: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
MOMENT = sa.String(27).with_variant(sa.String(27, "C"), "postgresql")
HOLDER = ["project_id", "conversation_id"]


def where(condition: str) -> dict[str, Any]:
    """A condition for a partial index on either database."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


ACTIVE = where("status IN ('created', 'running')")
RUNNING = where("status = 'running'")


def upgrade() -> None:
    """Let runs wait for each other, and be taken up by another worker."""
    op.add_column("runs", sa.Column("place", sa.Integer))
    op.add_column("runs", sa.Column("request", sa.Text))
    op.add_column("runs", sa.Column("pruned_to", sa.Integer))
    op.drop_index("one_active_run", "runs")
    op.drop_index("active_runs_of_worker", "runs")
    op.create_index("one_running_run", "runs", HOLDER, unique=True, **RUNNING)
    op.create_index("active_runs", "runs", [*HOLDER, "place"], **ACTIVE)
    op.create_index("runs_of_worker", "runs", ["worker_id"], **RUNNING)
    op.create_index(
        "runs_with_a_log",
        "runs",
        ["completed_at"],
        **where("completed_at IS NOT NULL AND pruned_to IS NULL"),
    )
    op.create_index(
        "entries_of_otid", "entries", ["conversation_id", "otid"], **where("otid IS NOT NULL")
    )
    op.drop_table("workers")
    op.create_table(
        "workers",
        sa.Column("id", ID, primary_key=True),
        sa.Column("beat", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Go back to one active run for a conversation. Runs that wait have to be gone."""
    op.drop_table("workers")
    op.create_table(
        "workers",
        sa.Column("id", ID, primary_key=True),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    op.drop_index("entries_of_otid", "entries")
    for name in ("runs_with_a_log", "runs_of_worker", "active_runs", "one_running_run"):
        op.drop_index(name, "runs")
    op.create_index("one_active_run", "runs", HOLDER, unique=True, **ACTIVE)
    op.create_index("active_runs_of_worker", "runs", ["worker_id"], **ACTIVE)
    with op.batch_alter_table("runs") as runs:
        for name in ("pruned_to", "request", "place"):
            runs.drop_column(name)
