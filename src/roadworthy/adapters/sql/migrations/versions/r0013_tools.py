"""How the contracts of tools hold."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table; no tool was looked at before."""
    op.create_table(
        "tool_state",
        *_texts("release", "tool", "use_case", "hold", "reason"),
        *_numbers("since", "looked_at"),
        *_texts("how"),
        sa.Column("good_at", sa.BigInteger, nullable=True),
        *_numbers("breaks", "version"),
        sa.PrimaryKeyConstraint("release", "tool"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
