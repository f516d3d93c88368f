"""The one place where names and values of a contract become SQL text. Both are untrusted."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadworthy.ports.tables import Dialect


class Inexpressible(Exception):
    """A dialect has no words for it. The message says why, in the reader's words."""


def identifier(name: str, dialect: Dialect) -> str:
    """A name of one part, whatever stands in it.

    Errors: ``Inexpressible`` for an empty name and for one with NUL, which no database has.
    """
    if not name or "\0" in name:
        raise Inexpressible("no database has a column whose name is empty or holds a NUL")
    mark = "`" if dialect == "mysql" else '"'
    return f"{mark}{name.replace(mark, 2 * mark)}{mark}"


def text(value: str, dialect: Dialect) -> str:
    """A text as a literal that means the same under every setting of the dialect's server.

    Errors: ``Inexpressible`` for half of a character, and for a NUL in Postgres, whose texts have none.
    """
    try:
        encoded = value.encode("utf-8")
    except UnicodeEncodeError:
        raise Inexpressible("half of a character is no text of a database") from None
    if dialect == "mysql":
        # Whether a backslash escapes depends on the server's mode; hexadecimal digits do not.
        return f"convert(x'{encoded.hex()}' using utf8mb4)"
    if dialect == "postgres":
        if "\0" in value:
            raise Inexpressible("texts of Postgres hold no NUL")
        if "\\" in value:
            return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    elif "\0" in value:
        character = "chr(0)" if dialect == "duckdb" else "char(0)"
        return "(" + f" || {character} || ".join(_plain(part) for part in value.split("\0")) + ")"
    return _plain(value)


def _plain(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def binary_text(value: str, dialect: Dialect) -> str:
    """A text that MySQL compares byte by byte, whatever the collation of the column."""
    if dialect != "mysql":
        return text(value, dialect)
    text(value, dialect)
    return f"x'{value.encode('utf-8').hex()}'" if value else "''"


def number(value: float, dialect: Dialect) -> str:
    """A number as a literal. Errors: ``Inexpressible`` for infinities and what is no number."""
    if isinstance(value, bool) or not math.isfinite(value):
        raise Inexpressible(f"`{value}` is no number that a column could be compared with")
    if isinstance(value, int):
        # SQLite and MySQL turn integers beyond 64 bits into floats silently.
        if not -(2**63) <= value < 2**63 and dialect != "postgres":
            return repr(float(value))
        return str(value)
    spelled = repr(value)
    return f"cast({spelled} as double)" if dialect == "duckdb" else spelled


_FORMS: dict[str, Callable[[str], date | time]] = {
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "time": time.fromisoformat,
}


def moment(value: str, kind: str, dialect: Dialect, *, zoned: bool) -> str:
    """An ISO date, time or timestamp as a literal of the kind. One without a zone is UTC where that matters.

    Errors: ``Inexpressible`` for a text of another form.
    """
    spelled = value.strip()
    try:
        parsed = _FORMS[kind](spelled)
    except ValueError:
        raise Inexpressible(f"`{value[:40]}` is no ISO {kind}") from None
    if isinstance(parsed, datetime):
        return _timestamp(parsed, dialect, zoned=zoned)
    if isinstance(parsed, time) and parsed.tzinfo is not None:
        raise Inexpressible("a time of day is compared without a zone")
    plain = f"'{parsed.isoformat()}'"
    return plain if dialect == "sqlite" else f"cast({plain} as {kind})"


def _timestamp(parsed: datetime, dialect: Dialect, *, zoned: bool) -> str:
    offset = parsed.utcoffset()
    if offset is not None:
        parsed = parsed.replace(tzinfo=None) - offset
    spelled = parsed.isoformat(sep=" ", timespec="microseconds")
    if dialect == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%f', '{spelled[:-3]}')"
    if dialect == "mysql":
        return f"cast('{spelled}' as datetime(6))"
    return f"cast('{spelled}+00' as timestamptz)" if zoned else f"cast('{spelled}' as timestamp)"
