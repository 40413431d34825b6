"""What the store does for those who bring a lot from elsewhere, perhaps with its ids."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import literal, select, text

from palaver.domain.ids import ProjectId
from palaver.store import schema, schema_texts
from palaver.store.db import Tx

Kind = Literal[
    "agent",
    "block",
    "tool",
    "mcp_server",
    "archive",
    "passage",
    "source",
    "file",
    "conv",
    "message",
]

_TABLES = {
    "agent": schema.agents,
    "block": schema.blocks,
    "tool": schema.tools,
    "mcp_server": schema.mcp_servers,
    "archive": schema_texts.archives,
    "passage": schema_texts.passages,
    "source": schema_texts.folders,
    "file": schema_texts.files,
    "conv": schema.conversations,
    "message": schema.entries,
}
_AT_ONCE = 500


def among(tx: Tx, project: ProjectId, kind: Kind, ids: Sequence[str]) -> dict[str, bool]:
    """Those of `ids` that something of a kind has, and whether it is there for the project.

    What was deleted, or is somebody else's, is not.
    """
    table = _TABLES[kind]
    gone = table.c.deleted_at if "deleted_at" in table.c else literal(None)
    query = select(table.c.id, table.c.project_id, gone.label("gone"))
    return {
        row.id: row.project_id == project and row.gone is None
        for n in range(0, len(ids), _AT_ONCE)
        for row in tx.all(query.where(table.c.id.in_(ids[n : n + _AT_ONCE])))
    }


def take_time(tx: Tx) -> None:
    """Let this transaction compute for a minute between two statements. Others may have to wait."""
    if tx.dialect == "postgresql":
        tx.run(text("SET LOCAL idle_in_transaction_session_timeout = '60s'"))
