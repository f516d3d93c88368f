"""What charters promise and state, as far as costs depend on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from roadworthy.business.costs.report import ModelPrice, Rates, review_cost
from roadworthy.business.costs.rows import CallUse, StepCost
from roadworthy.charter import Charter, LanguageModelPlan
from roadworthy.errors import NotFound
from roadworthy.measure.calluse import releases_of
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.quantities import Cost
from roadworthy.release import Release, Rollout
from roadworthy.routing import snapshot
from roadworthy.stage import Stage
from roadworthy.usage import Price

PriceOf = Callable[[LanguageModelPlan], Price | None]
"""What a model costs; None where nobody knows."""


def rates_of(
    deployment: Deployment,
    tx: Transaction,
    use_cases: Iterable[str],
    steps: Iterable[StepCost],
    calls: Sequence[CallUse] = (),
    price: PriceOf | None = None,
    rollouts: Mapping[str, Rollout] | None = None,
) -> tuple[dict[str, Rates], dict[tuple[str, str], str]]:
    """Promises by use case, and the models that are stated to cost nothing."""
    asked: dict[str, set[str]] = defaultdict(set)
    called = releases_of(calls)
    for row in steps:
        if row.release and row.step.startswith("predict:"):
            asked[row.use_case].add(row.release)
    rates, free = {}, {}
    for name in use_cases:
        rollout = rollouts[name] if rollouts else deployment.store.releases.rollout(tx, name)
        models: dict[tuple[str, str], str] = {}
        for release in sorted(asked[name]):
            for task, model, costless in _models(_charter(deployment, release)):
                models[release, f"predict:{task}"] = model
                if costless:
                    free[release, f"predict:{task}"] = model
        speaks = _charter(deployment, _speaks(rollout, name).digest)
        plans = plans_of(deployment, tx, rollout, called.get(name, set()))
        rates[name] = _promised(speaks, models, plans, price)
    return rates, free


def _speaks(rollout: Rollout, use_case: str) -> Release:
    """The release whose charter is asked: the one in production, else in canary, else the newest."""
    running = rollout.at(Stage.PRODUCTION) or rollout.at(Stage.CANARY)
    if running is None and not rollout.releases:
        raise NotFound("RW-COST-002", f"no release of a use case `{use_case}`")
    return running or max(rollout.releases, key=lambda release: release.number)


def _charter(deployment: Deployment, release: str) -> Charter:
    """By the digest of a release, whose charter never changes: read once, and kept by the loader."""
    return deployment.loader.charter(release)


def _models(charter: Charter) -> Iterable[tuple[str, str, bool]]:
    for name, task in charter.tasks.items():
        if task.model:
            plan = charter.models[task.model]
            stated = [plan.read_price, plan.written_price, plan.call_bound]
            costless = not plan.listed_as and not any(Cost.parse(one).nano for one in stated if one)
            yield name, plan.model, costless


def plans_of(
    deployment: Deployment, tx: Transaction, rollout: Rollout, releases: Iterable[str]
) -> dict[tuple[str, str], LanguageModelPlan]:
    """The language models of these releases, by release and name."""
    known = {release.digest for release in rollout.releases}
    return {
        (release, name): plan
        for release in sorted(known & set(releases))
        for name, plan in _charter(deployment, release).models.items()
    }


def _promised(
    charter: Charter,
    models: Mapping[tuple[str, str], str],
    plans: Mapping[tuple[str, str], LanguageModelPlan],
    price: PriceOf | None,
) -> Rates:
    prices = {
        named: stated_price(plan) or (price(plan) if price else None) for named, plan in plans.items()
    }
    return Rates(
        use_case=charter.use_case,
        unit=charter.budget.unit or charter.owners.business,
        per_case=Cost.parse(charter.budget.per_case),
        per_month=Cost.parse(charter.budget.per_month),
        review=review_cost(
            minutes=charter.review.minutes_per_review, per_hour=Cost.parse(charter.value.cost_per_hour)
        ),
        cases_per_month=charter.value.cases_per_month,
        models=models,
        served={named: plan.model for named, plan in plans.items()},
        prices={named: ModelPrice(one, snapshot(one)) for named, one in prices.items() if one is not None},
    )


def stated_price(plan: LanguageModelPlan) -> Price | None:
    """What the charter itself states."""
    if plan.read_price is None or plan.written_price is None:
        return None
    cached = Cost.parse(plan.cached_price).nano if plan.cached_price else -1
    return Price(Cost.parse(plan.read_price).nano, Cost.parse(plan.written_price).nano, cached)
