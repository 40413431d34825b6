"""What providers were asked can be read for some time.

Revision: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
MOMENT = sa.String(27).with_variant(sa.String(27, "C"), "postgresql")


def upgrade() -> None:
    """Make room for traces."""
    op.create_table(
        "traces",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("step_id", ID),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("traces_of_run", "traces", ["project_id", "run_id", "id"])
    op.create_index("traces_of_step", "traces", ["project_id", "step_id", "id"])
    op.create_index("traces_by_age", "traces", ["created_at"])


def downgrade() -> None:
    """Forget them."""
    op.drop_table("traces")
