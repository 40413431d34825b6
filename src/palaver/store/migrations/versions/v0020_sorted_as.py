"""Lists are sorted by time, also where ids tell none.

Revision: 0020
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from palaver.domain.ids import sorted_as

revision = "0020"
down_revision = "0019"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
_LISTED = sa.text("deleted_at IS NULL AND NOT hidden")
Indexes = dict[str, tuple[list[str], sa.TextClause | None]]
_THINGS: dict[str, Indexes] = {  # with what stands in each before the id, and its condition
    "agents": {
        "agents_of_project": (["project_id"], _LISTED),
        "agents_of_name": (["project_id", "name"], _LISTED),
        "agents_by_change": (["project_id", "updated_at"], _LISTED),
        "agents_by_run": (["project_id", "last_run_completion"], _LISTED),
    },
    "blocks": {
        "blocks_of_project": (["project_id"], None),
        "blocks_of_label": (["project_id", "label"], None),
        "blocks_of_name": (["project_id", "name"], None),
        "block_templates": (["project_id"], sa.text("is_template")),
    },
    "tools": {"tools_of_project": (["project_id"], None)},
    "conversations": {
        "conversations_of_agent": (["project_id", "agent_id"], None),
        "conversations_by_message": (["project_id", "agent_id", "last_message_at"], None),
        "conversations_of_project": (["project_id"], None),
    },
    "entries": {
        "entries_of_agent": (["agent_id"], None),
        "entries_of_project": (["project_id"], None),
    },
    "archives": {
        "archives_of_project": (["project_id"], None),
        "archives_of_name": (["project_id", "name"], None),
    },
    "passages": {"passages_of_archive": (["archive_id"], None)},
    "identities": {
        "identities_of_project": (["project_id"], None),
        "identities_of_name": (["project_id", "name"], None),
    },
}
_LINKS = {  # by table: whose things are linked, and the index with what stands in it before the id
    "agent_tags": ("agent", "agents_with_tag", ["project_id", "tag"]),
    "block_tags": ("block", "blocks_with_tag", ["project_id", "tag"]),
    "agents_blocks": ("agent", "agents_with_block", ["block_id"]),
    "agents_archives": ("agent", "agents_with_archive", ["archive_id"]),
    "agents_folders": ("agent", "agents_with_folder", ["folder_id"]),
    "agents_identities": ("agent", "agents_with_identity", ["identity_id"]),
    "blocks_identities": ("block", "blocks_with_identity", ["identity_id"]),
}
_AT_ONCE = 5_000


def upgrade() -> None:
    """Write beside each thing what it is sorted as, and sort by that."""
    for table in (*_THINGS, *_LINKS):
        op.add_column(table, sa.Column("sorted_as", ID))
    for table in _THINGS:
        op.execute(f"UPDATE {table} SET sorted_as = id")
        _sort_foreign(table)
    for table, (thing, _, _) in _LINKS.items():
        op.execute(
            f"UPDATE {table} SET sorted_as = "
            f"(SELECT sorted_as FROM {thing}s WHERE {thing}s.id = {table}.{thing}_id)"
        )
    _index_by("sorted_as")


def downgrade() -> None:
    """Sort by ids."""
    _index_by(None)
    for table in (*_THINGS, *_LINKS):
        with op.batch_alter_table(table) as changed:
            changed.drop_column("sorted_as")


def _sort_foreign(table: str) -> None:
    """Put in time what has an id that does not tell it."""
    kept = sa.table(table, sa.column("id"), sa.column("created_at"), sa.column("sorted_as"))
    page = sa.select(kept.c.id, kept.c.created_at).order_by(kept.c.id).limit(_AT_ONCE)
    change = sa.update(kept).where(kept.c.id == sa.bindparam("of"))
    bind, last = op.get_bind(), ""
    while rows := bind.execute(page.where(kept.c.id > last)).all():
        last = rows[-1].id
        times = {one.id: sorted_as(one.id, datetime.fromisoformat(one.created_at)) for one in rows}
        foreign = [{"of": id, "sorted_as": told} for id, told in times.items() if told != id]
        if foreign:
            bind.execute(change, foreign)


def _index_by(column: str | None) -> None:
    for table, indexes in _THINGS.items():
        for name, (before, where) in indexes.items():
            _again(name, table, [*before, column or "id"], where)
    for table, (thing, name, before) in _LINKS.items():
        _again(name, table, [*before, column or f"{thing}_id"])


def _again(name: str, table: str, columns: list[str], where: sa.TextClause | None = None) -> None:
    op.drop_index(name, table)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
