"""What tokens of each kind cost, so that the parts are the whole to the last nano-unit; and what contexts waste."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from roadworthy.business.costs.rows import ContextUse
from roadworthy.usage import Price, Tokens

READ: Final = "Input Tokens"
CACHED: Final = "Cached Input Tokens"
STORED: Final = "Cache Write Tokens"
WRITTEN: Final = "Output Tokens"
REASONING: Final = "Reasoning Tokens"


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens of one kind, and the part of a cost that is theirs, in nano-units."""

    kind: str
    tokens: int
    nano: int


def parts(tokens: Tokens, nano: int, price: Price | None) -> tuple[Part, ...]:
    """A cost told apart by kinds of tokens; kinds without any are left out.

    The cost is divided as the price divides it, and rounded so that the parts add up to it exactly (largest
    remainders first). Without a price nothing says which part is whose: the parts then cost nothing here,
    and the caller tells the cost apart from them.
    """
    kinds = {
        READ: tokens.read - tokens.cached - tokens.stored,
        CACHED: tokens.cached,
        STORED: tokens.stored,
        WRITTEN: tokens.written - tokens.reasoning,
        REASONING: tokens.reasoning,
    }
    there = {kind: count for kind, count in kinds.items() if count}
    weights = {kind: count * _each(kind, price) for kind, count in there.items()} if price else {}
    whole = sum(weights.values())
    if not whole:
        return tuple(Part(kind, count, 0) for kind, count in there.items())
    shares = {kind: divmod(nano * weight, whole) for kind, weight in weights.items()}
    missing = nano - sum(share for share, _ in shares.values())
    first = sorted(shares, key=lambda kind: -shares[kind][1])[:missing]
    return tuple(Part(kind, count, shares[kind][0] + (kind in first)) for kind, count in there.items())


def _each(kind: str, price: Price) -> int:
    """Nano-units of a million tokens of this kind."""
    if kind == CACHED and price.cached >= 0:
        return price.cached
    if kind == STORED and price.stored >= 0:
        return price.stored
    return price.written if kind in {WRITTEN, REASONING} else price.read


def cached_share(tokens: Tokens) -> float | None:
    """Part of what was read that came from the provider's cache; None where nothing was read."""
    return tokens.cached / tokens.read if tokens.read else None


def waste(found: ContextUse) -> float:
    """Part of what was read that lies beyond the typical context: tokens above the median call, of all."""
    return found.beyond / found.read if found.read else 0.0
