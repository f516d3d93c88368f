"""Values of two evaluations side by side, test by test: what a paired comparison reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from roadworthy.evaluation.result import Result
from roadworthy.evaluation.suite import Suite
from roadworthy.evaluation.summary import OVERALL, verdict


class Row(NamedTuple):
    """One test's value, repeats averaged."""

    case: str
    cluster: str
    value: float


@dataclass(frozen=True, slots=True)
class Apart:
    """A test that is not compared, and why."""

    case: str
    reason: str


@dataclass(frozen=True, slots=True)
class Paired:
    """Rows of the same tests in the same order, and the tests that stand apart."""

    a: tuple[Row, ...]
    b: tuple[Row, ...]
    apart: tuple[Apart, ...]


def paired_values(
    suite: Suite,
    a: Iterable[Result],
    b: Iterable[Result],
    *,
    grader: str = OVERALL,
    erased: Collection[str] = (),
    passed: bool = False,
    ungraded_is_wrong: bool = False,
) -> Paired:
    """Rows of the tests that both evaluations graded; every other test is listed with the reason.

    ``passed`` compares passed or not (1 or 0) instead of the graders' values. Overall it is always that.
    With ``ungraded_is_wrong`` what the second was graded on, and the first answered and was not, counts
    as 0 for the first: nobody becomes better by being hard to grade.
    """
    needed = {test.id: [one.name for one in suite.graders_of(test)] for test in suite.tests}
    first, second = (_values(one, grader, needed, passed=passed) for one in (a, b))
    rows_a, rows_b, apart = [], [], []
    for test in suite.tests:
        if grader != OVERALL and test.graders and grader not in test.graders:
            continue
        if test.id in erased:
            apart.append(Apart(test.id, "erased"))
            continue
        one, other = first.get(test.id), second.get(test.id)
        if ungraded_is_wrong and one == [] and other:
            one = [0.0]
        reason = _why_not(one, other)
        if reason or not one or not other:
            apart.append(Apart(test.id, reason))
            continue
        rows_a.append(Row(test.id, test.draw, sum(one) / len(one)))
        rows_b.append(Row(test.id, test.draw, sum(other) / len(other)))
    return Paired(tuple(rows_a), tuple(rows_b), tuple(apart))


def _values(
    results: Iterable[Result], grader: str, needed: Mapping[str, Collection[str]], *, passed: bool
) -> Mapping[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for one in results:
        values, said = found[one.test_id], verdict(grader, one, needed.get(one.test_id, ()))
        if said is not None:
            values.append(float(said[1]) if passed else said[0])
    return found


def _why_not(one: list[float] | None, other: list[float] | None) -> str:
    """Why a test cannot be compared: never answered, or answered and never graded."""
    for which, values in (("first", one), ("second", other)):
        if values is None:
            return f"the {which} has no answer"
        if not values:
            return f"ungraded in the {which}"
    return ""
