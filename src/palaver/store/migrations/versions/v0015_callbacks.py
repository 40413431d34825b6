"""Who sent something in the background is called back when it has ended.

Revision: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

MOMENT = sa.String(27).with_variant(sa.String(27, "C"), "postgresql")
WITH_CALLBACK = sa.text("callback_due IS NOT NULL")


def upgrade() -> None:
    """Find the calls that are due without looking at the other runs."""
    op.add_column("runs", sa.Column("callback_due", MOMENT))
    op.create_index(
        "callbacks_due",
        "runs",
        ["callback_due"],
        sqlite_where=WITH_CALLBACK,
        postgresql_where=WITH_CALLBACK,
    )


def downgrade() -> None:
    """Call nobody back."""
    op.drop_index("callbacks_due", "runs")
    with op.batch_alter_table("runs") as runs:
        runs.drop_column("callback_due")
