"""The cost books as sums that follow what they are about: no page adds up steps, cases and calls any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from roadworthy.adapters.sql.schema.costtriggers import BOOKS, NUMBERS, counted, made

revision = "0018"
down_revision = "0015"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, add up what there is, and follow it from then on."""
    bind = op.get_bind()
    for name, (apart, summed) in BOOKS.items():
        op.create_table(name, *_apart(apart), *_numbers(summed), sa.PrimaryKeyConstraint(*apart))
        op.create_table(
            f"{name}_change",
            sa.Column("id", _COUNTER, primary_key=True, autoincrement=True),
            *_apart(apart),
            *_numbers(summed),
        )
    for _, statement in counted():
        bind.exec_driver_sql(statement)
    for statement in made(bind.dialect.name):
        bind.exec_driver_sql(statement)


def _apart(names: tuple[str, ...]) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.BigInteger if name in NUMBERS else _TEXT, nullable=False) for name in names]


def _numbers(names: tuple[str, ...]) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
