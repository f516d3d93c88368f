"""What entries of the ledger are found by, roots of its subtrees, flags on cases, money that left alone."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_FANOUT = 256
_CHUNK = 20 * _FANOUT
_ALONE = sa.text("amount > 0 AND disposition = 'execute' AND approved_by = '' AND state <> 'simulated'")
_NUMBERS = sa.BigInteger


def upgrade() -> None:
    """Make the tables and the index, and fill them from the entries: a million of them take about half a minute."""
    facet = op.create_table(
        "ledger_facet",
        sa.Column("seq", _NUMBERS, nullable=False, autoincrement=False),
        _text("kind"),
        _text("actor"),
        sa.Column("at", _NUMBERS, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    tile = op.create_table(
        "ledger_tile",
        sa.Column("level", _NUMBERS, nullable=False, autoincrement=False),
        sa.Column("number", _NUMBERS, nullable=False, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "number"),
    )
    op.create_table(
        "case_flag",
        *(_text(name) for name in ("case_id", "use_case", "reason", "flagged_by")),
        sa.Column("at", _NUMBERS, nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
    )
    _fill(facet, tile)
    for column in ("kind", "actor", "at"):
        op.create_index(f"ix_ledger_facet_{column}_seq", "ledger_facet", [column, "seq"])
    op.create_index("ix_case_flag_use_case_case_id", "case_flag", ["use_case", "case_id"])
    op.create_index(
        "ix_effect_alone", "effect", ["amount", "id"], sqlite_where=_ALONE, postgresql_where=_ALONE
    )


def _fill(facet: sa.Table, tile: sa.Table) -> None:
    bind = op.get_bind()
    read = sa.text("SELECT seq, event, leaf FROM ledger_entry WHERE seq >= :start ORDER BY seq LIMIT :most")
    add_facet, add_tile = sa.insert(facet), sa.insert(tile)
    levels: list[list[bytes]] = [[]]
    made = [0]
    start = 0
    while rows := bind.execute(read, {"start": start, "most": _CHUNK}).all():
        facets = [one for row in rows if (one := _facet(row.seq, bytes(row.event))) is not None]
        if facets:
            bind.execute(add_facet, facets)
        levels[0] += (bytes(row.leaf) for row in rows)
        tiles = _grown(levels, made)
        if tiles:
            bind.execute(add_tile, tiles)
        start = rows[-1].seq + 1


def _grown(levels: list[list[bytes]], made: list[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    level = 0
    while level < len(levels):
        nodes = levels[level]
        whole = len(nodes) // _FANOUT * _FANOUT
        if whole and level + 1 == len(levels):
            levels.append([])
            made.append(0)
        for first in range(0, whole, _FANOUT):
            root = _root(nodes[first : first + _FANOUT])
            found.append({"level": level + 1, "number": made[level + 1], "root": root})
            made[level + 1] += 1
            levels[level + 1].append(root)
        del nodes[:whole]
        level += 1
    return found


def _root(nodes: list[bytes]) -> bytes:
    while len(nodes) > 1:
        nodes = [sha256(b"\x01" + nodes[n] + nodes[n + 1]).digest() for n in range(0, len(nodes), 2)]
    return nodes[0]


def _facet(seq: int, event: bytes) -> dict[str, Any] | None:
    with suppress(ValueError, TypeError, KeyError):
        told = json.loads(event)
        kind, actor, at = told["kind"], told["actor"], datetime.fromisoformat(told["at"])
        if isinstance(kind, str) and isinstance(actor, str) and isinstance(told["about"], dict):
            since = at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
            moment = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
            return {"seq": seq, "kind": kind, "actor": actor, "at": moment}
    return None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False)
