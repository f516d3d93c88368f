"""Which cases count when labels come late, so that neither arm looks worse for being slower to be labelled.

Complaints come within hours and confirmations after weeks. Counting labels as they come would make the
newer release look bad: its cases are young, and what is known early of young cases is mostly complaints. So
a case counts only once it is ``age`` old, with what was known of it at exactly that age, on both arms alike.
What had no label by then is left out and told, and so is a label that came later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from roadworthy.errors import InputProblem, Problem
from roadworthy.trust.sequential import Arm


@dataclass(frozen=True, slots=True)
class Labelled:
    """A case and one label of it: when it was decided, when its label came, and the loss it says.

    A case without a label has None for both. A case may come several times, once for each label.
    """

    key: str
    arm: Arm
    at: datetime
    label_at: datetime | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Ripe:
    """What counts at a moment. Pairs are candidate, baseline.

    ``counted`` stands in the order in which cases became old enough. ``unlabelled`` were old enough and had no label;
    where their shares differ between the arms, being labelled may depend on the release, and no figure
    of labelled cases says how much is wrong. ``contradicted`` keys had labels that disagree: the worst counts.
    """

    counted: tuple[tuple[str, Arm, float], ...]
    waiting: tuple[int, int]
    unlabelled: tuple[int, int]
    late: tuple[int, int]
    contradicted: tuple[str, ...]


def ripe(cases: Iterable[Labelled], *, now: datetime, age: timedelta) -> Ripe:
    """The cases that are old enough at ``now``, each once, with what was known when they became so.

    A label from before its case (a clock that jumped) counts as known at once.

    Errors:  ``InputProblem`` RW-WATCH-005 for a negative age, a case on both arms or at two times, and
             a label without a time or the reverse.
    """
    if age < timedelta(0):
        raise InputProblem("RW-WATCH-005", Problem(f"an age is not negative, found {age}", place="age"))
    by_key: dict[str, list[Labelled]] = {}
    for case in cases:
        by_key.setdefault(case.key, []).append(case)
    problems = [Problem(why, place=key) for key, every in by_key.items() for why in _wrong(every)]
    if problems:
        raise InputProblem("RW-WATCH-005", problems)
    counted: list[tuple[datetime, str, Arm, float]] = []
    waiting, unlabelled, late = [0, 0], [0, 0], [0, 0]
    contradicted = []
    for key, every in by_key.items():
        arm, ripe_at = every[0].arm, every[0].at + age
        side = 0 if arm == "candidate" else 1
        if ripe_at > now:
            waiting[side] += 1
            continue
        labels = [(each.label_at, each.value) for each in every]
        known = [value for at, value in labels if at is not None and value is not None and at <= ripe_at]
        if not known:
            unlabelled[side] += 1
            late[side] += any(at is not None and at <= now for at, _ in labels)
            continue
        if len(set(known)) > 1:
            contradicted.append(key)
        counted.append((ripe_at, key, arm, max(known)))
    return Ripe(
        tuple((key, arm, value) for _, key, arm, value in sorted(counted)),
        (waiting[0], waiting[1]),
        (unlabelled[0], unlabelled[1]),
        (late[0], late[1]),
        tuple(sorted(contradicted)),
    )


def _wrong(every: list[Labelled]) -> list[str]:
    why = []
    if len({each.arm for each in every}) > 1:
        why.append("a case is on one arm")
    if len({each.at for each in every}) > 1:
        why.append("a case is decided at one time")
    if any((each.label_at is None) != (each.value is None) for each in every):
        why.append("a label has a time and a value")
    return why
