"""Drawing: every case that left without a person gets one row, and with a known probability a person looks at it.

The probability rests on earlier rows alone and the draw on a digest under the vault's key, so that
nobody outside can tell which case will be looked at, and a replay draws the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import SENT, EffectRecord
from roadworthy.charter import Charter
from roadworthy.disposition import Kind
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.lots import lots_fall
from roadworthy.operate.spotchecks.asking import RULE, ask_reviewer, choices_for
from roadworthy.operate.spotchecks.planting import plant_beside
from roadworthy.ports import Transaction
from roadworthy.ports.spotchecks import CheckState, Part, SpotCheck
from roadworthy.stage import Stage
from roadworthy.trust.spotcheck import SpotCheckRule, affordable_share, inclusion

WEEK: Final = timedelta(days=7)
WEEKS_PER_MONTH: Final = 4.345
_LIVE: Final = frozenset({Stage.CANARY, Stage.PRODUCTION})


def left_alone(case: CaseRecord, effects: Sequence[EffectRecord]) -> tuple[EffectRecord, ...]:
    """The effects of a live case that were or may have been felt although no person had approved them."""
    if case.twin or case.stage not in _LIVE:
        return ()
    return tuple(
        effect
        for effect in effects
        # Effects of an earlier run belong to the release that was halted.
        if effect.release == case.release
        and effect.disposition == Kind.EXECUTE
        and not effect.approved_by
        and effect.state in SENT
    )


def draw_for_check(deployment: Deployment, tx: Transaction, case: CaseRecord) -> SpotCheck | None:
    """Draw for a case that ends now, in the transaction that ends it. None where a person had seen it all.

    Who ended the case does not matter: an effect that left before a person came is drawn for as well.
    Asked again for the same case, nothing changes.
    """
    alone = left_alone(case, deployment.store.effects.of_case(tx, case.id))
    if not alone:
        return None
    release = deployment.loader.load(case.release)
    charter = release.charter
    q, floor = _probability(deployment, tx, case, charter, alone)
    chosen = lots_fall(deployment, q, f"SPOT CHECK {case.id}")
    double = chosen and lots_fall(deployment, charter.spot_checks.double, f"SPOT CHECK TWICE {case.id}")
    check = SpotCheck(
        case=case.id,
        use_case=case.use_case,
        release=case.release,
        certificates=tuple(dict.fromkeys(effect.certificate for effect in alone if effect.certificate)),
        kinds=tuple(sorted({charter.tools[effect.tool].error for effect in alone})),
        slice=case.slice,
        q=q,
        floor=floor,
        rule=RULE,
        state=CheckState.PENDING if chosen else CheckState.UNDRAWN,
        version=1,
        double=double,
        judgement=None,
        why="",
        closed_at=deployment.now(),
        judged_at=None,
    )
    if not deployment.store.spot_checks.add(tx, check):
        return None
    if chosen:
        choices = choices_for(release, case)
        for part in (Part.FIRST, Part.SECOND)[: 1 + double]:
            ask_reviewer(deployment, tx, case, charter, part, choices)
        plant_beside(deployment, tx, case, charter.spot_checks)
    return check


def rule_of(charter: Charter) -> SpotCheckRule:
    """What the charter says of spot checks, as the statistics take it."""
    plan = charter.spot_checks
    return SpotCheckRule(share=plan.share, least=plan.least, near_threshold=plan.near_threshold)


def checks_per_week(charter: Charter) -> int:
    """Answers that fit into the reviewers' hours for spot checks."""
    return math.floor(charter.spot_checks.hours_per_week * 60 / charter.review.minutes_per_review)


def share_now(deployment: Deployment, tx: Transaction, use_case: str, charter: Charter) -> float:
    """The usual probability at this moment: the charter's, or what fits the reviewers' week, never below the least.

    What fits is reckoned once an hour from the weeks before, and falls to the least within the hour
    when the answers asked for in the last seven days use the hours up.
    """
    plan, checks, now = charter.spot_checks, deployment.store.spot_checks, deployment.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    possible = checks.share(tx, use_case, hour)
    if possible is None:
        possible = _affordable(deployment, tx, use_case, charter)
        before = checks.share(tx, use_case, hour - timedelta(hours=1))
        checks.set_share(tx, use_case, hour, possible)
        was = plan.share if before is None else within_plan(charter, before)
        if within_plan(charter, possible) != was:
            _tell(deployment, tx, use_case, charter, possible, "what fits the reviewers' hours changed")
    if possible > plan.least:
        most = checks_per_week(charter)
        if checks.asked_since(tx, use_case, now - WEEK, most=most) >= most:
            possible = plan.least
            checks.set_share(tx, use_case, hour, possible)
            _tell(
                deployment, tx, use_case, charter, possible, "the reviewers' hours of this week are used up"
            )
    return within_plan(charter, possible)


def within_plan(charter: Charter, possible: float) -> float:
    """What fits the reviewers' hours, as far as the charter lets it go down and up."""
    return min(max(possible, charter.spot_checks.least), charter.spot_checks.share)


def _affordable(deployment: Deployment, tx: Transaction, use_case: str, charter: Charter) -> float:
    """The share that the reviewers' hours suffice for. Each release caps it by its own charter."""
    plan, checks = charter.spot_checks, deployment.store.spot_checks
    hour = deployment.now().replace(minute=0, second=0, microsecond=0)
    cases = float(checks.closed_between(tx, use_case, hour - WEEK, hour))
    if not checks.closed_between(tx, use_case, hour - 2 * WEEK, hour - WEEK):
        # The first week says little of the next: what was promised counts until it is over.
        cases = max(cases, charter.value.cases_per_month / WEEKS_PER_MONTH)
    return affordable_share(
        replace(rule_of(charter), share=1.0),
        cases_per_week=cases,
        minutes_per_check=charter.review.minutes_per_review,
        hours_per_week=plan.hours_per_week,
        double=plan.double,
        planted=min(plan.planted, 0.99),
    ).share


def _tell(
    deployment: Deployment, tx: Transaction, use_case: str, charter: Charter, possible: float, why: str
) -> None:
    deployment.record(
        tx,
        "spot_check.share",
        "system",
        {"use_case": use_case},
        {"share_bp": round(within_plan(charter, possible) * 10_000), "reason": why},
    )


def _probability(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    charter: Charter,
    alone: Sequence[EffectRecord],
) -> tuple[float, float]:
    """The greatest that any of its effects asks for, and the least that any case has at this moment."""
    known = deployment.store.evidence.certificates(tx, case.use_case, release=case.release)
    thresholds: dict[str, float] = {certificate.id: certificate.threshold for certificate in known}
    rule, share = rule_of(charter), share_now(deployment, tx, case.use_case, charter)
    q = max(
        inclusion(
            rule,
            confidence=effect.confidence,
            # Without its certificate nobody knows how sure is sure enough: as near as can be.
            threshold=thresholds.get(effect.certificate, effect.confidence),
            share_now=share,
        )
        for effect in alone
    )
    return q, rule.floor(share)
