"""Asking: a person sees a case that left without one, and says what would have been right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.review import Review, ReviewKind
from roadworthy.charter import Charter, seconds
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.jobs import open_review
from roadworthy.ports import Job, LoadedRelease, Transaction
from roadworthy.ports.spotchecks import Part, SpotAnswer

RULE: Final = "2026-11"
"""Names how probabilities are made; a row says by which rule it was drawn."""
QUESTION: Final = "What would have been the right answer?"
SOMETHING_ELSE: Final = "something else"
AS_SENT: Final = "as sent"
"""The right answer where a workflow concludes no label."""
SOURCE: Final = "spot-check"
"""Source of the labels that spot checks give, and how no other source begins."""
REASON: Final = "a spot check of what left without a person"


def ask_reviewer(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    charter: Charter,
    part: Part,
    choices: Sequence[str],
    *,
    known: str = "",
    planted_by: str = "",
) -> Review:
    """Ask a person what would have been right. A planted case is asked about in exactly the same words."""
    sealed = deployment.vault.seal(
        tx, case.subject, {"question": QUESTION, "choices": list(choices), "role": ""}
    )
    third = part is Part.THIRD
    review = open_review(
        deployment,
        tx,
        case,
        charter,
        ReviewKind.SPOT_CHECK,
        reasons=(REASON, "two people contradict each other about it") if third else (REASON,),
        question=sealed.id,
        role=charter.review.escalate_to if third else "",
    )
    # Escalated or not: after twice its time it is counted as it stands.
    overdue_s = 2.0 * seconds(charter.review.due) + 1
    deployment.engine.enqueue(tx, Job("due", f"overdue:{review.id}", review.id, overdue_s))
    deployment.store.spot_checks.ask(
        tx,
        SpotAnswer(
            review=review.id,
            case=case.id,
            use_case=case.use_case,
            part=part,
            known=known,
            planted_by=planted_by,
            answer="",
            answered_by="",
            void=False,
            asked_at=deployment.now(),
            answered_at=None,
        ),
    )
    deployment.record(
        tx,
        "spot_check.drawn",
        "system",
        {"case": case.id, "use_case": case.use_case, "release": case.release, "review": review.id},
        # No probability and no part: reviewers may read this, and a planted case reads the same.
        {"rule": RULE},
    )
    return review


def choices_for(release: LoadedRelease, case: CaseRecord) -> tuple[str, ...]:
    """The labels a person chooses from, in alphabetical order, and a way out of them."""
    if not case.answer:
        return (AS_SENT, SOMETHING_ELSE)
    labels = {case.answer}
    for task, promise in release.charter.tasks.items():
        labels.update(promise.abstain)
        # A model that names its labels offers them; one that answers freely has only what it said.
        labels.update(getattr(release.models.get(task), "labels", ()))
    return (*sorted(labels - {SOMETHING_ELSE}), SOMETHING_ELSE)
