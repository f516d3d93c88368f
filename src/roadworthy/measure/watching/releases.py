"""Two releases compared row by row as their results arrive, without any database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.watching.rows import Findings, Rows
from roadworthy.quantities import Share
from roadworthy.trust.releases import KINDS, Metric, ReleaseLook, ReleaseWatch
from roadworthy.trust.sequential import Arm

ALL_ROWS = 100
EVERY = 0.01
"""Left to itself, every row is looked at up to 100, then whenever a hundredth more have come."""


@dataclass(frozen=True, slots=True)
class StreamLook:
    """One look: after which row, which release is the new one (empty until there are two), and what is proven."""

    row: int
    new: str
    old: str
    look: ReleaseLook


@dataclass(slots=True)
class _Arms:
    """Which release is which arm: the second to appear is the new one, unless it was named."""

    named: str
    names: list[str]

    def known(self, release: str) -> bool:
        if release in self.names:
            return True
        if len(self.names) == 2:
            return False
        self.names.append(release)
        return True

    @property
    def new(self) -> str:
        if self.named:
            return self.named
        return self.names[1] if len(self.names) == 2 else ""

    @property
    def old(self) -> str:
        others = [name for name in self.names if name != self.new]
        return others[0] if others else ""


def watch_releases(
    source: BinaryIO,
    *,
    place: str,
    live: bool,
    metric: Metric,
    alpha: Share,
    least: int = 1,
    horizon: int | None = None,
    every: int | None = None,
    new: str = "",
) -> Iterator[StreamLook]:
    """A look each ``every`` rows and one at the end, over columns ``release`` and ``value`` in order of arrival.

    Rows up to the first faulty one are looked at as they come; after it there are no further looks, only
    further findings, and at the end the error. Where ``live`` the first faulty row ends it.

    Errors:  ``InputProblem`` RW-WATCH-010 with every faulty line up to a bound: columns or values that are
             missing or cannot be, a third release, a new release that never appears, one release alone, no row.
    """
    findings = Findings("RW-WATCH-010", place, live)
    rows = Rows(source, findings)
    rows.missing(["release", "value"])
    findings.live = live
    release_at, value_at = rows.header.index("release"), rows.header.index("value")
    arms = _Arms(new, [])
    watch = ReleaseWatch((metric,), alpha, least=least, horizon=horizon)
    # Rows before both releases are known wait as counts of their release.
    waiting: list[tuple[str, float]] = []
    count = looked = 0
    due = 1 if every is None else every
    for row in rows:
        name, value = row.cells[release_at].strip(), _value(row.cells[value_at], metric, findings, row.line)
        if not name:
            findings.add("a row names no release", line=row.line)
        elif not arms.known(name):
            findings.add(
                f"a third release `{name[:80]}`",
                line=row.line,
                hint=f"two are compared: {_shown(arms.names)}",
            )
        elif value is not None:
            waiting.append((name, value))
        count += 1
        if findings.found:
            waiting.clear()
            continue
        if count < due:
            continue
        watch, waiting = _taken(watch, waiting, arms)
        looked = count
        due = count + (every or (max(1, int(count * EVERY)) if count > ALL_ROWS else 1))
        yield StreamLook(count, arms.new, arms.old, watch.look())
    _whole(findings, arms, count)
    findings.stop()
    if looked < count:
        watch, waiting = _taken(watch, waiting, arms)
        yield StreamLook(count, arms.new, arms.old, watch.look())


def _taken(
    watch: ReleaseWatch, waiting: list[tuple[str, float]], arms: _Arms
) -> tuple[ReleaseWatch, list[tuple[str, float]]]:
    """The cases whose arm is known enter; until then they count as the old release's, which they are
    unless another is named as the new one."""
    name = watch.metrics[0].name
    cases: list[tuple[Arm, dict[str, float]]] = [
        ("candidate" if arms.new and release == arms.new else "baseline", {name: value})
        for release, value in waiting
    ]
    return watch.after(cases), []


def _value(text: str, metric: Metric, findings: Findings, line: int) -> float | None:
    try:
        value = float(text)
        metric.loss(value)
    except ValueError:
        findings.add(f"expected a number, found `{text[:80]}`", line=line)
        return None
    except InputProblem as problem:
        findings.add(problem.problems[0].message, line=line)
        return None
    return value


def _whole(findings: Findings, arms: _Arms, count: int) -> None:
    """What only the end of an input can show."""
    if not count and not findings.found:
        findings.add("no row after the header", line=1)
    elif arms.named and arms.named not in arms.names:
        findings.add(
            f"the new release `{arms.named[:80]}` never appears",
            line=1,
            hint=f"found: {_shown(arms.names)}",
        )
    elif len(arms.names) == 1:
        findings.add(f"only one release, `{arms.names[0][:80]}`: nothing to compare it with", line=1)


def _shown(names: list[str]) -> str:
    return ", ".join(name[:80] for name in names) or "none"


def metric_of(
    kind: str,
    *,
    margin: float,
    tolerance: float | None,
    higher_is_better: bool,
    low: float,
    high: float,
    limit: float | None,
) -> Metric:
    """The metric that a command's options describe. Errors: as ``Metric``."""
    known = [each for each in KINDS if each == kind]
    if not known:
        raise InputProblem(
            "RW-WATCH-002",
            Problem(f"`{kind}` is no kind of metric", place="--kind", hint=", ".join(KINDS)),
        )
    return Metric("value", known[0], margin, tolerance, higher_is_better, low, high, limit)
