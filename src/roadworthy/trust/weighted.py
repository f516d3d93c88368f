"""The error rate of all automatic cases, estimated from some that were drawn with known probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from roadworthy.errors import InputProblem


class Checked(NamedTuple):
    """One automatic case that was looked at: with which probability it was drawn, was it wrong?"""

    q: float
    wrong: bool


@dataclass(frozen=True, slots=True)
class ErrorEstimate:
    """Error rate of all automatic cases, with its standard error; ``effective`` checks it is worth."""

    error: float
    standard_error: float
    checks: int
    effective: float


def horvitz_thompson(checked: Iterable[Checked], *, cases: int) -> ErrorEstimate:
    """Error rate of ``cases`` automatic cases, unbiased whatever the probabilities depended on.

    It takes every drawn case's result: while some are outstanding it is too low, ``hajek`` is not.

    Edge:    may exceed 1 where few were drawn: that is the price of having no bias.
    Errors:  ``InputProblem`` RW-TRUST-031 for a q that is none, or fewer cases than checks.
    Source:  Horvitz and Thompson 1952.
    """
    sums = WeightedSums.of(checked)
    if not 0 < cases >= sums.checks:
        raise InputProblem("RW-TRUST-031", f"{sums.checks} checks of {cases} cases cannot be")
    error = sums.wrong / cases
    variance = max(0.0, sums.wrong_squares / cases - error * error) / cases
    return ErrorEstimate(error, math.sqrt(variance), sums.checks, sums.effective)


def hajek(checked: Iterable[Checked]) -> ErrorEstimate:
    """Error rate of the automatic cases as a weighted mean of the checked ones.

    Needs no count of all cases, stays between 0 and 1 and varies less; its bias fades with 1/checks
    and is none where all were drawn alike.

    Errors:  ``InputProblem`` RW-TRUST-031 for a q that is none, or no check at all.
    Source:  Hájek 1971.
    """
    sums = WeightedSums.of(checked)
    if not sums.checks:
        raise InputProblem("RW-TRUST-031", "no spot check says nothing about the error rate")
    return sums.estimate()


@dataclass(frozen=True, slots=True)
class WeightedSums:
    """Sums over checks: of 1/q, of its square, and of both over the wrong ones."""

    checks: int = 0
    weight: float = 0.0
    squares: float = 0.0
    wrong: float = 0.0
    wrong_squares: float = 0.0

    @classmethod
    def of(cls, checked: Iterable[Checked]) -> WeightedSums:
        """Of these checks."""
        sums = cls()
        for q, wrong in checked:
            sums = sums.add(q, wrong=wrong)
        return sums

    def add(self, q: float, *, wrong: bool) -> WeightedSums:
        """With one more check. Errors: RW-TRUST-031 for a q that is none, or a result that is neither."""
        if not is_probability(q):
            raise InputProblem("RW-TRUST-031", f"a case is drawn with a probability above 0, found {q}")
        if not isinstance(wrong, bool):
            raise InputProblem("RW-TRUST-031", f"a checked case was wrong or was not, found `{wrong}`")
        weight = 1 / q
        return WeightedSums(
            self.checks + 1,
            self.weight + weight,
            self.squares + weight * weight,
            self.wrong + weight * wrong,
            self.wrong_squares + weight * weight * wrong,
        )

    @property
    def effective(self) -> float:
        """Checks drawn alike that would say as much (Kish 1965)."""
        return self.weight * self.weight / self.squares if self.checks else 0.0

    def estimate(self) -> ErrorEstimate:
        """Hájek's estimate; at least one check is needed."""
        error = self.wrong / self.weight
        spread = self.wrong_squares * (1 - 2 * error) + error * error * self.squares
        return ErrorEstimate(error, math.sqrt(max(0.0, spread)) / self.weight, self.checks, self.effective)


def is_probability(q: float) -> bool:
    """A probability that a drawn case can have had."""
    return 0 < q <= 1
