"""What was deleted is removed some time later.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

GONE = sa.text("deleted_at IS NOT NULL")
GARBAGE = sa.text("deleted_at IS NOT NULL AND NOT collected")


def upgrade() -> None:
    """Find what was deleted without looking at the rest."""
    op.add_column(
        "conversations",
        sa.Column("collected", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    with op.batch_alter_table("conversations") as conversations:
        conversations.alter_column("collected", server_default=None)
    op.create_index(
        "garbage", "conversations", ["deleted_at"], sqlite_where=GARBAGE, postgresql_where=GARBAGE
    )
    op.create_index(
        "agents_that_are_gone", "agents", ["deleted_at"], sqlite_where=GONE, postgresql_where=GONE
    )


def downgrade() -> None:
    """Let what was deleted stay."""
    op.drop_index("agents_that_are_gone", "agents")
    op.drop_index("garbage", "conversations")
    with op.batch_alter_table("conversations") as conversations:
        conversations.drop_column("collected")
