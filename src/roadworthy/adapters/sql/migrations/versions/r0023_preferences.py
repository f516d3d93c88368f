"""How each person wants pages to be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table; everybody sees pages as usual."""
    op.create_table(
        "preference",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("principal", "name", "value")),
        sa.PrimaryKeyConstraint("principal", "name"),
    )
