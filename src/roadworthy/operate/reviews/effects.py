"""Answers about an effect: approved, edited or rejected; and the moment in which an approval can be taken back.

An approved effect stays proposed until its undo window is over: nothing that sends looks at it. Then a job
weighs it once more. A stop, an abort or a policy that says otherwise by then puts the review back to open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import EffectEvent, EffectRecord, EffectState, move_effect
from roadworthy.casework.inbox import APPROVING, approvals_end, unheld
from roadworthy.casework.review import Review, ReviewKind, ReviewState, Verdict
from roadworthy.charter import argument_problems, seconds
from roadworthy.disposition import Disposition, Kind
from roadworthy.errors import (
    Conflict,
    InputProblem,
    NotFound,
    Problem,
    Refused,
    RoadworthyError,
    Unavailable,
)
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import Again, weigh_again, weighed_arguments
from roadworthy.operate.effects.moving import give_back, kept
from roadworthy.operate.jobs import due_job, open_review
from roadworthy.operate.reading import written_by_person
from roadworthy.operate.reviews.moving import go_on
from roadworthy.ports import Job, LoadedRelease, Transaction
from roadworthy.principal import Approval, Principal, require, require_person
from roadworthy.quantities import Digest
from roadworthy.stage import SIMULATED

APPROVAL_VALID = timedelta(days=1)
"""How long an approval counts where no policy says otherwise."""
_UNSENT = frozenset({EffectState.PROPOSED, EffectState.UNKNOWN, EffectState.DEAD, EffectState.PARKED})


def answer_effect(
    deployment: Deployment,
    tx: Transaction,
    principal: Principal,
    case: CaseRecord,
    release: LoadedRelease,
    review: Review,
    edits: Mapping[str, object],
) -> Review:
    """Carry out what a person said of an effect; ``review`` is the decided one, stored already.

    Errors: ``Refused`` RW-REVIEW-007 where the effect may not leave, approved or not; ``InputProblem`` for edits
    that do not fit.
    """
    effect = deployment.store.effects.get(tx, review.effect)
    if effect is None:
        raise NotFound("RW-EFFECT-004", "the effect of this review is gone")
    verdict = Verdict(review.verdict)
    if verdict in {Verdict.DONE, Verdict.REJECT}:
        event = EffectEvent.CONFIRMED if verdict is Verdict.DONE else EffectEvent.REFUSED
        kept(deployment, tx, effect, state=move_effect(effect.state, event))
        if verdict is Verdict.REJECT:
            give_back(deployment, tx, effect)
        go_on(deployment, tx, case, review)
        return review
    weighed_arguments(deployment, tx, case, release.charter.tools[effect.tool], effect)
    if verdict is Verdict.EDIT:
        effect, steers = _edited(deployment, tx, case, release, effect, edits)
        # Somebody else approves what a person wrote, unless the charter lets them for words that steer nothing.
        if release.charter.review.editor == "never" or steers or effect.amount:
            return _ask_another(deployment, tx, principal, case, release, review, effect)
    _note_approval(deployment, tx, principal, review, effect)
    again = _weighed(deployment, tx, case, release, effect)
    if again.disposition.kind is Kind.REFUSE:
        raise _refused(again.disposition)
    if again.disposition.kind is Kind.REVIEW:
        _ask_more(deployment, tx, case, release, review, effect, again.disposition)
        return review
    window_s = seconds(release.charter.review.undo_window)
    if window_s == 0 or case.stage in SIMULATED:
        _leave(deployment, tx, case, review, effect, again)
        return review
    # The proposal is what was approved: after an edit it is the edited one.
    waiting = replace(
        review,
        proposal=effect.arguments_digest,
        version=review.version + 1,
        leaves_at=deployment.now() + timedelta(seconds=window_s),
    )
    deployment.store.reviews.save(tx, waiting, expected=review.version)
    deployment.engine.enqueue(tx, _leave_job(waiting, float(window_s)))
    return waiting


def undo_decision(deployment: Deployment, principal: Principal, review_id: str) -> Review:
    """Take an approval back before its effect leaves; the review is open again.

    Edge: words that were edited stay edited; they are the proposal now.
    Errors: ``NotFound`` RW-REVIEW-005; ``Conflict`` RW-REVIEW-015 where nothing can be taken back any more;
    ``Refused`` RW-REVIEW-016 for somebody else's approval.
    """
    with deployment.store.write() as tx:
        review = deployment.store.reviews.get(tx, review_id)
        if review is None:
            raise NotFound("RW-REVIEW-005", f"no review `{review_id}`")
        require(principal, "review.decide", use_case=review.use_case)
        require_person(principal, "taking back an approval")
        if not review.is_pending or review.leaves_at is None or review.leaves_at <= deployment.now():
            raise Conflict("RW-REVIEW-015", _too_late(review))
        if review.decided_by != principal.id:
            raise Refused(
                "RW-REVIEW-016",
                "only whoever approved takes it back",
                reasons=[f"{review.decided_by} approved"],
                hint="throw the stop switch for the tool if it must not leave",
            )
        reopened = _reopened(deployment, tx, review, ())
        deployment.record(
            tx, "review.undone", principal.id, _about(review), {"proposal": reopened.proposal}
        )
        return reopened


def let_leave(deployment: Deployment, reference: str) -> None:
    """An undo window is over: the effect leaves, unless something else was said meanwhile. Again: nothing.

    ``reference``: the review's id and the version at which it was approved.
    """
    review_id, _, version = reference.partition("/")
    with deployment.store.read() as tx:
        review = deployment.store.reviews.get(tx, review_id)
        case = deployment.store.cases.get(tx, review.case) if review else None
    if review is None or case is None or not _is_this(review, version):
        return
    try:
        release = deployment.loader.load(case.release) if case.release else None
    except Unavailable:
        raise
    except RoadworthyError:
        release = None
    with deployment.store.write() as tx:
        review = deployment.store.reviews.get(tx, review_id)
        case = deployment.store.cases.get(tx, case.id)
        if review is None or case is None or not _is_this(review, version):
            return
        left_s = (review.leaves_at - deployment.now()).total_seconds() if review.leaves_at else 0.0
        if left_s > 0:
            deployment.engine.enqueue(tx, _leave_job(review, left_s, again=True))
            return
        effect = deployment.store.effects.get(tx, review.effect)
        changed = (
            effect is None or effect.state not in _UNSENT or effect.arguments_digest != review.proposal
        )
        if effect is None or changed or (case.state is State.CLOSED and not effect.undoes):
            lapsed = replace(review, leaves_at=None, version=review.version + 1)
            deployment.store.reviews.save(tx, lapsed, expected=review.version)
            deployment.record(
                tx, "review.lapsed", "system", _about(review), {"why": "the case went another way"}
            )
            return
        if release is None or release.digest != effect.release:
            _reopened(deployment, tx, review, ("its release cannot be loaded any more",))
            return
        again = _weighed(deployment, tx, case, release, effect)
        if again.disposition.kind is not Kind.EXECUTE:
            why = again.disposition.reasons or ("its approval no longer stands",)
            _reopened(deployment, tx, review, tuple(f"held before it left: {reason}" for reason in why))
            deployment.record(tx, "review.held", "system", _about(review), {"reasons": list(why)})
            return
        done = replace(review, leaves_at=None, version=review.version + 1)
        deployment.store.reviews.save(tx, done, expected=review.version)
        _leave(deployment, tx, case, done, effect, again)


def standing(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> tuple[Approval, ...]:
    """Approvals of exactly these arguments that nobody took back, one for each role of each person."""
    given = deployment.store.evidence.approvals(tx, effect.use_case, digest=effect.arguments_digest)
    found = []
    for approval in given:
        if approval.kind != _note(effect):
            continue
        review = deployment.store.reviews.get(tx, approval.reason)
        if (
            review is not None
            and review.state is ReviewState.DECIDED
            and review.decided_by == approval.principal
            and review.verdict in APPROVING
        ):
            found.append(approval)
    return tuple(found)


def _weighed(
    deployment: Deployment, tx: Transaction, case: CaseRecord, release: LoadedRelease, effect: EffectRecord
) -> Again:
    approvals = standing(deployment, tx, effect)
    again = weigh_again(deployment, tx, case, release, effect, approvals=approvals)
    if again.disposition.kind is Kind.EXECUTE and not approvals:
        # Invariant: nobody's yes is no yes, whatever a policy says.
        return Again(Disposition(Kind.REVIEW, ("nobody approved it",), simulated=False), again.obligations)
    return again


def _note_approval(
    deployment: Deployment, tx: Transaction, principal: Principal, review: Review, effect: EffectRecord
) -> None:
    """Note a person's yes to exactly these arguments; it counts as long as their review says so."""
    now = deployment.now()
    for role in sorted(principal.roles):
        deployment.store.evidence.add_approval(
            tx,
            Approval(
                id=deployment.new_id(),
                use_case=effect.use_case,
                kind=_note(effect),
                digest=effect.arguments_digest,
                role=role,
                principal=principal.id,
                demo=principal.demo,
                reason=review.id,
                at=now,
                expires_at=now + APPROVAL_VALID,
            ),
        )


def _leave(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    review: Review,
    effect: EffectRecord,
    again: Again,
) -> None:
    """Nothing holds it back any more: it is sent as soon as the case is."""
    now, given = deployment.now(), standing(deployment, tx, effect)
    until = approvals_end(again.obligations, given, usual=APPROVAL_VALID, now=now)
    for one in given:
        whole = replace(one, id=deployment.new_id(), kind=f"effect:{effect.id}", expires_at=until)
        deployment.store.evidence.add_approval(tx, whole)
    approved = move_effect(effect.state, EffectEvent.APPROVED)
    kept(deployment, tx, effect, state=approved, approved_by=review.decided_by)
    go_on(deployment, tx, case, review)


def _ask_more(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    release: LoadedRelease,
    review: Review,
    effect: EffectRecord,
    disposition: Disposition,
) -> None:
    """One yes is not enough: the next person is asked, and none of those who said it."""
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
        besides=tuple(one.principal for one in standing(deployment, tx, effect)),
    )


def _ask_another(
    deployment: Deployment,
    tx: Transaction,
    principal: Principal,
    case: CaseRecord,
    release: LoadedRelease,
    review: Review,
    effect: EffectRecord,
) -> Review:
    """What was edited is a new proposal: policies are asked anew, then somebody else."""
    again = weigh_again(deployment, tx, case, release, effect, approvals=())
    if again.disposition.kind is Kind.REFUSE:
        raise _refused(again.disposition)
    fresh = kept(deployment, tx, effect, approved_by="")
    open_review(
        deployment,
        tx,
        case,
        release.charter,
        ReviewKind.EFFECT,
        reasons=("a person edited it: somebody else approves it",),
        effect=fresh,
        ordinal=review.ordinal,
        role=(again.disposition.roles or (review.role,))[0],
        besides=(principal.id,),
    )
    return review


def _edited(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    release: LoadedRelease,
    effect: EffectRecord,
    edits: Mapping[str, object],
) -> tuple[EffectRecord, bool]:
    """The effect with a person's changes, stored: what the person wrote is as trusted as the person.

    Second: whether anything was changed that steers it.
    """
    arguments = deployment.vault.open(tx, effect.arguments)
    tool = release.charter.tools[effect.tool]
    unknown = sorted(set(edits) - set(arguments) - set(tool.arguments))
    if unknown or not edits:
        found = f"`{'`, `'.join(unknown)}` is no argument of it" if unknown else "nothing was edited"
        raise InputProblem("RW-REVIEW-008", Problem(found, hint=f"arguments: {', '.join(arguments)}"))
    if tool.amount in edits and edits[tool.amount] != effect.amount:
        raise InputProblem(
            "RW-REVIEW-009",
            Problem("the amount is not edited", hint="reject, and propose the right amount in a new case"),
        )
    arguments = {**arguments, **edits}
    if problems := argument_problems(tool, arguments):
        raise InputProblem("RW-REVIEW-017", problems)
    sealed = deployment.vault.seal(tx, case.subject, arguments)
    changed = replace(
        written_by_person(effect, edits),
        arguments=sealed.id,
        arguments_digest=Digest(deployment.vault.digest(tx, case.subject, arguments)),
    )
    saved = kept(deployment, tx, changed)
    return saved, bool({*tool.control, tool.ordered_by, tool.amount} & set(edits))


def _reopened(deployment: Deployment, tx: Transaction, review: Review, reasons: Sequence[str]) -> Review:
    now = deployment.now()
    reopened = replace(
        unheld(review),
        state=ReviewState.OPEN,
        version=review.version + 1,
        verdict="",
        decided_by="",
        decided_at=None,
        reason="",
        leaves_at=None,
        # Whoever had time to answer has an hour more at least to answer again.
        due_at=max(review.due_at, now + timedelta(hours=1)),
        reasons=(*review.reasons, *reasons),
    )
    deployment.store.reviews.save(tx, reopened, expected=review.version)
    deployment.engine.enqueue(tx, due_job(reopened, now=now))
    return reopened


def _is_this(review: Review, version: str) -> bool:
    return review.is_pending and str(review.version) == version


def _leave_job(review: Review, delay_s: float, *, again: bool = False) -> Job:
    reference = f"{review.id}/{review.version}"
    key = f"leave:{reference}:{delay_s:.3f}" if again else f"leave:{reference}"
    return Job("leave", key, reference, delay_s)


def _note(effect: EffectRecord) -> str:
    return f"approve:{effect.id}"


def _about(review: Review) -> dict[str, str]:
    return {"review": review.id, "case": review.case, "use_case": review.use_case}


def _refused(disposition: Disposition) -> Refused:
    return Refused(
        "RW-REVIEW-007",
        "this effect may not leave, approved or not",
        reasons=disposition.reasons,
        hint="reject it, or edit its arguments",
    )


def _too_late(review: Review) -> Problem:
    if review.state is ReviewState.OPEN:
        return Problem("nothing was decided yet", hint="it is open: decide it")
    if review.verdict in APPROVING:
        hint = "an effect that left is taken back by its undo; `roadworthy cases explain` names it"
        return Problem("the time in which this could be taken back is over", hint=hint)
    return Problem(
        f"`{review.verdict or review.state}` is not taken back",
        hint="only an approval waits before it leaves",
    )
