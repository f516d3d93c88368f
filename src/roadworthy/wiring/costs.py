"""Where the cost books are read."""

from __future__ import annotations

from roadworthy.ports.costs import Costs


def cost_books() -> Costs:
    """The cost books of an installation's database, read within a transaction of its store."""
    from roadworthy.adapters.sql.costs import SqlCosts

    return SqlCosts()
