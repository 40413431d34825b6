"""The tables of texts that are looked up: archives, their passages, and what can be searched."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from palaver.store.columns import Id, Moment, Vector
from palaver.store.schema import agents, metadata, projects

archives = Table(
    "archives",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey(projects.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Index("archives_of_project", "project_id", "id"),
)

agents_archives = Table(
    "agents_archives",
    metadata,
    Column("agent_id", Id, ForeignKey(agents.c.id), nullable=False),
    Column("archive_id", Id, ForeignKey(archives.c.id), nullable=False),
    Column("n", Integer, nullable=False),
    PrimaryKeyConstraint("agent_id", "archive_id"),
    Index("agents_with_archive", "archive_id"),
)

passages = Table(
    "passages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey(projects.c.id), nullable=False),
    Column("archive_id", Id, ForeignKey(archives.c.id), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Index("passages_of_archive", "archive_id", "id"),
)

passage_tags = Table(
    "passage_tags",
    metadata,
    Column("passage_id", Id, ForeignKey(passages.c.id), nullable=False),
    Column("tag", Text, nullable=False),
    PrimaryKeyConstraint("passage_id", "tag"),
)

# What can be found (`palaver.store.search`); its words are in the table `words`, under its number.
searchable = Table(
    "searchable",
    metadata,
    Column("n", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Id, nullable=False, unique=True),
)

# What a text means (`palaver.store.meanings`). Without numbers, the model does not take the text.
vectors = Table(
    "vectors",
    metadata,
    Column(
        "n",
        searchable.c.n.type,
        ForeignKey(searchable.c.n, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("kind", Text, nullable=False),
    Column("numbers", Vector),
)

vector_scopes = Table(
    "vector_scopes",
    metadata,
    Column("n", vectors.c.n.type, ForeignKey(vectors.c.n, ondelete="CASCADE"), nullable=False),
    Column("scope", Text, nullable=False),
    PrimaryKeyConstraint("n", "scope"),
    Index("vectors_in_scope", "scope", "n"),
    sqlite_with_rowid=False,
)

# One row: the kind of vectors that are made, and the worker whose turn it is.
embedders = Table(
    "embedders",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("worker", Id),
)
