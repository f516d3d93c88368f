"""Steps of canaries, signatures of releases, the time in which one may come back; who obeyed which stop, and when."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Releases built before are unsigned, and a canary under way is in its first step."""
    _widen_releases()
    op.execute("UPDATE release SET step = 1, step_since = stage_since WHERE stage = 'canary'")
    op.create_table(
        "obeyed",
        sa.Column("stop", _TEXT, nullable=False),
        sa.Column("worker", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("stop", "worker"),
    )


def _widen_releases() -> None:
    added: list[sa.Column[Any]] = [
        sa.Column("step", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("step_since", sa.BigInteger, nullable=True),
        sa.Column("fit_until", sa.BigInteger, nullable=True),
        sa.Column("signature", _TEXT, nullable=False, server_default=""),
        sa.Column("key", _TEXT, nullable=False, server_default=""),
    ]
    if op.get_bind().dialect.name != "sqlite":
        for column in added:
            op.add_column("release", column)
        return
    # Written anew, so that the table reads as in a database that was never older.
    op.rename_table("release", "release_before")
    op.create_table(
        "release",
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("use_case", _TEXT, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("author", "note", "stage")),
        sa.Column("share", sa.Double, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("stage_since", sa.BigInteger, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        *added,
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("use_case", "number"),
    )
    op.execute("INSERT INTO release SELECT *, 0, NULL, NULL, '', '' FROM release_before")
    op.drop_table("release_before")
