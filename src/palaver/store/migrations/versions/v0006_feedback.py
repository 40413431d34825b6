"""What people think of steps, and the tags they give them.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
WITH_FEEDBACK = sa.text("feedback IS NOT NULL")


def upgrade() -> None:
    """Let steps be found by what people think of them."""
    op.add_column("steps", sa.Column("feedback", sa.String(16)))
    op.create_index(
        "steps_with_feedback",
        "steps",
        ["project_id", "id"],
        sqlite_where=WITH_FEEDBACK,
        postgresql_where=WITH_FEEDBACK,
    )
    op.create_table(
        "step_tags",
        sa.Column("step_id", ID, sa.ForeignKey("steps.id"), nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("step_id", "tag"),
    )
    op.create_index("steps_with_tag", "step_tags", ["tag", "step_id"])


def downgrade() -> None:
    """Forget who thinks what."""
    op.drop_table("step_tags")
    op.drop_index("steps_with_feedback", "steps")
    with op.batch_alter_table("steps") as steps:
        steps.drop_column("feedback")
