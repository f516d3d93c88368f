"""Proposals against the running release, on the same cases: proven better, not worse, or not to be told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from roadworthy.casework.label import Label
from roadworthy.measure.improving.answering import Answered
from roadworthy.measure.improving.parts import COMPARE, SHARES
from roadworthy.measure.improving.sources import Noticed
from roadworthy.quantities import Share
from roadworthy.trust.comparison import Comparison, compare_paired
from roadworthy.trust.paired import Paired

RISK: Final = 0.05
"""Of calling any proposal better that is not, over all of them together (Holm), and the same for slices."""
OFFERED: Final = ("better", "not worse")
LEAST_IN_SLICE: Final = 20
LEAST_WITHOUT_SOURCE: Final = 50


@dataclass(frozen=True, slots=True)
class Look:
    """One slice of the comparison: a value of the slice fields, or the labels of one source."""

    name: str
    n: int
    difference: float
    low: float
    high: float

    @property
    def is_worse(self) -> bool:
        """Proven worse, by however little."""
        return self.high < 0

    def as_json(self) -> dict[str, object]:
        """Figures of the slice; ends of the range that nothing bounds are null."""
        ends = [end if math.isfinite(end) else None for end in (self.low, self.high)]
        return {
            "name": self.name,
            "n": self.n,
            "difference": self.difference,
            "interval": ends,
            "worse": self.is_worse,
        }


@dataclass(frozen=True, slots=True)
class Compared:
    """What is known of one proposal. ``against`` says why it is not offered whatever its verdict; empty: nothing."""

    name: str
    kind: str
    words: tuple[str, ...]
    comparison: Comparison
    accuracy: float
    accuracy_before: float
    looks: tuple[Look, ...]
    thin: tuple[str, ...]
    """Slices with too few cases to look at."""
    against: tuple[str, ...]
    cpu_ms: float
    cpu_ms_before: float
    cost: str
    cost_before: str

    @property
    def more_labels(self) -> int | None:
        """About how many more labels, over all parts, until it can be told; 0: it is told, None: no number helps."""
        needed = self.comparison.cases_needed
        return None if needed is None else math.ceil(needed / SHARES[COMPARE])

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        found = self.comparison
        points = f"{found.difference * 100:+.1f} points"
        if found.interval is not None:
            points += f" ({found.interval.low * 100:+.1f} to {found.interval.high * 100:+.1f})"
        told = (
            f"{found.verdict}: {self.accuracy_before:.1%} → {self.accuracy:.1%}, {points}, {found.n} cases"
        )
        if found.verdict == "cannot tell yet":
            more = self.more_labels
            told += f"; about {more} more labels" if more else "; no number of labels in reach would tell"
        return "; ".join((told, *self.against))

    def as_json(self) -> dict[str, object]:
        """The proposal with all figures, as plain JSON values."""
        found = self.comparison
        return {
            "name": self.name,
            "kind": self.kind,
            "changes": list(self.words),
            "verdict": found.verdict,
            "sentence": self.sentence,
            "accuracy": self.accuracy,
            "accuracy_before": self.accuracy_before,
            "difference": found.difference,
            "interval": None if found.interval is None else [found.interval.low, found.interval.high],
            "confidence": float(found.confidence),
            "n": found.n,
            "clusters": found.clusters,
            "method": found.method,
            "more_labels": self.more_labels,
            "slices": [look.as_json() for look in self.looks],
            "slices_too_thin": list(self.thin),
            "against": list(self.against),
            "cpu_ms": self.cpu_ms,
            "cpu_ms_before": self.cpu_ms_before,
            "cost": self.cost,
            "cost_before": self.cost_before,
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposal with its answers."""

    name: str
    kind: str
    words: tuple[str, ...]
    answered: Answered


def compare_all(
    before: Answered,
    candidates: Sequence[Candidate],
    *,
    margin: float,
    against: Mapping[str, str] | None = None,
    accused: Sequence[Noticed] = (),
    risk: float = RISK,
) -> tuple[Compared, ...]:
    """Every proposal against the running release. All have answered the same cases.

    Paired by case and clustered. Over the proposals the risk is kept by Holm's steps: the range of
    each is that of the step at which it was settled. A proposal that is proven worse in a slice, or
    that is better only by the word of one source, says so in ``against``; what else speaks against one comes by its name.
    ``accused`` are sources that stand out: without what they alone say a verdict has to be the same.
    """
    pairs = {one.name: paired(before, one.answered) for one in candidates}
    settled = holm(pairs, margin=margin, risk=risk)
    found = []
    for one in candidates:
        comparison = settled[one.name]
        looks, thin = look_into(before.rows, pairs[one.name])
        reasons = [
            f"proven worse for {look.name}: {look.difference * 100:+.1f} points on {look.n} cases"
            for look in looks
            if look.is_worse
        ]
        if told := (against or {}).get(one.name):
            reasons.append(told)
        if comparison.verdict == "better":
            reasons += rests_on_one_source(before.rows, pairs[one.name], margin=margin)
        if comparison.verdict in OFFERED:
            reasons += rests_on_accused(before.rows, pairs[one.name], accused, comparison, margin=margin)
        found.append(
            Compared(
                one.name, one.kind, one.words, comparison, one.answered.accuracy, before.accuracy, looks, thin,
                tuple(reasons), one.answered.cpu_ms_each, before.cpu_ms_each, str(one.answered.cost_each),
                str(before.cost_each),
            )
        )  # fmt: skip
    return tuple(found)


def paired(before: Answered, after: Answered) -> Paired:
    """Right or wrong of both on every case, with its cluster. Invariant: both answered the same cases."""
    return Paired(
        tuple(row.case for row in before.rows),
        tuple(row.cluster for row in before.rows),
        after.right.astype(np.float64),
        before.right.astype(np.float64),
    )


def holm(pairs: Mapping[str, Paired], *, margin: float, risk: float = RISK) -> dict[str, Comparison]:
    """The comparison of every proposal at the level of its step.

    Whatever is better at ``risk / m`` is settled, the rest is looked at again at ``risk / rest``, until
    nothing more is better (Holm 1979, carried out on ranges).
    """
    left, settled = dict(pairs), dict[str, Comparison]()
    while left:
        confidence = Share(1 - risk / len(left))
        found = {
            name: compare_paired(one, margin=margin, confidence=confidence) for name, one in left.items()
        }
        better = [name for name, one in found.items() if one.verdict == "better"]
        for name in better or list(left):
            settled[name] = found[name]
            del left[name]
    return settled


def look_into(rows: Sequence[Label], pairs: Paired) -> tuple[tuple[Look, ...], tuple[str, ...]]:
    """Every slice and every source with enough cases, and the names of those with too few.

    The risk is split over all that are looked at. What all cases have in common is no slice.
    """
    groups: dict[str, list[str]] = {}
    for row in rows:
        groups.setdefault(f"slice `{row.slice}`", []).append(row.case)
        for source in row.sources:
            groups.setdefault(f"labels of `{source}`", []).append(row.case)
    groups = {name: cases for name, cases in groups.items() if len(cases) < len(rows)}
    thin = tuple(sorted(name for name, cases in groups.items() if len(cases) < LEAST_IN_SLICE))
    enough = {name: cases for name, cases in groups.items() if name not in thin}
    looks = []
    for name, cases in sorted(enough.items()):
        found = compare_paired(pairs.only(cases), margin=0.0, confidence=Share(1 - RISK / len(enough)))
        looks.append(Look(name, found.n, found.difference, found.lower, found.upper))
    return tuple(looks), thin


def rests_on_one_source(rows: Sequence[Label], pairs: Paired, *, margin: float) -> list[str]:
    """Sources without whose labels the proposal looks worse than by the margin: one liar is not believed.

    One client under several names is one source.
    """
    found = []
    for told, alone in _alone(rows):
        rest = [row.case for row in rows if row.case not in alone]
        if LEAST_WITHOUT_SOURCE <= len(rest) < len(rows):
            others = pairs.only(rest)
            difference = float((others.a - others.b).mean())
            if difference < -margin:
                found.append(
                    f"better only by the word of {told}: {difference * 100:+.1f} points on the {len(rest)} "
                    "cases that others labelled"
                )
    return found


def rests_on_accused(
    rows: Sequence[Label], pairs: Paired, accused: Iterable[Noticed], whole: Comparison, *, margin: float
) -> list[str]:
    """Sources that stand out and without which the verdict falls, or cannot be looked at any more."""
    found = []
    for one in accused:
        rest = [row.case for row in rows if not one.is_behind(row)]
        if not one.alone or len(rest) == len(rows):
            continue
        if len(rest) < LEAST_WITHOUT_SOURCE:
            said = f"too few cases remain to tell ({len(rest)})"
        else:
            others = compare_paired(pairs.only(rest), margin=margin, confidence=whole.confidence)
            if others.verdict == "better" or others.verdict == whole.verdict:
                continue
            said = f"{others.verdict} on the {len(rest)} cases that others labelled"
        found.append(f"{whole.verdict} only with the word of `{one.source}`, which {one.sentence}: {said}")
    return found


def _alone(rows: Sequence[Label]) -> list[tuple[str, frozenset[str]]]:
    """Sources by name, and clients under several names, with the cases for which they alone stand."""
    sources = sorted({source for row in rows for source in row.sources})
    groups = {
        f"`{source}`": frozenset(row.case for row in rows if row.sources == (source,)) for source in sources
    }
    for witness in sorted({name for row in rows for name in row.principals}):
        theirs = [row for row in rows if row.witnesses == {witness}]
        names = sorted({source for row in theirs for source in row.sources})
        if len(names) > 1:
            told = f"one client under {' and '.join(f'`{name}`' for name in names)}"
            groups[told] = frozenset(row.case for row in theirs)
    return list(groups.items())


def best(found: Sequence[Compared], *, accepts: Callable[[Compared], bool]) -> Compared | None:
    """Of those accepted the one whose range ends highest at its lower end; by name where these are equal."""
    fitting = [one for one in found if accepts(one) and not one.against]
    return max(fitting, key=lambda one: (one.comparison.lower, one.name), default=None)
