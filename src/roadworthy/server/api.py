"""The API under ``/api/v1``: one table of operations, from which routes, document and client come."""

from __future__ import annotations

from roadworthy.server.offers import accounts, books, cases, effects, releases, reviews, watching
from roadworthy.server.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    *cases.OPERATIONS,
    *reviews.OPERATIONS,
    *effects.OPERATIONS,
    *releases.OPERATIONS,
    *watching.OPERATIONS,
    *books.OPERATIONS,
    *accounts.OPERATIONS,
)
"""Of two whose paths fit one address the first is asked: names that hold slashes come after what is fixed."""
