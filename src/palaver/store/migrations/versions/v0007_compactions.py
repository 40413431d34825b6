"""Windows that begin with a summary, and what they were before.

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")


def upgrade() -> None:
    """Let a window have a head of its own, and remember what a compaction has changed."""
    op.add_column("conversations", sa.Column("context_head", sa.Text))
    op.create_table(
        "compactions",
        sa.Column("conversation_id", ID, sa.ForeignKey("conversations.id"), primary_key=True),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("context_from", sa.Integer, nullable=False),
        sa.Column("context_head", sa.Text),
        sa.Column("system", sa.Text),
    )


def downgrade() -> None:
    """Let windows begin where they go on, and forget what they were."""
    op.drop_table("compactions")
    with op.batch_alter_table("conversations") as conversations:
        conversations.drop_column("context_head")
