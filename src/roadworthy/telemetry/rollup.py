"""What cases did, counted by day: the figures that pages read instead of counting cases.

A count says of one use case, release and stage how often something happened in a slot: a day of UTC
(``2026-11-22``), one of its hours (``2026-11-22T05``), which are kept for two days, or a week, named by its Monday.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from roadworthy.casework.review import ReviewKind
from roadworthy.stage import SIMULATED
from roadworthy.telemetry.exposition import bucket_of

OUTCOME_SECONDS: Final = (
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0,
    28_800.0, 86_400.0, 172_800.0, 345_600.0, 604_800.0, 1_209_600.0,
)  # fmt: skip
"""Upper bounds of the times from intake to end; one more bucket holds what took longer."""
WRONG: Final = "wrong"
"""The label of outcomes that say the case was wrong; every known one counts under the empty label too."""
_SIMULATED: Final = frozenset(stage.value for stage in SIMULATED)
_CODE: Final = re.compile(r"RW-[A-Z]{2,20}-[0-9]{3}(?![0-9])")


class Grain(StrEnum):
    """How long a slot is."""

    DAY = "day"
    HOUR = "hour"
    WEEK = "week"


class Name(StrEnum):
    """What is counted; in brackets what the label says."""

    ACCEPTED = "accepted"  # cases taken in
    REJECTED = "rejected"  # inputs that broke their contract
    CLOSED = "closed"  # cases that ended (who handled them)
    SECONDS = "seconds"  # the same by the time they took (number of the bucket)
    REVIEW = "review"  # reviews opened (kind/reason)
    ANSWERED = "answered"  # reviews decided (kind/verdict)
    REVIEW_S = "review_s"  # seconds that people worked on them (kind)
    OUTCOME = "outcome"  # cases of which it became known whether they were right (`wrong`: they were not)
    RATING = "rating"  # ratings (stars)
    ERROR = "error"  # what went wrong (code or cause)
    COST = "cost"  # nano-units that ended cases cost (currency)


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a count stands. ``release`` is a digest, empty where people do the work."""

    use_case: str
    grain: Grain
    slot: str
    name: str
    label: str
    release: str
    stage: str


class Count(NamedTuple):
    """A count as it is read; ``slot`` is empty where it is the sum of a period. ``example``: the newest case.

    A tuple, because a page reads thousands of them.
    """

    slot: str
    use_case: str
    release: str
    stage: str
    name: str
    label: str
    value: int
    example: str = ""

    @property
    def is_live(self) -> bool:
        """What really happened, not what a pilot or a shadow run would have done."""
        return is_live(self.release, self.stage)


def is_live(release: str, stage: str) -> bool:
    """Work that counts: of a release that acts, or of people where no release works on the case."""
    return not release or stage not in _SIMULATED


@dataclass(frozen=True, slots=True)
class Rolled:
    """Counts of a period: ``rows`` are its sums, ``slotted`` the same by slot for some names, ``recent`` errors of
    the newest slots.

    ``slots`` are all slots of the period, those in which nothing happened too, the oldest first.
    Every question takes a use case, or answers for all that were read; ``live`` leaves out pilot and shadow runs.
    """

    rows: tuple[Count, ...]
    slots: tuple[str, ...] = ()
    slotted: tuple[Count, ...] = ()
    recent: tuple[Count, ...] = ()

    def total(self, name: str, label: str | None = None, *, use_case: str = "", live: bool = True) -> int:
        """The sum under a label, or under all of them.

        Edge: outcomes count under two labels: ask for ``""`` or ``wrong``.
        """
        return sum(one.value for one in self._of(self.rows, name, label, use_case, live))

    def by_slot(
        self, name: str, label: str | None = None, *, use_case: str = "", live: bool = True
    ) -> list[int]:
        """The same for every slot, beside ``slots``."""
        found: Counter[str] = Counter()
        for one in self._of(self.slotted, name, label, use_case, live):
            found[one.slot] += one.value
        return [found[slot] for slot in self.slots]

    def labels(self, name: str, *, use_case: str = "", live: bool = True) -> dict[str, int]:
        """Sums by label, the biggest first."""
        found: Counter[str] = Counter()
        for one in self._of(self.rows, name, None, use_case, live):
            found[one.label] += one.value
        return {label: n for label, n in sorted(found.items(), key=lambda each: (-each[1], each[0])) if n}

    def examples(
        self, name: str, label: str, *, use_case: str = "", live: bool = True, most: int = 3
    ) -> tuple[str, ...]:
        """The newest cases that were counted there: one of each release and stage, and of errors of the newest slots."""
        rows = self._of((*self.rows, *self.recent), name, label, use_case, live)
        found = {one.example for one in rows if one.example}
        return tuple(sorted(found, reverse=True)[:most])

    def quantile(self, q: float, *, use_case: str = "", live: bool = True) -> float | None:
        """Seconds from intake to end that a share of the ended cases stayed below.

        Edge: within a bucket cases are taken as spread evenly; beyond the last bound the bound is told. None where no
        case ended.
        """
        return quantile(self.labels(Name.SECONDS, use_case=use_case, live=live), q)

    def _of(
        self, rows: Sequence[Count], name: str, label: str | None, use_case: str, live: bool
    ) -> Iterator[Count]:
        for one in rows:
            if one.name != name or (label is not None and one.label != label):
                continue
            if (not use_case or one.use_case == use_case) and (not live or one.is_live):
                yield one


def quantile(buckets: Mapping[str, int], q: float) -> float | None:
    """The quantile of times that were counted by bucket; None where there are none."""
    counts: defaultdict[int, int] = defaultdict(int)
    for label, n in buckets.items():
        counts[int(label)] += n
    whole = sum(counts.values())
    if whole <= 0:
        return None
    wanted, before = min(max(q, 0.0), 1.0) * whole, 0
    for place in sorted(counts):
        if counts[place] and before + counts[place] >= wanted:
            low = OUTCOME_SECONDS[place - 1] if place else 0.0
            if place >= len(OUTCOME_SECONDS):
                return low
            return low + (OUTCOME_SECONDS[place] - low) * (wanted - before) / counts[place]
        before += counts[place]
    return OUTCOME_SECONDS[-1]


def bucket_label(seconds: float) -> str:
    """The bucket of a time. A clock that jumped back measures nothing."""
    return str(bucket_of(max(0.0, seconds), OUTCOME_SECONDS))


def slots_at(at: datetime) -> tuple[tuple[Grain, str], ...]:
    """The slots that a moment (UTC) lies in."""
    told = at.isoformat()
    return (Grain.DAY, told[:10]), (Grain.HOUR, told[:13]), (Grain.WEEK, _monday(at.date()).isoformat())


def days_between(first: date, last: date) -> tuple[str, ...]:
    """Every day from the first to the last, both included."""
    return tuple((first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1))


def spans_of(first: date, last: date) -> tuple[tuple[Grain, str, str], ...]:
    """The fewest slots that make up a period: whole weeks, and the days before and after them."""
    monday = _monday(first + timedelta(days=6))
    after = _monday(last + timedelta(days=1))
    if monday >= after:
        return ((Grain.DAY, first.isoformat(), last.isoformat()),)
    told = [(Grain.WEEK, monday, after - timedelta(days=7))]
    if first < monday:
        told.append((Grain.DAY, first, monday - timedelta(days=1)))
    if after <= last:
        told.append((Grain.DAY, after, last))
    return tuple((grain, begin.isoformat(), end.isoformat()) for grain, begin, end in told)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def hours_before(now: datetime, hours: int) -> tuple[str, ...]:
    """The hour of a moment and those before it, the oldest first."""
    return tuple((now - timedelta(hours=n)).isoformat()[:13] for n in range(hours - 1, -1, -1))


_BEGINNINGS: Final = (
    ("confidence ", "confidence"),
    ("the case has no confidence", "confidence"),
    ("the charter's autonomy", "autonomy"),
    ("the budget is spent", "budget"),
    ("the certificate ", "certificate"),
    ("no certificate ", "certificate"),
    ("certified for another ", "certificate"),
    ("no release works on it", "no release"),
    ("stays with people by lot", "holdout"),
    ("begun again", "begun again"),
    ("the workflow proposed nothing", "nothing proposed"),
    ("the workflow asks", "asked"),
    ("a person edited it", "edited"),
)
_KINDS: Final = frozenset(kind.value for kind in ReviewKind)
_ELSE: Final = {
    ReviewKind.EFFECT: "policy",
    ReviewKind.QUESTION: "asked",
    ReviewKind.WORK: "refused",
    ReviewKind.UNCLEAR: "not known whether felt",
    ReviewKind.CORRECTION: "to be put right",
    ReviewKind.PAIR: "rows that may be one",
    ReviewKind.SPOT_CHECK: "spot check",
}


def reason_of_review(kind: str, reasons: Sequence[str]) -> str:
    """Why a person is asked, as ``kind/reason`` in words of ours: what a case says never becomes a label."""
    if kind not in _KINDS:
        return "other/other"
    first = reasons[0] if reasons else ""
    if _CODE.match(first):
        return f"{kind}/error"
    if first.endswith("that a certificate could cover"):
        return f"{kind}/certificate"
    said = next((word for begins, word in _BEGINNINGS if first.startswith(begins)), "")
    return f"{kind}/{said or _ELSE[ReviewKind(kind)]}"


def code_in(reason: str) -> str:
    """The code that a reason begins with; empty where it has none."""
    found = _CODE.match(reason)
    return found[0] if found else ""
