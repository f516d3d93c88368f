"""What people are asked about, in which order, and what their answers teach."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from roadworthy.data.matching.pair import Decision, Pair, Row
from roadworthy.data.matching.plan import MatchPlan
from roadworthy.errors import InputProblem, Problem

FEWEST_DECISIONS = 30
"""Decided pairs below which no threshold is proposed; at least five of them the same and five different."""
_FEWEST_OF_A_KIND = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A pair for people to decide. ``value``: how much an answer settles, for ordering; no unit."""

    pair: Pair
    value: float


def grey(
    pairs: Iterable[Pair], plan: MatchPlan, *, decisions: Sequence[Decision] = ()
) -> tuple[Question, ...]:
    """The undecided pairs between ``review_from`` and ``automatic_from``, the most valuable question first.

    An answer is worth more the less the model knows (entropy, in bits) and the more rows hang on it: joining two
    groups of sure pairs settles all pairs between them.
    Holds:   the order depends on the pairs alone, not on theirs.
    """
    every = list(pairs)
    decided = {one.rows for one in decisions}
    size = _sizes([one for one in every if one.probability >= plan.automatic_from])
    found = []
    for pair in every:
        if pair.rows in decided or not plan.review_from <= pair.probability < plan.automatic_from:
            continue
        settled = size.get(pair.left, 1) * size.get(pair.right, 1)
        found.append(Question(pair, entropy(pair.probability) * (1 + math.log2(settled))))
    return tuple(sorted(found, key=lambda one: (-one.value, one.pair.rows)))


def entropy(probability: float) -> float:
    """How undecided a yes-or-no question is, in bits: 1 at one half, 0 at certainty."""
    if not 0 < probability < 1:
        return 0.0
    return -probability * math.log2(probability) - (1 - probability) * math.log2(1 - probability)


def _sizes(sure: Sequence[Pair]) -> Mapping[Row, int]:
    parent: dict[Row, Row] = {}

    def root(row: Row) -> Row:
        parent.setdefault(row, row)
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for pair in sure:
        parent[root(pair.left)] = root(pair.right)
    count: dict[Row, int] = defaultdict(int)
    for row in list(parent):
        count[root(row)] += 1
    return {row: count[root(row)] for row in list(parent)}


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A threshold that people's decisions speak for.

    ``automatic_from`` None: no probability is high enough. ``precision_low`` is the lower end of the Wilson interval
    (95 %) of the share of the same among decided pairs at the threshold and above; ``decided`` counts them.
    """

    automatic_from: float | None
    decided: int
    same: int
    precision_low: float
    curve: tuple[tuple[float, float], ...]
    """Probability of the model, share of the same that people found there: isotonic, from low to high."""


def recalibrate(
    pairs: Iterable[Pair], decisions: Sequence[Decision], *, precision: float = 0.95
) -> Recalibration | None:
    """The lowest probability from which on people's decisions prove this precision; None where there are too few.

    Holds:   the answers stand for pairs like those that were asked about: questions come from the grey zone, so the
             threshold is for that zone. A contradiction between decisions counts for neither side.
    Errors:  ``InputProblem`` RW-DATA-402 for a precision that is no share between 0 and 1.
    Source:  isotonic regression by pooling neighbours (Ayer et al. 1955); Wilson 1927 for the interval.
    """
    if not 0 < precision < 1:
        raise InputProblem(
            "RW-DATA-402", Problem("a share above 0 and below 1 expected", place="precision")
        )
    answers: dict[tuple[Row, Row], set[bool]] = defaultdict(set)
    for one in decisions:
        answers[one.rows].add(one.same)
    known = sorted(
        (pair.probability, next(iter(answers[pair.rows])))
        for pair in {one.rows: one for one in pairs}.values()
        if len(answers.get(pair.rows, ())) == 1
    )
    same = sum(answer for _, answer in known)
    if len(known) < FEWEST_DECISIONS or min(same, len(known) - same) < _FEWEST_OF_A_KIND:
        return None
    best: tuple[float, int, int, float] | None = None
    for probability in sorted({one for one, _ in known}):
        above = [answer for one, answer in known if one >= probability]
        low = _wilson_low(sum(above), len(above))
        if low >= precision:
            best = (probability, len(above), sum(above), low)
            break
    curve = _isotonic([one for one, _ in known], [float(answer) for _, answer in known])
    if best is None:
        return Recalibration(None, 0, 0, 0.0, curve)
    return Recalibration(*best, curve)


def _wilson_low(successes: int, trials: int) -> float:
    z = 1.959963984540054
    share = successes / trials
    middle = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return (middle - spread) / (1 + z * z / trials)


def _isotonic(x: Sequence[float], y: Sequence[float]) -> tuple[tuple[float, float], ...]:
    blocks: list[list[float]] = []  # sum of y, count, last x
    for at, value in zip(x, y, strict=True):
        blocks.append([value, 1.0, at])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            last = blocks.pop()
            blocks[-1] = [blocks[-1][0] + last[0], blocks[-1][1] + last[1], last[2]]
    return tuple((round(at, 6), total / count) for total, count, at in blocks)
