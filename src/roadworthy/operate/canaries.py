"""Canaries: what is learned of each case goes into its comparison, once, when it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from roadworthy.casework.case import CaseRecord
from roadworthy.charter import Charter, seconds
from roadworthy.charter.releasing import Metric
from roadworthy.operate import comparing
from roadworthy.operate.comparing import Running
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import held_out
from roadworthy.ports import Job, Transaction
from roadworthy.quantities import Cost, Share
from roadworthy.release import Compared, Release, Standing, Step, stand
from roadworthy.stage import Stage
from roadworthy.trust import Arm

ERROR = "error"
WATCH = "harm"
"""The kind under which wrong answers are kept; other metrics add their name."""


def kind_of(metric: str) -> str:
    """Under which kind of watch a metric is kept."""
    return WATCH if metric == ERROR else f"{WATCH} {metric}"


def metrics_of(charter: Charter) -> Mapping[str, Metric]:
    """By what a canary of this charter is compared: wrong automatic answers, and what it names."""
    canary = charter.release.canary
    named = canary.metrics
    declared = {
        "cost": named.cost,
        "kpi": named.kpi,
        "latency": named.latency,
        "review_rate": named.review_rate,
    }
    error = Metric(margin=canary.margin, tolerance=canary.tolerance)
    return {ERROR: error, **{name: plan for name, plan in declared.items() if plan is not None}}


def steps_of(charter: Charter) -> tuple[Step, ...]:
    """The steps of its canary."""
    return tuple(
        Step(Share(step.share), step.min_cases, timedelta(seconds=seconds(step.min_duration)))
        for step in charter.release.canary.plan
    )


def observe(deployment: Deployment, tx: Transaction, case: CaseRecord, losses: Mapping[str, float]) -> bool:
    """Put what is known of a case into the comparison that runs; true if the canary is proven worse by it.

    Only a case that could have gone either way counts, by the share it was assigned with: one that was
    taken in before the canary began, stayed with people by lot, or was begun again elsewhere does not. Each
    metric of a case is handed in once, by whoever first knows it. A canary that is worse by it is halted by
    a job of this transaction.
    """
    if case.twin or not 0 < case.probability < 1 or held_out(case):
        return False
    rollout = deployment.store.releases.rollout(tx, case.use_case)
    canary, production = rollout.at(Stage.CANARY), rollout.at(Stage.PRODUCTION)
    if canary is None or case.created_at < canary.stage_since:
        return False
    against = production.digest if production else ""
    arms: dict[str, Arm] = {canary.digest: "candidate", against: "baseline"}
    arm = arms.get(case.release)
    if arm is None:
        return False
    share = case.probability if arm == "candidate" else 1 - case.probability
    charter = deployment.loader.charter(canary.digest)
    since = canary.step_since or canary.stage_since
    worse = False
    # One order everywhere, so that two transactions never wait for each other.
    for metric in sorted(losses.keys() & metrics_of(charter).keys()):
        before = _running(deployment, tx, canary, charter, metric, against)
        after = before.update(
            arm,
            losses[metric],
            share=Share(share),
            step=canary.step,
            of_step=case.created_at >= since,
        )
        deployment.store.evidence.save_watch(
            tx, case.use_case, canary.digest, kind_of(metric), after.text()
        )
        worse = worse or after.watch.harm.fires
    if worse:
        deployment.engine.enqueue(tx, Job("canary", f"canary:{canary.digest}:worse", case.use_case))
    return worse


def observe_decision(
    deployment: Deployment, tx: Transaction, case: CaseRecord, *, asked: bool, cost: Cost | None = None
) -> None:
    """A case was decided, or ends a segment with a question to a person: what needs no label.

    How long it took and whether people were asked is known when its first segment ends, its cost when it is
    decided. A case that was begun again says nothing: its time and cost are also those of another release.
    """
    if case.run != 1 or not 0 < case.probability < 1:
        return
    canary = deployment.store.releases.rollout(tx, case.use_case).at(Stage.CANARY)
    if canary is None:
        return
    charter = deployment.loader.charter(canary.digest)
    metrics = charter.release.canary.metrics
    losses: dict[str, float] = {}
    if case.segment == 1:
        losses["review_rate"] = float(asked)
        if metrics.latency is not None:
            took = (deployment.now() - case.created_at).total_seconds()
            # A clock that went back says nothing about how fast it was.
            if took >= 0:
                losses["latency"] = float(took > seconds(metrics.latency.limit))
    if cost is not None and metrics.cost is not None:
        limit = Cost.parse(metrics.cost.limit or charter.budget.per_case)
        losses["cost"] = min(1.0, cost.nano / limit.nano) if limit.nano else float(cost.nano > 0)
    observe(deployment, tx, case, losses)


def observe_figures(deployment: Deployment, use_case: str, figures: Mapping[str, float]) -> int:
    """Put the KPI's figures of single cases into the comparison; returns how many were new.

    By external key. A figure counts once, as it is when it is first seen; beyond the ends of the charter it
    counts as the end.
    """
    with deployment.store.read() as tx:
        canary = deployment.store.releases.rollout(tx, use_case).at(Stage.CANARY)
    if canary is None:
        return 0
    kpi = deployment.loader.charter(canary.digest).kpi
    low, high = kpi.per_case_low, kpi.per_case_high
    if low is None or high is None or high <= low:
        return 0
    new = 0
    evidence = deployment.store.evidence
    for key, figure in figures.items():
        with deployment.store.read() as tx:
            case = deployment.store.cases.by_key(tx, use_case, key)
            known = case is None or evidence.watch(tx, use_case, canary.digest, f"kpi of {case.id}")
        if case is None or known or case.created_at < canary.stage_since:
            continue
        part = (min(max(figure, low), high) - low) / (high - low)
        with deployment.store.write() as tx:
            # The row is locked: somebody may have counted it in this moment.
            if evidence.watch(tx, use_case, canary.digest, f"kpi of {case.id}"):
                continue
            evidence.save_watch(tx, use_case, canary.digest, f"kpi of {case.id}", "counted")
            observe(deployment, tx, case, {"kpi": 1 - part if kpi.direction == "up" else part})
            new += 1
    return new


def standing(deployment: Deployment, tx: Transaction, canary: Release) -> Standing:
    """How a release in canary stands in its step at this moment, by every metric its charter names."""
    charter = deployment.loader.charter(canary.digest)
    steps = steps_of(charter)
    return stand(
        min(max(canary.step, 1), len(steps)),
        steps,
        tuple(_compared(deployment, tx, canary, charter)),
        since=canary.step_since or canary.stage_since,
        now=deployment.now(),
    )


def running_of(deployment: Deployment, tx: Transaction, canary: Release) -> Mapping[str, Running]:
    """The comparison of a release in canary by each metric its charter names, as far as it has come."""
    charter = deployment.loader.charter(canary.digest)
    against = _beside(deployment, tx, canary)
    return {
        metric: _running(deployment, tx, canary, charter, metric, against) for metric in metrics_of(charter)
    }


def _beside(deployment: Deployment, tx: Transaction, canary: Release) -> str:
    production = deployment.store.releases.rollout(tx, canary.use_case).at(Stage.PRODUCTION)
    return production.digest if production and production.digest != canary.digest else ""


def _compared(
    deployment: Deployment, tx: Transaction, canary: Release, charter: Charter
) -> Iterator[Compared]:
    against = _beside(deployment, tx, canary)
    for metric in metrics_of(charter):
        running = _running(deployment, tx, canary, charter, metric, against)
        yield comparing.compared(metric, running, step=canary.step)


def _running(
    deployment: Deployment, tx: Transaction, canary: Release, charter: Charter, metric: str, against: str
) -> Running:
    stored = deployment.store.evidence.watch(tx, canary.use_case, canary.digest, kind_of(metric))
    if stored:
        kept = comparing.read(stored, against=against, step=canary.step)
        if kept.against == against:
            return kept
    plans = metrics_of(charter)
    return comparing.begun(
        margin=plans[metric].margin,
        tolerance=plans[metric].tolerance,
        delta=Share(charter.release.canary.delta),
        of=len(plans),
        against=against,
        step=canary.step,
    )
