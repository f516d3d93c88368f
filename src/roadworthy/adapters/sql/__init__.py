"""All state in one SQL database, SQLite or Postgres, and the vault beside it."""

from roadworthy.adapters.sql.engine import begin_read, begin_write, open_engine, translate
from roadworthy.adapters.sql.migrations.version import current, is_current, upgrade
from roadworthy.adapters.sql.store import SqlStore
from roadworthy.adapters.sql.transaction import SqlTransaction
from roadworthy.adapters.sql.vault import SqlVault

__all__ = [
    "SqlStore",
    "SqlTransaction",
    "SqlVault",
    "begin_read",
    "begin_write",
    "current",
    "is_current",
    "open_engine",
    "translate",
    "upgrade",
]
