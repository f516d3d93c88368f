"""Pages of rows that are not paged where they are kept: by the name of each row, with a cursor for the next."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar
from zlib import crc32

from roadworthy.errors import InputProblem, Problem
from roadworthy.server.asking import Ask

T = TypeVar("T")
PAGE_ROWS, MAX_ROWS = 50, 200
_LONGEST = 2_000


def paged(
    ask: Ask, rows: Iterable[T], name: Callable[[T], str], *, newest_first: bool = False
) -> tuple[list[T], str]:
    """One page in the order of names (or against it), and the cursor of the next one; empty at the end.

    A row that comes or goes between two pages moves no other one. Errors: ``InputProblem`` RW-SERVER-005.
    """
    limit, begin = rows_limit(ask.query), read_cursor(ask.query.get("after", ""))
    ordered = sorted(rows, key=name, reverse=newest_first)
    if begin:
        ordered = [row for row in ordered if (name(row) < begin if newest_first else name(row) > begin)]
    page = ordered[:limit]
    return page, cursor(name(page[-1])) if len(ordered) > limit else ""


def rows_limit(query: Mapping[str, str]) -> int:
    """Rows of a page, 1 to 200. Errors: ``InputProblem`` RW-SERVER-005."""
    text = query.get("limit", str(PAGE_ROWS))
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_ROWS):
        raise InputProblem("RW-SERVER-005", Problem(f"expected 1 to {MAX_ROWS}", place="limit"))
    return int(text)


def cursor(name: str) -> str:
    """Opaque, fit for an address. The check bytes tell a cursor from everything else that was pasted there."""
    raw = name.encode()
    return urlsafe_b64encode(crc32(raw).to_bytes(4) + raw).decode().rstrip("=")


def read_cursor(after: str) -> str:
    """The name in a cursor; empty for none. Errors: ``InputProblem`` RW-SERVER-005."""
    if not after:
        return ""
    try:
        raw = urlsafe_b64decode(after[:_LONGEST].encode("ascii") + b"=" * (-len(after) % 4))
        name = raw[4:].decode()
        if name and cursor(name) == after:
            return name
    except ValueError:
        pass
    raise InputProblem(
        "RW-SERVER-005",
        Problem("this is no cursor of a page", place="after", hint="begin again with the first page"),
    )
