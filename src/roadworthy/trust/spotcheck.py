"""Which automatic cases people look at, and what the error rate of all of them is, judged from those.

Every automatic case is drawn with a probability q that is known, never 0, and stored with it. A case
that was drawn stands for 1/q cases, so that errors which were looked for harder do not count more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from roadworthy.errors import Corrupt, InputProblem, Problem
from roadworthy.quantities import Interval, Share
from roadworthy.trust.confidence import DELTA, ConfidenceSequence, number, unreadable
from roadworthy.trust.intervals import between
from roadworthy.trust.sequential import Alarm
from roadworthy.trust.weighted import WeightedSums, is_probability

# Drawn more often is what lies in the lowest quarter between the threshold and full confidence.
NEAR_PART = 0.25


@dataclass(frozen=True, slots=True)
class SpotCheckRule:
    """How likely an automatic case is drawn: usually ``share``, never below ``least``.

    Just at the threshold ``near_threshold`` times as likely; that falls in a straight line to once
    over the lowest quarter of the way from the threshold to full confidence.

    Errors:  ``InputProblem`` RW-TRUST-030 with everything that does not fit.
    """

    share: float
    least: float
    near_threshold: float = 1.0

    def __post_init__(self) -> None:
        problems = []
        if not 0 < self.share <= 1:
            problems.append(Problem(f"lies above 0 and at most at 1, found {self.share}", place="share"))
        if not 0 < self.least <= 1:
            problems.append(
                Problem(
                    f"lies above 0 and at most at 1, found {self.least}",
                    place="least",
                    hint="a case that is never drawn can be wrong for ever",
                )
            )
        if self.least > self.share:
            problems.append(
                Problem(f"is at most `share`, found {self.least} above {self.share}", place="least")
            )
        if not 1 <= self.near_threshold < math.inf:
            problems.append(Problem(f"is at least 1, found {self.near_threshold}", place="near_threshold"))
        if problems:
            raise InputProblem("RW-TRUST-030", problems)

    def floor(self, share_now: float) -> float:
        """Lowest probability that any automatic case has while ``share_now`` is the usual one."""
        return min(1.0, max(self.least, share_now))


def inclusion(rule: SpotCheckRule, *, confidence: float, threshold: float, share_now: float) -> float:
    """With which probability this automatic case is drawn; store it beside the case.

    ``share_now`` is the usual share at this time, such as ``affordable_share`` gives.

    Edge:    below the threshold as at the threshold; no room above it (1 or more) → as at the threshold.
    Errors:  ``InputProblem`` RW-TRUST-031 for numbers that are not finite.
    """
    given = {"confidence": confidence, "threshold": threshold, "share_now": share_now}
    problems = [
        Problem(f"is a finite number, found {value}", place=name)
        for name, value in given.items()
        if not math.isfinite(value)
    ]
    if problems:
        raise InputProblem("RW-TRUST-031", problems)
    room = 1 - threshold
    height = (confidence - threshold) / room if room > 0 else 0.0
    nearness = min(1.0, max(0.0, 1 - height / NEAR_PART))
    return min(1.0, rule.floor(share_now) * (1 + (rule.near_threshold - 1) * nearness))


def drawn(q: float, key: bytes) -> bool:
    """Whether the case with this key is looked at: the same key, the same answer.

    ``key`` is a digest of the case made with a secret key (HMAC), so that nobody outside can tell
    beforehand which cases are looked at. Its first 8 bytes decide.

    Errors:  ``InputProblem`` RW-TRUST-031 for a shorter key or a q that is not above 0 and at most 1.
    """
    if not is_probability(q):
        raise InputProblem("RW-TRUST-031", f"a case is drawn with a probability above 0, found {q}")
    if len(key) < 8:
        raise InputProblem("RW-TRUST-031", f"8 bytes of a digest decide, found {len(key)}")
    return int.from_bytes(key[:8]) < q * 2.0**64


@dataclass(frozen=True, slots=True)
class AffordableShare:
    """The usual share for now, the hours a week that it takes, and whether there are so many."""

    share: float
    hours: float
    fits: bool


def affordable_share(
    rule: SpotCheckRule,
    *,
    cases_per_week: float,
    minutes_per_check: float,
    hours_per_week: float,
    double: float,
    planted: float = 0.0,
    mean_factor: float | None = None,
) -> AffordableShare:
    """The share of automatic cases that the reviewers' hours suffice for, between ``least`` and ``share``.

    ``double`` is the part of the checks that a second person repeats, ``planted`` the part of all
    checks that are known-answer cases. ``mean_factor`` is how many times likelier than usual recent cases
    were drawn, on average; without it they are taken to be spread evenly above the threshold.

    Edge:    where even ``least`` does not fit, it is given nevertheless and ``fits`` is False.
    Errors:  ``InputProblem`` RW-TRUST-030 with everything that does not fit.
    """
    factor = 1 + (rule.near_threshold - 1) * NEAR_PART / 2 if mean_factor is None else mean_factor
    ranges = {
        "cases_per_week": (cases_per_week, 0 <= cases_per_week < math.inf),
        "minutes_per_check": (minutes_per_check, 0 < minutes_per_check < math.inf),
        "hours_per_week": (hours_per_week, 0 <= hours_per_week < math.inf),
        "double": (double, 0 <= double <= 1),
        "planted": (planted, 0 <= planted < 1),
        "mean_factor": (factor, 1 <= factor < math.inf),
    }
    problems = [
        Problem(f"{value} is not possible", place=name)
        for name, (value, fits) in ranges.items()
        if not fits
    ]
    if problems:
        raise InputProblem("RW-TRUST-030", problems)
    hours_at_one = cases_per_week * factor * minutes_per_check * (1 + double) / (1 - planted) / 60
    possible = hours_per_week / hours_at_one if hours_at_one else rule.share
    share = min(rule.share, max(rule.least, possible))
    return AffordableShare(share, hours_at_one * share, possible >= rule.least)


def ring(alarm: Alarm, *, wrong: bool, weight: float, scale: float = 1.0) -> Alarm:
    """The alarm after one more drawn case that counts by ``weight``: the lowest possible q over its own.

    ``scale`` is known before the case is drawn, such as one over the usual weight; see ``SpotCheckWatch``.
    """
    tolerated = float(alarm.tolerated)
    return alarm.update(min(1.0, max(0.0, tolerated + weight * (wrong - tolerated))), scale=scale)


@dataclass(frozen=True, slots=True)
class SpotCheckWatch:
    """Watches one kind of error among automatic cases: rings when it rises, and tells how high it is.

    One update for each check whose result is known, in the order in which results come. Planted
    cases and the second look of a double review are no updates: they measure reviewers.

    Why it is right though q varies: let R be the error rate of all automatic cases, e whether this one
    is wrong, I whether it is drawn (with probability q, known beforehand), f the lowest q that any case
    could have had then. E[I (f/q) (e - R)] = f E[e - R] = 0, so among drawn cases the weighted error
    ``(f/q) (e - R)`` has mean 0, whatever q and e have to do with one another, and without counting
    the cases that were not drawn. For m above R it has a mean below 0, so that

    * the alarm is fed the loss ``alpha + (f/q) (e - alpha)``: between 0 and 1, with a mean of at most
      alpha exactly where R is at most alpha; its false alarms stay as rare as promised, in checks;
    * the interval bets on ``(f/q) (e - m)`` for every m (see ``ConfidenceSequence``).

    It assumes that results do not come sooner or later because of what they are.
    """

    promised: Share
    least: float
    alarm: Alarm
    sequence: ConfidenceSequence
    wrong: int = 0
    sums: WeightedSums = field(default_factory=WeightedSums)

    @classmethod
    def begin(
        cls, *, promised: Share, least: float, patience: float, delta: Share = DELTA
    ) -> SpotCheckWatch:
        """A watch before its first check.

        ``promised`` is the alpha of the certificate; ``least`` the rule's lowest probability; at most one
        false alarm in ``patience`` checks on average; the interval errs in at most ``delta`` of
        the streams.

        Errors:  ``InputProblem`` RW-TRUST-002, -007 or -030 for settings outside what they can mean.
        """
        between("promised", promised)
        if not is_probability(least):
            raise InputProblem("RW-TRUST-030", f"`least` lies above 0 and at most at 1, found {least}")
        return cls(promised, least, Alarm(promised, patience), ConfidenceSequence(delta))

    @property
    def checks(self) -> int:
        """How many results came."""
        return self.sums.checks

    @property
    def fires(self) -> bool:
        """The error rate rose above what was promised. It rings until a new watch takes its place."""
        return self.alarm.fires

    @property
    def error(self) -> float | None:
        """Error rate of all automatic cases (Hájek); None before the first check."""
        return self.sums.estimate().error if self.checks else None

    @property
    def standard_error(self) -> float | None:
        """Of ``error``; None before the first check. For decisions use ``interval``."""
        return self.sums.estimate().standard_error if self.checks else None

    @property
    def interval(self) -> Interval:
        """Where the error rate lies, right at all looks together; no checks → [0, 1]."""
        return self.sequence.interval

    @property
    def upper(self) -> float:
        """The error rate is at most this, right at all looks together."""
        return self.sequence.upper

    @property
    def sentence(self) -> str:
        """What is known, for people."""
        promise = f"at most {self.promised} was promised"
        if self.error is None:
            return f"no spot check has a result yet; {promise}"
        checks = "1 spot check" if self.checks == 1 else f"{self.checks} spot checks"
        where = f"between {Share(self.interval.low)} and {Share(self.interval.high)}"
        sure = f"{(1 - float(self.sequence.delta)) * 100:g} %, however often one looks"
        found = f"{self.wrong} of {checks} found an error"
        known = (
            f"{found}: of all automatic cases {Share(self.error)} are wrong, {where} ({sure}); {promise}"
        )
        if self.fires:
            return f"the alarm rang at spot check {self.alarm.rang_at}; {known}"
        if self.interval.low > float(self.promised):
            return f"{known}, which is refuted"
        return known

    def update(self, wrong: bool, *, q: float, floor: float | None = None) -> SpotCheckWatch:
        """The next state, after one more result.

        ``q`` is the probability this case was drawn with. ``floor`` is the lowest that any automatic case
        had at the time it was drawn (``SpotCheckRule.floor``); where it is not known ``least`` stands
        in, which is right too but takes several times as many checks to say as much.

        Handing in the same check twice is wrong, and not noticed here.

        Errors:  ``InputProblem`` RW-TRUST-031 for a q or floor that cannot be; a q below the floor would
                 make the case count for more than was bet on.
        """
        lowest = self.least if floor is None else floor
        sums = self.sums.add(q, wrong=wrong)
        # A share times a factor may miss the floor by the last digit.
        if not self.least <= lowest <= q * (1 + 1e-9):
            raise InputProblem(
                "RW-TRUST-031",
                f"a case was drawn with probability {q}, but the lowest possible then was {lowest}, and "
                f"{self.least} by the rule",
                hint="hand in both as they were stored when the case was drawn",
            )
        weight = min(1.0, lowest / q)
        # Weights seen so far make up for how weak the weighted errors are.
        scale = self.sequence.n / self.sequence.weight if self.sequence.n else 1.0
        return replace(
            self,
            alarm=ring(self.alarm, wrong=wrong, weight=weight, scale=scale),
            sequence=self.sequence.update(float(wrong), weight=weight),
            wrong=self.wrong + wrong,
            sums=sums,
        )

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values; about 4 kB, whatever has been seen."""
        return {
            "promised": self.promised.value,
            "least": self.least,
            "alarm": self.alarm.as_json(),
            "sequence": self.sequence.as_json(),
            "wrong": self.wrong,
            "sums": [
                self.sums.checks,
                self.sums.weight,
                self.sums.squares,
                self.sums.wrong,
                self.sums.wrong_squares,
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> SpotCheckWatch:
        """Read what ``as_json`` wrote. Errors: ``Corrupt`` RW-TRUST-032 when it is anything else."""
        try:
            alarm, sequence, sums = stored["alarm"], stored["sequence"], stored["sums"]
            if not isinstance(alarm, Mapping) or not isinstance(sequence, Mapping):
                raise TypeError("an object expected, found something else")
            if not isinstance(sums, list) or len(sums) != 5:
                raise TypeError("five sums expected, found something else")
            watch = cls(
                promised=Share(number(stored["promised"])),
                least=number(stored["least"]),
                alarm=Alarm.from_json(alarm),
                sequence=ConfidenceSequence.from_json(sequence),
                wrong=int(number(stored["wrong"])),
                sums=WeightedSums(int(number(sums[0])), *(number(part) for part in sums[1:])),
            )
        except (KeyError, TypeError, ValueError, InputProblem, Corrupt) as problem:
            raise unreadable(problem) from None
        if not watch.checks == watch.alarm.checks == watch.sequence.n >= watch.wrong >= 0:
            raise unreadable(ValueError("its parts have not seen the same number of checks"))
        return watch
