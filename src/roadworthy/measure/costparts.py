"""The cost books as pages show them: sums of some days, and what each day cost by one part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from roadworthy.business.costs.report import ANSWERS, GRADES
from roadworthy.business.costs.rows import EvaluationCost, Work
from roadworthy.measure.costrates import rates_of
from roadworthy.measure.costs import Books
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.ports.costs import CostParts, Costs
from roadworthy.principal import Principal, require
from roadworthy.quantities import Cost

_STEPS = ("use_case", "release", "work", "step")
_CALLS = (*_STEPS, "task", "model")


def summed(
    deployment: Deployment,
    principal: Principal,
    use_cases: Sequence[str],
    *,
    parts: CostParts,
    costs: Costs,
    first: date,
    last: date,
) -> Books:
    """The books of use cases that are there, whose rows are added up over all days: as exact as ``books``.

    Edge: its lines are told apart by everything but the period. Steps, calls and cases are dated by ``first``.
    """
    for name in use_cases:
        require(principal, "gate.read", use_case=name)
    with deployment.store.read() as tx:
        steps = parts.steps(tx, use_cases, first, last, by=_STEPS)
        calls = parts.calls(tx, use_cases, first, last, by=_CALLS)
        rollouts = deployment.store.releases.rollouts(tx, use_cases)
        rates, free = rates_of(deployment, tx, use_cases, steps, calls, rollouts=rollouts)
        return Books(
            first,
            last,
            steps,
            parts.cases(tx, use_cases, first, last),
            parts.reviews(tx, use_cases, first, last),
            _evaluations(costs, tx, use_cases, first, last),
            rates,
            free,
            calls,
        )


def spent(
    deployment: Deployment,
    principal: Principal,
    use_cases: Sequence[str],
    *,
    parts: CostParts,
    costs: Costs,
    first: date,
    last: date,
) -> tuple[Cost, ...]:
    """What all lines of these days add up to, one sum for each currency, in order of these."""
    for name in use_cases:
        require(principal, "gate.read", use_case=name)
    sums: dict[str, int] = defaultdict(int)
    with deployment.store.read() as tx:
        for row in parts.steps(tx, use_cases, first, last, by=()):
            sums[row.cost.currency] += row.cost.nano
        for use in parts.calls(tx, use_cases, first, last, by=(), of_steps=False):
            sums[use.cost.currency] += use.cost.nano
        for one in _evaluations(costs, tx, use_cases, first, last):
            for cost in (one.answers, one.grades):
                if cost is not None:
                    sums[cost.currency] += cost.nano
    return tuple(Cost(nano, currency) for currency, nano in sorted(sums.items()) if nano)


def by_day(
    deployment: Deployment, found: Books, *, parts: CostParts, by: str
) -> Mapping[date, Mapping[str, int]]:
    """What each day of these books cost, by use case, work, release, step or model, in nano-units."""
    use_cases, first, last = list(found.rates), found.first, found.last
    sums: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    with deployment.store.read() as tx:
        if by == "model":
            return _by_model(tx, found, parts)
        for row in parts.steps(tx, use_cases, first, last, by=("day", by)):
            sums[row.day][str(getattr(row, by))] += row.cost.nano
        named = ("task", "model") if by == "step" else (by,)
        for use in parts.calls(tx, use_cases, first, last, by=("day", *named), of_steps=False):
            sums[use.day][use.named if by == "step" else str(getattr(use, by))] += use.cost.nano
    for one in found.evaluations:
        for step, cost in ((ANSWERS, one.answers), (GRADES, one.grades)):
            if cost is not None and cost.nano:
                said = {
                    "use_case": one.use_case,
                    "work": Work.EVALUATION.value,
                    "release": one.release,
                    "step": f"{step}:{one.suite}",
                }
                sums[one.day][said[by]] += cost.nano
    return sums


def _by_model(tx: Transaction, found: Books, parts: CostParts) -> Mapping[date, Mapping[str, int]]:
    """Which model a step asks is written in its release, and calls take their part of what their step cost with them.

    Invariant: these are the sums of ``business.costs.report.lines``.
    """
    use_cases, first, last = list(found.rates), found.first, found.last
    sums: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in parts.steps(tx, use_cases, first, last, by=("day",)):
        sums[row.day][""] += row.cost.nano
    asking = {step for rate in found.rates.values() for _, step in rate.models}
    apart = ("day", "use_case", "release", "step")
    for row in parts.steps(tx, use_cases, first, last, by=apart, named=asking) if asking else ():
        sums[row.day][""] -= row.cost.nano
        sums[row.day][found.rates[row.use_case].models.get((row.release, row.step), "")] += row.cost.nano
    for use in parts.calls(tx, use_cases, first, last, by=(*apart, "model")):
        if use.step:
            sums[use.day][found.rates[use.use_case].models.get((use.release, use.step), "")] -= (
                use.cost.nano
            )
        sums[use.day][found.rates[use.use_case].served.get((use.release, use.model), use.model)] += (
            use.cost.nano
        )
    for one in found.evaluations:
        for cost in (one.answers, one.grades):
            if cost is not None:
                sums[one.day][""] += cost.nano
    return sums


def _evaluations(
    costs: Costs, tx: Transaction, use_cases: Sequence[str], first: date, last: date
) -> tuple[EvaluationCost, ...]:
    start, end = (datetime.combine(day, time(), tzinfo=UTC) for day in (first, last + timedelta(days=1)))
    return costs.evaluations(tx, use_cases, start, end)
