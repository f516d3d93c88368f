"""Lineage, figures and alerts; when a step began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_FIRING = sa.text("state = 'firing'")
_UNSENT = sa.text("sent_at IS NULL")


def upgrade() -> None:
    """Make the tables; steps recorded before have no beginning."""
    _note_beginnings()
    op.create_table(
        "lineage",
        *_texts("case_id"),
        *_numbers("run", "ordinal", "place"),
        *_texts("relation", "source", "target", "digest"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("case_id", "run", "ordinal", "place"),
    )
    op.create_index("ix_lineage_source_case_id", "lineage", ["source", "case_id"])
    op.create_index("ix_lineage_digest_case_id", "lineage", ["digest", "case_id"])
    op.create_table("feed", *_texts("name"), *_numbers("next", "at"), sa.PrimaryKeyConstraint("name"))
    op.create_table(
        "tally",
        *_texts("name", "labels"),
        *_numbers("value"),
        sa.PrimaryKeyConstraint("name", "labels"),
    )
    _make_alerts()


def _note_beginnings() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.add_column("step", sa.Column("began_at", sa.BigInteger, nullable=True))
        return
    # Written anew, so that the table reads as in a database that was never older.
    op.drop_index("ix_step_at", "step")
    op.rename_table("step", "step_before")
    op.create_table(
        "step",
        *_texts("case_id"),
        *_numbers("run", "ordinal"),
        *_texts("name", "arguments"),
        sa.Column("result", _TEXT, nullable=True),
        *_numbers("segment", "attempts", "interrupted_nano", "reserved_nano", "cost_nano"),
        *_texts("currency"),
        *_numbers("at"),
        sa.Column("began_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("case_id", "run", "ordinal"),
    )
    op.execute("INSERT INTO step SELECT *, NULL FROM step_before")
    op.drop_table("step_before")
    op.create_index("ix_step_at", "step", ["at"])


def _make_alerts() -> None:
    op.create_table(
        "alert",
        *_texts(
            "id", "key", "rule", "severity", "use_case", "summary", "owner", "runbook", "action", "cases"
        ),
        *_texts("state"),
        *_numbers("since", "seen_at"),
        sa.Column("resolved_at", sa.BigInteger, nullable=True),
        *_texts("acknowledged_by"),
        sa.Column("acknowledged_at", sa.BigInteger, nullable=True),
        *_texts("acknowledged_why"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_alert_use_case_id", "alert", ["use_case", "id"])
    op.create_index("ix_alert_since", "alert", ["since"])
    op.create_index(
        "uq_alert_firing", "alert", ["key"], unique=True, sqlite_where=_FIRING, postgresql_where=_FIRING
    )
    op.create_table(
        "notice",
        *_texts("id", "alert", "channel", "state"),
        *_numbers("attempts", "due_at"),
        sa.Column("sent_at", sa.BigInteger, nullable=True),
        *_texts("problem"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("alert", "channel", "state"),
    )
    op.create_index("ix_notice_due", "notice", ["due_at"], sqlite_where=_UNSENT, postgresql_where=_UNSENT)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
