"""The best choice under several capacities at once, exactly, for many futures at once.

Each future has its own values, all share weights and capacities. Prices on the capacities (Lagrange
multipliers) bound what any choice can be worth; an item whose value lies further from its price than the
gap between that bound and a choice in hand is settled, and the few others are searched by branch and
bound. The prices only decide how fast the answer comes, never which one it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadworthy.business.spreads import Floats

Bools = NDArray[np.bool_]
_ROUNDS: Final = 30
_BLOCK: Final = 200_000
_AT_ONCE: Final = 2_500
_POOL: Final = 600
_PARTS: Final = (0.06, 0.12, 0.2, 0.3, 0.42, 0.55, 0.7, 0.85, 1.0)
_HAIR: Final = 1e-9
_MUCH: Final = 1e200


def choose(values: Floats, weights: Floats, capacity: Floats) -> Bools:
    """Which items to take in each future: the subset of highest value that fits every capacity.

    Shape:  values (futures, items), weights (items, capacities), none below 0, capacity (capacities,).
    Edge:   items that are worth nothing or do not fit alone are never taken; of equally good choices one is.
    Source: Held and Karp 1971 (subgradients), Martello and Toth 1990 (reduction by bounds).
    """
    futures, items = values.shape
    taken = np.zeros((futures, items), dtype=np.bool_)
    fits = (weights <= capacity * (1 + _HAIR)).all(axis=1)
    worth = fits & (values > 0).any(axis=0)
    binding = (weights[worth].sum(axis=0) > capacity) & (capacity > 0)
    if not worth.any():
        return taken
    if not binding.any():
        taken[:, worth] = values[:, worth] > 0
        return taken
    scaled = weights[worth][:, binding] / capacity[binding]
    columns = np.flatnonzero(worth)
    pool = np.zeros((0, int(worth.sum())), dtype=np.bool_)
    for first in range(0, futures, _AT_ONCE):
        part = slice(first, min(first + _AT_ONCE, futures))
        found, pool = _chosen(np.maximum(values[part][:, worth], 0.0), scaled, pool)
        taken[part, columns] = found
    return taken


def _chosen(values: Floats, weights: Floats, pool: Bools) -> tuple[Bools, Bools]:
    """The best choices of some futures. Good choices of one future are tried in all others: the pool."""
    prices, bound, tried = _prices(values, weights)
    pool = _joined(np.concatenate([pool, tried, _greedy(values, weights, values - prices @ weights.T)]))
    best = pool[np.argmax(values @ pool.T.astype(np.float64), axis=1)]
    widest = bound - (values * best).sum(axis=1)
    # Near the bound first: what is found there is proven best as soon as it lies no further away than
    # was looked, and nobody has to search the wide gap that the first choice left.
    open_ = np.arange(len(values))
    for part in _PARTS:
        reach = part * widest[open_]
        mine = best[open_]
        _searched(values[open_], weights, prices[open_], bound[open_], mine, reach)
        best[open_] = mine
        gap = bound[open_] - (values[open_] * mine).sum(axis=1)
        open_ = open_[gap > reach]
        if not len(open_):
            break
    return best & (values > 0), _joined(np.concatenate([best, pool]))


def _joined(choices: Bools) -> Bools:
    """Each choice once, the first of a flood."""
    _, first = np.unique(np.packbits(choices, axis=1), axis=0, return_index=True)
    return choices[np.sort(first)[:_POOL]]


def _prices(values: Floats, weights: Floats) -> tuple[Floats, Floats, Bools]:
    """Prices per future that make the bound low, and the bound: projected subgradients, Polyak's step."""
    futures, capacities = len(values), weights.shape[1]
    prices = np.zeros((futures, capacities))
    # Begin where the average item of a full load is just not taken.
    prices += (values.sum(axis=1) / np.maximum(weights.sum(), 1e-12))[:, None]
    held = _greedy(values, weights, values / (weights.sum(axis=1) + 1e-12))
    floor = (values * held).sum(axis=1)
    best, best_prices, eagerness = np.full(futures, np.inf), prices.copy(), np.full(futures, 1.0)
    for _ in range(_ROUNDS):
        reduced = values - prices @ weights.T
        taken = reduced > 0
        bound = np.where(taken, reduced, 0.0).sum(axis=1) + prices.sum(axis=1)
        improved = bound < best
        best[improved] = bound[improved]
        best_prices[improved] = prices[improved]
        eagerness *= np.where(improved, 1.0, 0.85)
        slope = 1.0 - taken @ weights
        # A price of 0 does not fall further: that part of the slope is no direction.
        slope[(prices <= 0) & (slope > 0)] = 0.0
        length = np.maximum((slope * slope).sum(axis=1), 1e-12)
        step = eagerness * np.maximum(bound - floor, 0.0) / length
        prices = np.maximum(prices - step[:, None] * slope, 0.0)
    return best_prices, best, held


def _greedy(values: Floats, weights: Floats, order_by: Floats) -> Bools:
    """Per future: items in falling order, each taken where it still fits."""
    order = np.argsort(-order_by, axis=1)
    taken = np.zeros(values.shape, dtype=np.bool_)
    left = np.full((len(values), weights.shape[1]), 1.0 + _HAIR)
    rows = np.arange(len(values))
    for place in range(values.shape[1]):
        item = order[:, place]
        need = weights[item]
        take = (need <= left).all(axis=1) & (values[rows, item] > 0)
        left -= np.where(take[:, None], need, 0.0)
        taken[rows, item] = take
    return taken


@dataclass(slots=True)
class _Nodes:
    """Partial choices of some futures, all decided down to the same place."""

    place: int
    future: NDArray[np.intp]
    slack: Floats
    used: Floats
    value: Floats
    mask: NDArray[np.uint64]

    def at(self, which: NDArray[np.intp] | Bools | slice) -> _Nodes:
        """Some of them."""
        return _Nodes(
            self.place,
            self.future[which],
            self.slack[which],
            self.used[which],
            self.value[which],
            self.mask[which],
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    """In which order the open items of each future are decided, and what the rest can still do.

    Shape: all but the last (places, futures), ``need`` and ``rest`` with the capacities behind. ``rest``
    holds, side by side: what the undecided items with their price take up, and what it costs at least,
    per unit of each capacity, to give up some of them or to fill it with the others (or to leave it
    unused, which costs its price).
    """

    deepest: int
    order: NDArray[np.intp]
    ahead: Bools
    there: Bools
    away: Floats
    gain: Floats
    need: Floats
    rest: Floats


def _planned(values: Floats, weights: Floats, prices: Floats, open_: Bools) -> _Plan:
    reduced = values - prices @ weights.T
    deepest = int(open_.sum(axis=1).max(initial=0))
    # The furthest from their price first: few of them can be decided against it, so few branches live.
    order = np.ascontiguousarray(
        np.argsort(np.where(open_, -np.abs(reduced), np.inf), axis=1)[:, :deepest].T
    )
    futures = np.arange(len(values))
    there = open_[futures, order]
    ahead = (reduced[futures, order] > 0) & there
    away = np.where(there, np.abs(reduced[futures, order]), 0.0)
    need = np.where(there[:, :, None], weights[order], 0.0)
    unit = np.full(need.shape, np.inf)
    np.divide(away[:, :, None], need, out=unit, where=need > 0)
    capacities = weights.shape[1]
    base, cut, fill = (slice(n * capacities, (n + 1) * capacities) for n in range(3))
    rest = np.zeros((deepest + 1, len(values), 3 * capacities))
    rest[deepest, :, cut] = _MUCH
    rest[deepest, :, fill] = prices
    for place in range(deepest - 1, -1, -1):
        with_price, after = ahead[place, :, None], rest[place + 1]
        rest[place, :, base] = after[:, base] + np.where(with_price, need[place], 0.0)
        rest[place, :, cut] = np.minimum(after[:, cut], np.where(with_price, unit[place], _MUCH))
        rest[place, :, fill] = np.minimum(after[:, fill], np.where(with_price, _MUCH, unit[place]))
    gain = np.where(there, values[futures, order], 0.0)
    return _Plan(deepest, order, ahead, there, away, gain, need, rest)


def _searched(
    values: Floats, weights: Floats, prices: Floats, bound: Floats, best: Bools, reach: Floats
) -> None:
    """Branch and bound over choices less than ``reach`` below the bound; ``best`` is improved in place."""
    reduced = values - prices @ weights.T
    lower = (values * best).sum(axis=1)
    gap = np.minimum(reach, bound - lower) - _HAIR * np.maximum(bound, 1.0)
    open_ = np.abs(reduced) < gap[:, None]
    plan = _planned(values, weights, prices, open_)
    settled = (reduced > 0) & ~open_
    live = np.flatnonzero(gap > 0)
    start = _Nodes(
        0,
        live,
        gap[live],
        settled[live] @ weights,
        (values * settled)[live].sum(axis=1),
        np.zeros((len(live), (plan.deepest + 63) // 64), dtype=np.uint64),
    )
    found_value, found_mask = lower.copy(), np.zeros((len(values), start.mask.shape[1]), dtype=np.uint64)
    improved = np.zeros(len(values), dtype=np.bool_)
    stack = [start]
    while stack:
        nodes = stack.pop()
        # What was found since may close a branch: the slack is measured against the best in hand.
        at_least = _at_least(nodes, plan)
        closed = np.maximum(gap - (bound - found_value), 0.0)[nodes.future]
        nodes = nodes.at(nodes.slack - closed > at_least)
        if len(nodes.future) > _BLOCK:
            half = len(nodes.future) // 2
            stack += [nodes.at(slice(half, None)), nodes.at(slice(half))]
        elif nodes.place < plan.deepest:
            stack.append(_split(nodes, plan))
        elif len(nodes.future):
            _keep_best(nodes, found_value, found_mask, improved)
    rows = np.flatnonzero(improved)
    best[rows] = settled[rows]
    for place in range(plan.deepest):
        bit = (found_mask[rows, place // 64] >> np.uint64(place % 64)) & np.uint64(1)
        mine = rows[(bit == 1) & plan.there[place, rows]]
        best[mine, plan.order[place, mine]] = True


def _at_least(nodes: _Nodes, plan: _Plan) -> Floats:
    """What bringing the undecided rest of every node to the capacities costs at least: too full or too empty."""
    rest = plan.rest[nodes.place].take(nodes.future, axis=0)
    capacities = nodes.used.shape[1]
    found = np.zeros(len(nodes.future))
    for one in range(capacities):
        over = nodes.used[:, one] + rest[:, one] - 1.0
        cut = np.where(over > _HAIR, over, 0.0) * rest[:, capacities + one]
        np.maximum(found, cut, out=found)
        np.maximum(found, np.minimum(over, 0.0) * -rest[:, 2 * capacities + one], out=found)
    return found


def _split(nodes: _Nodes, plan: _Plan) -> _Nodes:
    """Decide the next item of every node both ways, where it is open and fits."""
    place, future = nodes.place, nodes.future
    toward = plan.ahead[place].take(future)
    against = nodes.slack - plan.away[place].take(future)
    used = nodes.used + plan.need[place].take(future, axis=0)
    may = against > 0
    fits = used[:, 0] <= 1.0 + _HAIR
    for one in range(1, used.shape[1]):
        fits &= used[:, one] <= 1.0 + _HAIR
    # Taken: with its price where it points that way, else against it. Closed places count as not taken.
    take = np.flatnonzero(plan.there[place].take(future) & fits & (toward | may))
    leave = np.flatnonzero(~toward | may)
    mask = nodes.mask.take(take, axis=0)
    mask[:, place // 64] |= np.uint64(1) << np.uint64(place % 64)
    taken, left = future.take(take), future.take(leave)
    return _Nodes(
        place + 1,
        np.concatenate([taken, left]),
        np.concatenate(
            [
                np.where(toward, nodes.slack, against).take(take),
                np.where(toward, against, nodes.slack).take(leave),
            ]
        ),
        np.concatenate([used.take(take, axis=0), nodes.used.take(leave, axis=0)]),
        np.concatenate([nodes.value.take(take) + plan.gain[place].take(taken), nodes.value.take(leave)]),
        np.concatenate([mask, nodes.mask.take(leave, axis=0)]),
    )


def _keep_best(nodes: _Nodes, found_value: Floats, found_mask: NDArray[np.uint64], improved: Bools) -> None:
    """Whole choices that are better than the best in hand of their future."""
    fits = (nodes.used <= 1.0 + _HAIR).all(axis=1) & (nodes.value > found_value[nodes.future])
    which = np.flatnonzero(fits)
    which = which[np.argsort(nodes.value[which], kind="stable")]
    # Written in rising order, so that the best of each future is written last.
    future = nodes.future[which]
    found_value[future] = nodes.value[which]
    found_mask[future] = nodes.mask[which]
    improved[future] = True
