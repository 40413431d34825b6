"""Deadlines of conversations whose tool calls wait for an answer.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.String(27).with_variant(sa.String(27, "C"), "postgresql")
WITH_DEADLINE = sa.text("answer_due IS NOT NULL")


def upgrade() -> None:
    """Let a conversation wait for an answer up to some moment."""
    op.add_column("conversations", sa.Column("answer_due", MOMENT))
    op.create_index(
        "answers_due",
        "conversations",
        ["answer_due"],
        sqlite_where=WITH_DEADLINE,
        postgresql_where=WITH_DEADLINE,
    )


def downgrade() -> None:
    """Let all wait for ever."""
    op.drop_index("answers_due", "conversations")
    with op.batch_alter_table("conversations") as conversations:
        conversations.drop_column("answer_due")
