"""What pages about cost and quality show and cannot work out while somebody waits: forecasts, advice, comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from roadworthy.business.costs.asking import Batch
from roadworthy.business.costs.forecast import Band
from roadworthy.business.costs.savings import saved
from roadworthy.charter import LanguageModelPlan
from roadworthy.errors import RoadworthyError
from roadworthy.measure.costrates import PriceOf
from roadworthy.measure.costs import advise, books, budgets, volume_forecast
from roadworthy.measure.rivals import rivals
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.spotchecks.status import spot_check_status
from roadworthy.operate.spotchecks.telling import status_json
from roadworthy.ports.costs import Costs
from roadworthy.ports.outlooks import Outlook, Outlooks
from roadworthy.principal import Principal, require
from roadworthy.quantities import Cost

COST, QUALITY = "cost", "quality"
EVERY_S: Final = 60.0
FRESH_FOR: Final = timedelta(minutes=15)
ADVICE_DAYS: Final = 30
MARGIN: Final = 0.02


@dataclass(frozen=True, slots=True)
class Instruments:
    """What it is worked out with: the books, where it is kept, and what models cost."""

    costs: Costs
    outlooks: Outlooks
    price: PriceOf | None = None
    batch: Callable[[LanguageModelPlan], Batch | None] = lambda _: None


def look_ahead(deployment: Deployment, principal: Principal, by: Instruments) -> None:
    """Of every use case: work out anew what is old. Two at once do it twice, and the later one stays.

    A use case whose releases cannot be read is passed over; the others do not wait for it.
    """
    with deployment.store.read() as tx:
        names = deployment.store.releases.use_cases(tx)
    failed: RoadworthyError | None = None
    for name in names:
        try:
            if _is_old(deployment, by, name):
                work_out(deployment, principal, name, by)
        except RoadworthyError as problem:
            failed = problem
    if failed is not None:
        raise failed


def _is_old(deployment: Deployment, by: Instruments, use_case: str) -> bool:
    with deployment.store.read() as tx:
        found = [by.outlooks.get(tx, use_case, subject) for subject in (COST, QUALITY)]
    return any(one is None or deployment.now() - one.at >= FRESH_FOR for one in found)


def work_out(deployment: Deployment, principal: Principal, use_case: str, by: Instruments) -> None:
    """Work out everything of one use case now, and keep it. Errors: as ``books``; `Refused` without the right."""
    require(principal, "gate.read", use_case=use_case)
    at = deployment.now()
    made = {
        COST: _cost(deployment, principal, use_case, by),
        QUALITY: _quality(deployment, use_case),
    }
    with deployment.store.write() as tx:
        for subject, body in made.items():
            by.outlooks.keep(tx, Outlook(use_case, subject, at, body))


def _cost(deployment: Deployment, principal: Principal, use_case: str, by: Instruments) -> dict[str, Any]:
    today = deployment.now().date()
    found = books(
        deployment,
        principal,
        [use_case],
        costs=by.costs,
        first=today.replace(day=1),
        last=today,
        price=by.price,
        with_contexts=False,
    )
    ((used, end),) = budgets(deployment, found, costs=by.costs, today=today)
    target = volume_forecast(deployment, principal, use_case, costs=by.costs, today=today)
    offers = advise(
        deployment,
        principal,
        use_case,
        costs=by.costs,
        today=today,
        days=ADVICE_DAYS,
        margin=MARGIN,
        price=by.price,
        batch=by.batch,
    )
    currency = used.limit.currency
    return {
        "month": end.month,
        "days_left": end.days_left,
        "days_known": end.history,
        "band": _band(end.band, currency),
        "runs_out": [None if day is None else day.isoformat() for day in end.runs_out],
        "tested": end.tested.sentence if end.tested else "",
        "note": end.note,
        "target": {
            "cases": target.cases,
            "seen": target.seen,
            "band": _band(target.band, currency),
            "per_case": _band(target.each, currency),
            "note": target.note,
        },
        "saved": saved(found.calls, found.rates[use_case].prices).as_json(),
        "advice": [
            {**one.as_json(), "monthly": str(Cost(one.yearly.nano // 12, one.yearly.currency))}
            for one in offers
        ],
        "advice_days": ADVICE_DAYS,
    }


def _band(band: Band | None, currency: str) -> Mapping[str, str] | None:
    if band is None:
        return None
    return {
        name: str(Cost(round(value), currency))
        for name, value in (("p10", band.low), ("p50", band.middle), ("p90", band.high))
    }


def _quality(deployment: Deployment, use_case: str) -> dict[str, Any]:
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
        beside = rivals(deployment, tx, use_case, rollout, margin=MARGIN)
    return {
        "comparisons": [
            {
                "release": one.release,
                "suite": one.suite,
                "evaluation": one.evaluation,
                "beside": one.beside,
                "verdict": one.quality.verdict,
                "difference": one.quality.difference,
                "interval": None
                if one.quality.interval is None
                else [one.quality.interval.low, one.quality.interval.high],
                "confidence": one.quality.confidence.value,
                "margin": one.quality.margin,
                "tests": one.quality.n,
                "gained": one.quality.gained,
                "lost": one.quality.lost,
                "cases_needed": one.quality.cases_needed,
                "method": one.quality.method,
            }
            for one in beside
        ],
        "spot_checks": status_json(spot_check_status(deployment, use_case)),
    }
