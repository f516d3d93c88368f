"""Suites: evaluations, their results, the answers kept for the next time, and cases that became tests."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_UNFINISHED = sa.text("finished_at IS NULL")


def upgrade() -> None:
    """Make the tables."""
    _evaluations()
    _kept()
    _references()


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TEXT, nullable=False, autoincrement=False) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable, autoincrement=False) for name in names]


def _evaluations() -> None:
    same = (
        "use_case", "suite", "suite_digest", "target_digest", "release", "graders", "repeats", "seed",
    )  # fmt: skip
    op.create_table(
        "evaluation",
        *_texts("id", "use_case", "suite", "suite_digest", "target", "target_digest", "release", "graders"),
        *_numbers("repeats", "seed"),
        *_texts("settings", "principal"),
        *_numbers("started_at"),
        *_numbers("finished_at", nullable=True),
        *_texts("digest", "body"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_evaluation_use_case_id", "evaluation", ["use_case", "id"])
    op.create_index("ix_evaluation_use_case_suite_id", "evaluation", ["use_case", "suite", "id"])
    op.create_index(
        "uq_evaluation_unfinished",
        "evaluation",
        list(same),
        unique=True,
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )
    op.create_table(
        "evaluation_result",
        *_texts("evaluation", "test"),
        *_numbers("attempt", "came"),
        *_texts("grades", "answer"),
        *_numbers("answer_place"),
        *_texts("words"),
        *_numbers("words_place", "cost_nano"),
        *_texts("currency"),
        sa.Column("seconds", sa.Double(), nullable=False),
        *_numbers("tokens"),
        *_texts("error"),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("evaluation", "test", "attempt"),
    )
    op.create_index(
        "ix_evaluation_result_evaluation_came_test_attempt",
        "evaluation_result",
        ["evaluation", "came", "test", "attempt"],
    )


def _kept() -> None:
    op.create_table(
        "evaluation_answer",
        *_texts("target", "input"),
        *_numbers("attempt", "seed"),
        *_texts("payload"),
        *_numbers("place", "at"),
        sa.PrimaryKeyConstraint("target", "input", "attempt", "seed"),
    )
    op.create_table(
        "evaluation_grade",
        *_texts("key", "grade", "payload"),
        *_numbers("place", "at"),
        sa.PrimaryKeyConstraint("key"),
    )


def _references() -> None:
    op.create_table(
        "evaluation_reference",
        *_texts("use_case", "suite", "test", "case_id", "expected", "by"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("use_case", "suite", "test"),
        sa.UniqueConstraint("use_case", "suite", "case_id"),
    )
    op.create_index("ix_evaluation_reference_case_id", "evaluation_reference", ["case_id"])
