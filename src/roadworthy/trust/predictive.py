"""A few labels of people and many verdicts of a judge, together: right though the judge is not.

Prediction-powered inference: the judge's mean over everything, corrected by how far it is off where
people looked too. However bad the judge, the result is right; the better it is, the narrower.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Interval, Share
from roadworthy.trust.intervals import USUAL, between, clopper_pearson

# Below this the judge saves fewer labels than looking after it takes.
USEFUL_GAIN = 1.2
# Where few of n labels differ their spread says less than it seems; never believed below 3/n: "none in n"
# still allows 3/n of them (the rule of three).
_LEAST_DIFFERENT = 3.0

Verdict = bool | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A mean grade, 0 to 1, of everything the judge graded, as people would have graded it.

    ``people`` is what the labels alone say, ``judge`` what the verdicts alone say. ``trust`` is how much
    of the judge was used (lambda: 0 none, 1 all). ``gain`` is how many labels one label counts for
    thanks to the judge.
    """

    mean: float
    interval: Interval
    standard_error: float
    trust: float
    labels: int
    judged: int
    people: float
    people_interval: Interval
    judge: float
    gain: float

    @property
    def useful(self) -> bool:
        """The judge saves labels worth mentioning."""
        return self.gain >= USEFUL_GAIN

    @property
    def sentence(self) -> str:
        """What is known, for people."""
        low, high = self.interval.low, self.interval.high
        known = (
            f"{self.mean:.3f}, between {low:.3f} and {high:.3f}, from {self.labels} labels of people and "
            f"{self.judged} verdicts; the judge alone says {self.judge:.3f}"
        )
        if self.useful:
            return f"{known}; one label counts for {self.gain:.1f}"
        return (
            f"{known}; the judge is useless here (one label counts for {self.gain:.2f}): label people only"
        )


def corrected_mean(
    people: ArrayLike,
    judge: ArrayLike,
    unlabelled: ArrayLike,
    *,
    confidence: Share = USUAL,
    trust: float | None = None,
) -> Corrected:
    """The mean grade of everything, from people's grades of some of it and the judge's grades of all.

    Shape:   ``people`` and ``judge`` (n,): both grades of the same answers, drawn at random;
             ``unlabelled`` (N,): the judge's grades of further answers from the same source. All 0 to 1.
             Unreadable verdicts have no place here: see ``corrected_share``.
    Edge:    ``trust`` None → tuned to the narrowest interval, within 0 to 1.
    Errors:  ``InputProblem`` RW-TRUST-035 for other shapes or grades, and for fewer than 3 labels.
    Source:  PPI++, Angelopoulos, Duchi and Zrnic 2023 (arXiv 2311.01453), example 1; Student's t with
             n - 2 degrees of freedom, because the tuning looks at the same labels.
    """
    between("confidence", confidence)
    y, f, rest = _grades(people, judge, unlabelled)
    if trust is not None and not 0 <= trust <= 1:
        raise InputProblem("RW-TRUST-035", f"`trust` lies between 0 and 1, found {trust}")
    n, many = y.size, rest.size
    used = _tuned(y, f, rest) if trust is None else trust
    mean = used * float(rest.mean()) + float((y - used * f).mean())
    both_binary = bool(np.isin(y, (0, 1)).all() and np.isin(f, (0, 1)).all())
    alone = _spread(y, binary=both_binary) / n
    variance = _spread(y - used * f, binary=both_binary) / n
    variance += used * used * float(rest.var(ddof=1)) / many if many > 1 else used * used / 4
    error, reach = math.sqrt(variance), float(special.stdtrit(n - 2, (1 + float(confidence)) / 2))
    every = np.concatenate([f, rest])
    return Corrected(
        min(1.0, max(0.0, mean)),
        _clipped(mean, reach * error),
        error,
        used,
        n,
        n + many,
        float(y.mean()),
        _people_alone(y, math.sqrt(alone), confidence),
        float(every.mean()),
        alone / variance,
    )


def _tuned(y: NDArray[np.float64], f: NDArray[np.float64], rest: NDArray[np.float64]) -> float:
    spread = float(np.concatenate([f, rest]).var(ddof=1))
    if spread <= 0:
        return 0.0
    together = float(np.cov(y, f)[0, 1])
    return min(1.0, max(0.0, together / (spread * (1 + y.size / rest.size))))


def _spread(values: NDArray[np.float64], *, binary: bool) -> float:
    seen = float(values.var(ddof=1))
    return max(seen, _LEAST_DIFFERENT / values.size) if binary or seen == 0 else seen


def _people_alone(y: NDArray[np.float64], error: float, confidence: Share) -> Interval:
    if np.isin(y, (0, 1)).all():
        return clopper_pearson(int(y.sum()), y.size, confidence=confidence)
    return _clipped(
        float(y.mean()), float(special.stdtrit(y.size - 1, (1 + float(confidence)) / 2)) * error
    )


def corrected_share(
    labelled: Iterable[tuple[bool, Verdict]],
    verdicts: Mapping[Verdict, int],
    *,
    confidence: Share = USUAL,
) -> Corrected:
    """The share that people would pass, from the judge's verdicts on all and people's labels on some.

    ``labelled``: what people said and what the judge said of the same answers. ``verdicts``: how many
    answers got each verdict, labelled ones included; None counts the unreadable, which are a group
    of their own. Within a group labelled answers are drawn at random; the groups may be drawn
    differently, so labels can go where they say most.

    Holds:   the range of one group alone is the exact one; that of several adds the exact ranges of the
             groups and the spread of the verdicts in squares. Ten passes of ten are not certainty.
    Edge:    ``trust`` is 1: each verdict counts for what it is worth.
    Errors:  ``InputProblem`` RW-TRUST-035 for labels of other kinds and fewer verdicts than labels,
             RW-TRUST-036 with every group that has verdicts but fewer than 2 labels.
    Source:  post-stratification (Cochran 1977, 5A.9); with yes and no, PPI++ at its best trust. Ranges:
             Clopper and Pearson 1934, put together as in Zou and Donner 2008 (MOVER).
    """
    between("confidence", confidence)
    groups = _groups(labelled, verdicts)
    total = sum(count for _, _, count in groups)
    mean = math.fsum(count / total * passed / n for n, passed, count in groups)
    within = mixing = below = above = 0.0
    for n, passed, count in groups:
        weight, rate, cautious = count / total, passed / n, (passed + 1) / (n + 2)
        within += weight * weight * cautious * (1 - cautious) / n
        mixing += weight * (rate - mean) ** 2 / total
        exact = clopper_pearson(passed, n, confidence=confidence)
        below += (weight * (rate - exact.low)) ** 2
        above += (weight * (exact.high - rate)) ** 2
    variance = within + mixing
    n = sum(size for size, _, _ in groups)
    plain = (mean * n + 1) / (n + 2)
    alone = plain * (1 - plain) / n
    spread = float(special.ndtri((1 + float(confidence)) / 2)) ** 2 * mixing
    passed_by_people = sum(passed for _, passed, _ in groups)
    return Corrected(
        mean,
        Interval(
            max(0.0, min(mean, mean - math.sqrt(below + spread))),
            min(1.0, max(mean, mean + math.sqrt(above + spread))),
        ),
        math.sqrt(variance),
        1.0,
        n,
        total,
        passed_by_people / n,
        clopper_pearson(passed_by_people, n, confidence=confidence),
        verdicts.get(True, 0) / total,
        alone / variance,
    )


def _groups(
    labelled: Iterable[tuple[bool, Verdict]], verdicts: Mapping[Verdict, int]
) -> Sequence[tuple[int, int, int]]:
    """Of every verdict that occurs: labels, labels that pass, answers."""
    labels: Counter[Verdict] = Counter()
    passes: Counter[Verdict] = Counter()
    for people, judge in labelled:
        if not isinstance(people, bool) or not (judge is None or isinstance(judge, bool)):
            raise InputProblem(
                "RW-TRUST-035",
                f"people say yes or no and a judge yes, no or nothing, found `{people}` and `{judge}`",
            )
        labels[judge] += 1
        passes[judge] += people
    names: dict[Verdict, str] = {True: "passed", False: "failed", None: "unreadable"}
    found, impossible, missing = [], [], []
    for verdict, name in names.items():
        count, n = verdicts.get(verdict, 0), labels[verdict]
        if count < n:
            impossible.append(Problem(f"{n} labels but only {count} verdicts", place=name))
        elif count and n < 2:
            missing.append(
                Problem(
                    f"{count} verdicts but {n} of them labelled by people",
                    place=name,
                    hint="let people grade at least 2 of them",
                )
            )
        elif count:
            found.append((n, passes[verdict], count))
    if impossible or not (found or missing):
        raise InputProblem("RW-TRUST-035", impossible or "there are no verdicts to correct")
    if missing:
        raise InputProblem("RW-TRUST-036", missing)
    return found


def rogan_gladen(
    judged_share: float,
    *,
    sensitivity: Share,
    specificity: Share,
) -> float | None:
    """The true share behind a judge's share, if its errors are what they were measured to be: a check.

    None where the judge does no better than chance (sensitivity + specificity at most 1).

    Errors:  ``InputProblem`` RW-TRUST-035 for a share outside 0 to 1.
    Source:  Rogan and Gladen 1978.
    """
    if not 0 <= judged_share <= 1:
        raise InputProblem("RW-TRUST-035", f"a share lies between 0 and 1, found {judged_share}")
    better = float(sensitivity) + float(specificity) - 1
    if better <= 0:
        return None
    return min(1.0, max(0.0, (judged_share + float(specificity) - 1) / better))


def _grades(*given: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    y, f, rest = (np.asarray(one, dtype=np.float64) for one in given)
    problems = []
    for name, values in (("people", y), ("judge", f), ("unlabelled", rest)):
        if values.ndim != 1:
            problems.append(
                Problem(f"one grade an answer expected, found shape {values.shape}", place=name)
            )
        elif not ((values >= 0) & (values <= 1)).all():
            problems.append(Problem("grades lie between 0 and 1; there are others, or none", place=name))
    if y.size != f.size:
        problems.append(Problem(f"{y.size} grades of people and {f.size} of the judge do not pair up"))
    if y.size < 3:
        problems.append(
            Problem(f"at least 3 labels say how far the judge is off, found {y.size}", place="people")
        )
    if not rest.size:
        problems.append(Problem("no answer was graded by the judge only", place="unlabelled"))
    if problems:
        raise InputProblem("RW-TRUST-035", problems)
    return y, f, rest


def _clipped(mean: float, reach: float) -> Interval:
    middle = min(1.0, max(0.0, mean))
    return Interval(min(middle, max(0.0, mean - reach)), max(middle, min(1.0, mean + reach)))
