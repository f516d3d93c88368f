"""What is left to do later: the next segment, a delivery, a person's answer with its deadline."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.casework.review import Review, ReviewKind, ReviewState
from roadworthy.charter import Charter
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.placing import place
from roadworthy.ports import Job, Transaction
from roadworthy.quantities import Digest, digest_of

_UNCLEAR = {
    EffectState.UNKNOWN: "nobody knows whether it was felt",
    EffectState.DEAD: "it could not be sent, or its receiver refused it",
}


def segment_job(case: CaseRecord, *, delay_s: float = 0.0) -> Job:
    """The job for the case's current segment. A job of an earlier segment or run finds itself outdated."""
    reference = f"{case.id}/{case.run}/{case.segment}"
    return Job("segment", f"segment:{reference}:{case.version}", reference, delay_s)


def delivery_job(case: CaseRecord, *, attempt: int = 0, delay_s: float = 0.0) -> Job:
    """The job that sends what is ready of a case."""
    return Job("deliver", f"deliver:{case.id}:{case.version}:{attempt}", case.id, delay_s)


def open_review(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    charter: Charter,
    kind: ReviewKind,
    *,
    reasons: tuple[str, ...],
    effect: EffectRecord | None = None,
    ordinal: int = -1,
    question: str = "",
    role: str = "",
    besides: tuple[str, ...] = (),
) -> Review:
    """Ask a person, with a deadline that escalates. The question waits as a row, never as a process.

    ``besides``: people who may not approve it, beside those who had a part in the proposal.
    """
    now = deployment.now()
    placed = place(deployment, tx, case, charter, kind, effect=effect, role=role)
    proposal = effect.arguments_digest if effect else digest_of([case.id, kind, ordinal, question])
    review = Review(
        id=deployment.new_id(),
        case=case.id,
        use_case=case.use_case,
        kind=kind,
        effect=effect.id if effect else "",
        ordinal=ordinal,
        question=question,
        reasons=reasons,
        role=placed.role,
        proposal=Digest(proposal),
        state=ReviewState.OPEN,
        version=1,
        due_at=placed.due_at,
        verdict="",
        decided_by="",
        decided_at=None,
        reason="",
        created_at=now,
        queue=placed.queue,
        skill=placed.skill,
        rank=placed.rank,
        excluded=tuple(sorted({*placed.excluded, *besides})),
        blind=placed.blind,
    )
    deployment.store.reviews.add(tx, review)
    deployment.engine.enqueue(tx, due_job(review, now=now))
    deployment.record(
        tx,
        "review.opened",
        "system",
        {"review": review.id, "case": case.id, "use_case": case.use_case},
        {
            "kind": kind,
            "role": review.role,
            "queue": review.queue,
            "skill": review.skill,
            "reasons": list(reasons),
            "proposal": review.proposal,
        },
    )
    return review


def ask_of_effect(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    charter: Charter,
    effect: EffectRecord,
    *,
    held: ReviewKind = ReviewKind.EFFECT,
    unclear: str = "",
    ordinal: int = -1,
) -> Review:
    """Ask a person about an effect that may not leave, or whose outcome is not clear.

    ``held``: the kind of review where it may not leave. ``unclear``: the reason where it is not clear; without one
    what its state says.
    """
    is_held = effect.state is EffectState.PROPOSED
    return open_review(
        deployment,
        tx,
        case,
        charter,
        held if is_held else ReviewKind.UNCLEAR,
        reasons=effect.reasons if is_held else (unclear or _UNCLEAR[effect.state],),
        effect=effect,
        ordinal=ordinal,
    )


def cancel_review(deployment: Deployment, tx: Transaction, review: Review) -> None:
    """Nobody has to answer it any more."""
    cancelled = replace(review, state=ReviewState.CANCELLED, version=review.version + 1)
    deployment.store.reviews.save(tx, cancelled, expected=review.version)


def due_job(review: Review, *, now: datetime) -> Job:
    """The job that looks at a review when it is due. It carries the id only: what is asked for then decides."""
    delay_s = max(0.0, (review.due_at - now).total_seconds())
    # An older one finds that it is not due yet; every new deadline has a job of its own.
    key = f"due:{review.id}:{review.version}" if review.version > 1 else f"due:{review.id}"
    return Job("due", key, review.id, delay_s)
