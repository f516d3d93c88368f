"""What repeating a test is worth where the same input does not always get the same output."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from roadworthy.errors import InputProblem, Problem

# A further repeat that takes less than this off the standard error is not worth its cost.
_LITTLE = 0.05


@dataclass(frozen=True, slots=True)
class Repeated:
    """Where the spread of ``n`` cases with ``k`` attempts each comes from.

    ``between`` is the variance between the cases' own means, ``within`` that of the attempts at one
    case; None where a single case or a single attempt cannot show it. ``worth`` is the number of
    attempts from which one more takes less than a twentieth off the standard error of the mean.
    """

    n: int
    k: int
    mean: float
    between: float | None
    within: float | None
    error: float | None
    worth: int | None

    def error_with(self, k: int) -> float | None:
        """Standard error of the mean of as many cases with ``k`` attempts each; None where unknown."""
        if self.between is None or self.within is None:
            return None
        return math.sqrt((self.between + self.within / k) / self.n)


def repeated(values: ArrayLike) -> Repeated:
    """How much of the spread is between the cases and how much only between attempts at the same case.

    Shape:   floats (n, k), one row a case. An attempt that was not graded is no number: give the cases
             whose attempts are complete.
    Edge:    ``between`` is never below 0 (where chance made the cases more alike than attempts are).
    Errors:  ``InputProblem`` RW-TRUST-013 for another shape, no case, values that are not finite.
    Source:  one-way analysis of variance with random effects; Miller 2024, section 3 (arXiv 2411.00640).
    """
    table = np.asarray(values, dtype=np.float64)
    problems = []
    if table.ndim != 2 or not table.size:
        problems.append(
            Problem(f"a table of cases and attempts expected, found shape {table.shape}", place="values")
        )
    if bad := int((~np.isfinite(table)).sum()):
        problems.append(Problem(f"{bad} of {table.size} values are not finite numbers", place="values"))
    if problems:
        raise InputProblem("RW-TRUST-013", problems)
    n, k = table.shape
    means = table.mean(axis=1)
    within = float(table.var(axis=1, ddof=1).mean()) if k > 1 else None
    spread = float(means.var(ddof=1)) if n > 1 else None
    between = None if spread is None or within is None else max(0.0, spread - within / k)
    return Repeated(
        n=n,
        k=k,
        mean=float(means.mean()),
        between=between,
        within=within,
        error=None if spread is None else math.sqrt(spread / n),
        worth=None if between is None or within is None else _worth(between, within),
    )


def _worth(between: float, within: float) -> int:
    if not within:
        return 1
    k = 1
    while (between + within / (k + 1)) < (1 - _LITTLE) ** 2 * (between + within / k):
        k += 1
    return k
