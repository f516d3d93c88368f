"""Figures of cases by day and hour, and alerts of which nobody wants to be told for a while."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables. The worker fills the figures from the ledger, from its first entry on."""
    op.create_table(
        "case_count",
        *_texts("use_case", "grain", "name", "slot", "label", "release", "stage"),
        sa.Column("value", sa.BigInteger, nullable=False),
        *_texts("example"),
        sa.PrimaryKeyConstraint("use_case", "grain", "name", "slot", "label", "release", "stage"),
    )
    op.create_table(
        "alert_mute",
        *_texts("key", "use_case"),
        sa.Column("until", sa.BigInteger, nullable=False),
        *_texts("muted_by"),
        sa.Column("at", sa.BigInteger, nullable=False),
        *_texts("reason"),
        sa.PrimaryKeyConstraint("key"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]
