"""The roadmap of a use case: every stage ahead put to the gate at one moment, ordered and dated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from roadworthy.casework.case import State
from roadworthy.errors import InputProblem, Problem
from roadworthy.evidence import Evidence
from roadworthy.gate.roadmap import Roadmap, roadmap, stages_ahead
from roadworthy.gate.scaling import FEWEST, Pace, scale
from roadworthy.operate import answers
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.verdicts import judge
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, require
from roadworthy.stage import Stage

PACED: Final = 2_000
"""The newest cases that are looked at for how fast they went."""

_LIVE: Final = frozenset({Stage.CANARY, Stage.PRODUCTION})
_PAGE: Final = 200
_HOUR_S: Final = 3600


def road_ahead(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    release_name: str,
    *,
    target: Stage = Stage.PRODUCTION,
    hours_a_week: Mapping[str, float] | None = None,
    since_assessed: Iterable[str] | None = None,
) -> tuple[Roadmap, Mapping[str, str]]:
    """The way of a release to a stage, and the notes of the answers on it by the id of their measurement.

    Reading changes nothing; tomorrow's may differ as evidence runs out.
    Errors: ``InputProblem`` RW-ROADMAP-004 for hours that cannot be, or of somebody who owns nothing here.
    """
    require(principal, "gate.read", use_case=use_case)
    with deployment.store.read() as tx:
        release = deployment.store.releases.rollout(tx, use_case).named(release_name)
        charter = deployment.loader.charter(release.digest)
        owners = charter.owners
        _check(hours_a_week or {}, {owners.business, owners.technical, owners.risk, owners.support})
        verdicts = [judge(deployment, tx, release, stage) for stage in stages_ahead(release.stage, target)]
        measured = deployment.store.evidence.measurements(tx, use_case)
        standing, _ = answers.standing(deployment, tx, charter, measured)
        evidence = Evidence.gather(standing, now=deployment.now(), release=release.digest)
        made = roadmap(
            charter,
            verdicts,
            deployment.requirements,
            stage=release.stage,
            scale=scale(charter, evidence, pace(deployment, tx, use_case)),
            hours_a_week=hours_a_week,
            since_assessed=since_assessed,
        )
        named = {step.measurement for step in (*made.stands, *made.missing)}
        told = answers.notes(deployment, tx, [one for one in standing if one.id in named])
    return made, told


def pace(deployment: Deployment, tx: Transaction, use_case: str) -> Pace:
    """How fast the newest live cases went that left without a person: waiting in queues and delivery included.

    Edge: cases that begun again on another release count with all the time they took.
    """
    spans: list[float] = []
    ends: list[float] = []
    after, seen = "", 0
    while seen < PACED:
        page = deployment.store.cases.list(
            tx, use_case, state=State.CLOSED, twin="", after=after, limit=_PAGE
        )
        seen += len(page.rows)
        for case in page.rows:
            if case.handled_by == "automatic" and case.stage in _LIVE:
                spans.append((case.updated_at - case.created_at).total_seconds())
                ends.append(case.updated_at.timestamp())
        after = page.after
        if not after:
            break
    p95 = sorted(spans)[math.ceil(0.95 * len(spans)) - 1] if len(spans) >= FEWEST else None
    return Pace(len(spans), p95, _most_within_an_hour(ends))


def _most_within_an_hour(moments: Iterable[float]) -> int:
    ordered = sorted(moments)
    most = first = 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= _HOUR_S:
            first += 1
        most = max(most, last - first + 1)
    return most


def _check(hours_a_week: Mapping[str, float], owners: set[str]) -> None:
    problems = []
    for account, hours in hours_a_week.items():
        if account not in owners:
            hint = f"its owners are {', '.join(sorted(owners))}"
            problems.append(Problem(f"`{account}` owns nothing here", place="hours", hint=hint))
        if not 0 <= hours <= 168:
            problems.append(
                Problem(f"a week has 0 to 168 hours, found {hours:g}", place=f"hours {account}")
            )
    if problems:
        raise InputProblem("RW-ROADMAP-004", problems)
