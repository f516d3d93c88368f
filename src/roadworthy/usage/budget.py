"""Budgets as a tree: platform, unit, use case, key, case. What is spent and held never exceeds a limit.

A process that calls models leases a part of each budget and spends from it in its own memory; the database
keeps what is spent, what is leased, and the limit. All integers are nano-units of one currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PART = 100
"""A lease is this part of what is left: large enough to be rare, small enough to leave the others theirs."""
SCARCE = 8
"""Below so many times what one call needs, a lease is for that call alone."""


class Level(StrEnum):
    """How far down in the tree a budget stands, from the root."""

    PLATFORM = "platform"
    UNIT = "unit"
    USE_CASE = "use_case"
    KEY = "key"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class Node:
    """One budget: of a month for all levels but the case, whose budget is for its whole life.

    ``id`` begins with its level (``use_case:support@2026-11``).
    """

    id: str
    level: Level
    limit: int


@dataclass(frozen=True, slots=True)
class Ask:
    """What one call needs: the same amount on every budget of its path, all or nothing."""

    path: tuple[Node, ...]
    amount: int


@dataclass(frozen=True, slots=True)
class Grant:
    """What was leased on each budget of a path, by id: at least what was asked for."""

    amounts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which budget has not enough left, and how much that is."""

    node: Node
    left: int


def path_of(
    use_case: str,
    *,
    month: str,
    unit: str = "",
    key: str = "",
    case: str = "",
    limits: dict[Level, int],
) -> tuple[Node, ...]:
    """The budgets of a call, from the root. A level without a limit, or without a name, is left out.

    ``month`` such as ``2026-11``; ``case`` is the reference of a case, never its key.
    """
    named = {
        Level.PLATFORM: f"platform@{month}",
        Level.UNIT: f"unit:{unit}@{month}" if unit else "",
        Level.USE_CASE: f"use_case:{use_case}@{month}",
        Level.KEY: f"key:{key}@{month}" if key else "",
        Level.CASE: f"case:{use_case}/{case}" if case else "",
    }
    return tuple(
        Node(named[level], level, limits[level]) for level in Level if level in limits and named[level]
    )


def chunk(needed: int, left: int) -> int:
    """How much to lease of a budget that has ``left``, for a call that needs ``needed`` of it.

    Edge: more than ``left`` is never leased; where ``needed`` is more than that, 0 is.
    """
    if needed > left:
        return 0
    return needed if left < SCARCE * needed else max(needed, left // PART)
