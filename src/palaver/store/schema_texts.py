"""The tables of what is looked up: archives, folders, traces, groups, batches, words and so on."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from palaver.store.columns import Id, Moment, Vector, in_time, only
from palaver.store.schema import WITH_CALLBACK, agents, metadata, projects

archives = Table(
    "archives",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey(projects.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    in_time(),
    Column("body", Text, nullable=False),
    Index("archives_of_project", "project_id", "sorted_as"),
    Index("archives_of_name", "project_id", "name", "sorted_as"),
)

agents_archives = Table(
    "agents_archives",
    metadata,
    Column("agent_id", Id, ForeignKey(agents.c.id), nullable=False),
    Column("archive_id", Id, ForeignKey(archives.c.id), nullable=False),
    Column("n", Integer, nullable=False),
    Column("sorted_as", Id),
    PrimaryKeyConstraint("agent_id", "archive_id"),
    Index("agents_with_archive", "archive_id", "sorted_as"),
)

passages = Table(
    "passages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey(projects.c.id), nullable=False),
    Column("archive_id", Id, ForeignKey(archives.c.id), nullable=False),
    Column("created_at", Moment, nullable=False),
    in_time(),
    Column("body", Text, nullable=False),
    Index("passages_of_archive", "archive_id", "sorted_as"),
)

passage_tags = Table(
    "passage_tags",
    metadata,
    Column("passage_id", Id, ForeignKey(passages.c.id), nullable=False),
    Column("tag", Text, nullable=False),
    PrimaryKeyConstraint("passage_id", "tag"),
)

THERE = text("deleted_at IS NULL")
"""Which files are there: all of their text is, and nobody has deleted them."""

REMOVED = text("deleted_at IS NOT NULL")
"""Which files are not, or not yet."""

folders = Table(
    "folders",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey(projects.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("project_id", "name"),
    Index("folders_of_project", "project_id", "id"),
)

agents_folders = Table(
    "agents_folders",
    metadata,
    Column("agent_id", Id, ForeignKey(agents.c.id), nullable=False),
    Column("folder_id", Id, ForeignKey(folders.c.id), nullable=False),
    Column("sorted_as", Id),
    PrimaryKeyConstraint("agent_id", "folder_id"),
    Index("agents_with_folder", "folder_id", "sorted_as"),
)

# A file whose folder is gone has no folder until its pieces have been removed.
files = Table(
    "files",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey(projects.c.id), nullable=False),
    Column("folder_id", Id, ForeignKey(folders.c.id)),
    Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("deleted_at", Moment),
    Column("body", Text, nullable=False),
    Index("files_of_folder", "folder_id", "id", **only(THERE)),
    Index("names_of_files", "folder_id", "name", unique=True, **only(THERE)),
    Index("files_that_are_gone", "deleted_at", **only(REMOVED)),
)

# What an agent has looked into; a file that it never opened has no row.
agents_files = Table(
    "agents_files",
    metadata,
    Column("agent_id", Id, ForeignKey(agents.c.id), nullable=False),
    Column("file_id", Id, ForeignKey(files.c.id), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("first_line", Integer),
    Column("last_line", Integer),
    Column("accessed_at", Moment, nullable=False),
    PrimaryKeyConstraint("agent_id", "file_id"),
    Index("agents_with_file", "file_id"),
)

# The text of a file is that of its pieces, in the order of their ids.
file_passages = Table(
    "file_passages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey(projects.c.id), nullable=False),
    Column("folder_id", Id, nullable=False),
    Column("file_id", Id, ForeignKey(files.c.id), nullable=False),
    Column("line", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("text", Text, nullable=False),
    Index("passages_of_file", "file_id", "line", "id"),
    Index("passages_of_folder", "folder_id", "id"),
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

identities = Table(
    "identities",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("identifier_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("identity_type", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    in_time(),
    Column("body", Text, nullable=False),
    UniqueConstraint("project_id", "identifier_key", name="one_identity_of_a_key"),
    Index("identities_of_project", "project_id", "sorted_as"),
    Index("identities_of_name", "project_id", "name", "sorted_as"),
)


def _of_identities(thing: str, things: str) -> Table:
    """Which agents, or which blocks, have which identities."""
    return Table(
        f"{things}_identities",
        metadata,
        Column(f"{thing}_id", Id, ForeignKey(f"{things}.id"), nullable=False),
        Column("identity_id", Id, ForeignKey("identities.id"), nullable=False),
        Column("sorted_as", Id),
        PrimaryKeyConstraint(f"{thing}_id", "identity_id"),
        Index(f"{things}_with_identity", "identity_id", "sorted_as"),
    )


agents_identities = _of_identities("agent", "agents")
blocks_identities = _of_identities("block", "blocks")

groups = Table(
    "groups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("manager_type", String(16), nullable=False),
    Column("manager_agent_id", Id, ForeignKey(agents.c.id)),
    Column("hidden", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Index("groups_of_project", "project_id", "id"),
    Index("groups_of_type", "project_id", "manager_type", "id"),
    Index("groups_of_manager", "manager_agent_id", "id"),
)

groups_agents = Table(
    "groups_agents",
    metadata,
    Column("group_id", Id, ForeignKey(groups.c.id), nullable=False),
    Column("agent_id", Id, ForeignKey(agents.c.id), nullable=False),
    Column("n", Integer, nullable=False),
    PrimaryKeyConstraint("group_id", "n"),
    Index("groups_with_agent", "agent_id", "group_id"),
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

BATCH_GOES_ON = text("ended_at IS NULL")
"""Which batches are not over."""

REQUEST_WAITS = text("state = 'waiting'")
"""Which requests of batches have not been sent."""

batches = Table(
    "batches",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey(projects.c.id), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("callback_due", Moment),
    Column("body", Text, nullable=False),
    Index("batches_of_project", "project_id", "id"),
    Index("batches_that_go_on", "id", **only(BATCH_GOES_ON)),
    Index("batch_callbacks_due", "callback_due", **only(WITH_CALLBACK)),
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("batch_id", Id, ForeignKey(batches.c.id), nullable=False),
    Column("n", Integer, nullable=False),
    Column("agent_id", Id, nullable=False),
    Column("state", String(16), nullable=False),
    Column("run_id", Id),
    Column("request", Text),
    Column("error", Text),
    PrimaryKeyConstraint("batch_id", "n"),
    Index("requests_that_wait", "batch_id", "n", **only(REQUEST_WAITS)),
)
