"""Locks that have no row of their own. SQLite needs none: its writers take turns, one transaction each."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import sqlalchemy as sa

# Two-part names become one 64-bit key; a collision would make two strangers wait, never go wrong.
_WAIT = sa.select(sa.func.pg_advisory_xact_lock(sa.bindparam("key", type_=sa.BigInteger)))
_TRY = sa.select(sa.func.pg_try_advisory_xact_lock(sa.bindparam("key", type_=sa.BigInteger)))

ROLLOUT: Final = "rollout"
ACCOUNTS: Final = "accounts"
SEQUENCER: Final = "sequencer"
MIGRATION: Final = "migration"


def hold(connection: sa.Connection, kind: str, name: str = "") -> None:
    """Wait for a lock and keep it until the transaction ends. Holding it already: nothing happens."""
    if connection.dialect.name == "postgresql":
        connection.execute(_WAIT, {"key": _key(kind, name)})


def try_hold(connection: sa.Connection, kind: str, name: str = "") -> bool:
    """The same without waiting. False if somebody else has it."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(_TRY, {"key": _key(kind, name)}).scalar_one())


def _key(kind: str, name: str) -> int:
    return int.from_bytes(sha256(f"roadworthy\n{kind}\n{name}".encode()).digest()[:8], signed=True)
