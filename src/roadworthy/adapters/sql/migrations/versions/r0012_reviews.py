"""Reviews: queues, claims and undo; skills, absences, looks, and who opened a case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_OPEN = sa.text("state = 'open'")
_INDEXES = {
    "ix_review_case_id_id": (["case_id", "id"], False),
    "ix_review_open": (["id"], True),
    "ix_review_open_use_case": (["use_case", "id"], True),
    "ix_review_inbox": (["rank", "due_at", "id"], True),
}


def upgrade() -> None:
    """Make the tables. Open reviews are in no queue, of middle rank, held by nobody."""
    if op.get_bind().dialect.name == "sqlite":
        _write_anew()
    else:
        _add_columns()
    op.create_table(
        "reviewer_skill", *_texts("principal", "skill"), sa.PrimaryKeyConstraint("principal", "skill")
    )
    op.create_table(
        "absence",
        *_texts("id", "principal", "deputy"),
        *_numbers("starts_at", "ends_at"),
        *_texts("noted_by"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_absence_ends_at", "absence", ["ends_at"])
    op.create_table(
        "review_look",
        *_texts("review", "principal", "use_case", "kind"),
        *_numbers("began_at", "active_ms"),
        *_texts("own", "proposed", "verdict"),
        sa.Column("decided_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("review", "principal"),
    )
    op.create_index("ix_review_look_use_case_decided_at", "review_look", ["use_case", "decided_at"])
    op.create_table("case_initiator", *_texts("case_id", "principal"), sa.PrimaryKeyConstraint("case_id"))


def _new() -> list[tuple[sa.Column[object], str]]:
    """New columns of a review, each with what an older row has there."""
    columns: list[tuple[sa.Column[object], str]] = []
    for name, before in (
        ("queue", "''"),
        ("skill", "''"),
        ("rank", "50"),
        ("step", "0"),
        ("assignee", "''"),
    ):
        columns.append(_column(name, before))
    columns.append(_column("claimed_by", "''"))
    columns.append(_column("claimed_at", "NULL"))
    columns.append(_column("claimed_until", "NULL"))
    columns.append(_column("excluded", "'[]'"))
    columns.append(_column("blind", "0"))
    columns.append(_column("leaves_at", "NULL"))
    return columns


def _column(name: str, before: str) -> tuple[sa.Column[object], str]:
    kind = _TEXT if before.startswith("'") else sa.BigInteger()
    return sa.Column(name, kind, nullable=before == "NULL"), before


def _add_columns() -> None:
    for column, before in _new():
        filled = before != "NULL"
        column.server_default = sa.DefaultClause(sa.text(before)) if filled else None
        op.add_column("review", column)
        if filled:
            op.alter_column("review", column.name, server_default=None)
    fields, part = _INDEXES["ix_review_inbox"]
    op.create_index("ix_review_inbox", "review", fields, postgresql_where=_OPEN if part else None)


def _write_anew() -> None:
    """SQLite: so that the table reads as in a database that was never older."""
    for name in _INDEXES:
        if name != "ix_review_inbox":
            op.drop_index(name, "review")
    op.rename_table("review", "review_before")
    op.create_table(
        "review",
        *_texts("id", "case_id", "use_case", "kind", "effect"),
        *_numbers("ordinal"),
        *_texts("question", "reasons", "role", "proposal", "state"),
        *_numbers("version", "due_at"),
        *_texts("verdict", "decided_by"),
        sa.Column("decided_at", sa.BigInteger, nullable=True),
        *_texts("reason"),
        *_numbers("created_at"),
        *(column for column, _ in _new()),
        sa.PrimaryKeyConstraint("id"),
    )
    before = ", ".join(value for _, value in _new())
    op.execute(f"INSERT INTO review SELECT *, {before} FROM review_before")  # noqa: S608 - constants of this file
    op.drop_table("review_before")
    for name, (fields, part) in _INDEXES.items():
        op.create_index(name, "review", fields, sqlite_where=_OPEN if part else None)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
