"""Many sends are given in one piece.

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
MOMENT = sa.String(27).with_variant(sa.String(27, "C"), "postgresql")
PARTIAL = {
    "batches_that_go_on": ("batches", ["id"], "ended_at IS NULL"),
    "batch_callbacks_due": ("batches", ["callback_due"], "callback_due IS NOT NULL"),
    "requests_that_wait": ("batch_items", ["batch_id", "n"], "state = 'waiting'"),
}


def upgrade() -> None:
    """Make room for batches and their requests."""
    op.create_table(
        "batches",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("callback_due", MOMENT),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("batches_of_project", "batches", ["project_id", "id"])
    op.create_table(
        "batch_items",
        sa.Column("batch_id", ID, sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("agent_id", ID, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("run_id", ID),
        sa.Column("request", sa.Text),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("batch_id", "n"),
    )
    for name, (table, columns, where) in PARTIAL.items():
        only = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    """Forget what was given in one piece; its runs stay."""
    op.drop_table("batch_items")
    op.drop_table("batches")
