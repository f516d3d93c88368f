"""Run by Alembic: migrates over the connection that ``upgrade`` hands in, in its transaction."""

from alembic import context

from roadworthy.adapters.sql.migrations.version import VERSION_TABLE
from roadworthy.adapters.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
