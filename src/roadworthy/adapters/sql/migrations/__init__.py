"""Alembic migrations, shipped with the package: a database is brought to the schema on opening."""
