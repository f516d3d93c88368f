"""All state in one SQL database, SQLite or Postgres, and the vault beside it."""

from roadworthy.adapters.sql.engine import begin_read, begin_write, open_engine, translate
from roadworthy.adapters.sql.keys import check_keys, keys_in_use
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
    "check_keys",
    "current",
    "is_current",
    "keys_in_use",
    "open_engine",
    "translate",
    "upgrade",
]
