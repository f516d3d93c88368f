"""Ratings: how content people were with a case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "rating",
        sa.Column("case_id", _TEXT, nullable=False, autoincrement=False),
        sa.Column("principal", _TEXT, nullable=False, autoincrement=False),
        sa.Column("use_case", _TEXT, nullable=False, autoincrement=False),
        sa.Column("stars", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("case_id", "principal"),
    )
