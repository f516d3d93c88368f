"""Tables in databases, read where they lie: SQLite, PostgreSQL, MySQL and MariaDB."""

from roadworthy.adapters.databases.dataset import DatabaseDataset
from roadworthy.adapters.databases.opening import open_table, tables

__all__ = ["DatabaseDataset", "open_table", "tables"]
