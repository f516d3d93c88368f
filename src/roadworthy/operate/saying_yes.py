"""Saying yes: who may, after what they did before. The rules are policies; here stands what each person did."""

from __future__ import annotations

from collections.abc import Collection

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.review import Review, Verdict
from roadworthy.errors import Refused
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import obligations_of
from roadworthy.operate.placing import parties
from roadworthy.policy import Duty, Outcome
from roadworthy.policy.duty import Verb
from roadworthy.ports import LoadedRelease, Policies, Transaction
from roadworthy.principal import Principal


def require_yes(
    policies: Policies,
    principal: Principal,
    verb: Verb,
    *,
    use_case: str,
    did: Collection[str],
    code: str,
    what: str,
    hint: str = "ask somebody else who holds the role",
    quorum: int = 1,
    risk: str = "",
) -> None:
    """Refuse unless policies let this person say yes, with every rule that does not.

    Errors: ``Refused`` under ``code``.
    """
    answer = policies.may(
        Duty(
            verb=verb,
            use_case=use_case,
            principal=principal.id,
            kind=principal.kind,
            roles=frozenset(map(str, principal.roles)),
            did=frozenset(did),
            quorum=quorum,
            risk=risk,
            demo=principal.demo,
        )
    )
    if answer.outcome is not Outcome.ALLOW:
        raise Refused(
            code,
            what,
            reasons=[f"{principal.name}: {sentence}" for sentence in answer.sentences],
            hint=hint,
        )


def require_approver(
    deployment: Deployment,
    tx: Transaction,
    principal: Principal,
    review: Review,
    case: CaseRecord,
    release: LoadedRelease | None,
) -> None:
    """Refuse who had a part in what is approved. Roles, skills and claims were asked before.

    Errors: ``Refused`` RW-REVIEW-011; also where the release, whose policies would say, is gone.
    """
    what = "this approval needs a second person"
    hint = "ask somebody else who holds the role; you may reject or escalate it"
    if release is None:
        raise Refused("RW-REVIEW-011", what, reasons=["the policies that say who may cannot be read"])
    effect = deployment.store.effects.get(tx, review.effect) if review.effect else None
    quorum = 1
    if effect is not None:
        asked = obligations_of(deployment, tx, case, release, effect)
        quorum = max((one.quorum for one in asked), default=1)
    require_yes(
        release.policies,
        principal,
        "review.decide",
        use_case=review.use_case,
        did=deeds(deployment, tx, principal.id, review, case, effect),
        code="RW-REVIEW-011",
        what=what,
        hint=hint,
        quorum=max(1, quorum),
        risk=release.charter.risk.tier,
    )


def deeds(
    deployment: Deployment,
    tx: Transaction,
    person: str,
    review: Review,
    case: CaseRecord,
    effect: EffectRecord | None,
) -> frozenset[str]:
    """What this person did on the very thing that a review asks about."""
    found = set()
    if effect is not None:
        release = deployment.store.releases.get(tx, effect.release) if effect.release else None
        if release is not None and release.author == person:
            found.add("authored")
        earlier = [
            one
            for one in deployment.store.reviews.of_case(tx, case.id)
            if one.effect == effect.id and one.id != review.id and one.decided_by == person
        ]
        if any(one.verdict == Verdict.EDIT for one in earlier):
            found.add("edited")
    if deployment.store.inbox.initiator(tx, case.id) == person:
        found.add("initiated")
    # When a review is opened, whoever had a part already is noted in it; what is left of them approved.
    known = set(parties(deployment, tx, case, effect)) if effect is not None else set()
    if person in review.excluded and person not in known:
        found.add("approved")
    return frozenset(found)
