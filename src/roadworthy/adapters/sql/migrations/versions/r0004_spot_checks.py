"""Spot checks: which automatic cases a person looks at, with which probability, and what was found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_DRAWN = sa.text("state <> 'undrawn'")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "spot_check",
        *_texts("case_id", "use_case", "release", "certificates", "kinds", "slice"),
        sa.Column("q", sa.Double, nullable=False),
        sa.Column("floor", sa.Double, nullable=False),
        *_texts("rule", "state"),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("double", sa.Boolean, nullable=False),
        *_texts("judgement", "why"),
        sa.Column("closed_at", sa.BigInteger, nullable=False),
        sa.Column("judged_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("ix_spot_check_use_case_closed_at", "spot_check", ["use_case", "closed_at"])
    op.create_index(
        "ix_spot_check_counts",
        "spot_check",
        ["use_case", "release", "kinds", "state", "judgement", "why", "q"],
    )
    op.create_index(
        "ix_spot_check_drawn",
        "spot_check",
        ["use_case", "case_id"],
        sqlite_where=_DRAWN,
        postgresql_where=_DRAWN,
    )
    op.create_table(
        "spot_answer",
        *_texts("review", "case_id", "use_case", "part", "known", "planted_by", "answer", "answered_by"),
        sa.Column("void", sa.Boolean, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("answered_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("review"),
    )
    op.create_index("ix_spot_answer_case_id_review", "spot_answer", ["case_id", "review"])
    op.create_index("ix_spot_answer_use_case_asked_at", "spot_answer", ["use_case", "asked_at"])
    op.create_index("ix_spot_answer_use_case_review", "spot_answer", ["use_case", "review"])
    op.create_table(
        "spot_share",
        *_texts("use_case"),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("share", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("use_case", "since"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]
