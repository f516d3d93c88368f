"""The words tables are written in, and the one set they stand in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Text

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Kind = type[sa.types.TypeEngine[Any]] | sa.types.TypeEngine[Any]


def table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    """A table of the one set."""
    return sa.Table(name, metadata, *parts)


def key(name: str, kind: _Kind = Text) -> sa.Column[Any]:
    """A part of the primary key."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def has(name: str, kind: _Kind = Text) -> sa.Column[Any]:
    """Always filled."""
    return sa.Column(name, kind, nullable=False)


def may_have(name: str, kind: _Kind = Text) -> sa.Column[Any]:
    """May be empty."""
    return sa.Column(name, kind, nullable=True)
