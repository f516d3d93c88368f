"""Holding: who has a review. Claimed for a while, assigned, handed on, given back; and who is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from roadworthy.casework.inbox import (
    Absence,
    Team,
    assign,
    check_held,
    check_qualified,
    claim,
    release,
)
from roadworthy.casework.review import Review, ReviewKind
from roadworthy.charter import seconds
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, Refused
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.placing import charter_of
from roadworthy.operate.reviews.teams import team_now
from roadworthy.operate.spotchecks.asking import choices_for
from roadworthy.operate.words import check_words
from roadworthy.ports import Transaction
from roadworthy.ports.inbox import Look
from roadworthy.principal import Kind, Principal, allows, require, require_person

LEASE_S = 600
LONGEST_ABSENCE = timedelta(days=400)
_SKILL_LENGTH = 63


def claim_review(deployment: Deployment, principal: Principal, review_id: str) -> Review:
    """Take an open review for oneself, or renew the claim; activity on its page does the same.

    Errors: ``NotFound`` RW-REVIEW-005; ``Conflict`` RW-REVIEW-001 if it is not open, RW-REVIEW-012 where somebody has it;
    ``Refused`` RW-REVIEW-006 for a wrong role or skill.
    """

    def taken(tx: Transaction, review: Review, team: Team) -> Review:
        check_qualified(team, principal, review)
        claimed = claim(
            review, principal.id, team, lease=timedelta(seconds=_lease_s(deployment, tx, review))
        )
        renewed = claimed.claimed_at == review.claimed_at and review.claimed_by == principal.id
        if not renewed:
            _begin_look(deployment, tx, review, principal)
            _record(
                deployment, tx, "review.claimed", principal, review, {"until": str(claimed.claimed_until)}
            )
        return claimed

    return _changed(deployment, principal, review_id, taken)


def claim_next(deployment: Deployment, principal: Principal, *, use_case: str = "") -> Review | None:
    """Claim the review that comes first of those that wait for this person; None where none does."""
    from roadworthy.operate.reviews.listing import list_inbox

    after = ""
    while True:
        page = list_inbox(deployment, principal, "free", use_case=use_case, after=after, limit=20)
        for review in page.rows:
            if review.kind is ReviewKind.EFFECT and principal.id in review.excluded:
                continue
            try:
                return claim_review(deployment, principal, review.id)
            except Conflict:
                continue  # somebody was faster
        after = page.after
        if not after:
            return None


def release_review(deployment: Deployment, principal: Principal, review_id: str) -> Review:
    """Give a review back to its queue.

    Errors: as ``claim_review``; ``Conflict`` RW-REVIEW-012 for a review that somebody else has.
    """

    def given_back(tx: Transaction, review: Review, team: Team) -> Review:
        _record(deployment, tx, "review.released", principal, review, {})
        return release(review, principal.id, team)

    return _changed(deployment, principal, review_id, given_back)


def assign_review(deployment: Deployment, principal: Principal, review_id: str, to: str) -> Review:
    """Have somebody do it, or nobody in particular where ``to`` is empty. Who is away is stood in for.

    Errors: as ``claim_review``; ``Refused`` RW-ACCESS-001 for who may not assign; ``InputProblem`` RW-REVIEW-014 for
    somebody who may not answer it.
    """

    def given(tx: Transaction, review: Review, team: Team) -> Review:
        require(principal, "review.assign", use_case=review.use_case)
        _record(deployment, tx, "review.assigned", principal, review, {"to": to, "from": review.assignee})
        return assign(review, to, team)

    return _changed(deployment, principal, review_id, given)


def delegate_review(
    deployment: Deployment, principal: Principal, review_id: str, to: str, *, reason: str
) -> Review:
    """Hand on what one has. Nobody gains a role by it.

    Errors: as ``assign_review``; ``Conflict`` RW-REVIEW-012 for what one does not have; ``InputProblem`` RW-REVIEW-004
    without a reason.
    """
    check_words(reason=reason)
    if not to or not reason.strip():
        raise InputProblem(
            "RW-REVIEW-004",
            Problem("handing on needs a person and a reason", hint="say why in a few words"),
        )

    def handed_on(tx: Transaction, review: Review, team: Team) -> Review:
        check_held(team, principal.id, review)
        if team.holder(review) != principal.id:
            raise Conflict("RW-REVIEW-012", Problem("this review is not yours", hint="claim it first"))
        _record(deployment, tx, "review.delegated", principal, review, {"to": to, "reason": reason})
        return assign(review, to, team)

    return _changed(deployment, principal, review_id, handed_on)


def answer_first(deployment: Deployment, principal: Principal, review_id: str, answer: str) -> Look:
    """A reviewer's own answer, given before the proposal is shown. The first word stands.

    Errors: as ``claim_review``; ``Conflict`` RW-REVIEW-020 where nothing is hidden or it was given already;
    ``InputProblem`` RW-REVIEW-010 for none of the choices.
    """
    with deployment.store.read() as tx:
        found = deployment.store.reviews.get(tx, review_id)
        case = deployment.store.cases.get(tx, found.case) if found else None
    if found is None or case is None:
        raise NotFound("RW-REVIEW-005", f"no review `{review_id}`")
    _may(principal, found)
    choices = choices_for(deployment.loader.load(case.release), case) if found.blind else ()
    with deployment.store.write() as tx:
        review = deployment.store.reviews.get(tx, review_id) or found
        team = team_now(deployment, tx)
        check_held(team, principal.id, review)
        check_qualified(team, principal, review)
        known = deployment.store.inbox.look(tx, review.id, principal.id)
        if not review.blind or (known is not None and known.own):
            raise Conflict("RW-REVIEW-020", "nothing of this review is hidden from you")
        if answer not in choices:
            raise InputProblem(
                "RW-REVIEW-010", Problem("expected an answer", hint=f"choices: {', '.join(choices)}")
            )
        look = replace(known or _look(deployment, review, principal), own=answer, proposed=case.answer)
        deployment.store.inbox.keep_look(tx, look)
        _record(
            deployment, tx, "review.answered_first", principal, review, {"agrees": answer == case.answer}
        )
    return look


def choices_first(deployment: Deployment, review: Review) -> tuple[str, ...]:
    """What a reviewer chooses from before the proposal is shown; nothing where nothing is hidden."""
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, review.case)
    if case is None or not case.release or not review.blind:
        return ()
    return choices_for(deployment.loader.load(case.release), case)


def hidden_from(deployment: Deployment, tx: Transaction, review: Review, person: str) -> bool:
    """Is the proposal of this open review not to be seen by this person yet?"""
    if not review.blind or review.state != "open":
        return False
    look = deployment.store.inbox.look(tx, review.id, person)
    return look is None or not look.own


def note_absence(
    deployment: Deployment,
    principal: Principal,
    *,
    person: str,
    deputy: str,
    starts_at: datetime,
    ends_at: datetime,
) -> Absence:
    """Somebody is away for a time, and somebody stands in; what they hold goes to the deputy meanwhile, as far as
    the deputy may answer it.

    Errors: ``Refused`` RW-ACCESS-001 for another person's absence without the right to assign; ``InputProblem``
    RW-REVIEW-021 with all that does not fit.
    """
    if person != principal.id:
        require(principal, "review.assign")
    require_person(principal, "an absence")
    problems = []
    with deployment.store.read() as tx:
        for place, name in (("person", person), ("deputy", deputy)):
            account = deployment.store.people.get(tx, name) if name else None
            if name and (account is None or account.kind is not Kind.PERSON or account.disabled):
                problems.append(Problem(f"`{name}` is no person here", place=place))
    if person == deputy:
        problems.append(Problem("nobody stands in for themself", place="deputy"))
    for place, moment in (("from", starts_at), ("until", ends_at)):
        if moment.tzinfo is None:
            problems.append(Problem("expected a time with its zone", place=place))
    if not problems and not deployment.now() < ends_at <= starts_at + LONGEST_ABSENCE:
        problems.append(Problem("an absence ends later than now, within 400 days", place="until"))
    if not problems and starts_at >= ends_at:
        problems.append(Problem("an absence ends after it begins", place="until"))
    if problems:
        raise InputProblem("RW-REVIEW-021", problems)
    absence = Absence(
        deployment.new_id(),
        person,
        deputy,
        starts_at.astimezone(UTC),
        ends_at.astimezone(UTC),
        principal.id,
    )
    with deployment.store.write() as tx:
        deployment.store.inbox.add_absence(tx, absence)
        deployment.record(
            tx,
            "absence.noted",
            principal.id,
            {"principal": person, "absence": absence.id},
            {"deputy": deputy, "from": absence.starts_at.isoformat(), "until": absence.ends_at.isoformat()},
        )
    return absence


def end_absence(deployment: Deployment, principal: Principal, absence_id: str) -> Absence:
    """Somebody is back, or never went. Errors: ``NotFound`` RW-REVIEW-022; ``Refused`` as ``note_absence``."""
    with deployment.store.write() as tx:
        absence = deployment.store.inbox.drop_absence(tx, absence_id)
        if absence is None:
            raise NotFound("RW-REVIEW-022", f"no absence `{absence_id}`")
        if absence.principal != principal.id:
            require(principal, "review.assign")
        deployment.record(
            tx, "absence.ended", principal.id, {"principal": absence.principal, "absence": absence.id}, {}
        )
    return absence


def set_skill(deployment: Deployment, principal: Principal, person: str, skill: str, *, has: bool) -> bool:
    """Say what a reviewer can do beside their role. False where it was so already.

    Errors: ``Refused`` RW-ACCESS-001 for who may not assign, RW-REVIEW-016 for a skill that one gives oneself;
    ``InputProblem`` RW-REVIEW-021 for an unknown person or no name of a skill.
    """
    require(principal, "review.assign")
    if has and person == principal.id:
        raise Refused(
            "RW-REVIEW-016",
            "somebody else says what you can do",
            reasons=["it decides what you may approve"],
        )
    with deployment.store.write() as tx:
        problems = []
        if deployment.store.people.get(tx, person) is None:
            problems.append(Problem(f"there is no account `{person}`", place="person"))
        if (
            not skill.replace("-", "").replace("_", "").isalnum()
            or not skill.isascii()
            or len(skill) > _SKILL_LENGTH
        ):
            problems.append(Problem(f"`{skill[:80]}` is no name of a skill", place="skill"))
        if problems:
            raise InputProblem("RW-REVIEW-021", problems)
        changed = deployment.store.inbox.set_skill(tx, person, skill, has=has)
        if changed:
            kind = "skill.given" if has else "skill.taken"
            deployment.record(tx, kind, principal.id, {"principal": person}, {"skill": skill})
    return changed


def _changed(
    deployment: Deployment,
    principal: Principal,
    review_id: str,
    change: Callable[[Transaction, Review, Team], Review],
) -> Review:
    with deployment.store.write() as tx:
        review = deployment.store.reviews.get(tx, review_id)
        if review is None:
            raise NotFound("RW-REVIEW-005", f"no review `{review_id}`")
        _may(principal, review)
        changed = change(tx, review, team_now(deployment, tx))
        deployment.store.reviews.save(tx, changed, expected=review.version)
        return changed


def _may(principal: Principal, review: Review) -> None:
    verb = (
        "review.decide" if allows(principal, "review.decide", use_case=review.use_case) else "review.assign"
    )
    require(principal, verb, use_case=review.use_case)
    require_person(principal, "a review")


def _lease_s(deployment: Deployment, tx: Transaction, review: Review) -> int:
    case = deployment.store.cases.get(tx, review.case)
    charter = charter_of(deployment, tx, case) if case else None
    return seconds(charter.review.claim) if charter else LEASE_S


def _begin_look(deployment: Deployment, tx: Transaction, review: Review, principal: Principal) -> None:
    if deployment.store.inbox.look(tx, review.id, principal.id) is None:
        deployment.store.inbox.keep_look(tx, _look(deployment, review, principal))


def _look(deployment: Deployment, review: Review, principal: Principal) -> Look:
    return Look(
        review=review.id,
        principal=principal.id,
        use_case=review.use_case,
        kind=review.kind,
        began_at=deployment.now(),
        active_ms=0,
        own="",
        proposed="",
        verdict="",
        decided_at=None,
    )


def _record(
    deployment: Deployment,
    tx: Transaction,
    kind: str,
    principal: Principal,
    review: Review,
    data: dict[str, object],
) -> None:
    about = {"review": review.id, "case": review.case, "use_case": review.use_case}
    deployment.record(tx, kind, principal.id, about, data)
