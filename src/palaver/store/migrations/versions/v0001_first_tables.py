"""The first tables.

Revision: 0001
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

DEFAULT_PROJECT = "project-00000000-0000-4000-8000-000000000000"
TABLES = (
    "projects", "agents", "agent_tags", "blocks", "block_tags", "agents_blocks", "conversations",
    "segments", "entries", "runs", "steps", "run_events", "workers",
)  # fmt: skip


def sorted_by_bytes(length: int) -> sa.String:
    """Text whose order does not depend on the database's language."""
    return sa.String(length).with_variant(sa.String(length, "C"), "postgresql")


ID, MOMENT = sorted_by_bytes(64), sorted_by_bytes(27)


def where(condition: str) -> dict[str, Any]:
    """A condition for a partial index on either database."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


ACTIVE = where("status IN ('created', 'running')")


def upgrade() -> None:
    """Make the tables, and the one project that there is."""
    make_agents()
    make_blocks()
    make_conversations()
    make_entries()
    make_runs()
    make_steps_and_events()
    projects = sa.table("projects", sa.column("id"), sa.column("name"), sa.column("created_at"))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    op.bulk_insert(projects, [{"id": DEFAULT_PROJECT, "name": "default", "created_at": now}])


def downgrade() -> None:
    """Remove the tables."""
    for table in reversed(TABLES):
        op.drop_table(table)


def make_agents() -> None:
    """Make the tables of projects and their agents."""
    op.create_table(
        "projects",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_table(
        "agents",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("last_run_completion", MOMENT),
        sa.Column("last_run_duration_ms", sa.Integer),
        sa.Column("last_stop_reason", sa.String(64)),
        sa.Column("deleted_at", MOMENT),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("agents_of_project", "agents", ["project_id", "id"])
    op.create_table(
        "agent_tags",
        sa.Column("agent_id", ID, sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "tag"),
    )
    op.create_index("agents_with_tag", "agent_tags", ["tag"])


def make_blocks() -> None:
    """Make the tables of blocks."""
    op.create_table(
        "blocks",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("is_template", sa.Boolean, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("blocks_of_project", "blocks", ["project_id", "id"])
    op.create_table(
        "block_tags",
        sa.Column("block_id", ID, sa.ForeignKey("blocks.id"), nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("block_id", "tag"),
    )
    op.create_table(
        "agents_blocks",
        sa.Column("agent_id", ID, sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("block_id", ID, sa.ForeignKey("blocks.id"), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "block_id"),
        sa.UniqueConstraint("agent_id", "label", name="one_block_of_a_label"),
    )
    op.create_index("agents_with_block", "agents_blocks", ["block_id"])


def make_conversations() -> None:
    """Make the tables of conversations."""
    op.create_table(
        "conversations",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("agent_id", ID, sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("head_seq", sa.Integer, nullable=False),
        sa.Column("context_from", sa.Integer, nullable=False),
        sa.Column("stale", sa.Boolean, nullable=False),
        sa.Column("summary", sa.Text),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("last_message_at", MOMENT),
        sa.Column("last_run_completion", MOMENT),
        sa.Column("archived_at", MOMENT),
        sa.Column("deleted_at", MOMENT),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("conversations_of_agent", "conversations", ["project_id", "agent_id", "id"])
    op.create_index("conversations_of_project", "conversations", ["project_id", "id"])
    op.create_index(
        "one_default_conversation",
        "conversations",
        ["project_id", "agent_id"],
        unique=True,
        **where("is_default"),
    )


def make_entries() -> None:
    """Make the tables of what was said in which conversation."""
    op.create_table(
        "segments",
        sa.Column("conversation_id", ID, sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("source_conversation_id", ID, nullable=False),
        sa.Column("lo", sa.Integer, nullable=False),
        sa.Column("hi", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "n"),
    )
    op.create_index("segments_of_source", "segments", ["source_conversation_id"])
    op.create_table(
        "entries",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("agent_id", ID, nullable=False),
        sa.Column("conversation_id", ID, sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("otid", sa.Text),
        sa.Column("run_id", ID),
        sa.Column("step_id", ID),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("conversation_id", "seq", name="one_entry_of_a_number"),
    )
    op.create_index("entries_of_agent", "entries", ["agent_id", "id"])
    op.create_index("entries_of_run", "entries", ["run_id"])
    op.create_index("entries_of_step", "entries", ["step_id"])


def make_runs() -> None:
    """Make the tables of runs."""
    op.create_table(
        "runs",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("agent_id", ID, nullable=False),
        sa.Column("conversation_id", ID, sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("stop_reason", sa.String(64)),
        sa.Column("background", sa.Boolean, nullable=False),
        sa.Column("worker_id", ID),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("request_key", sa.Text),
        sa.Column("request_hash", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("completed_at", MOMENT),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index(
        "one_active_run", "runs", ["project_id", "conversation_id"], unique=True, **ACTIVE
    )
    op.create_index("active_runs_of_worker", "runs", ["worker_id"], **ACTIVE)
    op.create_index(
        "one_run_of_a_key",
        "runs",
        ["conversation_id", "request_key"],
        unique=True,
        **where("request_key IS NOT NULL"),
    )
    op.create_index("runs_of_project", "runs", ["project_id", "id"])
    op.create_index("runs_of_agent", "runs", ["project_id", "agent_id", "id"])
    op.create_index("runs_of_conversation", "runs", ["project_id", "conversation_id", "id"])


def make_steps_and_events() -> None:
    """Make the tables of what a run consists of, and of who carries it out."""
    op.create_table(
        "steps",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("agent_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("steps_of_run", "steps", ["project_id", "run_id", "id"])
    op.create_index("steps_of_project", "steps", ["project_id", "id"])
    op.create_table(
        "run_events",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "workers",
        sa.Column("id", ID, primary_key=True),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
