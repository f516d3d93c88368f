"""How cost and quality look: amounts from less than a cent up, columns by day, budgets, figures over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from roadworthy.quantities import NANO, Cost
from roadworthy.server import charts

_CENT = NANO // 100


def amount(value: str | None) -> str:
    """An amount as people read it: cents from a euro on, else as many places as tell something."""
    if value is None:
        return "–"
    if " + " in value:
        return " + ".join(amount(part) for part in value.split(" + "))
    cost = Cost.parse(value)
    size = abs(cost.nano)
    if size >= NANO:
        text = f"{cost.nano / NANO:,.2f}"
    elif size >= _CENT:
        text = f"{cost.nano / NANO:.4f}"
    elif size:
        text = f"{cost.nano / NANO:.6f}" if size >= 1_000 else f"{cost.nano / NANO:.9f}"
    else:
        text = "0"
    return f"{text.replace('-', '−')} {cost.currency}"


def spending(days: Sequence[Mapping[str, Any]]) -> Markup:
    """Stacked columns of what each day cost, the largest part at the foot."""
    sums: dict[str, float] = defaultdict(float)
    for day in days:
        for part, value in day["parts"].items():
            sums[part] += value
    order = sorted(sums, key=lambda part: (-sums[part], part))
    return charts.stacked(
        [str(day["day"]) for day in days],
        [(part, [day["parts"].get(part, 0.0) for day in days]) for part in order],
        name="Cost by day",
        unit="EUR",
    )


def burnt(budget: Mapping[str, Any]) -> Markup:
    """What of a budget is spent, what is expected until the month's end (the middle of its band), and what is left."""
    spent, limit = Cost.parse(budget["spent"]).nano, Cost.parse(budget["limit"]).nano
    end = max(spent, Cost.parse(budget["band"]["p50"]).nano) if budget["band"] else spent
    parts = [("spent", spent, "bad" if spent >= limit else "full")]
    if end > spent:
        parts.append(("expected until its end", end - spent, "wait"))
    if limit > end:
        parts.append(("left", limit - end, "missing"))
    return charts.share_bar(
        [(said, nano / NANO, look) for said, nano, look in parts],
        name=f"Budget of {budget['use_case']}, EUR",
    )


def trend(evaluations: Sequence[Mapping[str, Any]], name: str, floor: float | None) -> Markup:
    """The share of passed tests over releases, each with its interval."""
    points = [
        charts.Point(
            f"{one['release'] or one['target']}, {one['finished_at'][:10]}",
            one["passed"],
            *(one["interval"] or (None, None)),
        )
        for one in evaluations
    ]
    return charts.line(points, name=f"Passed tests of {name}", bound=floor)


def checks(found: Mapping[str, Any]) -> Markup:
    """How often what left alone was wrong, as spot checks saw it over time, and the promise as the line of alarm."""
    points = [
        charts.Point(
            f"{one['at'][:10]}: {one['drawn'] or 0} drawn, {one['answered']} answered, {one['wrong'] or 0} wrong",
            one["estimate"],
            *(one["interval"] or (None, None)),
        )
        for one in found["points"]
    ]
    return charts.line(points, name=f"Errors of kind {found['kind']} in spot checks", bound=found["alpha"])


FILTERS = {"checks": checks, "amount": amount, "spending": spending, "burnt": burnt, "trend": trend}
