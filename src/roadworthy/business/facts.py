"""Computed facts about an idea: measured, not asked, and each optional.

A fact replaces the asked range of the one figure that it measures and says so; it never touches another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Share
from roadworthy.trust import labels_needed


@dataclass(frozen=True, slots=True)
class Counts:
    """So many of so many, and where that was counted."""

    count: int
    total: int
    source: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured figure with an interval. ``confidence`` is that of the interval, both ends together."""

    value: float
    low: float
    high: float
    n: int
    source: str
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Readiness:
    """Data readiness from 0 to 1, and the checks that fail."""

    score: float
    failing: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What was measured about an idea. None: not measured, which is neither good nor bad.

    ``automation``       cases that left alone, of those tried.
    ``error``            part of those that were wrong, as an interval.
    ``learnability``     right answers of the default model in cross-validation on a sample.
    ``labels``           cases whose right outcome is known.
    ``cost_per_case``    in the currency of the assessment, repeated calls included.
    ``policy_coverage``  write tools with a rule, of all write tools.

    Errors: ``InputProblem`` RW-BUSINESS-012 for figures that cannot be, all at once.
    """

    readiness: Readiness | None = None
    learnability: Counts | None = None
    labels: Counts | None = None
    cost_per_case: Estimate | None = None
    automation: Counts | None = None
    error: Estimate | None = None
    review_minutes: Estimate | None = None
    policy_coverage: Counts | None = None

    def __post_init__(self) -> None:
        problems: list[Problem] = []
        for name in ("learnability", "labels", "automation", "policy_coverage"):
            counted: Counts | None = getattr(self, name)
            if counted and not 0 <= counted.count <= counted.total:
                found = f"expected a count from 0 to its total, found {counted.count} of {counted.total}"
                problems.append(Problem(found, name))
        for name in ("cost_per_case", "error", "review_minutes"):
            problems += _unsound(name, getattr(self, name), 1.0 if name == "error" else math.inf)
        if self.readiness and not 0 <= self.readiness.score <= 1:
            problems.append(Problem(f"expected 0 to 1, found {self.readiness.score:g}", "readiness"))
        if problems:
            raise InputProblem("RW-BUSINESS-012", problems)

    @property
    def there(self) -> tuple[str, ...]:
        """Names of the facts that were measured."""
        return tuple(one.name for one in fields(self) if getattr(self, one.name) is not None)


def _unsound(name: str, found: Estimate | None, most: float) -> list[Problem]:
    if found is None:
        return []
    ends = (found.low, found.value, found.high)
    if not all(map(math.isfinite, ends)) or not 0 <= found.low <= found.value <= found.high <= most:
        told = ", ".join(f"{end:g}" for end in ends)
        return [Problem(f"expected low ≤ value ≤ high, none below 0, found {told}", name)]
    if not 0 < found.confidence < 1:
        return [Problem(f"expected a confidence between 0 and 1, found {found.confidence:g}", name)]
    return []


NOTHING_MEASURED = Facts()


@dataclass(frozen=True, slots=True)
class LabelGap:
    """Labelled cases that a promise about errors takes, and those that are missing.

    ``needed`` and ``missing`` are None where no number helps, or where it is not known how many there
    are. ``basis`` says whether the error rate planned with was measured or assumed.
    """

    needed: int | None
    there: int | None
    missing: int | None
    basis: Literal["measured", "assumed"]
    sentence: str


def label_gap(
    there: int | None, *, alpha: float, delta: float, error: Estimate | None, automation: float
) -> LabelGap:
    """Labels missing to prove that at most ``alpha`` of what leaves alone is wrong, at risk ``delta``.

    Counted in labelled cases of all traffic, of which the part ``automation`` is accepted. Without a
    measured error the plan assumes six tenths of ``alpha``, and says so.

    Errors: ``InputProblem`` RW-TRUST-002 for an ``alpha`` or ``delta`` of 0 or 1.
    """
    planned = error.value if error else 0.6 * alpha
    basis: Literal["measured", "assumed"] = "measured" if error else "assumed"
    accepted = labels_needed(alpha=Share(alpha), delta=Share(delta), true_error=Share(planned))
    promise = f"at most {Share(alpha)} wrong"
    if accepted is None or automation <= 0:
        why = "nothing leaves alone" if automation <= 0 else f"{Share(planned)} are wrong ({basis})"
        return LabelGap(None, there, None, basis, f"{promise}: no number of labels proves it, {why}")
    needed = math.ceil(accepted / automation)
    if there is None:
        told = f"{promise} takes about {needed} labelled cases; nobody knows how many there are"
        return LabelGap(needed, None, None, basis, told)
    missing = max(0, needed - there)
    told = f"{promise} takes about {needed} labelled cases: {there} are there, {missing} are missing"
    return LabelGap(needed, there, missing, basis, told)
