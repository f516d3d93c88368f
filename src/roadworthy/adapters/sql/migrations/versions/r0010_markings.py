"""Markings of effects: what was read before they were proposed, and where their arguments came from.

Markings of steps need no column: they are sealed with the step's result.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Nobody noted it of the effects that are there; they are weighed with the marking of their whole input."""
    for name in ("origins", "marking"):
        op.add_column("effect", sa.Column(name, _TEXT, nullable=True))
