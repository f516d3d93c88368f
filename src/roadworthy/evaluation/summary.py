"""Figures of one evaluation: per grader, per slice, and overall, with what could not be counted."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from roadworthy.errors import Problem
from roadworthy.evaluation.estimating import Estimate, estimate
from roadworthy.evaluation.result import Result
from roadworthy.evaluation.strict import Fields, fit, refuse
from roadworthy.evaluation.suite import Suite, Test
from roadworthy.quantities import Cost

OVERALL = ""
"""Name of the figure that asks for every grader at once."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one grader (or all of them) says of a group of tests.

    ``tests`` were graded at least once; ``passed`` and ``mean`` are over these, repeats averaged within a
    test first. ``flipped`` of the ``repeated`` tests did not come out the same every time. The rest counts
    attempts: graded ``wrong``, ``errors`` of the target (graded 0 as well, and never counted as wrong),
    ``ungraded`` and ``missing`` ones; and ``advisory`` grades, which have no part in the overall figure.
    """

    grader: str
    tests: int
    passed: Estimate | None
    mean: Estimate | None
    right: int = 0
    wrong: int = 0
    errors: int = 0
    ungraded: int = 0
    missing: int = 0
    repeated: int = 0
    flipped: int = 0
    advisory: int = 0

    @property
    def flip_rate(self) -> float | None:
        return self.flipped / self.repeated if self.repeated else None

    def as_json(self) -> dict[str, object]:
        """As every door shows it."""
        return {
            "grader": self.grader,
            "tests": self.tests,
            "passed": self.passed.as_json() if self.passed else None,
            "mean": self.mean.as_json() if self.mean else None,
            **{name: getattr(self, name) for name in _COUNTS},
        }

    @classmethod
    def read(cls, stored: object, place: str, problems: list[Problem]) -> Figure:
        """The figure that stands in a JSON value; what is wrong is added to the problems."""
        fields = Fields(stored, place, problems)
        read = cls(
            fields.text("grader"),
            fields.whole("tests"),
            Estimate.read(fields.any("passed"), f"{place}.passed", problems),
            Estimate.read(fields.any("mean"), f"{place}.mean", problems),
            **{name: fields.whole(name) for name in _COUNTS},
        )
        fields.done()
        return read


_COUNTS = ("right", "wrong", "errors", "ungraded", "missing", "repeated", "flipped", "advisory")


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """The figures of one slice. Where nothing of it was graded, ``overall.passed`` is None: it says so."""

    key: str
    value: str
    overall: Figure
    graders: tuple[Figure, ...]

    @property
    def name(self) -> str:
        return f"{self.key}={self.value}"


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Middle and 95th percentile of what attempts took."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All figures of one evaluation, without content.

    ``erased`` tests had payloads that were erased since; they count nowhere else. ``empty_slices`` are
    slices of the suite of which nothing was graded. Costs are sums, one for each currency; seconds and
    cost per attempt (in the one currency) are of attempts the target answered.
    """

    tests: int
    repeats: int
    overall: Figure
    graders: tuple[Figure, ...]
    slices: tuple[SliceFigures, ...]
    empty_slices: tuple[str, ...]
    erased: int
    answers_cost: tuple[Cost, ...]
    grades_cost: tuple[Cost, ...]
    seconds: Quantiles | None
    cost_nano: Quantiles | None
    tokens: int

    def grader(self, name: str) -> Figure | None:
        """The figure of one grader."""
        return next((one for one in self.graders if one.grader == name), None)

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values."""
        return {
            "tests": self.tests,
            "repeats": self.repeats,
            "overall": self.overall.as_json(),
            "graders": [one.as_json() for one in self.graders],
            "slices": [
                {
                    "key": one.key,
                    "value": one.value,
                    "overall": one.overall.as_json(),
                    "graders": [figure.as_json() for figure in one.graders],
                }
                for one in self.slices
            ],
            "empty_slices": list(self.empty_slices),
            "erased": self.erased,
            "answers_cost": [str(one) for one in self.answers_cost],
            "grades_cost": [str(one) for one in self.grades_cost],
            "seconds": _quantiles_json(self.seconds),
            "cost_nano": _quantiles_json(self.cost_nano),
            "tokens": self.tokens,
        }

    @classmethod
    def from_json(cls, stored: object, *, place: str = "summary") -> Summary:
        """Read what ``as_json`` wrote. Errors: ``InputProblem`` RW-EVAL-020 with everything that is wrong."""
        problems: list[Problem] = []
        read = cls.read(stored, place, problems)
        if problems:
            raise refuse("RW-EVAL-020", problems)
        return read

    @classmethod
    def read(cls, stored: object, place: str, problems: list[Problem]) -> Summary:
        """The summary that stands in a JSON value; what is wrong is added to the problems."""
        fields = Fields(stored, place, problems)
        read = cls(
            tests=fields.whole("tests"),
            repeats=fields.whole("repeats", least=1),
            overall=Figure.read(fields.any("overall"), f"{place}.overall", problems),
            graders=_figures(fields, place, problems),
            slices=tuple(
                _slice(one, f"{place}.slices[{number}]", problems)
                for number, one in enumerate(fields.items("slices"))
            ),
            empty_slices=fields.texts("empty_slices"),
            erased=fields.whole("erased"),
            answers_cost=_costs(fields, "answers_cost"),
            grades_cost=_costs(fields, "grades_cost"),
            seconds=_quantiles(fields, "seconds", place, problems),
            cost_nano=_quantiles(fields, "cost_nano", place, problems),
            tokens=fields.whole("tokens"),
        )
        fields.done()
        return read


def summarise(
    suite: Suite, results: Iterable[Result], *, erased: Collection[str] = (), repeats: int | None = None
) -> Summary:
    """The figures of an evaluation. ``erased`` names tests whose payloads are gone: they are left out.

    ``repeats`` is how often every test was to be asked, the suite's own number unless stated.

    Errors: ``InputProblem`` RW-EVAL-021 for results of unknown tests or attempts that stand twice.
    """
    gone = frozenset(erased)
    wanted = suite.repeats if repeats is None else repeats
    by_test = _by_test(suite, results)
    tests = [test for test in suite.tests if test.id not in gone]
    per_test = {test.id: by_test.get(test.id, []) for test in tests}
    kept = [one for found in per_test.values() for one in found]
    names = [one.name for one in suite.graders]
    # Said once: slices read the same verdicts again.
    said = {name: _said(name, suite, tests, per_test) for name in (OVERALL, *names)}
    groups: dict[tuple[str, str], list[Test]] = defaultdict(list)
    for test in suite.tests:
        for key, value in test.slices.items():
            members = groups[key, value]
            if test.id not in gone:
                members.append(test)

    def figures(members: Sequence[Test]) -> tuple[Figure, tuple[Figure, ...]]:
        overall = _figure(OVERALL, said[OVERALL], members, wanted)
        return overall, tuple(_figure(name, said[name], members, wanted) for name in names)

    overall, graders = figures(tests)
    slices = tuple(SliceFigures(*name, *figures(members)) for name, members in sorted(groups.items()))
    answered = [one.transcript for one in kept if not one.transcript.error]
    currencies = {one.cost.currency for one in answered if one.cost.nano}
    return Summary(
        tests=len(suite.tests),
        repeats=wanted,
        overall=overall,
        graders=graders,
        slices=slices,
        empty_slices=tuple(one.name for one in slices if not one.overall.tests),
        erased=len(suite.tests) - len(tests),
        answers_cost=_sums(one.transcript.cost for one in kept),
        grades_cost=_sums(grade.cost for one in kept for grade in one.grades),
        seconds=_middle([one.seconds for one in answered]),
        cost_nano=_middle([one.cost.nano for one in answered]) if len(currencies) == 1 else None,
        tokens=sum(one.transcript.tokens for one in kept),
    )


def _by_test(suite: Suite, results: Iterable[Result]) -> dict[str, list[Result]]:
    known = {test.id for test in suite.tests}
    found: dict[str, list[Result]] = defaultdict(list)
    seen: set[tuple[str, int]] = set()
    problems = []
    for one in results:
        if one.test_id not in known:
            problems.append(
                Problem(f"no test `{fit(one.test_id, 60)}` in the suite `{fit(suite.name, 60)}`")
            )
        elif (one.test_id, one.attempt) in seen:
            problems.append(
                Problem(f"attempt {one.attempt} at the test `{fit(one.test_id, 60)}` has two results")
            )
        seen.add((one.test_id, one.attempt))
        found[one.test_id].append(one)
    if problems:
        raise refuse("RW-EVAL-021", problems, "these results belong to another suite, or were read twice")
    return found


def verdict(grader: str, result: Result, graders: Collection[str]) -> tuple[float, bool] | None:
    """Value and whether it passes, of one grader or of all at once (``OVERALL``); None where nobody can say.

    ``graders`` names those of the test: overall passes what all of them passed. One grader's no is a no,
    whatever the others could not say; advisory ones are not asked.
    """
    if grader != OVERALL:
        grade = result.grade(grader)
        return None if grade is None or grade.value is None else (grade.value, bool(grade.passed))
    if result.came in ("failed", "error"):
        return 0.0, False
    complete = result.came == "passed" and all(result.grade(name) for name in graders)
    return (1.0, True) if complete else None


class _Said(NamedTuple):
    """What one grader says of one attempt."""

    verdict: tuple[float, bool] | None
    error: bool
    advisory: bool


def _said(
    grader: str, suite: Suite, tests: Sequence[Test], per_test: Mapping[str, Sequence[Result]]
) -> dict[str, list[_Said]]:
    """Verdicts by test, of the tests that the grader grades."""
    found = {}
    for test in tests:
        if grader != OVERALL and test.graders and grader not in test.graders:
            continue
        needed = [one.name for one in suite.graders_of(test)]
        found[test.id] = [
            _Said(
                verdict(grader, one, needed),
                bool(one.transcript.error),
                (grade := one.grade(grader)) is not None and grade.advisory,
            )
            for one in per_test[test.id]
        ]
    return found


def _figure(grader: str, said: Mapping[str, list[_Said]], tests: Sequence[Test], repeats: int) -> Figure:
    counts: Counter[str] = Counter()
    passed: list[tuple[str, float]] = []
    values: list[tuple[str, float]] = []
    for test in tests:
        attempts = said.get(test.id)
        if attempts is None:
            continue
        counts["missing"] += max(0, repeats - len(attempts))
        for one in attempts:
            counts["errors" if one.error else _word(one.verdict)] += 1
            counts["advisory"] += one.advisory
        graded = [one.verdict for one in attempts if one.verdict is not None]
        if not graded:
            continue
        share = sum(yes for _, yes in graded) / len(graded)
        passed.append((test.draw, share))
        values.append((test.draw, math.fsum(value for value, _ in graded) / len(graded)))
        if len(graded) > 1:
            counts["repeated"] += 1
            counts["flipped"] += 0 < share < 1
    share_passed = estimate(passed, counted=True)
    mean = share_passed if values == passed else estimate(values)
    return Figure(grader, len(passed), share_passed, mean, **{name: counts[name] for name in _COUNTS})


def _word(found: tuple[float, bool] | None) -> str:
    if found is None:
        return "ungraded"
    return "right" if found[1] else "wrong"


def _sums(costs: Iterable[Cost]) -> tuple[Cost, ...]:
    nano: Counter[str] = Counter()
    for one in costs:
        if one.nano:
            nano[one.currency] += one.nano
    return tuple(Cost(nano[currency], currency) for currency in sorted(nano))


def _middle(values: list[float] | list[int]) -> Quantiles | None:
    """Nearest rank: the smallest value that so many of all do not exceed."""
    if not values:
        return None
    ordered = sorted(values)
    ranks = [ordered[max(0, math.ceil(part * len(ordered)) - 1)] for part in (0.5, 0.95)]
    return Quantiles(float(ranks[0]), float(ranks[1]))


def _quantiles_json(found: Quantiles | None) -> dict[str, float] | None:
    return None if found is None else {"p50": found.p50, "p95": found.p95}


def _quantiles(fields: Fields, name: str, place: str, problems: list[Problem]) -> Quantiles | None:
    stored = fields.any(name)
    if stored is None:
        return None
    inner = Fields(stored, f"{place}.{name}", problems)
    read = Quantiles(float(inner.number("p50")), float(inner.number("p95")))
    inner.done()
    return read


def _figures(fields: Fields, place: str, problems: list[Problem]) -> tuple[Figure, ...]:
    return tuple(
        Figure.read(one, f"{place}.graders[{number}]", problems)
        for number, one in enumerate(fields.items("graders"))
    )


def _slice(stored: object, place: str, problems: list[Problem]) -> SliceFigures:
    fields = Fields(stored, place, problems)
    read = SliceFigures(
        fields.text("key"),
        fields.text("value"),
        Figure.read(fields.any("overall"), f"{place}.overall", problems),
        _figures(fields, place, problems),
    )
    fields.done()
    return read


def _costs(fields: Fields, name: str) -> tuple[Cost, ...]:
    found = []
    for text in fields.texts(name):
        try:
            found.append(Cost.parse(text))
        except ValueError as problem:
            fields.say(f"`{name}`: {problem}")
    return tuple(found)
