"""Budgets, leases and calls to models; what a key is bound to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_OF_CASE = sa.text("case_reference <> ''")


def upgrade() -> None:
    """Make the tables; credentials made before are bound to no release."""
    _bind_credentials()
    op.create_table(
        "budget",
        *_texts("id", "level"),
        *_numbers("limit", "spent", "held"),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("spent >= 0 AND held >= 0", name="counts_up"),
    )
    op.create_index("ix_budget_level_id", "budget", ["level", "id"])
    op.create_table(
        "budget_owner",
        *_texts("owner"),
        sa.Column("beat", sa.Double, nullable=False),
        sa.Column("ttl", sa.Double, nullable=False),
        sa.Column("charged", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("owner"),
    )
    op.create_table(
        "budget_lease",
        *_texts("owner", "budget"),
        *_numbers("amount"),
        sa.PrimaryKeyConstraint("owner", "budget"),
        sa.CheckConstraint("amount >= 0", name="counts_up"),
    )
    op.create_table(
        "unattributed_charge",
        *_texts("owner", "budget"),
        *_numbers("amount", "at"),
        sa.PrimaryKeyConstraint("owner", "budget"),
    )
    op.create_index("ix_unattributed_charge_budget", "unattributed_charge", ["budget"])
    _make_calls()


def _bind_credentials() -> None:
    bound = [sa.Column(name, _TEXT, nullable=False, server_default="") for name in ("release", "stage")]
    if op.get_bind().dialect.name != "sqlite":
        for column in bound:
            op.add_column("credential", column)
        return
    # Written anew, so that the table reads as in a database that was never older.
    op.rename_table("credential", "credential_before")
    op.create_table(
        "credential",
        *_texts("kind", "id", "principal", "proof", "use_case"),
        *_numbers("created_at", "expires_at"),
        *bound,
        sa.PrimaryKeyConstraint("kind", "id"),
    )
    op.execute("INSERT INTO credential SELECT *, '', '' FROM credential_before")
    op.drop_table("credential_before")


def _make_calls() -> None:
    op.create_table(
        "call_batch",
        *_texts("id", "owner"),
        *_numbers("at"),
        *_texts("root"),
        *_numbers("count", "sum"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "model_call",
        *_texts("id", "batch"),
        *_numbers("at"),
        *_texts("use_case", "version", "stage", "key", "case_reference", "step", "wire", "task", "model"),
        *_texts("ending"),
        *_numbers("status", "read", "written", "cached", "stored", "reasoning"),
        sa.Column("estimated", sa.Boolean, nullable=False),
        *_numbers("reserved", "cost", "attempts", "tool_calls", "millis"),
        *_texts("price", "route"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_model_call_use_case_at", "model_call", ["use_case", "at"])
    op.create_index("ix_model_call_batch_id", "model_call", ["batch", "id"])
    op.create_index(
        "ix_model_call_of_case",
        "model_call",
        ["use_case", "case_reference", "at", "id"],
        sqlite_where=_OF_CASE,
        postgresql_where=_OF_CASE,
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
