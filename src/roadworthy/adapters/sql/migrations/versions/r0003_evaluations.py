"""Suites: evaluations, their results, the answers kept for the next time, and cases that became tests."""

from __future__ import annotations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
