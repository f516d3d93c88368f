"""Escalating: what nobody answers in time goes to the next of the chain, and at its end as the charter says.

Silence approves nothing, except where a charter of tier ``minimal`` says so of effects that can be taken back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import EffectEvent, EffectRecord, EffectState, move_effect
from roadworthy.casework.inbox import rank, unheld
from roadworthy.casework.review import Review, ReviewKind, ReviewState, Verdict
from roadworthy.charter import Charter, seconds
from roadworthy.disposition import Kind
from roadworthy.errors import Conflict, Problem, RoadworthyError, Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import weigh_again
from roadworthy.operate.effects.moving import give_back, kept
from roadworthy.operate.jobs import due_job
from roadworthy.operate.placing import charter_of, hours_of
from roadworthy.operate.reviews.effects import APPROVAL_VALID
from roadworthy.operate.reviews.moving import go_on
from roadworthy.operate.spotchecks.answering import erased_meanwhile
from roadworthy.operate.spotchecks.overdue import settle_overdue
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.principal import Approval, Role

_DEFAULT: tuple[tuple[int, str], ...] = ((14_400, str(Role.OWNER)),)
_IRREVERSIBLE = frozenset({"money", "identity", "delete"})


def escalate_due(deployment: Deployment, review_id: str) -> None:
    """A deadline passed: the review goes to the next of the chain, or is settled at its end. Again: nothing.

    A spot check escalates once; one that nobody answers for as long again counts as ``settle_overdue`` says.
    """
    with deployment.store.read() as tx:
        review = deployment.store.reviews.get(tx, review_id)
        case = deployment.store.cases.get(tx, review.case) if review else None
    if review is None or case is None or review.state is not ReviewState.OPEN:
        return
    if review.kind is ReviewKind.SPOT_CHECK and erased_meanwhile(deployment, case):
        return
    release = _release_at_the_end(deployment, review, case)
    with deployment.store.write() as tx:
        fresh = deployment.store.reviews.get(tx, review_id)
        case = deployment.store.cases.get(tx, case.id)
        if fresh is None or case is None or fresh.state is not ReviewState.OPEN:
            return
        if fresh.kind is ReviewKind.SPOT_CHECK:
            settle_overdue(deployment, tx, case, review_id)
            if fresh.step:
                return
        now = deployment.now()
        if fresh.due_at > now:
            return
        charter = charter_of(deployment, tx, case)
        if fresh.step < len(charter.review.steps if charter else _DEFAULT):
            escalate(deployment, tx, fresh, charter, "system", "the deadline passed")
        elif charter is not None:
            _end(deployment, tx, case, fresh, charter, release)


def escalate(
    deployment: Deployment,
    tx: Transaction,
    review: Review,
    charter: Charter | None,
    actor: str,
    reason: str,
) -> Review:
    """Pass a review to the next role of the chain: nobody has it any more, and no skill is asked for.

    Errors: ``Conflict`` RW-REVIEW-018 at the end of the chain.
    """
    steps = charter.review.steps if charter else _DEFAULT
    if review.step >= len(steps):
        raise Conflict(
            "RW-REVIEW-018",
            Problem(f"nobody comes after `{review.role}`", hint="decide it, or reject it with a reason"),
        )
    role, step = steps[review.step][1], review.step + 1
    now = deployment.now()
    effect = deployment.store.effects.get(tx, review.effect) if review.effect else None
    escalated = replace(
        unheld(review),
        role=role,
        skill="",
        assignee="",
        step=step,
        rank=_rank(review, charter, effect, step),
        version=review.version + 1,
        due_at=_due(charter, steps, step, now),
        reasons=(*review.reasons, f"escalated: {reason}"),
    )
    deployment.store.reviews.save(tx, escalated, expected=review.version)
    deployment.engine.enqueue(tx, due_job(escalated, now=now))
    deployment.record(
        tx,
        "review.escalated",
        actor,
        {"review": review.id, "case": review.case, "use_case": review.use_case},
        {"from": review.role, "to": role, "step": step, "reason": reason},
    )
    return escalated


def _due(charter: Charter | None, steps: tuple[tuple[int, str], ...], step: int, now: datetime) -> datetime:
    if charter is None:
        return now + timedelta(seconds=_DEFAULT[0][0])
    length_s = steps[step][0] if step < len(steps) else seconds(charter.review.due)
    return hours_of(charter.review).after(now, timedelta(seconds=length_s))


def _rank(review: Review, charter: Charter | None, effect: EffectRecord | None, step: int) -> int:
    if charter is None:
        return max(0, review.rank - 10)
    queue = next((one for one in charter.review.queues if one.name == review.queue), None)
    return rank(
        priority=queue.priority if queue else None,
        tier=charter.risk.tier,
        amount=effect.amount if effect else 0,
        step=step,
    )


def _release_at_the_end(deployment: Deployment, review: Review, case: CaseRecord) -> LoadedRelease | None:
    """The release, where silence may approve: its policies are asked. None where it cannot be loaded."""
    if review.kind is not ReviewKind.EFFECT or not case.release:
        return None
    try:
        if deployment.loader.charter(case.release).review.at_the_end != "approve":
            return None
        return deployment.loader.load(case.release)
    except Unavailable:
        raise
    except RoadworthyError:
        return None


def _end(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    review: Review,
    charter: Charter,
    release: LoadedRelease | None,
) -> None:
    """Nobody answered, however far it went: it waits on, or what the charter says becomes of its effect."""
    wanted = charter.review.at_the_end
    effect = deployment.store.effects.get(tx, review.effect) if review.kind is ReviewKind.EFFECT else None
    about = {"review": review.id, "case": case.id, "use_case": case.use_case}
    may = effect is not None and effect.state is EffectState.PROPOSED and case.state is State.WAITING
    if effect is None or not may or wanted == "wait":
        deployment.record(tx, "review.unanswered", "system", about, {"at_the_end": "wait"})
        return
    if wanted == "approve":
        why = _why_not_by_silence(deployment, tx, case, review, charter, release, effect)
        if why:
            deployment.record(tx, "review.unanswered", "system", about, {"at_the_end": "wait", "why": why})
            return
    verdict = Verdict.APPROVE if wanted == "approve" else Verdict.REJECT
    decided = replace(
        unheld(review),
        state=ReviewState.DECIDED,
        version=review.version + 1,
        verdict=verdict,
        decided_by="system",
        decided_at=deployment.now(),
        reason=f"nobody answered in time: the charter says `{wanted}`",
    )
    deployment.store.reviews.save(tx, decided, expected=review.version)
    event = EffectEvent.APPROVED if wanted == "approve" else EffectEvent.REFUSED
    approved_by = "system" if wanted == "approve" else effect.approved_by
    kept(deployment, tx, effect, state=move_effect(effect.state, event), approved_by=approved_by)
    if wanted == "approve":
        now = deployment.now()
        by_charter = Approval(
            id=deployment.new_id(), use_case=effect.use_case, kind=f"effect:{effect.id}",
            digest=effect.arguments_digest, role=Role.OWNER, principal="system", demo=False,
            reason=decided.reason, at=now, expires_at=now + APPROVAL_VALID,
        )  # fmt: skip
        deployment.store.evidence.add_approval(tx, by_charter)
    else:
        give_back(deployment, tx, effect)
    deployment.record(
        tx,
        "review.decided",
        "system",
        {**about, "effect": effect.id},
        {"verdict": verdict, "proposal": review.proposal, "reason": decided.reason},
    )
    go_on(deployment, tx, case, decided)


def _why_not_by_silence(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    review: Review,
    charter: Charter,
    release: LoadedRelease | None,
    effect: EffectRecord,
) -> str:
    """Empty where silence may approve this very effect. A charter was read before; this is read now."""
    tool = charter.tools.get(effect.tool)
    if charter.risk.tier != "minimal":
        return f"the risk tier is `{charter.risk.tier}`"
    if tool is None or not tool.undo or tool.sink in _IRREVERSIBLE:
        return "it cannot be taken back"
    if effect.amount or effect.untrusted:
        return "it moves money, or a value that steers it comes from no trusted source"
    if effect.arguments_digest != review.proposal:
        return "the proposal changed"
    if release is None:
        return "its release cannot be loaded"
    # No approval stands for a person's: where a policy asks for one, silence is none.
    again = weigh_again(deployment, tx, case, release, effect, approvals=())
    if again.disposition.kind is not Kind.EXECUTE:
        return "; ".join(again.disposition.reasons)
    return ""
