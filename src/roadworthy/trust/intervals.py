"""Ranges and bounds for shares counted in a sample."""

from __future__ import annotations

import math

from scipy import special

from roadworthy.errors import InputProblem
from roadworthy.quantities import Interval, Share

USUAL = Share(0.95)


def wilson(successes: int, trials: int, *, confidence: Share = USUAL) -> Interval:
    """Range of success rates compatible with what was seen, close to the stated confidence on average.

    Edge:    no trials → the whole range [0, 1].
    Errors:  ``InputProblem`` RW-TRUST-001 for counts that cannot be, RW-TRUST-002 for the confidence.
    Source:  Wilson 1927; checked against scipy in tests.
    """
    _counts(successes, trials)
    between("confidence", confidence)
    if trials == 0:
        return Interval(0.0, 1.0)
    z = float(special.ndtri((1 + float(confidence)) / 2))
    rate, weight = successes / trials, z * z / trials
    centre = (rate + weight / 2) / (1 + weight)
    reach = z / (1 + weight) * math.sqrt(rate * (1 - rate) / trials + weight / (4 * trials))
    # The formula touches the ends exactly; floating point would miss them by a hair.
    low = 0.0 if successes == 0 else max(0.0, centre - reach)
    high = 1.0 if successes == trials else min(1.0, centre + reach)
    return Interval(low, high)


def clopper_pearson(successes: int, trials: int, *, confidence: Share = USUAL) -> Interval:
    """Range of success rates that covers the truth at least as often as stated, whatever the truth.

    Edge:    no trials → the whole range [0, 1].
    Errors:  ``InputProblem`` RW-TRUST-001 for counts that cannot be, RW-TRUST-002 for the confidence.
    Source:  Clopper and Pearson 1934; checked against scipy in tests.
    """
    _counts(successes, trials)
    between("confidence", confidence)
    tail = Share((1 - float(confidence)) / 2)
    low = 1 - upper_bound(trials - successes, trials, delta=tail) if successes else 0.0
    return Interval(low, upper_bound(successes, trials, delta=tail))


def upper_bound(wrong: int, n: int, *, delta: Share) -> float:
    """Highest error rate that still gives so few errors with probability ``delta``: exact, one-sided.

    ``upper_bound(k, n, delta) <= alpha`` says the same as P(Bin(n, alpha) <= k) <= delta.

    Edge:    nothing seen, or everything wrong → 1.
    Errors:  ``InputProblem`` RW-TRUST-001 for counts that cannot be, RW-TRUST-002 for ``delta``.
    """
    _counts(wrong, n)
    between("delta", delta)
    if wrong == n:
        return 1.0
    return float(special.betaincinv(wrong + 1, n - wrong, 1 - float(delta)))


def between(name: str, share: Share) -> None:
    """A certainty of 0 or 1 asks for the impossible or for nothing. Errors: RW-TRUST-002."""
    if not 0 < float(share) < 1:
        raise InputProblem(
            "RW-TRUST-002",
            f"`{name}` lies strictly between 0 and 1, found {float(share)}",
            hint="state it as a share, such as 0.05",
        )


def _counts(part: int, whole: int) -> None:
    if not 0 <= part <= whole:
        raise InputProblem("RW-TRUST-001", f"{part} of {whole} is not a count of cases")
