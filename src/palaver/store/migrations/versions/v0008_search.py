"""Archives with their passages, and the full-text index of what was said and what is archived.

What has been said until now is put into the index.

Revision: 0008
"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice

import sqlalchemy as sa
from alembic import op

from palaver.domain.words import words_of

revision = "0008"
down_revision = "0007"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
MOMENT = sa.String(27).with_variant(sa.String(27, "C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
AT_ONCE = 1000

# Nothing is read back from the index but numbers. It knows no texts, no order of words, and it
# takes for a word what stands between blanks: texts are cut by palaver.
WORDS = {
    "sqlite": (
        "CREATE VIRTUAL TABLE words USING fts5(said, content='', detail=none, columnsize=0, "
        "tokenize=\"ascii tokenchars '@~-'\")",
        "INSERT INTO words (words, rank) VALUES ('automerge', 8)",
    ),
    "postgresql": (
        "CREATE TABLE words (n bigint PRIMARY KEY, said tsvector NOT NULL)",
        # What is new is listed, and sorted in many at a time. Searches read that list: a short one.
        "CREATE INDEX words_said ON words USING gin (said) WITH (gin_pending_list_limit = 256)",
    ),
}
NOTE = {
    "sqlite": "INSERT INTO words (rowid, said) VALUES (:n, :said)",
    "postgresql": "INSERT INTO words (n, said) VALUES (:n, CAST(:said AS tsvector))",
}


def upgrade() -> None:
    """Make the tables, and note what was said."""
    op.create_table(
        "archives",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Index("archives_of_project", "project_id", "id"),
    )
    op.create_table(
        "agents_archives",
        sa.Column("agent_id", ID, sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("archive_id", ID, sa.ForeignKey("archives.id"), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "archive_id"),
        sa.Index("agents_with_archive", "archive_id"),
    )
    op.create_table(
        "passages",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("archive_id", ID, sa.ForeignKey("archives.id"), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Index("passages_of_archive", "archive_id", "id"),
    )
    op.create_table(
        "passage_tags",
        sa.Column("passage_id", ID, sa.ForeignKey("passages.id"), nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("passage_id", "tag"),
    )
    op.create_table(
        "searchable",
        sa.Column("n", NUMBER, primary_key=True),
        sa.Column("id", ID, nullable=False, unique=True),
    )
    for statement in WORDS[op.get_bind().dialect.name]:
        op.execute(statement)
    _note_what_was_said()


def downgrade() -> None:
    """Drop them all; what was archived is lost."""
    for table in ("words", "searchable", "passage_tags", "passages", "agents_archives", "archives"):
        op.execute(f"DROP TABLE {table}")


def _note_what_was_said() -> None:
    bind = op.get_bind()
    note = sa.text(NOTE[bind.dialect.name])
    searchable = sa.table("searchable", sa.column("n", NUMBER), sa.column("id", ID))
    found = enumerate(_searchable(bind), start=1)
    while batch := list(islice(found, AT_ONCE)):
        bind.execute(searchable.insert(), [{"n": n, "id": id} for n, (id, _) in batch])
        bind.execute(note, [{"n": n, "said": said} for n, (_, said) in batch])
    if bind.dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('searchable', 'n'), max(n)) FROM searchable"
        )


def _searchable(bind: sa.Connection) -> Iterator[tuple[str, str]]:
    """Each entry that can be found, oldest first, with its words."""
    last = ""
    query = sa.text(
        "SELECT id, project_id, agent_id, role, body FROM entries WHERE id > :last "
        f"ORDER BY id LIMIT {AT_ONCE}"
    )
    while rows := bind.execute(query, {"last": last}).all():
        last = rows[-1].id
        for row in rows:
            if row.role in ("user", "assistant", "summary"):
                parts = json.loads(row.body)["parts"]
                words = [*_words(parts, "text", ""), *_words(parts, "reasoning", "~")]
                if words:
                    scopes = [f"@entries-{row.project_id}", f"@{row.agent_id}"]
                    yield row.id, " ".join([*scopes, *words])


def _words(parts: Sequence[dict[str, str]], kind: str, mark: str) -> list[str]:
    text = "\n".join(part["text"] for part in parts if part["type"] == kind)
    return [mark + word for word in words_of(text)]
