"""The cost books of use cases, joined with what their charters promise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from roadworthy.business.costs.advice import (
    Advice,
    cached,
    cheaper_release,
    dear_slices,
    fewer_retries,
    ranked,
)
from roadworthy.business.costs.anomalies import MOST_CLEAN, RATE, Unusual, unusual_days
from roadworthy.business.costs.asking import Batch, batches, shorter_contexts
from roadworthy.business.costs.focus import focus_csv, head, told
from roadworthy.business.costs.forecast import (
    MOST_DAYS,
    DayTotal,
    MonthForecast,
    VolumeForecast,
    forecast_month,
    forecast_volume,
)
from roadworthy.business.costs.report import (
    BudgetUsed,
    Line,
    PerCase,
    Period,
    Rates,
    Unpriced,
    lines,
    per_case,
    unpriced,
)
from roadworthy.business.costs.rows import (
    CallUse,
    CaseCost,
    ContextUse,
    EvaluationCost,
    ReviewCount,
    StepCost,
    Work,
)
from roadworthy.charter import LanguageModelPlan
from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.measure.calluse import call_uses, contexts, releases_of
from roadworthy.measure.costrates import PriceOf, plans_of, rates_of
from roadworthy.measure.rivals import rivals as releases_beside
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.ports.costs import Costs
from roadworthy.principal import Principal, require
from roadworthy.quantities import Cost

MOST_DAYS_ASKED = 400


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that was spent on some use cases from one day to another, both included."""

    first: date
    last: date
    steps: tuple[StepCost, ...]
    cases: tuple[CaseCost, ...]
    reviews: tuple[ReviewCount, ...]
    evaluations: tuple[EvaluationCost, ...]
    rates: Mapping[str, Rates]
    free: Mapping[tuple[str, str], str] = field(default_factory=dict)
    calls: tuple[CallUse, ...] = ()
    contexts: tuple[ContextUse, ...] = ()

    def lines(self, *, by: Sequence[str], period: Period) -> tuple[Line, ...]:
        """The books told apart by these fields."""
        return lines(self.steps, self.evaluations, self.rates, calls=self.calls, by=by, period=period)

    def per_case(self) -> tuple[PerCase, ...]:
        """What a live case comes to, for each use case."""
        return tuple(per_case(self.cases, self.reviews, rate) for rate in self.rates.values())

    def unpriced(self) -> tuple[Unpriced, ...]:
        """What has no price."""
        return unpriced(self.steps, self.evaluations, free=self.free, calls=self.calls)


def books(
    deployment: Deployment,
    principal: Principal,
    use_cases: Sequence[str],
    *,
    costs: Costs,
    first: date,
    last: date,
    price: PriceOf | None = None,
    with_contexts: bool = True,
) -> Books:
    """Read the books. No use case named: all there are. ``price`` says what a model costs whose charter does not.

    Without contexts everything is read from sums: how many cases and calls there are makes no difference.

    Errors:  ``InputProblem`` RW-COST-001 for days that run backwards or too many of them, ``NotFound``
             RW-COST-002 for every use case without a release.
    """
    if not first <= last or (last - first).days >= MOST_DAYS_ASKED:
        raise InputProblem(
            "RW-COST-001",
            Problem(
                f"expected a first and a last day at most {MOST_DAYS_ASKED} days apart, found {first} to {last}"
            ),
        )
    start, end = _midnight(first), _midnight(last + timedelta(days=1))
    with deployment.store.read() as tx:
        known = deployment.store.releases.use_cases(tx)
        wanted = list(dict.fromkeys(use_cases)) or list(known)
        unknown = [name for name in wanted if name not in known]
        if unknown:
            there = ", ".join(known) or "none yet"
            raise NotFound(
                "RW-COST-002",
                [Problem(f"no release of a use case `{name}`", hint=f"known: {there}") for name in unknown],
            )
        for name in wanted:
            require(principal, "gate.read", use_case=name)
        steps = costs.steps(tx, wanted, start, end)
        calls = call_uses(deployment, tx, wanted, start, end)
        rates, free = rates_of(deployment, tx, wanted, steps, calls, price)
        return Books(
            first,
            last,
            steps,
            costs.cases(tx, wanted, start, end),
            costs.reviews(tx, wanted, start, end),
            costs.evaluations(tx, wanted, start, end),
            rates,
            free,
            calls,
            tuple(
                one
                for name in (wanted if with_contexts else ())
                for one in contexts(
                    costs, tx, name, deployment.store.releases.rollout(tx, name), start, end
                )
            ),
        )


def total(
    deployment: Deployment,
    principal: Principal,
    use_cases: Sequence[str],
    *,
    costs: Costs,
    first: date,
    last: date,
) -> tuple[Cost, ...]:
    """What all lines of ``books`` add up to, one sum for each currency, in order of these."""
    start, end = _midnight(first), _midnight(last + timedelta(days=1))
    for name in use_cases:
        require(principal, "gate.read", use_case=name)
    sums: dict[str, int] = defaultdict(int)
    with deployment.store.read() as tx:
        for row in costs.steps(tx, use_cases, start, end):
            sums[row.cost.currency] += row.cost.nano
        for use in deployment.store.metering.totals(tx, use_cases, start, end):
            sums["EUR"] += 0 if use.step else use.cost
        for one in costs.evaluations(tx, use_cases, start, end):
            for cost in (one.answers, one.grades):
                if cost is not None:
                    sums[cost.currency] += cost.nano
    return tuple(Cost(nano, currency) for currency, nano in sorted(sums.items()) if nano)


def budgets(
    deployment: Deployment, found: Books, *, costs: Costs, today: date, seed: int = 1
) -> tuple[tuple[BudgetUsed, MonthForecast], ...]:
    """How much of this month's budget is gone, and where the month will end, for each use case."""
    standing = []
    for name, rate in found.rates.items():
        with deployment.store.read() as tx:
            counted = costs.counted(tx, name, today.replace(day=1))
            first = today - timedelta(days=MOST_DAYS)
            series = _days(deployment, costs, tx, name, first, today)
        before, now = [day for day in series if day.day < today], series[-1:]
        month = [day.nano for day in before if (day.day.year, day.day.month) == (today.year, today.month)]
        spent_today = sum(day.nano for day in now if day.day == today)
        forecast = forecast_month(
            before,
            today=today,
            so_far=sum(month),
            spent_today=spent_today,
            limit=rate.per_month.nano,
            seed=seed,
        )
        spent = Cost(sum(month) + spent_today, rate.per_month.currency)
        used = BudgetUsed(
            name, f"{today:%Y-%m}", rate.per_month, spent, Cost(counted, rate.per_month.currency)
        )
        standing.append((used, forecast))
    return tuple(standing)


def volume_forecast(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    *,
    costs: Costs,
    today: date,
    cases: int = 0,
    seed: int = 1,
) -> VolumeForecast:
    """What a month of so many cases costs in machines; by default of as many as the charter expects.

    It rests on the newest closed live cases of the last MOST_DAYS days; where the program runs elsewhere, on
    the cases that it called models for.
    """
    require(principal, "gate.read", use_case=use_case)
    with deployment.store.read() as tx:
        rates, _ = rates_of(deployment, tx, [use_case], ())
        first = today - timedelta(days=MOST_DAYS)
        period = (_midnight(first), _midnight(today))
        seen = costs.single(tx, use_case, *period) or costs.called(tx, use_case, *period)
    return forecast_volume(seen, cases=cases or rates[use_case].cases_per_month, seed=seed)


def unusual(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    *,
    costs: Costs,
    today: date,
    rate: float = RATE,
) -> Unusual:
    """Whole days whose number of live cases or cost per case is unusual."""
    require(principal, "gate.read", use_case=use_case)
    return unusual_by_day(deployment, use_case, costs=costs, today=today, rate=rate)


def unusual_by_day(
    deployment: Deployment, use_case: str, *, costs: Costs, today: date, rate: float = RATE
) -> Unusual:
    """The same for the installation itself, which watches its books."""
    with deployment.store.read() as tx:
        series = _days(deployment, costs, tx, use_case, today - timedelta(days=2 * MOST_CLEAN), today)
    return unusual_days([day for day in series if day.day < today], rate=rate)


def advise(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    *,
    costs: Costs,
    today: date,
    days: int = 30,
    margin: float = 0.02,
    price: PriceOf | None = None,
    batch: Callable[[LanguageModelPlan], Batch | None] = lambda _: None,
) -> list[Advice]:
    """What could be cheaper, most first. Nothing is applied. ``batch`` says what a provider takes off for batches.

    ``margin`` is how much lower the share of passed tests may be and still count as not worse.

    Errors:  ``InputProblem`` RW-COST-003 for a number of days that is none.
    """
    require(principal, "gate.read", use_case=use_case)
    if not 1 <= days <= MOST_DAYS_ASKED:
        raise InputProblem(
            "RW-COST-003", Problem(f"expected 1 to {MOST_DAYS_ASKED} days, found {days}", place="days")
        )
    start, end = _midnight(today - timedelta(days=days)), _midnight(today)
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
        steps = costs.steps(tx, [use_case], start, end)
        repeats = costs.repeats(tx, use_case, start, end)
        single = costs.single(tx, use_case, start, end)
        rivals = releases_beside(deployment, tx, use_case, rollout, margin=margin)
        calls = call_uses(deployment, tx, [use_case], start, end)
        long = contexts(costs, tx, use_case, rollout, start, end)
        rates, _ = rates_of(deployment, tx, [use_case], (), calls, price)
        plans = plans_of(deployment, tx, rollout, releases_of(calls).get(use_case, ()))
    offers = {named: offer for named, plan in plans.items() if (offer := batch(plan)) is not None}
    usage = sum((row.cost for row in steps if row.work is Work.LIVE), start=Cost(0))
    return ranked(
        [
            *fewer_retries(steps, days=days),
            *cheaper_release(rivals, usage=usage, days=days),
            *cached(repeats, days=days),
            *dear_slices(single, days=days),
            *shorter_contexts(long, rates[use_case].prices, days=days),
            *batches(calls, offers, days=days),
        ]
    )


def focus(found: Books, *, month: date, account: str) -> str:
    """The books of a month as a FOCUS 1.2 file."""
    by = ("unit", "use_case", "work", "release", "step", "model")
    return focus_csv(found.lines(by=by, period="day"), month=month, account=account)


def focus_parts(
    deployment: Deployment,
    principal: Principal,
    use_cases: Sequence[str],
    *,
    costs: Costs,
    month: date,
    account: str,
    price: PriceOf | None = None,
) -> Iterator[str]:
    """The same file piece by piece, a day at a time: no more than a day of the books is ever in memory.

    Errors: those of ``books``, with the first piece.
    """
    by = ("unit", "use_case", "work", "release", "step", "model")
    day, first = month.replace(day=1), True
    while (day.year, day.month) == (month.year, month.month):
        found = books(
            deployment,
            principal,
            use_cases,
            costs=costs,
            first=day,
            last=day,
            price=price,
            with_contexts=False,
        )
        if first:
            yield head()
            first = False
        for line in found.lines(by=by, period="day"):
            yield told(line, month=month, account=account)
        day += timedelta(days=1)


# ── days ──


def _days(
    deployment: Deployment, costs: Costs, tx: Transaction, use_case: str, first: date, today: date
) -> list[DayTotal]:
    """Every day from the first one with live work until today; a day without any is a day of nothing."""
    start, end = _midnight(first), _midnight(today + timedelta(days=1))
    nano: dict[date, int] = defaultdict(int)
    came: dict[date, int] = defaultdict(int)
    for step in costs.steps(tx, [use_case], start, end):
        if step.work is Work.LIVE:
            nano[step.day] += step.cost.nano
    for use in call_uses(deployment, tx, [use_case], start, end):
        if use.work is Work.LIVE and not use.step:
            nano[use.day] += use.cost.nano
    for row in costs.cases(tx, [use_case], start, end):
        if row.work is Work.LIVE:
            came[row.day] += row.cases
    worked = set(nano) | set(came)
    if not worked:
        return []
    begun = min(worked)
    days = (begun + timedelta(days=after) for after in range((today - begun).days + 1))
    return [DayTotal(day, came[day], nano[day]) for day in days]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
