"""How many cases and spot checks stand where, kept up from now on; the index that counting read goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from roadworthy.adapters.sql.schema.standings import counted, made

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables, count once what there is, and follow it from then on."""
    cases = ("use_case", "release", "stage", "state", "handled_by")
    op.create_table(
        "case_standing",
        *_texts(cases),
        _number("place"),
        _number("cases"),
        sa.PrimaryKeyConstraint(*cases, "place"),
    )
    checks = ("use_case", "release", "kinds", "state", "judgement", "why")
    op.create_table(
        "spot_standing",
        *_texts(checks),
        _number("place"),
        _number("cases"),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("q_sum", "q_least", "q_most")),
        sa.PrimaryKeyConstraint(*checks, "place"),
    )
    bind = op.get_bind()
    for statement in (*counted(), *made(bind.dialect.name)):
        bind.exec_driver_sql(statement)
    unanswered = sa.text("answered_by = ''")
    op.create_index(
        "ix_spot_answer_unanswered",
        "spot_answer",
        ["use_case", "asked_at"],
        sqlite_where=unanswered,
        postgresql_where=unanswered,
    )
    _inbox()
    # Only counting read them.
    op.drop_index("ix_case_record_use_case_stage_state_handled_by_release", "case_record")
    op.drop_index("ix_spot_check_counts", "spot_check")


def _inbox() -> None:
    """Counting what waits reads one index, and what is somebody's another one."""
    counted_by = ("use_case", "queue", "role", "skill", "due_at", "claimed_by", "claimed_until", "assignee")
    wanted = {
        "ix_review_counted": (counted_by, "state = 'open'"),
        "ix_review_taken": (
            ("rank", "due_at", "id"),
            "state = 'open' AND (claimed_by <> '' OR assignee <> '')",
        ),
    }
    for name, (columns, where) in wanted.items():
        op.create_index(
            name, "review", list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )


def _texts(names: tuple[str, ...]) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)
