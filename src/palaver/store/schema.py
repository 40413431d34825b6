"""The tables. A row is its keys and a body: columns exist for what is searched, sorted or unique.

Bodies are JSON text; times are ISO-8601 text with microseconds, which sorts as it reads. Whatever a
caller can reach carries ``project_id``.

The tables of texts that are looked up stand in `palaver.store.schema_texts`.

The condition of a partial index has to stand in a query as it stands here, or the index is not
used.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
    text,
)

from palaver.store.columns import Id, Moment, Numbers, Word, in_time, only

metadata = MetaData()

ACTIVE = text("status IN ('created', 'running')")
"""Which runs are active: they wait (``created``) or are carried out (``running``)."""

RUNNING = text("status = 'running'")
"""Which runs are carried out."""

WITH_KEY = text("request_key IS NOT NULL")
"""Which runs come from a send that may be repeated."""

IN_BACKGROUND = text("background")
"""Which runs somebody has sent into the background."""

STOPPED = text("stop_reason IS NOT NULL")
"""Which runs say why they have ended."""

WITH_A_LOG = text("completed_at IS NOT NULL AND pruned_to IS NULL")
"""Which runs have ended and still have their events."""

WITH_CALLBACK = text("callback_due IS NOT NULL")
"""Which runs, and which batches, have ended and somebody is to be told."""

WITH_OTID = text("otid IS NOT NULL")
"""Which entries have a name that their sender gave them."""

WITH_DEADLINE = text("answer_due IS NOT NULL")
"""Which conversations wait for an answer up to some moment only."""

WITH_FEEDBACK = text("feedback IS NOT NULL")
"""Which steps somebody has said something of."""

LISTED = text("deleted_at IS NULL AND NOT hidden")
"""Which agents stand in lists."""

GONE = text("deleted_at IS NOT NULL")
"""Which agents have been deleted."""

GARBAGE = text("deleted_at IS NOT NULL AND NOT collected")
"""Which conversations have been deleted and may still have rows that nobody reaches."""

IS_TEMPLATE = text("is_template")
"""Which blocks are templates."""

IS_DEFAULT = text("is_default")
"""Which conversations are the default ones of their agents."""


def is_there(table: Table) -> ColumnElement[bool]:
    """Whether the conversation that a row of `table` belongs to has not been deleted."""
    # An EXISTS beside an OR makes PostgreSQL read all conversations first; this asks for one.
    belongs = conversations.c.id == table.c.conversation_id
    return select(conversations.c.deleted_at).where(belongs).scalar_subquery().is_(None)


projects = Table(
    "projects",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

agents = Table(
    "agents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("last_run_completion", Moment),
    Column("last_run_duration_ms", Integer),
    Column("last_stop_reason", String(64)),
    Column("deleted_at", Moment),
    in_time(),
    Column("body", Text, nullable=False),
    Index("agents_of_project", "project_id", "sorted_as", **only(LISTED)),
    Index("agents_of_name", "project_id", "name", "sorted_as", **only(LISTED)),
    Index("agents_by_change", "project_id", "updated_at", "sorted_as", **only(LISTED)),
    Index("agents_by_run", "project_id", "last_run_completion", "sorted_as", **only(LISTED)),
    Index("agents_that_are_gone", "deleted_at", **only(GONE)),
)

agent_tags = Table(
    "agent_tags",
    metadata,
    Column("agent_id", Id, ForeignKey("agents.id"), nullable=False),
    Column("tag", Word, nullable=False),
    Column("project_id", Id, nullable=False),
    Column("sorted_as", Id),
    PrimaryKeyConstraint("agent_id", "tag"),
    Index("agents_with_tag", "project_id", "tag", "sorted_as"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("name", Text),
    Column("description", Text),
    Column("value", Text, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("is_template", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    in_time(),
    Column("body", Text, nullable=False),
    Index("blocks_of_project", "project_id", "sorted_as"),
    Index("blocks_of_label", "project_id", "label", "sorted_as"),
    Index("blocks_of_name", "project_id", "name", "sorted_as"),
    Index("block_templates", "project_id", "sorted_as", **only(IS_TEMPLATE)),
)

block_tags = Table(
    "block_tags",
    metadata,
    Column("block_id", Id, ForeignKey("blocks.id"), nullable=False),
    Column("tag", Word, nullable=False),
    Column("project_id", Id, nullable=False),
    Column("sorted_as", Id),
    PrimaryKeyConstraint("block_id", "tag"),
    Index("blocks_with_tag", "project_id", "tag", "sorted_as"),
)

agents_blocks = Table(
    "agents_blocks",
    metadata,
    Column("agent_id", Id, ForeignKey("agents.id"), nullable=False),
    Column("block_id", Id, ForeignKey("blocks.id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("sorted_as", Id),
    PrimaryKeyConstraint("agent_id", "block_id"),
    UniqueConstraint("agent_id", "label", name="one_block_of_a_label"),
    Index("agents_with_block", "block_id", "sorted_as"),
)

mcp_servers = Table(
    "mcp_servers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("project_id", "name", name="one_mcp_server_of_a_name"),
)

tools = Table(
    "tools",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("tool_type", String(32), nullable=False),
    Column("mcp_server_id", Id, ForeignKey("mcp_servers.id")),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    in_time(),
    Column("body", Text, nullable=False),
    UniqueConstraint("project_id", "name", name="one_tool_of_a_name"),
    Index("tools_of_project", "project_id", "sorted_as"),
    Index("tools_of_mcp_server", "mcp_server_id"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("agent_id", Id, ForeignKey("agents.id"), nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("head_seq", Integer, nullable=False),
    Column("context_from", Integer, nullable=False),
    Column("context_head", Numbers),
    Column("stale", Boolean, nullable=False),
    Column("summary", Text),
    Column("hidden", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("last_message_at", Moment),
    Column("last_run_completion", Moment),
    Column("answer_due", Moment),
    Column("archived_at", Moment),
    Column("deleted_at", Moment),
    Column("collected", Boolean, nullable=False),
    in_time(),
    Column("body", Text, nullable=False),
    Index("conversations_of_agent", "project_id", "agent_id", "sorted_as"),
    Index("conversations_by_message", "project_id", "agent_id", "last_message_at", "sorted_as"),
    Index("garbage", "deleted_at", **only(GARBAGE)),
    Index("conversations_of_project", "project_id", "sorted_as"),
    Index("answers_due", "answer_due", **only(WITH_DEADLINE)),
    Index(
        "one_default_conversation",
        "project_id",
        "agent_id",
        unique=True,
        **only(IS_DEFAULT),
    ),
)

segments = Table(
    "segments",
    metadata,
    Column("conversation_id", Id, ForeignKey("conversations.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("source_conversation_id", Id, nullable=False),
    Column("lo", Integer, nullable=False),
    Column("hi", Integer, nullable=False),
    PrimaryKeyConstraint("conversation_id", "n"),
    Index("segments_of_source", "source_conversation_id"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, nullable=False),
    Column("agent_id", Id, nullable=False),
    Column("conversation_id", Id, ForeignKey("conversations.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("role", String(16), nullable=False),
    Column("otid", Text),
    Column("run_id", Id),
    Column("step_id", Id),
    Column("created_at", Moment, nullable=False),
    in_time(),
    Column("body", Text, nullable=False),
    UniqueConstraint("conversation_id", "seq", name="one_entry_of_a_number"),
    Index("entries_of_agent", "agent_id", "sorted_as"),
    Index("entries_of_project", "project_id", "sorted_as"),
    Index("entries_of_run", "run_id"),
    Index("entries_of_step", "step_id"),
    Index("entries_of_otid", "conversation_id", "otid", **only(WITH_OTID)),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, nullable=False),
    Column("agent_id", Id, nullable=False),
    Column("conversation_id", Id, ForeignKey("conversations.id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("stop_reason", String(64)),
    Column("background", Boolean, nullable=False),
    Column("worker_id", Id),
    Column("epoch", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("request_key", Text),
    Column("request_hash", Text),
    Column("place", Integer),
    Column("request", Text),
    Column("pruned_to", Integer),
    Column("callback_due", Moment),
    Column("created_at", Moment, nullable=False),
    Column("completed_at", Moment),
    Column("body", Text, nullable=False),
    Index("one_running_run", "project_id", "conversation_id", unique=True, **only(RUNNING)),
    Index("active_runs", "project_id", "conversation_id", "place", **only(ACTIVE)),
    Index("runs_of_worker", "worker_id", **only(RUNNING)),
    Index("runs_with_a_log", "completed_at", **only(WITH_A_LOG)),
    Index("callbacks_due", "callback_due", **only(WITH_CALLBACK)),
    Index(
        "one_run_of_a_key",
        "conversation_id",
        "request_key",
        unique=True,
        **only(WITH_KEY),
    ),
    Index("runs_of_project", "project_id", "id"),
    Index("runs_of_agent", "project_id", "agent_id", "id"),
    Index("runs_of_conversation", "project_id", "conversation_id", "id"),
    Index("runs_of_status", "project_id", "status", "id"),
    Index("runs_of_stop_reason", "project_id", "stop_reason", "id", **only(STOPPED)),
    Index("runs_in_background", "project_id", "id", **only(IN_BACKGROUND)),
)

steps = Table(
    "steps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", Id, nullable=False),
    Column("agent_id", Id, nullable=False),
    Column("conversation_id", Id, nullable=False),
    Column("run_id", Id, nullable=False),
    Column("status", String(16), nullable=False),
    Column("model", Text),
    Column("created_at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Column("metrics", Text),
    Column("feedback", String(16)),
    Index("steps_of_run", "project_id", "run_id", "id"),
    Index("steps_of_project", "project_id", "id"),
    Index("steps_of_agent", "project_id", "agent_id", "id"),
    Index("steps_of_model", "project_id", "model", "id"),
    Index("steps_with_feedback", "project_id", "id", **only(WITH_FEEDBACK)),
)

step_tags = Table(
    "step_tags",
    metadata,
    Column("step_id", Id, ForeignKey("steps.id"), nullable=False),
    Column("tag", Text, nullable=False),
    PrimaryKeyConstraint("step_id", "tag"),
    Index("steps_with_tag", "tag", "step_id"),
)

prompts = Table(
    "prompts",
    metadata,
    Column("conversation_id", Id, ForeignKey("conversations.id"), primary_key=True),
    Column("project_id", Id, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("said", LargeBinary, nullable=False),
)

compactions = Table(
    "compactions",
    metadata,
    Column("conversation_id", Id, ForeignKey("conversations.id"), primary_key=True),
    Column("project_id", Id, nullable=False),
    Column("context_from", Integer, nullable=False),
    Column("context_head", Numbers),
    Column("system", Text),
)

run_events = Table(
    "run_events",
    metadata,
    Column("run_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("run_id", "seq"),
    sqlite_with_rowid=False,
)

workers = Table(
    "workers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("beat", Integer, nullable=False),
)
