"""Calls to models as rows of the cost books, named as the books name releases and work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from roadworthy.business.costs.rows import CallUse, ContextUse, Work, work_of
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.ports.costs import Costs
from roadworthy.ports.metering import CallTotal
from roadworthy.quantities import Cost
from roadworthy.release import Rollout
from roadworthy.stage import Stage
from roadworthy.usage import Ending, Tokens

_PAID = frozenset({Ending.ANSWERED.value, Ending.LEFT.value})


def call_uses(
    deployment: Deployment, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
) -> tuple[CallUse, ...]:
    """Calls within a period, of steps and through the gateway."""
    digests = {
        (name, release.name): release.digest
        for name in use_cases
        for release in deployment.store.releases.rollout(tx, name).releases
    }
    totals = deployment.store.metering.totals(tx, use_cases, start, end)
    return tuple(_use(total, digests) for total in totals)


def contexts(
    costs: Costs, tx: Transaction, use_case: str, rollout: Rollout, start: datetime, end: datetime
) -> tuple[ContextUse, ...]:
    """How long contexts of live calls are, with releases by their digests."""
    digests = {release.name: release.digest for release in rollout.releases}
    return tuple(
        replace(one, release=digests.get(one.release, one.release))
        for one in costs.contexts(tx, [use_case], start, end)
    )


def releases_of(uses: Iterable[CallUse]) -> Mapping[str, set[str]]:
    """Digests of the releases that called, by use case."""
    found: dict[str, set[str]] = {}
    for use in uses:
        if use.release.startswith("sha256:"):
            found.setdefault(use.use_case, set()).add(use.release)
    return found


def _use(total: CallTotal, digests: Mapping[tuple[str, str], str]) -> CallUse:
    paid = total.ending in _PAID
    return CallUse(
        day=total.day,
        use_case=total.use_case,
        # A key declares its release by name, a step knows the digest.
        release=digests.get((total.use_case, total.version), total.version),
        work=_work(total.stage),
        step=total.step,
        task=total.task,
        model=total.model,
        calls=total.calls,
        retries=max(0, total.attempts - total.calls),
        failed=total.calls if total.ending == Ending.FAILED.value else 0,
        hits=total.calls if total.ending == Ending.CACHED.value else 0,
        estimated=total.estimated,
        unpriced=total.calls if paid and not total.cost else 0,
        tokens=Tokens(total.read, total.written, total.cached, total.stored, total.reasoning),
        cost=Cost(total.cost),
    )


def _work(stage: str) -> Work:
    """Of a call: its stage says it, or, for a rehearsed case, the work itself."""
    if stage in {Work.MIRROR.value, Work.EVALUATION.value}:
        return Work(stage)
    try:
        known = Stage(stage)
    except ValueError:
        known = Stage.PRODUCTION  # what nobody can place counts against the budget
    return work_of(release="any", stage=known, twin="")
