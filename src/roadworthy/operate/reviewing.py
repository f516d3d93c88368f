"""Reviewing: a person's answer, bound to what was seen, moves the case on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from roadworthy.casework.case import CaseRecord, Event, State, move
from roadworthy.casework.effect import EffectEvent, EffectRecord, EffectState, move_effect
from roadworthy.casework.journal import Step
from roadworthy.casework.review import Review, ReviewKind, ReviewState, Verdict, check_decision
from roadworthy.charter import seconds
from roadworthy.disposition import Kind
from roadworthy.errors import InputProblem, NotFound, Problem, Refused
from roadworthy.operate.delivering import close
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import weigh_again, weighed_arguments
from roadworthy.operate.jobs import delivery_job, open_review, segment_job
from roadworthy.operate.spotchecks.answering import answer_spot_check, erased_meanwhile, refuse_erased
from roadworthy.operate.spotchecks.overdue import settle_overdue
from roadworthy.operate.stewarding import settle_pair
from roadworthy.operate.words import check_words
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.principal import Approval, Principal, Role, require, require_person
from roadworthy.quantities import Cost, Digest
from roadworthy.stage import SIMULATED

APPROVAL_VALID = timedelta(days=1)
_ESCALATED = "escalated: "


def decide_review(
    deployment: Deployment,
    principal: Principal,
    review_id: str,
    verdict: Verdict,
    *,
    seen: str,
    reason: str = "",
    edits: Mapping[str, object] | None = None,
    answer: str = "",
) -> Review:
    """Answer a review. ``seen`` is the digest of the proposal as it was shown.

    Errors: ``Conflict`` if somebody was first or the proposal changed, ``Refused`` for an agent, a
    wrong role, or where a policy refuses even an approved effect.
    """
    with deployment.store.read() as tx:
        review = deployment.store.reviews.get(tx, review_id)
        case = deployment.store.cases.get(tx, review.case) if review else None
    if review is None or case is None:
        raise NotFound("RW-REVIEW-005", f"no review `{review_id}`")
    require(principal, "review.decide", use_case=review.use_case)
    require_person(principal, "a review")
    check_words(reason=reason, answer=answer)
    check_decision(review, verdict, seen=seen, reason=reason)
    if verdict is not Verdict.ESCALATE:
        _require_role(principal, review)
    if review.kind is ReviewKind.SPOT_CHECK:
        refuse_erased(deployment, case)
    release = deployment.loader.load(case.release) if case.release else None
    with deployment.store.write() as tx:
        decided = replace(
            review,
            state=ReviewState.DECIDED,
            version=review.version + 1,
            verdict=verdict,
            decided_by=principal.id,
            decided_at=deployment.now(),
            reason=reason,
        )
        if verdict is Verdict.ESCALATE:
            return _escalate(deployment, tx, review, case, release, principal.id, reason)
        deployment.store.reviews.save(tx, decided, expected=review.version)
        deployment.record(
            tx,
            "review.decided",
            principal.id,
            {
                "review": review.id,
                "case": case.id,
                "use_case": case.use_case,
                "effect": review.effect or review.id,
            },
            {
                "verdict": verdict,
                "proposal": review.proposal,
                "reason": reason,
                "edited": sorted(edits or ()),
                "demo": principal.demo,
            },
        )
        match review.kind:
            case ReviewKind.EFFECT | ReviewKind.UNCLEAR if review.effect and release:
                _answer_effect(deployment, tx, principal, case, release, decided, verdict, edits or {})
            case ReviewKind.QUESTION:
                _answer_question(deployment, tx, case, decided, answer)
            case ReviewKind.SPOT_CHECK:
                answer_spot_check(deployment, tx, case, decided, answer, principal)
            case ReviewKind.PAIR:
                settle_pair(deployment, tx, case, decided, answer, principal)
            case _:
                _finish_work(deployment, tx, case, decided, principal)
        return decided


def escalate_due(deployment: Deployment, review_id: str) -> None:
    """A deadline passed: the review goes to who is named for it, once. Never approves anything.

    A spot check that nobody answers for as long again counts as ``settle_overdue`` says.
    """
    with deployment.store.read() as tx:
        review = deployment.store.reviews.get(tx, review_id)
        case = deployment.store.cases.get(tx, review.case) if review else None
    if review is None or case is None or review.state is not ReviewState.OPEN:
        return
    if review.kind is ReviewKind.SPOT_CHECK and erased_meanwhile(deployment, case):
        return
    release = deployment.loader.load(case.release) if case.release else None
    with deployment.store.write() as tx:
        fresh = deployment.store.reviews.get(tx, review_id)
        if fresh is None or fresh.state is not ReviewState.OPEN:
            return
        if fresh.kind is ReviewKind.SPOT_CHECK:
            settle_overdue(deployment, tx, case, review_id)
            if any(reason.startswith(_ESCALATED) for reason in fresh.reasons):
                return
        if fresh.due_at > deployment.now():
            return
        _escalate(deployment, tx, fresh, case, release, "system", "the deadline passed")


def _escalate(
    deployment: Deployment,
    tx: Transaction,
    review: Review,
    case: CaseRecord,
    release: LoadedRelease | None,
    actor: str,
    reason: str,
) -> Review:
    role = release.charter.review.escalate_to if release else str(Role.OWNER)
    due_s = seconds(release.charter.review.due) if release else 14_400
    escalated = replace(
        review,
        role=role,
        version=review.version + 1,
        due_at=deployment.now() + timedelta(seconds=due_s),
        reasons=(*review.reasons, f"{_ESCALATED}{reason}"),
    )
    deployment.store.reviews.save(tx, escalated, expected=review.version)
    deployment.record(
        tx,
        "review.escalated",
        actor,
        {"review": review.id, "case": case.id, "use_case": case.use_case},
        {"from": review.role, "to": role, "reason": reason},
    )
    return escalated


def _require_role(principal: Principal, review: Review) -> None:
    if review.role and review.role in set(Role) and Role(review.role) not in principal.roles:
        raise Refused(
            "RW-REVIEW-006",
            f"this review waits for the role `{review.role}`",
            reasons=[f"{principal.name} does not hold it"],
            may_overrule=review.role,
        )


def _answer_effect(
    deployment: Deployment,
    tx: Transaction,
    principal: Principal,
    case: CaseRecord,
    release: LoadedRelease,
    review: Review,
    verdict: Verdict,
    edits: Mapping[str, object],
) -> None:
    effect = deployment.store.effects.get(tx, review.effect)
    if effect is None:
        raise NotFound("RW-EFFECT-004", "the effect of this review is gone")
    if verdict is Verdict.DONE:
        changed = _moved(deployment, effect, EffectEvent.CONFIRMED, principal)
    elif verdict is Verdict.REJECT:
        changed = _moved(deployment, effect, EffectEvent.REFUSED, principal)
        _give_back(deployment, tx, effect)
    else:
        weighed_arguments(deployment, tx, case, release.charter.tools[effect.tool], effect)
        if verdict is Verdict.EDIT:
            effect = _edited(deployment, tx, case, release, effect, edits)
        disposition = weigh_again(
            deployment,
            tx,
            case,
            release,
            effect,
            roles=_approve(deployment, tx, principal, effect),
            untrusted=effect.untrusted,
        )
        if disposition.kind is Kind.REFUSE:
            raise Refused(
                "RW-REVIEW-007",
                "this effect may not leave, approved or not",
                reasons=disposition.reasons,
                hint="reject it, or edit its arguments",
            )
        if disposition.kind is Kind.REVIEW:
            open_review(
                deployment,
                tx,
                case,
                release.charter,
                ReviewKind.EFFECT,
                reasons=disposition.reasons,
                effect=effect,
                ordinal=review.ordinal,
                role=(disposition.roles or ("",))[0],
            )
            _save(deployment, tx, replace(effect, approved_by=principal.id))
            return
        changed = _moved(deployment, effect, EffectEvent.APPROVED, principal)
    _save(deployment, tx, changed)
    _go_on(deployment, tx, case, review)


def _approve(
    deployment: Deployment, tx: Transaction, principal: Principal, effect: EffectRecord
) -> frozenset[Role]:
    """Note a person's yes to exactly these arguments; the roles of everybody who said it so far."""
    digest = effect.arguments_digest
    before = deployment.store.evidence.approvals(tx, effect.use_case, digest=digest)
    now = deployment.now()
    given = [
        Approval(
            id=deployment.new_id(),
            use_case=effect.use_case,
            kind=f"effect:{effect.id}",
            digest=digest,
            role=role,
            principal=principal.id,
            demo=principal.demo,
            reason="",
            at=now,
            expires_at=now + APPROVAL_VALID,
        )
        for role in sorted(principal.roles)
    ]
    for approval in given:
        deployment.store.evidence.add_approval(tx, approval)
    standing = [a for a in before if a.kind == f"effect:{effect.id}" and now < a.expires_at]
    return frozenset(approval.role for approval in [*standing, *given])


def _edited(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    release: LoadedRelease,
    effect: EffectRecord,
    edits: Mapping[str, object],
) -> EffectRecord:
    """The effect with a person's changes: what the person wrote is as trusted as the person."""
    arguments = deployment.vault.open(tx, effect.arguments)
    unknown = sorted(set(edits) - set(arguments))
    if unknown or not edits:
        found = f"`{'`, `'.join(unknown)}` is no argument of it" if unknown else "nothing was edited"
        raise InputProblem("RW-REVIEW-008", Problem(found, hint=f"arguments: {', '.join(arguments)}"))
    tool = release.charter.tools[effect.tool]
    if tool.amount in edits and edits[tool.amount] != effect.amount:
        raise InputProblem(
            "RW-REVIEW-009",
            Problem("the amount is not edited", hint="reject, and propose the right amount in a new case"),
        )
    arguments = {**arguments, **edits}
    sealed = deployment.vault.seal(tx, case.subject, arguments)
    return replace(
        effect,
        arguments=sealed.id,
        arguments_digest=Digest(deployment.vault.digest(tx, case.subject, arguments)),
        untrusted=tuple(name for name in effect.untrusted if name not in edits),
    )


def _answer_question(
    deployment: Deployment, tx: Transaction, case: CaseRecord, review: Review, answer: str
) -> None:
    body = deployment.vault.open(tx, review.question)
    choices = body.get("choices") or []
    if not answer.strip() or (choices and answer not in choices):
        raise InputProblem(
            "RW-REVIEW-010",
            Problem(
                "expected an answer",
                hint=f"choices: {', '.join(choices)}" if choices else "write it in words",
            ),
        )
    sealed = deployment.vault.seal(tx, case.subject, {"value": answer})
    deployment.store.cases.record_step(
        tx,
        Step(
            case=case.id,
            run=case.run,
            ordinal=review.ordinal,
            name="ask",
            arguments=deployment.vault.digest(tx, case.subject, body),
            result=sealed.id,
            segment=case.segment,
            attempts=1,
            cost=Cost(0),
            recorded_at=deployment.now(),
        ),
    )
    _next_segment(deployment, tx, case)


def _finish_work(
    deployment: Deployment, tx: Transaction, case: CaseRecord, review: Review, principal: Principal
) -> None:
    """A person did the work themselves: what the release had proposed is off."""
    for effect in deployment.store.effects.of_case(tx, case.id):
        if effect.state in {EffectState.PROPOSED, EffectState.READY, EffectState.PARKED}:
            _save(deployment, tx, _moved(deployment, effect, EffectEvent.REFUSED, principal))
            _give_back(deployment, tx, effect)
    for other in deployment.store.reviews.of_case(tx, case.id):
        # What a spot check asks stays a question, whatever was put right since.
        mine = other.id == review.id or other.kind is ReviewKind.SPOT_CHECK
        if other.state is ReviewState.OPEN and not mine:
            cancelled = replace(other, state=ReviewState.CANCELLED, version=other.version + 1)
            deployment.store.reviews.save(tx, cancelled, expected=other.version)
    if case.state is not State.CLOSED:
        by_person = replace(case, handled_by="person")
        close(
            deployment,
            tx,
            by_person,
            Event.ENDED,
            reason=review.reason or "done by a person",
            actor=principal.id,
        )


def _go_on(deployment: Deployment, tx: Transaction, case: CaseRecord, review: Review) -> None:
    """After an answer about an effect: the next segment, the delivery, or waiting for the other answers."""
    if review.ordinal >= 0:
        _next_segment(deployment, tx, case)
        return
    others = [
        other
        for other in deployment.store.reviews.of_case(tx, case.id)
        if other.state is ReviewState.OPEN and other.id != review.id
    ]
    if others or case.state is State.DELIVERING:
        return
    settled = replace(
        case, state=move(case.state, Event.SETTLED), version=case.version + 1, updated_at=deployment.now()
    )
    deployment.store.cases.save(tx, settled, expected=case.version)
    deployment.engine.enqueue(tx, delivery_job(settled))


def _next_segment(deployment: Deployment, tx: Transaction, case: CaseRecord) -> None:
    following = replace(
        case,
        state=move(case.state, Event.ANSWERED),
        segment=case.segment + 1,
        version=case.version + 1,
        updated_at=deployment.now(),
    )
    deployment.store.cases.save(tx, following, expected=case.version)
    deployment.engine.enqueue(tx, segment_job(following))


def _moved(
    deployment: Deployment, effect: EffectRecord, event: EffectEvent, principal: Principal
) -> EffectRecord:
    approved = principal.id if event is EffectEvent.APPROVED else effect.approved_by
    return replace(effect, state=move_effect(effect.state, event), approved_by=approved)


def _save(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> None:
    changed = replace(effect, version=effect.version + 1, updated_at=deployment.now())
    deployment.store.effects.save(tx, changed, expected=effect.version)


def _give_back(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> None:
    if effect.amount and effect.stage not in SIMULATED:
        day = effect.created_at.date()
        deployment.store.effects.reserve_spend(tx, effect.use_case, effect.tool, day, -effect.amount)
