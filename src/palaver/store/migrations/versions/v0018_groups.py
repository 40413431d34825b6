"""Agents may belong together.

Revision: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")


def upgrade() -> None:
    """Make room for groups, and for who is in them."""
    op.create_table(
        "groups",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("manager_type", sa.String(16), nullable=False),
        sa.Column("manager_agent_id", ID, sa.ForeignKey("agents.id")),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("groups_of_project", "groups", ["project_id", "id"])
    op.create_index("groups_of_type", "groups", ["project_id", "manager_type", "id"])
    op.create_index("groups_of_manager", "groups", ["manager_agent_id", "id"])
    op.create_table(
        "groups_agents",
        sa.Column("group_id", ID, sa.ForeignKey("groups.id"), nullable=False),
        sa.Column("agent_id", ID, sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "n"),
    )
    op.create_index("groups_with_agent", "groups_agents", ["agent_id", "group_id"])


def downgrade() -> None:
    """Know agents only by themselves again."""
    op.drop_table("groups_agents")
    op.drop_table("groups")
