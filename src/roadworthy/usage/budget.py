"""Budgets as a tree: platform, unit, use case, key, case. What is spent and held never exceeds a limit.

A process that calls models leases a part of each budget and spends from it in its own memory; the database
keeps what is spent, what is leased, and the limit. All integers are nano-units of one currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """What one call needs: the same amount on every budget of its path, all or nothing.

    Errors: ``ValueError`` for a negative amount, or a budget that stands on the path twice.
    """

    path: tuple[Node, ...]
    amount: int

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("a call needs nothing or more")
        if len({node.id for node in self.path}) < len(self.path):
            raise ValueError("a budget stands on the path twice")


@dataclass(frozen=True, slots=True)
class Grant:
    """What was leased for a call, by budget: with what was in hand, at least what was asked for."""

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
    limits: Mapping[Level, int],
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


def chunk(needed: int, left: int, *, call: int = 0) -> int:
    """How much to lease of a budget that has ``left``, where ``needed`` is missing for a call of ``call``.

    ``call`` is what the whole call needs, where a part of it is in hand; default: what is missing.
    Edge: more than ``left`` is never leased; where ``needed`` is more than that, 0 is.
    """
    if needed > left:
        return 0
    return needed if left < SCARCE * max(needed, call) else max(needed, left // PART)


def answers(
    asks: Sequence[Ask], left: Mapping[str, int], in_hand: Mapping[str, int]
) -> tuple[Grant | Refusal, ...]:
    """One answer for each ask, in order: what to lease for it, or the first budget that has not enough.

    ``left`` is what nobody leased yet, by budget, and below 0 where a limit was lowered; ``in_hand`` what
    who asks has leased already and set aside for these asks. What is leased beyond the need of one ask is
    in hand for the next.
    """
    free, spare = dict(left), dict(in_hand)
    return tuple(_answer(ask, free, spare) for ask in asks)


def _answer(ask: Ask, free: dict[str, int], spare: dict[str, int]) -> Grant | Refusal:
    for node in ask.path:
        # A lowered limit binds what is in hand as well.
        available = free[node.id] + spare.get(node.id, 0)
        if ask.amount > available:
            return Refusal(node, max(0, available))
    amounts = []
    for node in ask.path:
        here = spare.get(node.id, 0)
        needed = ask.amount - here
        leased = chunk(needed, free[node.id], call=ask.amount) if needed > 0 else 0
        if leased:
            amounts.append((node.id, leased))
            free[node.id] -= leased
        spare[node.id] = here + leased - ask.amount
    return Grant(tuple(amounts))
