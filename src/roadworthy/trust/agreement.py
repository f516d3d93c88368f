"""How far a judge may stand in for people: agreement beyond chance, and what it is worth.

A judge is whoever grades in people's place, usually a language model. Where it abstains, or nobody can
read what it says, that is a third outcome beside yes and no: it agrees with nobody and is never
dropped.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Interval, Share
from roadworthy.trust.intervals import USUAL, between, clopper_pearson

_OUT_OF_REACH = 100_000


@dataclass(frozen=True, slots=True)
class Confusion:
    """What the judge said of the answers that people passed, and of those that people failed."""

    passed_passed: int = 0
    passed_failed: int = 0
    passed_unread: int = 0
    failed_passed: int = 0
    failed_failed: int = 0
    failed_unread: int = 0

    def __post_init__(self) -> None:
        if min(self._counts) < 0:
            raise InputProblem(
                "RW-TRUST-034", f"counts of answers are never negative, found {self._counts}"
            )

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool | None]]) -> Confusion:
        """Count pairs of what people said and what the judge said, None where it said nothing readable.

        Errors:  ``InputProblem`` RW-TRUST-034 for anything that is not yes or no.
        """
        counted: Counter[tuple[bool, bool | None]] = Counter()
        for people, judge in pairs:
            if not isinstance(people, bool) or not (judge is None or isinstance(judge, bool)):
                raise InputProblem(
                    "RW-TRUST-034",
                    f"people say yes or no and a judge yes, no or nothing, found `{people}` and `{judge}`",
                    hint="an unreadable verdict is handed in as None, never as no",
                )
            counted[people, judge] += 1
        cells = [(people, judge) for people in (True, False) for judge in (True, False, None)]
        return cls(*(counted[cell] for cell in cells))

    @property
    def _counts(self) -> tuple[int, ...]:
        return (
            self.passed_passed,
            self.passed_failed,
            self.passed_unread,
            self.failed_passed,
            self.failed_failed,
            self.failed_unread,
        )

    @property
    def n(self) -> int:
        """Answers that people graded and the judge was asked about."""
        return sum(self._counts)

    @property
    def unread(self) -> int:
        """Answers the judge said nothing readable about."""
        return self.passed_unread + self.failed_unread

    @property
    def passed(self) -> int:
        """Answers that people passed."""
        return self.passed_passed + self.passed_failed + self.passed_unread

    @property
    def failed(self) -> int:
        """Answers that people failed."""
        return self.n - self.passed

    def sensitivity(self, *, confidence: Share = USUAL) -> Interval:
        """Part of what people passed that the judge passed too (Clopper-Pearson); none seen → [0, 1]."""
        return clopper_pearson(self.passed_passed, self.passed, confidence=confidence)

    def specificity(self, *, confidence: Share = USUAL) -> Interval:
        """Part of what people failed that the judge failed too (Clopper-Pearson); none seen → [0, 1]."""
        return clopper_pearson(self.failed_failed, self.failed, confidence=confidence)

    def kappa(self, *, confidence: Share = USUAL) -> Kappa:
        """Agreement beyond chance, silence counted as disagreement."""
        rows = (self._counts[:3], self._counts[3:], (0, 0, 0))
        return kappa_of_table(rows, confidence=confidence)


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa of ``n`` things rated twice: 1 agrees always, 0 as chance would.

    ``value`` is None where both ratings are always the same one: then there is nothing to tell apart,
    and the interval says nothing ([-1, 1]).
    """

    value: float | None
    interval: Interval
    standard_error: float
    n: int


def cohen_kappa(
    first: Sequence[Hashable], second: Sequence[Hashable], *, confidence: Share = USUAL
) -> Kappa:
    """Agreement beyond chance of two ratings of the same things. Of two people: what a judge can reach.

    None is a rating like any other, but agrees with nothing, not even with itself.

    Errors:  ``InputProblem`` RW-TRUST-034 for sequences of different length.
    """
    if len(first) != len(second):
        raise InputProblem("RW-TRUST-034", f"{len(first)} ratings and {len(second)} do not pair up")
    silent = object(), object()
    one = [silent[0] if rating is None else rating for rating in first]
    two = [silent[1] if rating is None else rating for rating in second]
    place = {rating: index for index, rating in enumerate(dict.fromkeys((*one, *two)))}
    table = np.zeros((len(place), len(place)))
    for a, b in zip(one, two, strict=True):
        table[place[a], place[b]] += 1
    return kappa_of_table(table.tolist(), confidence=confidence)


def kappa_of_table(table: Sequence[Sequence[float]], *, confidence: Share = USUAL) -> Kappa:
    """Kappa of a square table of counts: row the first rating, column the second.

    The interval takes the wider of two: the usual one, and the exact interval of the raw agreement with
    the agreement by chance held fixed. The first alone would claim certainty after ten agreements.

    Errors:  ``InputProblem`` RW-TRUST-034 for a table that is none.
    Source:  Cohen 1960; standard error Fleiss, Cohen and Everitt 1969.
    """
    between("confidence", confidence)
    counts = np.array(table, dtype=np.float64)
    square = counts.ndim == 2 and counts.shape[0] == counts.shape[1]
    if counts.size and not (square and np.isfinite(counts).all() and (counts >= 0).all()):
        raise InputProblem("RW-TRUST-034", "a table of agreement is square and holds counts")
    n = int(counts.sum())
    unknown = Kappa(None, Interval(-1.0, 1.0), math.inf, n)
    if not n:
        return unknown
    part = counts / n
    rows, columns, same = part.sum(axis=1), part.sum(axis=0), np.diagonal(part)
    agreed, chance = float(same.sum()), float(rows @ columns)
    if chance > 1 - 1e-12:
        return unknown
    value = (agreed - chance) / (1 - chance)
    off = part - np.diag(same)
    spread = (
        float(same @ (1 - (rows + columns) * (1 - value)) ** 2)
        + (1 - value) ** 2 * float((off * (columns[:, None] + rows[None, :]) ** 2).sum())
        - (value - chance * (1 - value)) ** 2
    )
    error = math.sqrt(max(0.0, spread) / n) / (1 - chance)
    reach = float(special.ndtri((1 + float(confidence)) / 2)) * error
    exact = clopper_pearson(round(agreed * n), n, confidence=confidence)
    low, high = ((end - chance) / (1 - chance) for end in (exact.low, exact.high))
    return Kappa(
        value, Interval(max(-1.0, min(value - reach, low)), min(1.0, max(value + reach, high))), error, n
    )


@dataclass(frozen=True, slots=True)
class FlipRate:
    """How often a judge contradicts itself: ``rate`` of two judgements of the same thing differ.

    ``unstable`` of the ``n`` things got different judgements; ``interval`` is of that part.
    """

    rate: float | None
    unstable: int
    n: int
    interval: Interval


def flip_rate(repeats: Iterable[Sequence[bool | None]], *, confidence: Share = USUAL) -> FlipRate:
    """What repeating the same judgement shows. An unreadable judgement differs from yes and from no.

    Edge:  things judged once say nothing and are left out of ``n``; none left → rate None.
    """
    rates = []
    for verdicts in repeats:
        if len(verdicts) > 1:
            pairs = len(verdicts) * (len(verdicts) - 1)
            same = sum(count * (count - 1) for count in Counter(verdicts).values())
            rates.append(1 - same / pairs)
    unstable = sum(rate > 0 for rate in rates)
    return FlipRate(
        math.fsum(rates) / len(rates) if rates else None,
        unstable,
        len(rates),
        clopper_pearson(unstable, len(rates), confidence=confidence),
    )


@dataclass(frozen=True, slots=True)
class SwapProbe:
    """What a change that ought not matter did to the judge's verdicts.

    ``raised`` became yes, ``lowered`` became no, ``unread`` were unreadable before or after. ``p_value``
    is exact: how often chance alone would tip so many one way (McNemar).
    """

    n: int
    raised: int
    lowered: int
    unread: int
    p_value: float

    @property
    def shift(self) -> float | None:
        """Part of the readable verdicts that rose, minus the part that fell; None without any."""
        readable = self.n - self.unread
        return (self.raised - self.lowered) / readable if readable else None

    @property
    def biased(self) -> bool:
        """The change tips verdicts one way, with less than 5 % doubt."""
        return self.p_value < 0.05


def swap_probe(pairs: Iterable[tuple[bool | None, bool | None]]) -> SwapProbe:
    """Is the judge moved by what ought not matter: the order of two answers, or empty words?

    One pair for each answer: the verdict as it stands, and after the change. For order: does the answer win
    when it stands first, and does it when it stands second? For length: does it pass as it is, and
    padded?

    Edge:  verdicts that never change, or no pairs → p value 1.
    """
    counted = Counter(pairs)
    raised, lowered = counted[False, True], counted[True, False]
    unread = sum(count for pair, count in counted.items() if None in pair)
    moved = raised + lowered
    p_value = min(1.0, 2 * float(special.bdtr(min(raised, lowered), moved, 0.5)))
    return SwapProbe(counted.total(), raised, lowered, unread, p_value)


@dataclass(frozen=True, slots=True)
class JudgeCertificate:
    """May this judge decide a gate, or is its score advice only? It holds for one judge and one prompt.

    ``labels_needed`` further answers graded by people would settle it if agreement is as it looks;
    0 where it may gate, None where no number of them would.
    """

    may_gate: bool
    kappa: Kappa
    kappa_min: float
    labels: int
    min_labels: int
    sensitivity: Interval
    specificity: Interval
    unread: int
    labels_needed: int | None
    ceiling: Kappa | None
    sentence: str


def certify_judge(
    confusion: Confusion,
    *,
    kappa_min: float,
    min_labels: int,
    ceiling: Kappa | None = None,
    confidence: Share = USUAL,
) -> JudgeCertificate:
    """Decide from answers that people graded too: enough of them, and agreement surely high enough.

    ``ceiling`` is the kappa of two people who graded the same answers: it is told beside, and decides
    nothing.

    Errors:  ``InputProblem`` RW-TRUST-034 with everything that does not fit.
    """
    problems = []
    if not 0 <= kappa_min <= 1:
        problems.append(Problem(f"lies between 0 and 1, found {kappa_min}", place="kappa_min"))
    if min_labels < 1:
        problems.append(Problem(f"is at least 1, found {min_labels}", place="min_labels"))
    if problems:
        raise InputProblem("RW-TRUST-034", problems)
    kappa = confusion.kappa(confidence=confidence)
    sure = kappa.value is not None and kappa.interval.low >= kappa_min
    may_gate = sure and confusion.n >= min_labels
    needed = 0 if may_gate else _labels_needed(kappa, kappa_min, min_labels)
    return JudgeCertificate(
        may_gate,
        kappa,
        kappa_min,
        confusion.n,
        min_labels,
        confusion.sensitivity(confidence=confidence),
        confusion.specificity(confidence=confidence),
        confusion.unread,
        needed,
        ceiling,
        _verdict(confusion, kappa, kappa_min, needed, ceiling),
    )


def _labels_needed(kappa: Kappa, kappa_min: float, min_labels: int) -> int | None:
    missing = max(0, min_labels - kappa.n)
    if kappa.value is None:
        # Only one kind of answer was seen: at least one more round, and of the other kind too.
        return max(missing, min_labels)
    if kappa.interval.low >= kappa_min:
        return missing
    if kappa.value <= kappa_min:
        return None
    # The distance to the lower end shrinks with the root of the labels.
    wider = (kappa.value - kappa.interval.low) / (kappa.value - kappa_min)
    more = math.ceil(kappa.n * (wider * wider - 1))
    return max(missing, more, 1) if more <= _OUT_OF_REACH else None


def _verdict(
    confusion: Confusion, kappa: Kappa, kappa_min: float, needed: int | None, ceiling: Kappa | None
) -> str:
    if kappa.value is None:
        known = f"{kappa.n} answers graded by people leave nothing to tell apart"
    else:
        low, high = kappa.interval.low, kappa.interval.high
        known = f"kappa {kappa.value:.2f}, between {low:.2f} and {high:.2f}, on {kappa.n} answers"
    known += f"; at least {kappa_min:.2f} is asked for"
    if confusion.unread:
        known += f"; {confusion.unread} verdicts could not be read and count as disagreement"
    if ceiling is not None and ceiling.value is not None:
        known += f"; two people agree with kappa {ceiling.value:.2f}"
    if needed == 0:
        return f"the judge may gate: {known}"
    if needed is None:
        return f"the judge may only advise, and more labels would not change that: {known}"
    return (
        f"the judge may only advise: {known}; about {needed} more answers graded by people would settle it"
    )
