"""Tools that callers bring, and the MCP servers that some of them come from.

Until now an agent had built-in tools only, by name; now it has tools by id.

Revision: 0005
"""

import json
import uuid
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
MOMENT = sa.String(27).with_variant(sa.String(27, "C"), "postgresql")
BUILT_IN = (
    "memory_insert",
    "memory_replace",
    "memory_rethink",
    "core_memory_append",
    "core_memory_replace",
)


def upgrade() -> None:
    """Make both tables, and name the tools of agents by their ids."""
    op.create_table(
        "mcp_servers",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("project_id", "name", name="one_mcp_server_of_a_name"),
    )
    op.create_table(
        "tools",
        sa.Column("id", ID, primary_key=True),
        sa.Column("project_id", ID, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("tool_type", sa.String(32), nullable=False),
        sa.Column("mcp_server_id", ID, sa.ForeignKey("mcp_servers.id")),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("project_id", "name", name="one_tool_of_a_name"),
        sa.Index("tools_of_project", "project_id", "id"),
        sa.Index("tools_of_mcp_server", "mcp_server_id"),
    )
    ids = {name: _id(name) for name in BUILT_IN}
    _rename(lambda name: ids.get(name, name))


def downgrade() -> None:
    """Name built-in tools by their names again; agents lose all others."""
    names = {_id(name): name for name in BUILT_IN}
    _rename(names.get)
    op.drop_table("tools")
    op.drop_table("mcp_servers")


def _id(name: str) -> str:
    """The id of a built-in tool, as it was when this was written."""
    noise = uuid.uuid5(uuid.NAMESPACE_URL, f"palaver:{name}").int
    high = 4 << 76 | (noise >> 62 & 0xFFF) << 64
    return f"tool-{uuid.UUID(int=high | 2 << 62 | noise & (1 << 62) - 1)}"


def _rename(renamed: Callable[[str], str | None]) -> None:
    agents = sa.table("agents", sa.column("id"), sa.column("body"))
    bind = op.get_bind()
    for row in bind.execute(sa.select(agents)).all():
        body = json.loads(row.body)
        tools = [new for old in body.get("tools", ()) if (new := renamed(old))]
        if tools != body.get("tools", []):
            text = json.dumps({**body, "tools": tools}, ensure_ascii=False)
            bind.execute(agents.update().where(agents.c.id == row.id).values(body=text))
