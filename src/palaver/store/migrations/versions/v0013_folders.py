"""Folders, their files, and the pieces of these.

Revision: 0013
"""

import sqlalchemy as sa
from alembic import op

from palaver.domain.words import words_of

revision = "0013"
down_revision = "0012"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
MOMENT = sa.String(27).with_variant(sa.String(27, "C"), "postgresql")
THERE = sa.text("deleted_at IS NULL")
REMOVED = sa.text("deleted_at IS NOT NULL")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "folders",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
        sa.Index("folders_of_project", "project_id", "id"),
    )
    op.create_table(
        "agents_folders",
        sa.Column("agent_id", ID, sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("folder_id", ID, sa.ForeignKey("folders.id"), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "folder_id"),
        sa.Index("agents_with_folder", "folder_id", "agent_id"),
    )
    op.create_table(
        "files",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("folder_id", ID, sa.ForeignKey("folders.id")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("lines", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT),
        sa.Column("body", sa.Text, nullable=False),
        _partial("files_of_folder", THERE, "folder_id", "id"),
        _partial("names_of_files", THERE, "folder_id", "name", unique=True),
        _partial("files_that_are_gone", REMOVED, "deleted_at"),
    )
    op.create_table(
        "agents_files",
        sa.Column("agent_id", ID, sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("file_id", ID, sa.ForeignKey("files.id"), nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("first_line", sa.Integer),
        sa.Column("last_line", sa.Integer),
        sa.Column("accessed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "file_id"),
        sa.Index("agents_with_file", "file_id"),
    )
    op.create_table(
        "file_passages",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("folder_id", ID, nullable=False),
        sa.Column("file_id", ID, sa.ForeignKey("files.id"), nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Index("passages_of_file", "file_id", "line", "id"),
        sa.Index("passages_of_folder", "folder_id", "id"),
    )


def downgrade() -> None:
    """Drop them all, with what is in them."""
    _forget()
    for table in ("file_passages", "agents_files", "files", "agents_folders", "folders"):
        op.drop_table(table)


def _partial(name: str, where: sa.TextClause, *columns: str, unique: bool = False) -> sa.Index:
    return sa.Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _forget() -> None:
    """Let the pieces no longer be found. SQLite's index has to be told their words again."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.execute(
            "DELETE FROM words USING searchable, file_passages "
            "WHERE words.n = searchable.n AND searchable.id = file_passages.id"
        )
    else:
        query = "SELECT n, folder_id, text FROM file_passages JOIN searchable USING (id)"
        forget = sa.text("INSERT INTO words (words, rowid, said) VALUES ('delete', :n, :said)")
        for row in bind.execute(sa.text(query)).all():
            said = " ".join([f"@{row.folder_id}", *words_of(row.text)])
            bind.execute(forget, {"n": row.n, "said": said})
    op.execute("DELETE FROM searchable WHERE id IN (SELECT id FROM file_passages)")
