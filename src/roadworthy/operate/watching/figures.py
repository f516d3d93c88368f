"""The page of figures: what was counted, and what stands at this moment, each read from a few rows."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Final

from roadworthy.charter import Charter
from roadworthy.errors import RoadworthyError
from roadworthy.operate.at_work import on_the_road
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.verdicts import judge
from roadworthy.operate.watching.catalogue import FAMILIES, TALLIES
from roadworthy.operate.watching.counting import FEED
from roadworthy.ports import Transaction
from roadworthy.quantities import NANO, Money
from roadworthy.release import Release
from roadworthy.stage import ROAD, Stage
from roadworthy.telemetry.exposition import Histogram, Series, exposed
from roadworthy.trust import Certificate
from roadworthy.usage import Level

ON_THE_ROAD: Final = (Stage.SHADOW, Stage.CANARY, Stage.PRODUCTION)
VERDICTS_FOR_S: Final = 60.0
MOST_BUDGETS: Final = 500
_MICROSECONDS: Final = 1_000_000
Values = Mapping[tuple[str, ...], float]
_Gauge = Callable[
    ["Figures", Deployment, Transaction, datetime], Iterator[tuple[str, tuple[str, ...], float]]
]


class Figures:
    """Writes the page. Any thread may ask; verdicts are judged anew at most once a minute."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
        self._charters: dict[str, Charter | None] = {}
        self._verdicts: dict[tuple[str, ...], float] = {}
        self._judged_at: datetime | None = None

    def page(self) -> str:
        """Text for Prometheus. Errors: as the store."""
        deployment, now = self._deployment, self._deployment.now()
        with self._lock:
            found: dict[str, dict[tuple[str, ...], float | Histogram]] = defaultdict(dict)
            with deployment.store.read() as tx:
                _counted(found, deployment.store.observed.tallies(tx))
                for gauge in _GAUGES:
                    for name, labels, value in gauge(self, deployment, tx, now):
                        found[name][labels] = value
        return exposed(Series(family, found[family.name]) for family in FAMILIES)

    def charter(self, release: Release) -> Charter | None:
        """What a release promises; it never changes. None where it cannot be read."""
        if release.digest not in self._charters:
            try:
                self._charters[release.digest] = self._deployment.loader.charter(release.digest)
            except RoadworthyError:
                return None
        return self._charters[release.digest]

    def verdicts(self, tx: Transaction, now: datetime) -> Mapping[tuple[str, ...], float]:
        """By (use case, release, stage, requirement, mark): how many findings."""
        fresh = (
            self._judged_at is not None and abs((now - self._judged_at).total_seconds()) < VERDICTS_FOR_S
        )
        if not fresh:
            self._verdicts = {}
            for release in on_the_road(self._deployment, tx):
                try:
                    verdict = judge(self._deployment, tx, release, _next_stage(release.stage))
                except RoadworthyError:
                    continue
                for finding in verdict.findings:
                    labels = (
                        release.use_case, release.name, str(verdict.stage), finding.requirement, str(finding.mark),
                    )  # fmt: skip
                    self._verdicts[labels] = self._verdicts.get(labels, 0.0) + 1
            self._judged_at = now
        return self._verdicts


def _next_stage(stage: Stage) -> Stage:
    return ROAD[min(ROAD.index(stage) + 1, len(ROAD) - 1)]


def _counted(
    found: dict[str, dict[tuple[str, ...], float | Histogram]],
    tallies: Mapping[tuple[str, tuple[str, ...]], int],
) -> None:
    """Tallies as the families that show them; a histogram's buckets are tallies with the place as last label."""
    for (name, labels), value in tallies.items():
        family, unit = TALLIES.get(name, (None, 1))
        if family is None:
            continue
        if not family.buckets:
            found[family.name][labels] = value / unit
            continue
        own = labels if name.endswith("_sum") else labels[:-1]
        histogram = found[family.name].setdefault(own, Histogram([0] * (len(family.buckets) + 1)))
        assert isinstance(histogram, Histogram), "a family has one kind"
        if name.endswith("_sum"):
            histogram.sum = value / _MICROSECONDS
        else:
            histogram.counts[int(labels[-1])] += value


def _work(
    _figures: Figures, deployment: Deployment, tx: Transaction, now: datetime
) -> Iterator[tuple[str, tuple[str, ...], float]]:
    observed = deployment.store.observed
    for row in observed.cases(tx):
        yield "roadworthy_cases_open", row.labels, row.count
        if row.labels[-1] in {"open", "delivering"}:
            use_case = row.labels[:1]
            yield "roadworthy_case_oldest_seconds", (*use_case, row.labels[-1]), _age(now, row.oldest)
    for row in observed.reviews(tx):
        yield "roadworthy_review_backlog", row.labels, row.count
        yield "roadworthy_review_oldest_seconds", row.labels, _age(now, row.oldest)
    for row in observed.reviews(tx, due_before=now):
        yield "roadworthy_review_overdue", row.labels, row.count
    for row in observed.effects(tx):
        yield "roadworthy_effects_unsettled", row.labels, row.count
    position = observed.position(tx, FEED)
    yield (
        "roadworthy_figures_behind_entries",
        (),
        max(0, observed.newest(tx) - (position[0] if position else 0)),
    )


def _budgets(
    figures: Figures, deployment: Deployment, tx: Transaction, now: datetime
) -> Iterator[tuple[str, tuple[str, ...], float]]:
    month = now.strftime("%Y-%m")
    for level in (Level.PLATFORM, Level.UNIT, Level.USE_CASE):
        for row in deployment.store.metering.budgets(tx, level=level, limit=MOST_BUDGETS).rows:
            name, _, of_month = row.id.partition("@")
            if of_month == month:
                left = row.limit - row.spent - row.held
                yield "roadworthy_budget_limit_eur", (name, "calls"), row.limit / NANO
                yield "roadworthy_budget_remaining_eur", (name, "calls"), left / NANO
    spent = deployment.store.observed.spent(tx, date(now.year, now.month, 1))
    for use_case, limit in month_limits(figures.charter, deployment, tx).items():
        left = limit - spent.get(use_case, 0)
        yield "roadworthy_budget_limit_eur", (f"use_case:{use_case}", "cases"), limit / NANO
        yield "roadworthy_budget_remaining_eur", (f"use_case:{use_case}", "cases"), left / NANO


def month_limits(
    charter_of: Callable[[Release], Charter | None], deployment: Deployment, tx: Transaction
) -> dict[str, int]:
    """Nano-units that cases of a month may cost, by use case: what its furthest release promises."""
    limits: dict[str, int] = {}
    for release in sorted(on_the_road(deployment, tx), key=lambda one: ON_THE_ROAD.index(one.stage)):
        charter = charter_of(release)
        if charter is not None:
            limits[release.use_case] = Money.parse(charter.budget.per_month).minor * (NANO // 100)
    return limits


def _trust(
    figures: Figures, deployment: Deployment, tx: Transaction, now: datetime
) -> Iterator[tuple[str, tuple[str, ...], float]]:
    for release in on_the_road(deployment, tx):
        newest: dict[tuple[str, str], Certificate] = {}
        for one in deployment.store.evidence.certificates(tx, release.use_case, release=release.digest):
            newest.setdefault((one.error_kind, one.slice), one)
        for (kind, slice_), one in newest.items():
            about = (release.use_case, release.name, kind, slice_)
            days = (one.expires_at - now).total_seconds() / 86_400
            yield "roadworthy_certificate_remaining_days", about, days
            yield "roadworthy_certificate_suspended", about, float(one.suspended_at is not None)
    for labels, count in figures.verdicts(tx, now).items():
        yield "roadworthy_requirement_findings", labels, count


def _switches(
    _figures: Figures, deployment: Deployment, tx: Transaction, now: datetime
) -> Iterator[tuple[str, tuple[str, ...], float]]:
    active = deployment.store.switches.active(tx)
    for stop in active:
        kind = stop.scope.partition(":")[0]
        yield "roadworthy_stop_switch", (kind, stop.scope), 1.0
    if not active:
        yield "roadworthy_stop_switch", ("all", "all"), 0.0
    beats = [at for _, at in deployment.store.switches.acknowledgements(tx).values() if at.timestamp() > 0]
    if beats:
        yield "roadworthy_acknowledgement_oldest_seconds", (), _age(now, max(beats))
        yield "roadworthy_workers", (), sum(1.0 for at in beats if _age(now, at) <= 15)
    for alert in deployment.store.alerts.firing(tx):
        yield "roadworthy_alert_firing", (alert.use_case, alert.rule, alert.severity.value), 1.0


def _age(now: datetime, at: datetime) -> float:
    return max(0.0, (now - at).total_seconds())


_GAUGES: tuple[_Gauge, ...] = (_work, _budgets, _trust, _switches)
