"""What is remembered of a conversation's last prompt, and how long its steps took.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")


def upgrade() -> None:
    """Make room for outlines of prompts, and for the metrics of steps."""
    op.create_table(
        "prompts",
        sa.Column("conversation_id", ID, sa.ForeignKey("conversations.id"), primary_key=True),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("head", sa.LargeBinary, nullable=False),
        sa.Column("said", sa.LargeBinary, nullable=False),
    )
    op.add_column("steps", sa.Column("metrics", sa.Text))


def downgrade() -> None:
    """Forget both."""
    with op.batch_alter_table("steps") as steps:
        steps.drop_column("metrics")
    op.drop_table("prompts")
