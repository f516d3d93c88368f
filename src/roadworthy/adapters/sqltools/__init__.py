"""Tools and sources in SQL: rows of SQLite and Postgres read, inserted and deleted as a charter declares."""

from roadworthy.adapters.sqltools.opening import file_at
from roadworthy.adapters.sqltools.registry import build_registry
from roadworthy.adapters.sqltools.source import SqlSource
from roadworthy.adapters.sqltools.tools import build

__all__ = ["SqlSource", "build", "build_registry", "file_at"]
