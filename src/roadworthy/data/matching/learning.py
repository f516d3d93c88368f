"""What agreement and disagreement say, learnt from counted patterns of agreement; nobody has labelled anything.

How often unrelated rows agree (u) is counted in random pairs, how often matching rows do (m) is found by
expectation maximisation in blocks where matches are no rarity: the model of Fellegi and Sunter (1969), estimated
as Winkler (1988) has it. Little evidence moves what is assumed only a little: every level starts with the weight
of a few matches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ASSUMED_MATCHES = 10.0
"""How many matches the assumed values weigh as much as."""
FEWEST_MATCHES = 5.0
STRANGERS = 0.5
"""Where more than this part of a block's matches disagree in what tells things apart, they are none."""
_EQUAL, _OTHER = 0.8, 0.05
_ROUNDS = 300
_DONE = 1e-5

Levels = Sequence[float]
"""One number for each level of a comparison, from equal to something else."""


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """How often pairs agreed in which way.

    Shape:   ``levels`` integers (patterns, comparisons): 0 is equal, higher is less alike, -1 nothing to compare;
             ``pairs`` counts (patterns,).
    """

    levels: NDArray[np.int64]
    pairs: NDArray[np.float64]

    @property
    def total(self) -> float:
        return float(self.pairs.sum())

    def shares(self, comparison: int, count: int) -> list[float] | None:
        """Share of the comparable pairs in each level; None where no pair could be compared."""
        at = self.levels[:, comparison]
        seen = np.bincount(at[at >= 0], weights=self.pairs[at >= 0], minlength=count)
        return [float(one) for one in seen / seen.sum()] if seen.sum() else None


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one block of pairs taught: the share of matches in it, and m by comparison where it could teach it."""

    matches: float
    share: float
    m: Mapping[int, Levels]

    def believable(self, telling: Sequence[int]) -> bool:
        """Whether what it calls matches agrees in what tells things apart (``telling``: numbers of comparisons)."""
        others = [self.m[one][-1] for one in telling if one in self.m]
        return self.matches >= FEWEST_MATCHES and (not others or sum(others) / len(others) <= STRANGERS)


def assumed_m(count: int) -> list[float]:
    """Shares of matching pairs in each level until it is learnt: four in five are equal, one in twenty differs."""
    if count == 2:
        return [1 - 2 * _OTHER, 2 * _OTHER]
    between = [0.5**at for at in range(count - 2)]
    rest = (1 - _EQUAL - _OTHER) / sum(between)
    return [_EQUAL, *(rest * one for one in between), _OTHER]


def assumed_u(count: int) -> list[float]:
    """Shares of unrelated pairs in each level until they are counted: nearly all are something else."""
    between = [0.05 * 3.0 ** (at + 2 - count) for at in range(count - 1)]
    return [*between, 1 - sum(between)]


def learn(
    patterns: Patterns,
    u: Sequence[Levels],
    *,
    without: Sequence[int] = (),
    start: float = 0.5,
) -> Lesson:
    """Expectation maximisation of m and of the share of matches, u held fixed.

    Holds:   comparisons in ``without`` (those the block was made by) are neither used nor learnt. The assumed
             values are a Dirichlet prior, so that every level keeps a probability above 0.
    Edge:    no pairs teach nothing: a lesson of 0 matches. What has not settled after 300 rounds is taken as it is.
    """
    used = [at for at in range(len(u)) if at not in set(without)]
    m = {at: np.array(assumed_m(len(u[at]))) for at in used}
    logs_u = {at: np.log(np.maximum(np.array(u[at]), 1e-9)) for at in used}
    share = start
    total = patterns.total
    if not total or not used:
        return Lesson(0.0, 0.0, {})
    weight = np.zeros(len(patterns.pairs))
    for _ in range(_ROUNDS):
        bits = np.full(len(patterns.pairs), np.log(share) - np.log1p(-share))
        for at in used:
            level = patterns.levels[:, at]
            said = np.append(np.log(m[at]) - logs_u[at], 0.0)  # the last one is for -1: nothing to compare
            bits += said[level]
        weight = patterns.pairs / (1 + np.exp(-np.clip(bits, -500, 500)))
        after = min(max(float(weight.sum()) / total, 1e-9), 1 - 1e-9)
        moved = abs(after - share)
        share = after
        for at in used:
            level = patterns.levels[:, at]
            counted = np.bincount(level[level >= 0], weights=weight[level >= 0], minlength=len(u[at]))
            seen = counted.astype(np.float64) + ASSUMED_MATCHES * np.array(assumed_m(len(u[at])))
            new = seen / seen.sum()
            moved = max(moved, float(np.abs(new - m[at]).max()))
            m[at] = new
        if moved < _DONE:
            break
    return Lesson(float(weight.sum()), share, {at: [float(one) for one in m[at]] for at in used})


def together(lessons: Sequence[Lesson], comparison: int, count: int) -> tuple[list[float], bool]:
    """m of a comparison from all lessons, and whether any taught it."""
    total = ASSUMED_MATCHES * np.array(assumed_m(count))
    taught = False
    for lesson in lessons:
        if comparison in lesson.m:
            # A block of many doubtful matches must not drown one of few sure ones.
            total = total + min(lesson.matches, 2_000.0) * lesson.share * np.array(lesson.m[comparison])
            taught = True
    found = np.maximum(total / total.sum(), 1e-4)
    return [float(one) for one in found / found.sum()], taught


def unrelated(
    counted: Levels | None, count: int, m: Levels, *, equal: float | None, prior: float, pairs: float
) -> list[float]:
    """u of a comparison: counted in random pairs, with what matches among them add taken out.

    ``equal`` is the exact share of all pairs with equal values, where it is known: a sample is too small for it.
    """
    least = 0.5 / max(pairs, 1.0)
    found = [max(one, least) for one in counted or assumed_u(count)]
    if equal is not None:
        found[0] = max(equal, least / 100)
    # Random pairs hold matches at the rate of the prior: what they add to agreement is theirs, not chance.
    clean = [
        max((one - prior * other) / (1 - prior), one / 20) for one, other in zip(found, m, strict=True)
    ]
    whole = sum(clean)
    return [one / whole for one in clean]


def in_order(m: Levels, u: Levels) -> list[float]:
    """m such that a closer level never says less than a farther one: neighbours out of order share one ratio."""
    groups: list[tuple[float, float, list[int]]] = []
    for at, (one, other) in enumerate(zip(m, u, strict=True)):
        groups.append((one, other, [at]))
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] < groups[-1][0] / groups[-1][1]:
            last, before = groups.pop(), groups.pop()
            groups.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    found = [0.0] * len(m)
    for total_m, total_u, places in groups:
        for at in places:
            found[at] = u[at] * total_m / total_u
    return found


@dataclass(frozen=True, slots=True)
class Kinds:
    """What the pairs of a table are: ``prior`` the share that match, ``companions`` for every match the pairs that
    only belong together (a household, branches of a company)."""

    prior: float
    companions: float


def kinds(
    bits: NDArray[np.float64],
    own: NDArray[np.float64],
    pairs: NDArray[np.float64],
    *,
    possible: int,
    prior: float,
    fixed_prior: bool = False,
    companions: float | None = None,
) -> Kinds:
    """How many pairs match and how many only belong together, as all weights together make it most likely.

    ``bits`` are of everything that was compared, ``own`` those of what members of one family do not share: a
    companion agrees in the rest as a match does and in its own as a stranger. Three kinds of pairs, mixed in unknown
    parts, found by expectation maximisation; pairs that never met count as strangers.
    Edge:    the prior stays between half a match among all ``possible`` pairs and nearly all of them. A
             ``companions`` or a fixed prior is taken as given.
    """
    matching, together = np.clip(bits, -500, 500), np.clip(bits - own, -500, 500)
    odds = 1.0 if companions is None else companions
    for _ in range(300):
        stranger = max(1 - prior * (1 + odds), 1e-6)
        match, companion = prior * np.exp2(matching), prior * odds * np.exp2(together)
        whole = match + companion + stranger
        matches, kin = float((pairs * match / whole).sum()), float((pairs * companion / whole).sum())
        new_prior = prior if fixed_prior else min(0.999, max(matches, 0.5) / max(1, possible))
        # Half a pair each: where nothing was seen of either, neither is excluded.
        new_odds = odds if companions is not None else min((kin + 0.5) / (matches + 0.5), 100.0)
        moved = max(abs(new_prior - prior) / prior, abs(new_odds - odds) / max(odds, 0.01))
        prior, odds = new_prior, new_odds
        if moved < 1e-4:
            break
    return Kinds(prior, odds)
