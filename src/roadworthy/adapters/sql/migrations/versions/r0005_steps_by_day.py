"""Steps by the moment of their newest attempt: what a day cost is read without the days before it."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_step_at", "step", ["at"])
