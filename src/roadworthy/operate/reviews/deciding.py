"""Deciding: a person's answer, bound to what was seen, moves the case on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from roadworthy.casework.case import CaseRecord, Event, State
from roadworthy.casework.effect import EffectEvent, EffectState, move_effect
from roadworthy.casework.inbox import APPROVING, check_held, check_qualified, unheld
from roadworthy.casework.journal import Step
from roadworthy.casework.review import Review, ReviewKind, ReviewState, Verdict, check_decision
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem
from roadworthy.operate.delivering import close
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import give_back, kept
from roadworthy.operate.jobs import cancel_review
from roadworthy.operate.placing import charter_of
from roadworthy.operate.reviews.effects import answer_effect
from roadworthy.operate.reviews.escalating import escalate
from roadworthy.operate.reviews.moving import next_segment
from roadworthy.operate.reviews.teams import team_now
from roadworthy.operate.saying_yes import require_approver
from roadworthy.operate.spotchecks.answering import answer_spot_check, refuse_erased
from roadworthy.operate.stewarding import settle_pair
from roadworthy.operate.words import check_words
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.ports.inbox import Look
from roadworthy.principal import Principal, require, require_person
from roadworthy.quantities import Cost

MOST_ACTIVE = timedelta(minutes=30)
"""A page that was left open is no work: more active time than this is not counted for one review."""
_BLIND_TO = frozenset({Verdict.APPROVE, Verdict.EDIT, Verdict.REJECT})


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
    active_ms: int = 0,
) -> Review:
    """Answer a review. ``seen`` is the digest of the proposal as it was shown, ``active_ms`` how long the page was used.

    An approved effect leaves when its undo window is over; ``leaves_at`` of the answer says when.

    Errors: ``Conflict`` if somebody was first, has it, or the proposal changed, or a claim of one's own is over;
    ``Refused`` for an agent, a wrong role or skill, who had a part in the proposal, or where a policy refuses even
    an approved effect; ``InputProblem`` for an answer that does not fit.
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
    if review.kind is ReviewKind.SPOT_CHECK:
        refuse_erased(deployment, case)
    release = deployment.loader.load(case.release) if case.release else None
    with deployment.store.write() as tx:
        # A page that is looked at renews its claim: the row may be newer than it was a moment ago.
        review = deployment.store.reviews.get(tx, review_id) or review
        case = deployment.store.cases.get(tx, case.id) or case
        check_decision(review, verdict, seen=seen, reason=reason)
        _may_answer(deployment, tx, principal, review, verdict, case, release)
        if verdict is Verdict.ESCALATE:
            return escalate(deployment, tx, review, charter_of(deployment, tx, case), principal.id, reason)
        decided = replace(
            unheld(review),
            state=ReviewState.DECIDED,
            version=review.version + 1,
            verdict=verdict,
            decided_by=principal.id,
            decided_at=deployment.now(),
            reason=reason,
        )
        deployment.store.reviews.save(tx, decided, expected=review.version)
        _note_look(deployment, tx, review, decided, active_ms)
        _record(deployment, tx, principal, decided, edits or {})
        match review.kind:
            case ReviewKind.CORRECTION if verdict is Verdict.DONE or not (review.effect and release):
                _finish_work(deployment, tx, case, decided, principal)
            case ReviewKind.EFFECT | ReviewKind.UNCLEAR | ReviewKind.CORRECTION if (
                review.effect and release
            ):
                return answer_effect(deployment, tx, principal, case, release, decided, edits or {})
            case ReviewKind.QUESTION:
                _answer_question(deployment, tx, case, decided, answer)
            case ReviewKind.SPOT_CHECK:
                answer_spot_check(deployment, tx, case, decided, answer, principal)
            case ReviewKind.PAIR:
                settle_pair(deployment, tx, case, decided, answer, principal)
            case _:
                _finish_work(deployment, tx, case, decided, principal)
        return decided


def _may_answer(
    deployment: Deployment,
    tx: Transaction,
    principal: Principal,
    review: Review,
    verdict: Verdict,
    case: CaseRecord,
    release: LoadedRelease | None,
) -> None:
    """Errors: as ``decide_review``, for who may not answer this now."""
    team = team_now(deployment, tx)
    check_held(team, principal.id, review)
    if verdict is Verdict.ESCALATE:
        return
    check_qualified(team, principal, review)
    if verdict in APPROVING:
        require_approver(deployment, tx, principal, review, case, release)
    if review.blind and verdict in _BLIND_TO:
        look = deployment.store.inbox.look(tx, review.id, principal.id)
        if look is None or not look.own:
            raise Conflict(
                "RW-REVIEW-019",
                Problem(
                    "this proposal is hidden until you gave an answer of your own",
                    hint=f"`roadworthy review show {review.id} --own ANSWER`",
                ),
            )


def _note_look(
    deployment: Deployment, tx: Transaction, review: Review, decided: Review, active_ms: int
) -> None:
    """How long the answer took: what the page says was active time, never more than there was."""
    inbox, now = deployment.store.inbox, deployment.now()
    known = inbox.look(tx, review.id, decided.decided_by)
    began = review.claimed_at if review.claimed_by == decided.decided_by else None
    began = min((one for one in (began, known.began_at if known else None) if one), default=now)
    most = min(now - began, MOST_ACTIVE) // timedelta(milliseconds=1)
    inbox.keep_look(
        tx,
        Look(
            review=review.id,
            principal=decided.decided_by,
            use_case=review.use_case,
            kind=review.kind,
            began_at=began,
            active_ms=max(0, min(active_ms, most)),
            own=known.own if known else "",
            proposed=known.proposed if known else "",
            verdict=decided.verdict,
            decided_at=now,
        ),
    )


def _record(
    deployment: Deployment,
    tx: Transaction,
    principal: Principal,
    decided: Review,
    edits: Mapping[str, object],
) -> None:
    deployment.record(
        tx,
        "review.decided",
        principal.id,
        {
            "review": decided.id,
            "case": decided.case,
            "use_case": decided.use_case,
            "effect": decided.effect or decided.id,
        },
        {
            "verdict": decided.verdict,
            "proposal": decided.proposal,
            "reason": decided.reason,
            "edited": sorted(edits),
            "demo": principal.demo,
        },
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
    next_segment(deployment, tx, case)


def _finish_work(
    deployment: Deployment, tx: Transaction, case: CaseRecord, review: Review, principal: Principal
) -> None:
    """A person did the work themselves: what the release had proposed is off."""
    for effect in deployment.store.effects.of_case(tx, case.id):
        # An undo that was approved is carried out all the same.
        approved_undo = effect.undoes and effect.state is EffectState.READY
        if (
            effect.state in {EffectState.PROPOSED, EffectState.READY, EffectState.PARKED}
            and not approved_undo
        ):
            kept(deployment, tx, effect, state=move_effect(effect.state, EffectEvent.REFUSED))
            give_back(deployment, tx, effect)
    for other in deployment.store.reviews.of_case(tx, case.id):
        # What a spot check asks stays a question, whatever was put right since.
        mine = other.id == review.id or other.kind is ReviewKind.SPOT_CHECK
        if other.state is ReviewState.OPEN and not mine:
            cancel_review(deployment, tx, other)
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
