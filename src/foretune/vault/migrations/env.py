"""Alembic's entry point: migrates the connection that the vault hands over."""

from alembic import context

from foretune.vault.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
