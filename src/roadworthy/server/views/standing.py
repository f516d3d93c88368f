"""How one use case stands: KPI, cost of a case, age of its evidence, and what puts it at risk; from one reading of the gate's."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, Final

from roadworthy.gate import Finding, Verdict
from roadworthy.measure.value.kpi import BASELINE, KIND
from roadworthy.operate.verdicts import Weighed
from roadworthy.stage import Stage

RUNNING: Final = (Stage.CANARY, Stage.PRODUCTION)
ANEW: Final = timedelta(hours=1)
"""What is believed for less is read anew for every verdict (accounts, approvals) and has no age to speak of."""


def kpi(weighed: Weighed) -> dict[str, Any]:
    """The KPI now beside its baseline and target; ``stale``: its newest value is not believed any more."""
    promised, evidence = weighed.charter.kpi, weighed.evidence
    now, before = evidence.find(KIND), evidence.find(BASELINE) or evidence.outlived(BASELINE)
    newest = now or evidence.outlived(KIND)
    value = newest.value if newest and math.isfinite(newest.value) else None
    reached = None
    if value is not None and now is not None:
        reached = value >= promised.target if promised.direction == "up" else value <= promised.target
    return {
        "name": promised.name,
        "unit": promised.unit,
        "direction": promised.direction,
        "target": promised.target,
        "baseline": before.value if before and math.isfinite(before.value) else None,
        "now": value,
        "at": newest.at.isoformat() if newest else None,
        "stale": newest is not None and now is None,
        "reached": reached,
        "asked": promised.current is not None,
    }


def cost(weighed: Weighed) -> dict[str, Any]:
    """What a case costs, as measured, beside its budget."""
    budget = weighed.charter.number("budget.per_case")
    found = weighed.evidence.find("cost.per_case") or weighed.evidence.outlived("cost.per_case")
    value = found.value if found and math.isfinite(found.value) else None
    return {
        "value": value,
        "n": found.n if found else 0,
        "at": found.at.isoformat() if found else None,
        "budget": budget,
        "unit": "EUR",
        "over": value is not None and budget is not None and value > budget,
    }


def age(verdict: Verdict) -> dict[str, Any]:
    """When the oldest evidence that the verdict rests on was measured, and when the first of it runs out."""
    kept = [
        one
        for one in verdict.findings
        if one.measured_at and one.valid_until and one.valid_until - one.measured_at > ANEW
    ]
    oldest = min((one.measured_at for one in kept if one.measured_at), default=None)
    first = min((one.valid_until for one in kept if one.valid_until), default=None)
    return {
        "oldest": oldest.isoformat() if oldest else None,
        "runs_out": first.isoformat() if first else None,
        "missing": sum(one.measured_at is None for one in verdict.findings),
    }


def losing(weighed: Weighed) -> Verdict | None:
    """The verdict on the stage a release is live in, where it does not hold there any more; None where it does."""
    if weighed.release.stage not in RUNNING:
        return None
    there = weighed.verdict(weighed.release.stage)
    return None if there.passes else there


def cheapest(finding: Finding) -> str:
    """The next step with the time it is thought to take."""
    minutes = finding.minutes
    spent = (
        f"{minutes} min"
        if minutes < 120
        else f"{minutes / 60:g} h"
        if minutes < 1440
        else f"{minutes / 1440:g} d"
    )
    return f"{finding.next_step or finding.asks} (about {spent})"
