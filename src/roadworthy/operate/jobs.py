"""What is left to do later: the next segment, a delivery, a person's answer with its deadline."""

from __future__ import annotations

from datetime import timedelta

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.review import Review, ReviewKind, ReviewState
from roadworthy.charter import Charter, seconds
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Job, Transaction
from roadworthy.quantities import Digest, digest_of


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
) -> Review:
    """Ask a person, with a deadline that escalates. The question waits as a row, never as a process."""
    now = deployment.now()
    due_s = seconds(charter.review.due)
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
        role=role or charter.review.role,
        proposal=Digest(proposal),
        state=ReviewState.OPEN,
        version=1,
        due_at=now + timedelta(seconds=due_s),
        verdict="",
        decided_by="",
        decided_at=None,
        reason="",
        created_at=now,
    )
    deployment.store.reviews.add(tx, review)
    deployment.engine.enqueue(tx, Job("due", f"due:{review.id}", review.id, float(due_s)))
    deployment.record(
        tx,
        "review.opened",
        "system",
        {"review": review.id, "case": case.id, "use_case": case.use_case},
        {"kind": kind, "role": review.role, "reasons": list(reasons), "proposal": review.proposal},
    )
    return review
