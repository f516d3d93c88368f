"""Spot checks: which automatic cases a person looks at, with which probability, and what was found."""

from __future__ import annotations

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
