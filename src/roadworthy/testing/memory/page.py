"""Paging and versions, as the database does them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Any, TypeVar

from roadworthy.errors import Conflict, InputProblem, Problem
from roadworthy.ports import Page
from roadworthy.testing.memory.transaction import MemoryTransaction

T = TypeVar("T")
_MARK = b"memory:"


def page(rows: Iterable[T], *, after: str, limit: int, newest_first: bool) -> Page[T]:
    """One page of rows that have an ``id``. Errors: ``InputProblem`` RW-STORE-006 for a bad cursor."""
    seen = _seen(after) if after else ""

    def id_(row: Any) -> str:
        return str(row.id)

    left = [row for row in rows if not after or (id_(row) < seen if newest_first else id_(row) > seen)]
    left.sort(key=id_, reverse=newest_first)
    size = max(1, min(limit, 1_000))
    shown = tuple(left[:size])
    return Page(shown, _cursor(id_(shown[-1])) if len(left) > size else "")


def replace_version(tx: MemoryTransaction, table: str, row: Any, *, what: str, expected: int) -> None:
    """Put the row in place of the one with this version. Errors: ``Conflict`` RW-STORE-001."""
    now = tx.table(table).get(row.id)
    if now is None or now.version != expected:
        found = (
            "is not stored"
            if now is None
            else f"was changed meanwhile: it is {now.state} at version {now.version}"
        )
        raise Conflict(
            "RW-STORE-001",
            Problem(
                f"this {what} {found}, expected version {expected}", hint="look at it again, then decide"
            ),
        )
    tx.change(table)[row.id] = row


def taken() -> Conflict:
    """The id of a new row is in use."""
    return Conflict("RW-STORE-003", "another change was faster: the row is there already")


def _cursor(id_: str) -> str:
    return urlsafe_b64encode(_MARK + id_.encode()).decode()


def _seen(after: str) -> str:
    try:
        raw = urlsafe_b64decode(after.encode("ascii"))
        if raw.startswith(_MARK) and _cursor(raw[len(_MARK) :].decode()) == after:
            return raw[len(_MARK) :].decode()
    except ValueError:
        pass
    raise InputProblem(
        "RW-STORE-006",
        Problem("this is no cursor of a page", place="after", hint="begin again with the first page"),
    )
