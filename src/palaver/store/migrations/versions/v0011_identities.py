"""Agents and blocks may be somebody's.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
MOMENT = sa.String(27).with_variant(sa.String(27, "C"), "postgresql")
_HOLDERS = {"agents": "agent_id", "blocks": "block_id"}


def upgrade() -> None:
    """Make room for identities, and for who has which."""
    op.create_table(
        "identities",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("identifier_key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("identity_type", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("project_id", "identifier_key", name="one_identity_of_a_key"),
    )
    op.create_index("identities_of_project", "identities", ["project_id", "id"])
    for things, thing_id in _HOLDERS.items():
        op.create_table(
            f"{things}_identities",
            sa.Column(thing_id, ID, sa.ForeignKey(f"{things}.id"), nullable=False),
            sa.Column("identity_id", ID, sa.ForeignKey("identities.id"), nullable=False),
            sa.PrimaryKeyConstraint(thing_id, "identity_id"),
        )
        op.create_index(
            f"{things}_with_identity", f"{things}_identities", ["identity_id", thing_id]
        )


def downgrade() -> None:
    """Know nobody any more."""
    for things in _HOLDERS:
        op.drop_table(f"{things}_identities")
    op.drop_table("identities")
