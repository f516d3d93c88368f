"""What a step of a workflow puts before the disposition or before a person, each once however often it is asked."""

from __future__ import annotations

from collections.abc import Mapping

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.casework.vocabulary import Effect
from roadworthy.errors import Conflict
from roadworthy.flow import Judged
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import weigh
from roadworthy.operate.jobs import ask_of_effect, open_review
from roadworthy.operate.proposing import effect_event, shared_slot
from roadworthy.policy import Marking
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.quantities import Cost


def propose(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    release: LoadedRelease,
    effect: Effect,
    *,
    slot: str,
    ordinal: int,
    confidence: float,
    judged: Judged,
    marking: Marking,
    spent: Cost,
) -> tuple[EffectRecord, bool]:
    """Weigh an effect in the middle of a case; the one that is there, and False, if it was proposed before.

    Errors: ``Conflict`` RW-CASE-002 if somebody took the case, ``InputProblem`` RW-EFFECT-003 for a slot of
    another effect.
    """
    fresh = deployment.store.cases.get(tx, case.id)
    if fresh is None or fresh.version != case.version:
        # A rollback or a person took the case: nothing of this run may reach the world.
        raise Conflict("RW-CASE-002", "the case was taken over meanwhile")
    for known in deployment.store.effects.of_case(tx, case.id):
        if known.slot == slot:
            # Approved ones may carry a person's edits.
            asked = deployment.vault.digest(tx, case.subject, dict(effect.arguments))
            other = asked != known.arguments_digest and not known.approved_by
            if other or known.tool != effect.tool:
                raise shared_slot(slot)
            return known, False
    weighed = weigh(
        deployment,
        tx,
        case,
        release,
        effect,
        slot=slot,
        confidence=confidence,
        judged=judged,
        marking=marking,
        spent=spent,
    )
    row = weighed.effect
    if not deployment.store.effects.add(tx, row):
        raise shared_slot(slot)
    deployment.record(
        tx,
        "effect.proposed",
        "system",
        {"effect": row.id, "case": row.case, "use_case": row.use_case},
        effect_event(row, weighed.answer.policy_digest),
    )
    if row.state is EffectState.PROPOSED:
        open_review(
            deployment,
            tx,
            case,
            release.charter,
            ReviewKind.EFFECT,
            reasons=row.reasons,
            effect=row,
            ordinal=ordinal,
            role=(weighed.disposition.roles or ("",))[0],
        )
    return row, True


def ask_about(
    deployment: Deployment, case: CaseRecord, release: LoadedRelease, effect: EffectRecord, *, ordinal: int
) -> None:
    """A person looks at an effect that may not leave, or whose outcome is not clear, once at a time."""
    with deployment.store.write() as tx:
        known = deployment.store.reviews.of_case(tx, case.id)
        if not any(review.effect == effect.id and review.state is ReviewState.OPEN for review in known):
            ask_of_effect(
                deployment,
                tx,
                case,
                release.charter,
                effect,
                unclear=f"the effect is {effect.state}",
                ordinal=ordinal,
            )


def ask(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    release: LoadedRelease,
    body: Mapping[str, object],
    *,
    ordinal: int,
    role: str,
) -> None:
    """A question of the workflow to a person, once for each place at which it asks."""
    before = deployment.store.reviews.of_case(tx, case.id)
    if any(review.ordinal == ordinal and review.kind is ReviewKind.QUESTION for review in before):
        return
    sealed = deployment.vault.seal(tx, case.subject, body)
    open_review(
        deployment,
        tx,
        case,
        release.charter,
        ReviewKind.QUESTION,
        reasons=("the workflow asks",),
        ordinal=ordinal,
        question=sealed.id,
        role=role,
    )
