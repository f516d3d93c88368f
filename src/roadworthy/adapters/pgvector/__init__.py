"""A knowledge index in Postgres: its own full-text search, and vectors of the extension pgvector."""

from roadworthy.adapters.pgvector.homes import homes
from roadworthy.adapters.pgvector.index import PgvectorIndex

__all__ = ["PgvectorIndex", "homes"]
