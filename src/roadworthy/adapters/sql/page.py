"""Keyset paging: a cursor names the last row that was seen, so that a page never shifts under new rows."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final, TypeVar
from zlib import crc32

from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Page

T = TypeVar("T")

MOST_ROWS: Final = 1_000
_CHECK_BYTES = 4


def bounded(limit: int) -> int:
    """Rows of one page: 1 to 1,000, whatever is asked for. The cursor leads on from there."""
    return max(1, min(limit, MOST_ROWS))


def page(rows: Sequence[T], ids: Sequence[str], limit: int) -> Page[T]:
    """The page made of one row more than it shows: the surplus one only tells that there is another page."""
    if len(rows) <= limit:
        return Page(tuple(rows))
    return Page(tuple(rows[:limit]), cursor(ids[limit - 1]))


def cursor(id_: str) -> str:
    """Opaque, fit for a URL. The check bytes tell a cursor from everything else that was pasted there."""
    raw = id_.encode()
    return urlsafe_b64encode(crc32(raw).to_bytes(_CHECK_BYTES) + raw).decode().rstrip("=")


def seen(after: str) -> str:
    """The id in a cursor. Errors: ``InputProblem`` RW-STORE-006 for what ``cursor`` never made."""
    try:
        raw = urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4))
        check, id_ = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if check == crc32(id_).to_bytes(_CHECK_BYTES) and cursor(id_.decode()) == after:
            return id_.decode()
    except ValueError:
        pass
    raise InputProblem(
        "RW-STORE-006",
        Problem("this is no cursor of a page", place="after", hint="begin again with the first page"),
    )
