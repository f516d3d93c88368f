"""How values lie in columns: the same on SQLite and Postgres, and sorted the same by both."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text by code points: ids and keys sort by time and by value in every locale, and no index depends on one."""

Number = sa.BigInteger
Real = sa.Double
Bytes = sa.LargeBinary
Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A number the database hands out; SQLite does so for INTEGER only."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """An aware time as microseconds since 1970 in UTC: exact, sorts, and knows no time zone of a session."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """The value as the column holds it."""
        if value is None:
            return None
        since = value - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """The value as the program knows it."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Score(TypeDecorator[float]):
    """A number that may be missing: NaN is stored as NULL, so that no database compares with it."""

    impl = sa.Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """The value as the column holds it."""
        return None if value is None or math.isnan(value) else float(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> float:
        """The value as the program knows it."""
        return math.nan if value is None else float(value)


class Json(TypeDecorator[Any]):
    """A JSON value as text, in ASCII: Postgres text holds neither NUL nor half of a surrogate pair."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str:
        """The value as the column holds it."""
        return json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any:
        """The value as the program knows it."""
        return json.loads(value or "null")


class Words(TypeDecorator[tuple[str, ...]]):
    """A few texts, as a JSON list."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str:
        """The value as the column holds it."""
        return json.dumps(value) if value else "[]"

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[str, ...]:
        """The value as the program knows it."""
        return () if value is None or value == "[]" else tuple(json.loads(value))
