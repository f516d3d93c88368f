"""The cost books of use cases, joined with what their charters promise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from roadworthy.business.costs.advice import (
    Advice,
    Rival,
    cached,
    cheaper_release,
    dear_slices,
    fewer_retries,
    ranked,
)
from roadworthy.business.costs.anomalies import MOST_CLEAN, RATE, Unusual, unusual_days
from roadworthy.business.costs.focus import focus_csv
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
    review_cost,
    unpriced,
)
from roadworthy.business.costs.rows import CaseCost, EvaluationCost, ReviewCount, StepCost, Work
from roadworthy.charter import Charter
from roadworthy.charter import read as read_charter
from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.measure.suites.recording import every_result
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.ports.costs import Costs
from roadworthy.ports.evaluating import EvaluationRecord
from roadworthy.principal import Principal, require
from roadworthy.quantities import Cost
from roadworthy.release import Release, Rollout
from roadworthy.stage import ENDED, Stage
from roadworthy.trust import Scored, compare

MOST_DAYS_ASKED = 400
_SHOWN_EVALUATIONS = 200


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

    def lines(self, *, by: Sequence[str], period: Period) -> tuple[Line, ...]:
        """The books told apart by these fields."""
        return lines(self.steps, self.evaluations, self.rates, by=by, period=period)

    def per_case(self) -> tuple[PerCase, ...]:
        """What a live case comes to, for each use case."""
        return tuple(per_case(self.cases, self.reviews, rate) for rate in self.rates.values())

    def unpriced(self) -> tuple[Unpriced, ...]:
        """What has no price."""
        return unpriced(self.steps, self.evaluations, free=self.free)


def books(
    deployment: Deployment,
    principal: Principal,
    use_cases: Sequence[str],
    *,
    costs: Costs,
    first: date,
    last: date,
) -> Books:
    """Read the books. No use case named: all there are.

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
        rates, free = _rates(deployment, tx, wanted, steps)
        return Books(
            first,
            last,
            steps,
            costs.cases(tx, wanted, start, end),
            costs.reviews(tx, wanted, start, end),
            costs.evaluations(tx, wanted, start, end),
            rates,
            free,
        )


def budgets(
    deployment: Deployment, found: Books, *, costs: Costs, today: date, seed: int = 1
) -> tuple[tuple[BudgetUsed, MonthForecast], ...]:
    """How much of this month's budget is gone, and where the month will end, for each use case."""
    told = []
    for name, rate in found.rates.items():
        with deployment.store.read() as tx:
            counted = costs.counted(tx, name, today.replace(day=1))
            first = today - timedelta(days=MOST_DAYS)
            series = _days(costs, tx, name, first, today)
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
        told.append((used, forecast))
    return tuple(told)


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

    It rests on the newest closed live cases of the last MOST_DAYS days.
    """
    require(principal, "gate.read", use_case=use_case)
    with deployment.store.read() as tx:
        rates, _ = _rates(deployment, tx, [use_case], ())
        first = today - timedelta(days=MOST_DAYS)
        seen = costs.single(tx, use_case, _midnight(first), _midnight(today))
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
    with deployment.store.read() as tx:
        series = _days(costs, tx, use_case, today - timedelta(days=2 * MOST_CLEAN), today)
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
) -> list[Advice]:
    """What could be cheaper, most first. Nothing is applied.

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
        rivals = _rivals(deployment, tx, use_case, rollout, margin=margin)
    usage = sum((row.cost for row in steps if row.work is Work.LIVE), start=Cost(0))
    return ranked(
        [
            *fewer_retries(steps, days=days),
            *cheaper_release(rivals, usage=usage, days=days),
            *cached(repeats, days=days),
            *dear_slices(single, days=days),
        ]
    )


def focus(found: Books, *, month: date, account: str) -> str:
    """The books of a month as a FOCUS 1.2 file."""
    by = ("unit", "use_case", "work", "release", "step", "model")
    return focus_csv(found.lines(by=by, period="day"), month=month, account=account)


# ── what charters say ──


def _rates(
    deployment: Deployment, tx: Transaction, use_cases: Iterable[str], steps: Iterable[StepCost]
) -> tuple[dict[str, Rates], dict[tuple[str, str], str]]:
    """Promises by use case, and the models that are stated to cost nothing."""
    asked: dict[str, set[str]] = defaultdict(set)
    for row in steps:
        if row.release and row.step.startswith("predict:"):
            asked[row.use_case].add(row.release)
    rates, free = {}, {}
    for name in use_cases:
        rollout = deployment.store.releases.rollout(tx, name)
        models: dict[tuple[str, str], str] = {}
        for release in sorted(asked[name]):
            for task, model, costless in _models(_charter(deployment, tx, release)):
                models[release, f"predict:{task}"] = model
                if costless:
                    free[release, f"predict:{task}"] = model
        rates[name] = _promised(_charter(deployment, tx, _speaks(rollout, name).digest), models)
    return rates, free


def _speaks(rollout: Rollout, use_case: str) -> Release:
    """The release whose charter is asked: the one in production, else in canary, else the newest."""
    running = rollout.at(Stage.PRODUCTION) or rollout.at(Stage.CANARY)
    if running is None and not rollout.releases:
        raise NotFound("RW-COST-002", f"no release of a use case `{use_case}`")
    return running or max(rollout.releases, key=lambda release: release.number)


def _charter(deployment: Deployment, tx: Transaction, release: str) -> Charter:
    archive = deployment.store.releases.archive(tx, release)
    return read_charter(archive.files["charter.yaml"], file="charter.yaml")


def _models(charter: Charter) -> Iterable[tuple[str, str, bool]]:
    for name, task in charter.tasks.items():
        if task.model:
            plan = charter.models[task.model]
            stated = [plan.read_price, plan.written_price, plan.call_bound]
            costless = not plan.listed_as and not any(Cost.parse(one).nano for one in stated if one)
            yield name, plan.model, costless


def _promised(charter: Charter, models: Mapping[tuple[str, str], str]) -> Rates:
    return Rates(
        use_case=charter.use_case,
        unit=charter.owners.business,
        per_case=Cost.parse(charter.budget.per_case),
        per_month=Cost.parse(charter.budget.per_month),
        review=review_cost(
            minutes=charter.review.minutes_per_review, per_hour=Cost.parse(charter.value.cost_per_hour)
        ),
        cases_per_month=charter.value.cases_per_month,
        models=models,
    )


# ── days ──


def _days(costs: Costs, tx: Transaction, use_case: str, first: date, today: date) -> list[DayTotal]:
    """Every day from the first one with live work until today; a day without any is a day of nothing."""
    start, end = _midnight(first), _midnight(today + timedelta(days=1))
    nano: dict[date, int] = defaultdict(int)
    came: dict[date, int] = defaultdict(int)
    for step in costs.steps(tx, [use_case], start, end):
        if step.work is Work.LIVE:
            nano[step.day] += step.cost.nano
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


# ── releases side by side ──


def _rivals(
    deployment: Deployment, tx: Transaction, use_case: str, rollout: Rollout, *, margin: float
) -> list[Rival]:
    """Releases that answered the same tests as the running one, newest evaluation of each."""
    running = rollout.at(Stage.PRODUCTION) or rollout.at(Stage.CANARY)
    if running is None:
        return []
    able: dict[str, str] = {one.digest: one.name for one in rollout.releases if one.stage not in ENDED}
    records = deployment.store.evaluations.list(tx, use_case, finished=True, limit=_SHOWN_EVALUATIONS).rows
    newest: dict[tuple[str, str, str, str], EvaluationRecord] = {}
    for record in records:
        if record.release in able:
            key = (record.suite, record.suite_digest, record.graders, record.release)
            newest.setdefault(key, record)
    found = []
    for (suite, digest, graders, release), record in newest.items():
        own = newest.get((suite, digest, graders, running.digest))
        if own is None or release == running.digest:
            continue
        rival = _side_by_side(deployment, tx, record, own, name=able[release], margin=margin)
        if rival is not None:
            found.append(rival)
    return found


def _side_by_side(
    deployment: Deployment,
    tx: Transaction,
    record: EvaluationRecord,
    own: EvaluationRecord,
    *,
    name: str,
    margin: float,
) -> Rival | None:
    """Passed or not, and the cost, test by test.

    Where the running release failed or was not graded, nothing is known of it: to beat that is no merit,
    so the test is left out. Where the rival did, it did not pass.
    """
    passed, cost, _ = _answers(deployment, tx, record)
    own_passed, own_cost, unclear = _answers(deployment, tx, own)
    common = sorted((set(passed) & set(own_passed)) - unclear)
    if len(common) < 2:
        return None
    quality = compare(
        Scored(common, [passed[test] for test in common]),
        Scored(common, [own_passed[test] for test in common]),
        margin=margin,
    )
    return Rival(
        name,
        record.suite,
        sum(cost[test] for test in common) / len(common),
        sum(own_cost[test] for test in common) / len(common),
        quality,
    )


def _answers(
    deployment: Deployment, tx: Transaction, record: EvaluationRecord
) -> tuple[dict[str, float], dict[str, float], set[str]]:
    """By test: the share of attempts that passed, the mean cost; and tests with an error or without a grade."""
    passed: dict[str, list[bool]] = defaultdict(list)
    cost: dict[str, list[int]] = defaultdict(list)
    unclear: set[str] = set()
    for one in every_result(deployment, tx, record.id):
        passed[one.test].append(one.came == "passed")
        cost[one.test].append(one.cost.nano)
        if one.came in {"error", "ungraded"}:
            unclear.add(one.test)
    return (
        {test: sum(found) / len(found) for test, found in passed.items()},
        {test: sum(found) / len(found) for test, found in cost.items()},
        unclear,
    )
