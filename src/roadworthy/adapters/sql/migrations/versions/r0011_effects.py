"""Effects: rates and order, what is due when; what was called failed is dead."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_IN_LANE = sa.text("lane <> '' AND state NOT IN ('confirmed', 'refused', 'simulated', 'undone')")
_HELD = sa.text("held_since IS NOT NULL")
_DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    """Effects under way keep no order among themselves and are due at once."""
    _widen_effects()
    op.execute("UPDATE effect SET state = 'dead' WHERE state = 'failed'")
    op.create_index(
        "ix_effect_lane",
        "effect",
        ["lane", "case_id", "id"],
        sqlite_where=_IN_LANE,
        postgresql_where=_IN_LANE,
    )
    op.create_index(
        "ix_effect_held",
        "effect",
        ["use_case", "tool", "held_since", "id"],
        sqlite_where=_HELD,
        postgresql_where=_HELD,
    )
    op.create_index("ix_effect_due", "effect", ["due_at", "id"], sqlite_where=_DUE, postgresql_where=_DUE)
    op.create_table(
        "pace",
        sa.Column("use_case", _TEXT, nullable=False),
        sa.Column("tool", _TEXT, nullable=False),
        sa.Column("full_at", sa.Double, nullable=False),
        sa.Column("failures", sa.BigInteger, nullable=False),
        *(
            sa.Column(name, sa.Double, nullable=False)
            for name in ("open_until", "asked_until", "trial_until")
        ),
        sa.Column("rests", sa.BigInteger, nullable=False),
        sa.Column("wakes_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("use_case", "tool"),
    )


def _widen_effects() -> None:
    texts, numbers = ("lane", "held", "undoes"), ("lookups", "passed")
    moments = ("held_since", "due_at", "sent_at")
    order = ("lane", "held", "held_since", "due_at", "sent_at", "lookups", "undoes", "passed")
    if op.get_bind().dialect.name != "sqlite":
        for name in order:
            if name in moments:
                op.add_column("effect", sa.Column(name, sa.BigInteger, nullable=True))
                continue
            kind: Any = _TEXT if name in texts else sa.BigInteger
            op.add_column(
                "effect", sa.Column(name, kind, nullable=False, server_default="" if name in texts else "0")
            )
            op.alter_column("effect", name, server_default=None)
        return
    # Written anew, so that the table reads as in a database that was never older.
    known = sa.inspect(op.get_bind()).get_columns("effect")
    for name in ("ix_effect_case_id_id", "ix_effect_state_id"):
        op.drop_index(name, "effect")
    op.rename_table("effect", "effect_before")
    kept = [sa.Column(one["name"], one["type"], nullable=one["nullable"]) for one in known]
    added = [
        sa.Column(
            name,
            _TEXT if name in texts else sa.BigInteger(),
            nullable=name in moments,
        )
        for name in order
    ]
    op.create_table("effect", *kept, *added, sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("key"))
    new = ", ".join("''" if name in texts else "0" if name in numbers else "NULL" for name in order)
    op.execute(f"INSERT INTO effect SELECT *, {new} FROM effect_before")  # noqa: S608 - constants
    op.drop_table("effect_before")
    op.create_index("ix_effect_case_id_id", "effect", ["case_id", "id"])
    op.create_index("ix_effect_state_id", "effect", ["state", "id"])
