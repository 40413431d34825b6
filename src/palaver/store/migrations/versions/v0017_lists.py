"""A page of a list costs what the page costs, whatever it is asked by.

Revision: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

ID = sa.String(64).with_variant(sa.String(64, "C"), "postgresql")
WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_LISTED = sa.text("deleted_at IS NULL AND NOT hidden")
_NEW = {  # by name: the table, its columns after the project, and the condition of a partial one
    "agents_of_name": ("agents", ["name", "id"], _LISTED),
    "agents_by_change": ("agents", ["updated_at", "id"], _LISTED),
    "agents_by_run": ("agents", ["last_run_completion", "id"], _LISTED),
    "blocks_of_label": ("blocks", ["label", "id"], None),
    "blocks_of_name": ("blocks", ["name", "id"], None),
    "block_templates": ("blocks", ["id"], sa.text("is_template")),
    "conversations_by_message": ("conversations", ["agent_id", "last_message_at", "id"], None),
    "runs_of_status": ("runs", ["status", "id"], None),
    "runs_of_stop_reason": ("runs", ["stop_reason", "id"], sa.text("stop_reason IS NOT NULL")),
    "runs_in_background": ("runs", ["id"], sa.text("background")),
    "steps_of_agent": ("steps", ["agent_id", "id"], None),
    "steps_of_model": ("steps", ["model", "id"], None),
    "identities_of_name": ("identities", ["name", "id"], None),
    "archives_of_name": ("archives", ["name", "id"], None),
}
_LONGER = {  # by name: the table, the column that was there, and the one that it goes on with
    "agents_with_block": ("agents_blocks", "block_id", "agent_id"),
    "agents_with_archive": ("agents_archives", "archive_id", "agent_id"),
}
_TAGGED = {"agent": "agents", "block": "blocks"}


def upgrade() -> None:
    """Let lists be read in the order of an index; the tags of what is gone go."""
    op.execute(
        "DELETE FROM agent_tags WHERE agent_id IN "
        "(SELECT id FROM agents WHERE deleted_at IS NOT NULL)"
    )
    op.drop_index("agents_with_tag", "agent_tags")
    for thing, things in _TAGGED.items():
        table = f"{thing}_tags"
        op.add_column(table, sa.Column("project_id", ID))
        op.execute(
            f"UPDATE {table} SET project_id = "
            f"(SELECT project_id FROM {things} WHERE {things}.id = {table}.{thing}_id)"
        )
        with op.batch_alter_table(table) as changed:
            changed.alter_column("project_id", existing_type=ID, nullable=False)
            changed.alter_column("tag", existing_type=sa.Text(), type_=WORD)
        op.create_index(f"{things}_with_tag", table, ["project_id", "tag", f"{thing}_id"])
    op.drop_index("agents_of_project", "agents")
    _index("agents_of_project", "agents", ["project_id", "id"], _LISTED)
    for name, (table, columns, where) in _NEW.items():
        _index(name, table, ["project_id", *columns], where)
    for name, (table, first, then) in _LONGER.items():
        op.drop_index(name, table)
        _index(name, table, [first, then])


def downgrade() -> None:
    """Read more than a page again."""
    for name, (table, first, _) in _LONGER.items():
        op.drop_index(name, table)
        _index(name, table, [first])
    for name, (table, _, _) in _NEW.items():
        op.drop_index(name, table)
    op.drop_index("agents_of_project", "agents")
    _index("agents_of_project", "agents", ["project_id", "id"])
    for thing, things in _TAGGED.items():
        op.drop_index(f"{things}_with_tag", f"{thing}_tags")
        with op.batch_alter_table(f"{thing}_tags") as changed:
            changed.drop_column("project_id")
            changed.alter_column("tag", existing_type=WORD, type_=sa.Text())
    _index("agents_with_tag", "agent_tags", ["tag"])


def _index(name: str, table: str, columns: list[str], where: sa.TextClause | None = None) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
