"""Answering: what a person says about a spot check becomes a label, and the label moves the watch.

Two people who contradict each other are never averaged: a third decides, and until then the check
counts nowhere but among the contradicted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import SENT, EffectState, Outcome, TrueOutcome
from roadworthy.casework.review import Review, ReviewKind, ReviewState
from roadworthy.charter import Charter
from roadworthy.errors import Conflict, Corrupt, InputProblem, Problem, Refused
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.jobs import cancel_review, open_review
from roadworthy.operate.spotchecks.asking import AS_SENT, SOURCE, ask_reviewer
from roadworthy.operate.spotchecks.watching import feed
from roadworthy.ports import Transaction
from roadworthy.ports.spotchecks import ERASED, ONE_LOOK, CheckState, Part, SpotAnswer, SpotCheck
from roadworthy.principal import Principal

_SOURCES: Final = {Part.FIRST: SOURCE, Part.SECOND: f"{SOURCE}-2", Part.THIRD: f"{SOURCE}-3"}


def answer_spot_check(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    review: Review,
    answer: str,
    principal: Principal,
) -> None:
    """Note a person's answer, and what follows from it, in the transaction that decides the review.

    Errors: ``InputProblem`` RW-REVIEW-010 for an answer that is no choice, ``Refused`` RW-SPOT-001 where
    this person answered for the same case already, RW-SPOT-002 where they planted it, RW-SPOT-006 where they
    recorded an outcome of it; ``Corrupt`` RW-SPOT-004 for a review that no check asked for.
    """
    checks = deployment.store.spot_checks
    asked = checks.asked(tx, review.id)
    if asked is None:
        raise Corrupt(
            "RW-SPOT-004",
            "this spot check is not on record",
            broken=[f"review {review.id}"],
            intact="the case and every other check",
            hint="find out who changed the database",
        )
    choices = tuple(deployment.vault.open(tx, review.question).get("choices") or ())
    if answer not in choices:
        raise InputProblem(
            "RW-REVIEW-010", Problem("expected an answer", hint=f"choices: {', '.join(choices)}")
        )
    if asked.planted_by == principal.id:
        raise Refused(
            "RW-SPOT-002",
            "whoever planted a case knows its answer",
            reasons=[f"{principal.name} planted it"],
            hint="leave it to somebody else",
        )
    others = [one for one in checks.answers(tx, case.id) if one.review != asked.review]
    if any(one.answered_by == principal.id for one in others):
        raise Refused(
            "RW-SPOT-001",
            "a second look at a case needs a second person",
            reasons=[f"{principal.name} answered for this case already"],
            hint="leave it to somebody else, who does not know your answer",
        )
    # Drawn or planted: were it only the planted ones, the refusal would tell which case was planted.
    if _said_already(deployment, tx, case, principal):
        raise Refused(
            "RW-SPOT-006",
            "whoever said already what was right does not look again",
            reasons=[f"{principal.name} recorded an outcome of this case"],
            hint="leave it to somebody else",
        )
    told = replace(asked, answer=answer, answered_by=principal.id, answered_at=deployment.now())
    checks.keep(tx, told)
    if told.part is Part.PLANTED:
        _note_planted(deployment, tx, case, told)
        return
    check = checks.get(tx, case.id)
    if check is None:
        raise Corrupt("RW-SPOT-004", "this spot check is not on record", broken=[f"case {case.id}"])
    given = sorted(
        (one for one in (*others, told) if one.answered_by and one.part is not Part.PLANTED),
        key=lambda one: list(Part).index(one.part),
    )
    if check.state is CheckState.JUDGED:
        _note_late(deployment, tx, case, check, told)
        return
    _settle(deployment, tx, case, check, given, choices)


def judge_by_one_look(deployment: Deployment, tx: Transaction, case: CaseRecord) -> bool:
    """Count a check that two were asked about by the one who said wrong. False where that does not fit.

    Otherwise whoever never answers keeps the alarm silent. An answer that comes later is a label like
    any other; the watch has heard of the case and does not hear of it again. One that says right waits on:
    what is unknown does not count as good.
    """
    checks = deployment.store.spot_checks
    check = checks.get(tx, case.id)
    if check is None or check.state is not CheckState.PENDING or not check.double:
        return False
    given = [one for one in checks.answers(tx, case.id) if one.answered_by and one.part is not Part.PLANTED]
    if len(given) != 1 or judge(case, given[0].answer) is not TrueOutcome.WRONG:
        return False
    after = replace(
        check,
        version=check.version + 1,
        state=CheckState.JUDGED,
        judgement=TrueOutcome.WRONG,
        judged_at=deployment.now(),
        why=ONE_LOOK,
    )
    checks.save(tx, after, expected=check.version)
    _conclude(deployment, tx, case, after, given)
    return True


def erased_meanwhile(deployment: Deployment, case: CaseRecord) -> bool:
    """The content of the case is gone. Then its checks are cancelled, once, and counted as erased."""
    with deployment.store.read() as tx:
        if not _is_erased(deployment, tx, case):
            return False
    with deployment.store.write() as tx:
        _cancel(deployment, tx, case)
    return True


def sweep_erased(deployment: Deployment, use_case: str) -> int:
    """Cancel what waits for an answer although its content was erased; returns how many. Again: 0."""
    cancelled, after = 0, ""
    while True:
        with deployment.store.read() as tx:
            page = deployment.store.spot_checks.list(
                tx, use_case, states=(CheckState.PENDING, CheckState.CONTRADICTED), after=after, limit=200
            )
            cases = [deployment.store.cases.get(tx, check.case) for check in page.rows]
        cancelled += sum(erased_meanwhile(deployment, case) for case in cases if case is not None)
        after = page.after
        if not after:
            return cancelled


def refuse_erased(deployment: Deployment, case: CaseRecord) -> None:
    """Errors: ``Conflict`` RW-SPOT-003 where nobody can look at the case any more."""
    if erased_meanwhile(deployment, case):
        raise Conflict(
            "RW-SPOT-003",
            Problem("the content of this case was erased, its spot check is cancelled"),
            hint="nothing is left to do; it counts as erased",
        )


def judge(case: CaseRecord, answer: str) -> TrueOutcome:
    """Whether what left was right, if this answer is."""
    return judged(case.answer, answer)


def judged(left: str, answer: str) -> TrueOutcome:
    """The same for the answer with which a case left."""
    return TrueOutcome.RIGHT if answer == (left or AS_SENT) else TrueOutcome.WRONG


def _settle(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    check: SpotCheck,
    given: Sequence[SpotAnswer],
    choices: Sequence[str],
) -> None:
    """Judge the case if the answers allow it, or ask a third person."""
    checks = deployment.store.spot_checks
    verdicts = [judge(case, one.answer) for one in given]
    third = given[-1].part is Part.THIRD
    after = replace(check, version=check.version + 1)
    if third or (len(set(verdicts)) == 1 and len(given) == 1 + check.double):
        after = replace(after, state=CheckState.JUDGED, judgement=verdicts[-1], judged_at=deployment.now())
    elif len(given) == 2:
        after = replace(after, state=CheckState.CONTRADICTED)
    # Whoever answers at the same moment for the same case is told so, and sees this answer counted.
    checks.save(tx, after, expected=check.version)
    if after.state is CheckState.CONTRADICTED:
        charter = deployment.loader.charter(case.release)
        ask_reviewer(deployment, tx, case, charter, Part.THIRD, choices)
        deployment.record(
            tx,
            "spot_check.contradicted",
            "system",
            {"case": case.id, "use_case": case.use_case, "release": check.release},
            {},
        )
    if after.state is CheckState.JUDGED:
        _conclude(deployment, tx, case, after, given)


def _conclude(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    check: SpotCheck,
    given: Sequence[SpotAnswer],
) -> None:
    """Labels, the ledger, the watch, and what is to be put right."""
    for one in given:
        _note_outcome(deployment, tx, case, check, one)
    deployment.record(
        tx,
        "spot_check.judged",
        given[-1].answered_by,
        {"case": case.id, "use_case": case.use_case, "release": check.release},
        {
            "judgement": str(check.judgement),
            "kinds": list(check.kinds),
            "q": repr(check.q),
            "people": len(given),
            **({"why": check.why} if check.why else {}),
        },
    )
    charter = deployment.loader.charter(case.release)
    feed(deployment, tx, check, charter)
    if check.judgement is TrueOutcome.WRONG:
        _put_right(deployment, tx, case, charter, given[-1].answer)


def _note_outcome(
    deployment: Deployment, tx: Transaction, case: CaseRecord, check: SpotCheck, told: SpotAnswer
) -> None:
    """The label, under a source of its own for every person: what differs stays visible.

    It does not feed the test of a canary: only automatic cases are spot-checked, so that these labels
    come at different rates on its two arms.
    """
    outcome = Outcome(
        id=deployment.new_id(),
        case=case.id,
        use_case=case.use_case,
        truth=told.answer,
        judgement=judge(case, told.answer),
        source=_SOURCES[told.part],
        principal=told.answered_by,
        at=told.answered_at or deployment.now(),
    )
    if deployment.store.cases.add_outcome(tx, outcome):
        deployment.record(
            tx,
            "outcome.recorded",
            told.answered_by,
            {"case": case.id, "use_case": case.use_case, "release": check.release},
            {"judgement": outcome.judgement, "source": outcome.source, "handled_by": case.handled_by},
        )


def _note_late(
    deployment: Deployment, tx: Transaction, case: CaseRecord, check: SpotCheck, told: SpotAnswer
) -> None:
    """The second look came after the first one had counted: a label of its own, and no second judgement."""
    _note_outcome(deployment, tx, case, check, told)
    deployment.record(
        tx,
        "spot_check.answered_late",
        told.answered_by,
        {"case": case.id, "use_case": case.use_case, "release": check.release},
        {"judgement": str(judge(case, told.answer)), "counted_as": str(check.judgement)},
    )


def _said_already(deployment: Deployment, tx: Transaction, case: CaseRecord, principal: Principal) -> bool:
    return any(
        outcome.principal == principal.id and not outcome.source.startswith(SOURCE)
        for outcome in deployment.store.cases.outcomes(tx, case.id)
    )


def _note_planted(deployment: Deployment, tx: Transaction, case: CaseRecord, told: SpotAnswer) -> None:
    deployment.record(
        tx,
        "spot_check.planted_answered",
        told.answered_by,
        {"case": case.id, "use_case": case.use_case, "review": told.review},
        {"right": told.answer == told.known, "planted_by": told.planted_by},
    )


def _put_right(
    deployment: Deployment, tx: Transaction, case: CaseRecord, charter: Charter, truth: str
) -> None:
    """A person looks at what was sent, with the undo at hand, once."""
    sent = [
        effect
        for effect in deployment.store.effects.of_case(tx, case.id)
        if effect.state in SENT and effect.state is not EffectState.UNDONE
    ]
    known = deployment.store.reviews.of_case(tx, case.id)
    if not sent or any(review.kind is ReviewKind.CORRECTION for review in known):
        return
    undo = [charter.tools[effect.tool].undo or "no undo declared" for effect in sent]
    open_review(
        deployment,
        tx,
        case,
        charter,
        ReviewKind.CORRECTION,
        reasons=(f"a spot check found it wrong: {truth}"[:300], f"undo: {', '.join(undo)}"),
    )


def _is_erased(deployment: Deployment, tx: Transaction, case: CaseRecord) -> bool:
    try:
        deployment.vault.open(tx, case.input)
    except Refused:
        return True
    return False


def _cancel(deployment: Deployment, tx: Transaction, case: CaseRecord) -> None:
    checks = deployment.store.spot_checks
    for one in checks.answers(tx, case.id):
        if one.answered_by or one.void:
            continue
        checks.keep(tx, replace(one, void=True))
        review = deployment.store.reviews.get(tx, one.review)
        if review is not None and review.state is ReviewState.OPEN:
            cancel_review(deployment, tx, review)
    check = checks.get(tx, case.id)
    if check is not None and check.state in {CheckState.PENDING, CheckState.CONTRADICTED}:
        gone = replace(check, state=CheckState.CANCELLED, version=check.version + 1, why=ERASED)
        checks.save(tx, gone, expected=check.version)
        deployment.record(
            tx,
            "spot_check.cancelled",
            "system",
            {"case": case.id, "use_case": case.use_case, "release": check.release},
            {"reason": "the content of the case was erased"},
        )
