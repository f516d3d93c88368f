"""How often the people who check are wrong themselves, and how little can be proven because of it.

Two sources: cases that two people checked without seeing each other's answer, and planted cases whose
answer is known. Labels that contradict each other are kept apart until somebody decides between
them; they are never averaged.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from roadworthy.errors import InputProblem
from roadworthy.quantities import Interval, Share
from roadworthy.trust.intervals import USUAL, between, clopper_pearson

LabelState = Literal["agreed", "contradicted", "single"]


class Label(NamedTuple):
    """What one person found: was the automatic answer wrong?

    ``decides``: given by somebody who saw that others contradict each other, to settle it.
    """

    reviewer: str
    wrong: bool
    decides: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the labels of one case say together.

    ``wrong`` is None while contradicting labels wait for somebody to decide; then the case enters no
    estimate, and ``assumed_wrong`` is what to act on.
    """

    state: LabelState
    wrong: bool | None

    @property
    def assumed_wrong(self) -> bool:
        """Undecided counts as wrong: what is unknown is not counted as good."""
        return self.wrong is not False


def resolve(labels: Sequence[Label]) -> Resolution:
    """Do the people who looked at a case agree?

    ``single``: one person looked. ``agreed``: several did and found the same. ``contradicted``: they did
    not, or one person said both; it stays so, and the last label that ``decides`` says what counts.

    Errors:  ``InputProblem`` RW-TRUST-037 for no label.
    """
    if not labels:
        raise InputProblem("RW-TRUST-037", "a case without a label cannot be resolved")
    decided = [label.wrong for label in labels if label.decides]
    found = {label.wrong for label in labels if not label.decides} or set(decided)
    if len(found) > 1:
        return Resolution("contradicted", decided[-1] if decided else None)
    (wrong,) = found
    if decided and decided[-1] != wrong:
        return Resolution("contradicted", decided[-1])
    several = len({label.reviewer for label in labels}) > 1
    return Resolution("agreed" if several else "single", wrong)


@dataclass(frozen=True, slots=True)
class ReviewerError:
    """How often checks are wrong: ``wrong`` of ``checks`` were, of ``unknown`` nobody knows.

    The interval holds whatever the unknown ones turn out to be. ``reviewer`` is empty for all together.
    """

    reviewer: str
    checks: int
    wrong: int
    unknown: int
    interval: Interval

    def within(self, most: Share) -> bool | None:
        """Is the error at most this? None: cannot tell yet."""
        if self.interval.high <= float(most):
            return True
        return False if self.interval.low > float(most) else None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What double reviews say without a third opinion: how often two people differ, and what follows.

    ``rate`` is the interval of the share of cases they differ on. ``error`` bounds the mean error of a
    reviewer. Its low end needs no assumption: of two who differ one is wrong. Its high end assumes that
    they err independently and less than half the time; mistakes that both make are invisible here,
    planted cases show them.
    """

    cases: int
    differing: int
    rate: Interval
    error: Interval


def double_review(differing: int, cases: int, *, confidence: Share = USUAL) -> Disagreement:
    """How wrong are reviewers, judged from how often two of them differ on the same case?

    Edge:    no cases → errors up to one half.
    Errors:  ``InputProblem`` RW-TRUST-001 for counts that cannot be, RW-TRUST-002 for the confidence.
    Source:  of two errors e1, e2 without dependence a share e1 + e2 - 2 e1 e2 differs; for given share
             the mean of both is greatest where e1 = e2.
    """
    rate = clopper_pearson(differing, cases, confidence=confidence)
    high = (1 - math.sqrt(1 - 2 * rate.high)) / 2 if rate.high < 0.5 else 0.5
    return Disagreement(cases, differing, rate, Interval(min(rate.low / 2, high), high))


def errors_of_doubles(
    cases: Iterable[Sequence[Label]], *, confidence: Share = USUAL
) -> tuple[ReviewerError, ...]:
    """Each reviewer's error in cases that several people checked: all together first, then by name.

    A label is wrong where the case was decided otherwise, unknown where nobody has decided, and right
    where all agree: a mistake that both make is not seen, so these are low figures.
    Cases that one person looked at are left out.
    """
    between("confidence", confidence)
    tally: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for labels in cases:
        looked = [label for label in labels if not label.decides]
        if len({label.reviewer for label in looked}) < 2:
            continue
        outcome = resolve(labels)
        for label in looked:
            row = tally[label.reviewer]
            row[0] += 1
            row[1] += outcome.wrong is not None and label.wrong != outcome.wrong
            row[2] += outcome.wrong is None
    return _each(tally, confidence)


class Planted(NamedTuple):
    """One check of a planted case: whether its answer is wrong, and whether the reviewer said so."""

    reviewer: str
    wrong: bool
    found_wrong: bool


@dataclass(frozen=True, slots=True)
class Detection:
    """How well reviewers tell wrong answers from right ones, from planted cases (Clopper-Pearson).

    ``sensitivity``: part of the wrong answers that were found wrong. ``specificity``: part of the right
    ones that were left right. None planted of one kind → [0, 1]. ``errors``: all together, then by name.
    """

    sensitivity: Interval
    specificity: Interval
    errors: tuple[ReviewerError, ...]


def planted_checks(checks: Iterable[Planted], *, confidence: Share = USUAL) -> Detection:
    """What planted cases with a known answer say about the people who checked them.

    Errors:  ``InputProblem`` RW-TRUST-002 for the confidence.
    """
    between("confidence", confidence)
    tally: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    caught = {True: [0, 0], False: [0, 0]}
    for reviewer, wrong, found_wrong in checks:
        right = wrong == found_wrong
        row = tally[reviewer]
        row[0] += 1
        row[1] += not right
        caught[wrong][0] += right
        caught[wrong][1] += 1
    return Detection(
        clopper_pearson(*caught[True], confidence=confidence),
        clopper_pearson(*caught[False], confidence=confidence),
        _each(tally, confidence),
    )


def _each(tally: Mapping[str, Sequence[int]], confidence: Share) -> tuple[ReviewerError, ...]:
    total = [sum(column) for column in zip(*tally.values(), strict=True)] if tally else [0, 0, 0]
    rows = [("", total), *sorted(tally.items())]
    return tuple(
        ReviewerError(
            reviewer,
            checks,
            wrong,
            unknown,
            Interval(
                clopper_pearson(wrong, checks, confidence=confidence).low,
                clopper_pearson(wrong + unknown, checks, confidence=confidence).high,
            ),
        )
        for reviewer, (checks, wrong, unknown) in rows
    )


def corrected_error(observed: Interval, *, sensitivity: Interval, specificity: Interval) -> Interval:
    """Where the true error rate lies if reviewers find ``observed`` and err as these intervals allow.

    Reviewers miss errors (sensitivity below 1) and see errors that are none (specificity below 1). The
    worst of both is taken. Each interval may be mistaken: with certainty 1 - d1, 1 - d2 and 1 - d3 the
    result is right with at least 1 - d1 - d2 - d3.

    Edge:    reviewers who may find no more errors than were seen → up to 1. Fewer errors than they
             would see where there are none → they are taken to invent none.
    Source:  Rogan and Gladen 1978, at the worst corner of the three intervals.
    """
    high = _corrected(observed.high, sensitivity.low, specificity.high)
    if observed.high < 1 - specificity.high:
        high = _corrected(observed.high, sensitivity.low, 1.0)
    return Interval(_corrected(observed.low, sensitivity.high, specificity.low), high)


def floor_under_alpha(*, sensitivity: Interval, specificity: Interval) -> float:
    """Smallest error rate these reviewers could ever confirm, however many spot checks they do.

    It is what remains to be feared where the automatic answers are all right, and the reviewers see errors
    that are none as often as their interval allows. More planted cases lower it.

    Edge:  reviewers who may miss more than they invent → 1: nothing can be confirmed.
    """
    return _corrected(1 - specificity.low, sensitivity.low, specificity.high)


def _corrected(observed: float, sensitivity: float, specificity: float) -> float:
    """The error rate behind an observed one, 0 to 1.

    Invariant: between the two shares that reviewers can produce, from 1 - specificity where nothing is
    wrong to sensitivity where everything is, it rises with ``observed`` and ``specificity`` and falls
    with ``sensitivity``; outside it is 0 or 1. So the corners of the intervals are the worst.
    """
    if observed >= sensitivity:
        return 1.0
    beyond = observed + specificity - 1
    return max(0.0, beyond / (sensitivity + specificity - 1)) if beyond > 0 else 0.0
