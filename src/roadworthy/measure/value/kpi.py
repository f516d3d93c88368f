"""The KPI on a schedule: its value now by the declared query, beside what it was before and what was promised."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from roadworthy.charter import Query, seconds
from roadworthy.charter.parts import Kpi
from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.evidence import Measurement
from roadworthy.measure.fact import Fact, keep
from roadworthy.measure.value.asking import may_measure, one_number, rows_of, speaking_release
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.principal import Principal

KIND: Final = "business.kpi"
BASELINE: Final = "business.kpi_baseline"
HOLDOUT: Final = "business.kpi_holdout"
NOT_CAUSAL: Final = (
    "not causal: a difference between before and after, whatever else changed meanwhile is in it"
)
_WATCH: Final = "kpi"
_AGAIN: Final = timedelta(hours=1)
"""After an attempt that failed, or that never said how it ended."""
_MOST: Final = 10_000

Freshness = Literal["new", "kept", "stale", "none"]


@dataclass(frozen=True, slots=True)
class Point:
    """The KPI at one moment. ``other_query``: it was asked otherwise than the point before, and may not compare."""

    at: datetime
    value: float
    other_query: bool = False


@dataclass(frozen=True, slots=True)
class KpiReading:
    """The KPI as it is known now. ``freshness``: asked just now, kept from this period, stale, or never known."""

    use_case: str
    name: str
    unit: str
    value: float | None
    at: datetime | None
    freshness: Freshness
    findings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As every door shows it."""
        return {
            "use_case": self.use_case,
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "at": self.at.isoformat() if self.at else None,
            "freshness": self.freshness,
            "findings": list(self.findings),
        }


@dataclass(frozen=True, slots=True)
class KpiHistory:
    """The KPI over time, the oldest first, beside its baseline and its target.

    ``reached``: the newest value is as good as promised; None where there is none, or it is stale.
    ``change`` is the newest value minus the baseline, and ``causal`` says what that difference proves.
    """

    use_case: str
    name: str
    unit: str
    direction: str
    target: float
    baseline: Point | None
    baseline_window: tuple[str, str]
    points: tuple[Point, ...]
    stale: bool
    reached: bool | None
    change: float | None
    findings: tuple[str, ...]
    causal: str = NOT_CAUSAL

    def as_json(self) -> dict[str, Any]:
        """As every door shows it."""
        return {
            "use_case": self.use_case,
            "name": self.name,
            "unit": self.unit,
            "direction": self.direction,
            "target": self.target,
            "baseline": _point_json(self.baseline) if self.baseline else None,
            "baseline_window": {"from": self.baseline_window[0], "until": self.baseline_window[1]},
            "points": [_point_json(point) for point in self.points],
            "stale": self.stale,
            "reached": self.reached,
            "change": self.change,
            "causal": self.causal,
            "findings": list(self.findings),
        }


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is remembered of the schedule: the last attempt, how it ended, and the last value."""

    tried: datetime | None = None
    trouble: str = ""
    at: datetime | None = None
    value: float | None = None

    @classmethod
    def read(cls, stored: str) -> _Asked:
        # What cannot be read is asked anew: the values themselves are measurements, and stand elsewhere.
        try:
            kept = json.loads(stored) if stored else {}
            return cls(
                _moment(kept.get("tried")),
                kept.get("trouble", ""),
                _moment(kept.get("at")),
                kept.get("value"),
            )
        except (ValueError, TypeError, AttributeError):
            return cls()

    def text(self) -> str:
        return json.dumps(
            {
                "tried": self.tried.isoformat() if self.tried else None,
                "trouble": self.trouble,
                "at": self.at.isoformat() if self.at else None,
                "value": self.value,
            }
        )

    def fresh(self, kpi: Kpi, now: datetime) -> bool:
        return self.at is not None and now - self.at < _period(kpi)

    def resting(self, kpi: Kpi, now: datetime) -> bool:
        """Somebody asked a moment ago: what came of it stands, or is still to come."""
        return self.tried is not None and now - self.tried < min(_AGAIN, _period(kpi))


def due(deployment: Deployment, use_case: str) -> bool:
    """Whether the KPI is to be asked now: its charter names a query, its value is older than one period,
    and no attempt was made in the last hour (in the last period, where that is shorter).

    Errors: ``NotFound`` RW-KPI-003 for a use case without a release.
    """
    kpi = deployment.loader.charter(speaking_release(deployment, use_case).digest).kpi
    if kpi.current is None:
        return False
    now = deployment.now()
    with deployment.store.read() as tx:
        asked = _asked(deployment, tx, use_case)
    return not asked.fresh(kpi, now) and not asked.resting(kpi, now)


def kpi_now(deployment: Deployment, principal: Principal, use_case: str) -> KpiReading:
    """The KPI's value now, kept as the measurement `business.kpi` once in every period.

    Run twice in one period: the second finds the first, and nothing is asked or kept. A source that is
    gone or answers with anything but one number is a finding; the last value stays, with its date, and
    is called stale.

    Errors: ``InputProblem`` RW-KPI-006 where the charter names no query, ``NotFound`` RW-KPI-003.
    """
    may_measure(principal, use_case)
    release = speaking_release(deployment, use_case)
    kpi = deployment.loader.charter(release.digest).kpi
    if kpi.current is None:
        raise InputProblem(
            "RW-KPI-006",
            Problem("the charter does not say how the KPI is asked now", place="kpi.current"),
            hint="add `current: {source: …, sql: …}` to `kpi`",
        )
    now = deployment.now()
    with deployment.store.write() as tx:
        asked = _asked(deployment, tx, use_case)
        if asked.fresh(kpi, now):
            return _reading(use_case, kpi, asked, now, new=False)
        if asked.resting(kpi, now) and not asked.trouble:
            return _reading(use_case, kpi, asked, now, new=False)
        # Noted before asking: whoever comes meanwhile finds it under way, and a crash is tried again.
        _note(deployment, tx, use_case, _Asked(now, "", asked.at, asked.value))
    try:
        loaded = deployment.loader.load(release.digest)
        value = one_number(rows_of(loaded, kpi.current, limit=2), "kpi.current")
    except RoadworthyError as problem:
        missed = _Asked(now, f"{problem.code}: {problem.message}"[:500], asked.at, asked.value)
        with deployment.store.write() as tx:
            _note(deployment, tx, use_case, missed)
        return _reading(use_case, kpi, missed, now, new=False)
    (kept,) = keep(deployment, principal, release, [_fact(kpi, kpi.current, value)])
    got = _Asked(now, "", kept.at, value)
    with deployment.store.write() as tx:
        _note(deployment, tx, use_case, got)
    return _reading(use_case, kpi, got, now, new=True)


def kpi_history(deployment: Deployment, principal: Principal, use_case: str) -> KpiHistory:
    """Every kept value of the KPI with baseline and target. Asks nothing.

    It calls a value stale after two periods, so that one that is just due is not.

    Edge: of a use case with more than ten thousand measurements the newest values are shown.
    """
    may_measure(principal, use_case)
    release = speaking_release(deployment, use_case)
    kpi = deployment.loader.charter(release.digest).kpi
    now = deployment.now()
    with deployment.store.read() as tx:
        asked = _asked(deployment, tx, use_case)
        known = deployment.store.evidence.measurements(tx, use_case, limit=_MOST)
    kept = [one for one in reversed(known) if one.kind == KIND]
    before = next((one for one in known if one.kind == BASELINE), None)
    shown = next((one for one in known if one.kind == HOLDOUT), None)
    points = _points(kept)
    newest = points[-1] if points else None
    stale = newest is not None and now - newest.at >= 2 * _period(kpi)
    baseline = Point(before.at, before.value) if before else None
    return KpiHistory(
        use_case=use_case,
        name=kpi.name,
        unit=kpi.unit,
        direction=kpi.direction,
        target=kpi.target,
        baseline=baseline,
        baseline_window=(str(kpi.baseline_from or ""), str(kpi.baseline_until or "")),
        points=points,
        stale=stale,
        reached=None if newest is None or stale else _as_good(kpi, newest.value),
        change=newest.value - baseline.value if newest and baseline else None,
        findings=_about_history(kpi, asked, newest, before, shown, kept, now),
    )


def _about_history(
    kpi: Kpi,
    asked: _Asked,
    newest: Point | None,
    before: Measurement | None,
    shown: Measurement | None,
    kept: list[Measurement],
    now: datetime,
) -> tuple[str, ...]:
    found = []
    if kpi.current is None:
        found.append("the charter does not say how the KPI is asked now: add `kpi.current`")
    if asked.trouble:
        found.append(f"the last attempt, {_day(asked.tried)}, failed: {asked.trouble}")
    if newest is not None and now - newest.at >= 2 * _period(kpi):
        found.append(f"stale: the newest value is of {_day(newest.at)}, it is asked every {kpi.every}")
    if shown is not None:
        found.append(
            f"what the hold-out shows of the cause, {_day(shown.at)}: {shown.detail.get('sentence', '')}"
        )
    if before is None:
        found.append("the baseline was not measured: `roadworthy gate --measure` does")
    if kept and kept[-1].unit != kpi.unit:
        found.append(
            f"the unit changed from `{kept[-1].unit}` to `{kpi.unit}`: older values do not compare"
        )
    return tuple(found)


def _fact(kpi: Kpi, query: Query, value: float) -> Fact:
    return Fact(
        kind=KIND,
        value=value,
        unit=kpi.unit,
        n=1,
        method=f"query on {query.source}",
        inputs={"source": query.source, "sql": query.sql},
        valid_days=2 * seconds(kpi.every) / 86_400,
        detail={"name": kpi.name, "target": kpi.target, "direction": kpi.direction},
    )


def _points(kept: list[Measurement]) -> tuple[Point, ...]:
    return tuple(
        Point(one.at, one.value, other_query=number > 0 and one.inputs != kept[number - 1].inputs)
        for number, one in enumerate(kept)
    )


def _reading(use_case: str, kpi: Kpi, asked: _Asked, now: datetime, *, new: bool) -> KpiReading:
    findings = []
    if asked.trouble:
        findings.append(asked.trouble)
    freshness: Freshness = "new" if new else "kept"
    if asked.value is None:
        freshness = "none"
    elif not asked.fresh(kpi, now):
        freshness = "stale"
        findings.append(f"stale: the last value is of {_day(asked.at)}, it is asked every {kpi.every}")
    return KpiReading(use_case, kpi.name, kpi.unit, asked.value, asked.at, freshness, tuple(findings))


def _as_good(kpi: Kpi, value: float) -> bool:
    return value >= kpi.target if kpi.direction == "up" else value <= kpi.target


def _asked(deployment: Deployment, tx: Transaction, use_case: str) -> _Asked:
    return _Asked.read(deployment.store.evidence.watch(tx, use_case, "", _WATCH))


def _note(deployment: Deployment, tx: Transaction, use_case: str, asked: _Asked) -> None:
    deployment.store.evidence.save_watch(tx, use_case, "", _WATCH, asked.text())


def _period(kpi: Kpi) -> timedelta:
    return timedelta(seconds=max(1, seconds(kpi.every)))


def _point_json(point: Point) -> dict[str, Any]:
    return {"at": point.at.isoformat(), "value": point.value, "other_query": point.other_query}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"
