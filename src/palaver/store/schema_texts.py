"""The tables of texts that are looked up: archives, passages, traces, and what can be searched."""

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

from palaver.store.columns import Id, Moment
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

traces = Table(
    "traces",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, nullable=False),
    Column("run_id", Id, nullable=False),
    Column("step_id", Id),
    Column("created_at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Index("traces_of_run", "project_id", "run_id", "id"),
    Index("traces_of_step", "project_id", "step_id", "id"),
    Index("traces_by_age", "created_at"),
)

# What can be found (`palaver.store.search`); its words are in the table `words`, under its number.
searchable = Table(
    "searchable",
    metadata,
    Column("n", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Id, nullable=False, unique=True),
)
