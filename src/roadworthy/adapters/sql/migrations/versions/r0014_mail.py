"""Where accounts get their mail, and when they were last written to about what waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make column and table; nobody has an address, nobody was written to."""
    if op.get_bind().dialect.name == "sqlite":
        _write_anew()
    else:
        op.add_column("principal", sa.Column("email", _TEXT, nullable=True))
    op.create_table(
        "review_reminder",
        _text("principal"),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=True),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        _text("problem"),
        sa.PrimaryKeyConstraint("principal"),
    )


def _write_anew() -> None:
    """SQLite: so that the table reads as in a database that was never older."""
    op.rename_table("principal", "principal_before")
    op.create_table(
        "principal",
        *(_text(name) for name in ("id", "name", "kind", "roles")),
        sa.Column("demo", sa.Boolean, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        *(_text(name) for name in ("use_case", "password_hash")),
        sa.Column("email", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("INSERT INTO principal SELECT *, NULL FROM principal_before")
    op.drop_table("principal_before")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False)
