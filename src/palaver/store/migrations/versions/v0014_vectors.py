"""What texts mean: their vectors, and whose turn it is to make them.

No extension of the database is needed for these tables; only searches want one.

Revision: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0014"
down_revision = "0013"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
VECTOR = sa.LargeBinary().with_variant(ARRAY(sa.REAL), "postgresql")


def upgrade() -> None:
    """Make the tables; they are filled by a server that is told of an embedding model."""
    op.create_table(
        "vectors",
        sa.Column(
            "n",
            NUMBER,
            sa.ForeignKey("searchable.n", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("numbers", VECTOR),
    )
    if op.get_bind().dialect.name == "postgresql":  # numbers cannot be packed: do not try
        op.execute("ALTER TABLE vectors ALTER numbers SET STORAGE EXTERNAL")
    op.create_table(
        "vector_scopes",
        sa.Column("n", NUMBER, sa.ForeignKey("vectors.n", ondelete="CASCADE"), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("n", "scope"),
        sa.Index("vectors_in_scope", "scope", "n"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "embedders",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("worker", ID),
    )


def downgrade() -> None:
    """Drop them: vectors can be made again."""
    for table in ("embedders", "vector_scopes", "vectors"):
        op.drop_table(table)
