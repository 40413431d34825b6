"""All that was said in a project is listed, whoever said it.

Revision: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Let a list of all entries begin anywhere."""
    op.create_index("entries_of_project", "entries", ["project_id", "id"])


def downgrade() -> None:
    """Do without it."""
    op.drop_index("entries_of_project", "entries")
