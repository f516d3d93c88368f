"""Several metrics and several slices at once: what still holds when the luckiest of many is looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Share
from roadworthy.trust.comparison import Comparison, compare_paired
from roadworthy.trust.intervals import USUAL, between, clopper_pearson
from roadworthy.trust.paired import Paired


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values corrected so that any false finding among them is as rare as one alone would be.

    Errors:  ``InputProblem`` RW-TRUST-014 for a p-value outside 0 to 1.
    Source:  Holm 1979; valid however the tests depend on each other.
    """
    p = _p_values(p_values)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    return _in_place(stepped, order)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values corrected so that the share of false findings among all findings is kept small.

    Errors:  ``InputProblem`` RW-TRUST-014 for a p-value outside 0 to 1.
    Source:  Benjamini and Hochberg 1995; for tests that are independent or err together.
    """
    p = _p_values(p_values)
    order = np.argsort(p)
    stepped = p[order] * len(p) / (np.arange(len(p)) + 1)
    return _in_place(np.minimum.accumulate(stepped[::-1])[::-1], order)


def _p_values(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    p = np.array(values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise InputProblem("RW-TRUST-014", "a p-value lies between 0 and 1")
    return p


def _in_place(
    sorted_: np.ndarray[tuple[int], np.dtype[np.float64]], order: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> tuple[float, ...]:
    found = np.empty_like(sorted_)
    found[order] = np.minimum(sorted_, 1.0)
    return tuple(found.tolist())


@dataclass(frozen=True, slots=True)
class SliceCount:
    """A slice's lower bound on its share of right answers, corrected for the number of slices."""

    name: str
    right: int
    n: int
    lower: float


@dataclass(frozen=True, slots=True)
class WorstSlice:
    """The slice that may be worst. A slice without a case may be as bad as can be, and is named.

    ``slices`` holds all of them, the lowest bound first.
    """

    worst: SliceCount
    empty: tuple[str, ...]
    slices: tuple[SliceCount, ...]


def worst_slice(counts: Mapping[str, tuple[int, int]], *, confidence: Share = USUAL) -> WorstSlice:
    """Lower bound of the share of right answers that holds for all slices at once.

    ``counts`` gives (right, n) per slice; a slice that should have cases and has none stands there with
    n = 0 and a bound of 0: it is never averaged away.

    Errors:  ``InputProblem`` RW-TRUST-014 for no slice at all, RW-TRUST-001 for impossible counts.
    """
    between("confidence", confidence)
    if not counts:
        raise InputProblem("RW-TRUST-014", "no slice, nothing can be said of the worst one")
    # Exact and one-sided: each bound is the lower end of a two-sided range of twice the risk.
    risk = (1 - float(confidence)) / len(counts)
    each = Share(1 - 2 * risk) if risk < 0.5 else Share(0.5)
    found = [
        SliceCount(name, right, n, clopper_pearson(right, n, confidence=each).low)
        for name, (right, n) in counts.items()
    ]
    found.sort(key=lambda one: (one.lower, one.name))
    return WorstSlice(found[0], tuple(sorted(one.name for one in found if not one.n)), tuple(found))


@dataclass(frozen=True, slots=True)
class SliceComparison:
    """One slice of a comparison; None where it holds no case. ``adjusted_p`` is after correction."""

    name: str
    comparison: Comparison | None
    adjusted_p: float

    @property
    def sentence(self) -> str:
        """What was found, in words; an empty slice says that it is empty."""
        if self.comparison is None:
            return f"slice `{self.name}` holds no case: nothing is known of it"
        found = self.comparison
        return f"slice `{self.name}`: {found.verdict}, {found.difference:+.4g} over {found.n} cases"


def compare_slices(
    paired: Paired,
    slices: Mapping[str, str],
    *,
    margin: float,
    confidence: Share = USUAL,
    higher_is_better: bool = True,
    expected: Collection[str] = (),
) -> tuple[SliceComparison, ...]:
    """The comparison of every slice, the one that may be worst first; empty ones before all others.

    ``slices`` names the slice of a case, ``expected`` slices that ought to have cases. The ranges hold
    for all slices at once (confidence split evenly); ``adjusted_p`` is corrected after Benjamini and
    Hochberg, and is 1 where a slice gives no p-value.

    Errors:  ``InputProblem`` RW-TRUST-014 for cases that no slice is named for; as ``compare_paired``.
    """
    between("confidence", confidence)
    unknown = [name for name in paired.cases if name not in slices]
    if unknown:
        raise InputProblem(
            "RW-TRUST-014",
            Problem(f"{len(unknown)} of {len(paired)} cases have no slice", place="slices"),
            hint="name a slice for every case, `other` where none fits",
        )
    members: dict[str, list[str]] = {name: [] for name in expected}
    for name in paired.cases:
        members.setdefault(slices[name], []).append(name)
    filled = max(1, sum(bool(cases) for cases in members.values()))
    each = Share(1 - (1 - float(confidence)) / filled)
    found = {
        name: compare_paired(
            paired.only(cases), margin=margin, confidence=each, higher_is_better=higher_is_better
        )
        for name, cases in members.items()
        if cases
    }
    tested = [name for name, one in found.items() if one.p_value is not None]
    adjusted = dict(
        zip(tested, benjamini_hochberg([found[name].p_value or 0.0 for name in tested]), strict=True)
    )
    return tuple(
        SliceComparison(name, found.get(name), adjusted.get(name, 1.0))
        for name in sorted(
            members, key=lambda name: (found[name].lower if name in found else -np.inf, name)
        )
    )
