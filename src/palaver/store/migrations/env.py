"""What Alembic runs: the scripts, on the connection that `palaver.store.migrate` hands it."""

from alembic import context

from palaver.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
