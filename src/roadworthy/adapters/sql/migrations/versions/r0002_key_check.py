"""What the installation's keys are checked by when it is opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table; it is filled when the keys were seen to fit."""
    op.create_table(
        "key_check",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("proof", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
