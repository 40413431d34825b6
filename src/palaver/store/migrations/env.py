"""What Alembic runs: the scripts, on the connection that `palaver.store.migrate` hands it."""

from alembic import context

from palaver.store import schema_texts

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema_texts.archives.metadata,  # all tables, as it builds on the others
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
