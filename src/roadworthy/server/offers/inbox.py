"""The inbox: bodies and acts, for what a program asks beside looking at a review and deciding it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from roadworthy.casework.review import Review, Verdict
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.reviewing import undo_decision
from roadworthy.operate.reviews import bulk, figures, holding, listing
from roadworthy.ports.inbox import QueueCount
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body
from roadworthy.server.operations import Nothing
from roadworthy.server.paging import rows_limit
from roadworthy.server.views.reviews import review_json


class NewAssignment(Body):
    """Whom it is for; empty for nobody in particular. Handing on what one has needs a reason."""

    to: str
    reason: str = ""


class NewBulk(Body):
    """``seen`` names the proposal of each review as it was shown: they are decided only if they ask the same."""

    verdict: str
    seen: dict[str, str]
    reason: str = ""


class NewOwnAnswer(Body):
    """What one would answer oneself, before the proposal is shown."""

    answer: str


class NewAbsence(Body):
    """Who is away (default: oneself), from when until when, and who stands in. Times with their zone."""

    person: str = ""
    deputy: str = ""
    starts: str
    ends: str


class NewSkill(Body):
    """What somebody can do beside their role."""

    person: str
    skill: str
    has: bool = True


def inbox(ask: Ask) -> dict[str, Any]:
    """One part of the inbox, the most urgent first, and how much there is."""
    queue = ask.query.get("queue")
    page = listing.list_inbox(
        ask.deployment,
        ask.principal,
        ask.query.get("view", "queues"),
        use_case=ask.use_case,
        queue=queue,
        after=ask.query.get("after", ""),
        limit=rows_limit(ask.query),
    )
    return {"reviews": [_json(ask, one) for one in page.rows], "after": page.after, "counts": counts(ask)}


def counts(ask: Ask) -> dict[str, Any]:
    """How much waits, and where."""
    found = listing.count_inbox(ask.deployment, ask.principal, use_case=ask.use_case)
    return {
        "mine": found.mine,
        "queues": found.queues,
        "all": found.all,
        "overdue": found.overdue,
        "by_queue": [_count_json(row) for row in found.by_queue],
    }


def claimed(ask: Ask, _body: Nothing) -> dict[str, Any]:
    """Claim a review, or renew the claim."""
    return _one(ask, holding.claim_review(ask.deployment, ask.principal, ask.path["id"]))


def claimed_next(ask: Ask, _body: Nothing) -> dict[str, Any]:
    """Claim what comes first; null where nothing waits."""
    found = holding.claim_next(ask.deployment, ask.principal, use_case=ask.use_case)
    return {"review": None} if found is None else _one(ask, found)


def released(ask: Ask, _body: Nothing) -> dict[str, Any]:
    """Give a review back to its queue."""
    return _one(ask, holding.release_review(ask.deployment, ask.principal, ask.path["id"]))


def assigned(ask: Ask, body: NewAssignment) -> dict[str, Any]:
    """Have somebody do it."""
    return _one(ask, holding.assign_review(ask.deployment, ask.principal, ask.path["id"], body.to))


def delegated(ask: Ask, body: NewAssignment) -> dict[str, Any]:
    """Hand on what one has."""
    handed_on = holding.delegate_review(
        ask.deployment, ask.principal, ask.path["id"], body.to, reason=body.reason
    )
    return _one(ask, handed_on)


def undone(ask: Ask, _body: Nothing) -> dict[str, Any]:
    """Take an approval back before its effect leaves."""
    return _one(ask, undo_decision(ask.deployment, ask.principal, ask.path["id"]))


def answered_first(ask: Ask, body: NewOwnAnswer) -> dict[str, Any]:
    """Give an answer of one's own; afterwards the proposal is shown."""
    look = holding.answer_first(ask.deployment, ask.principal, ask.path["id"], body.answer)
    return {"own": look.own, "proposed": look.proposed}


def alike(ask: Ask) -> dict[str, Any]:
    """Reviews that ask the same as this one."""
    found = bulk.alike(ask.deployment, ask.principal, ask.path["id"])
    return {"reviews": [_json(ask, one) for one in found]}


def decided_together(ask: Ask, body: NewBulk) -> dict[str, Any]:
    """Answer reviews that ask the same."""
    told = bulk.decide_bulk(
        ask.deployment, ask.principal, body.seen, verdict_of(body.verdict), reason=body.reason
    )
    return {"decided": [_json(ask, one) for one in told.decided], "problems": dict(told.problems)}


def stats(ask: Ask) -> dict[str, Any]:
    """Figures of reviewers; only they and the owner see them."""
    days = ask.query.get("days", "90")
    if not days.isascii() or not days.isdecimal():
        raise InputProblem("RW-REVIEW-023", Problem("expected a number of days", place="days"))
    reviewer = ask.query.get("reviewer", "")
    found = figures.reviewer_figures(
        ask.deployment, ask.principal, ask.path["name"], reviewer=reviewer, days=int(days[:6])
    )
    return {"reviewers": [one.as_json() for one in found]}


def absent(ask: Ask, body: NewAbsence) -> dict[str, Any]:
    """Note that somebody is away."""
    absence = holding.note_absence(
        ask.deployment,
        ask.principal,
        person=body.person or ask.principal.id,
        deputy=body.deputy,
        starts_at=moment(body.starts, "starts"),
        ends_at=moment(body.ends, "ends"),
    )
    return {
        "absence": {
            "id": absence.id,
            "person": absence.principal,
            "deputy": absence.deputy,
            "starts": absence.starts_at.isoformat(),
            "ends": absence.ends_at.isoformat(),
        }
    }


def back_again(ask: Ask, _body: Nothing) -> dict[str, Any]:
    """End an absence."""
    ended = holding.end_absence(ask.deployment, ask.principal, ask.path["id"])
    return {"absence": {"id": ended.id, "person": ended.principal}}


def skilled(ask: Ask, body: NewSkill) -> dict[str, Any]:
    """Give or take a skill."""
    changed = holding.set_skill(ask.deployment, ask.principal, body.person, body.skill, has=body.has)
    return {"changed": changed}


def moment(text: str, place: str) -> datetime:
    """A time with its zone. Errors: ``InputProblem`` RW-REVIEW-021."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InputProblem(
            "RW-REVIEW-021",
            Problem(
                f"expected a time with its zone, found `{text[:60]}`",
                place=place,
                hint="2026-08-03T08:00+02:00",
            ),
        )
    return found


def verdict_of(text: str) -> Verdict:
    """An answer by its name. Errors: ``InputProblem`` RW-REVIEW-003."""
    if text not in set(Verdict):
        raise InputProblem(
            "RW-REVIEW-003", Problem(f"`{text[:60]}` is no answer", hint=f"possible: {', '.join(Verdict)}")
        )
    return Verdict(text)


def _one(ask: Ask, review: Review) -> dict[str, Any]:
    return {"review": _json(ask, review)}


def _json(ask: Ask, review: Review) -> dict[str, Any]:
    return review_json(review, now=ask.deployment.now())


def _count_json(row: QueueCount) -> Mapping[str, Any]:
    return {
        "use_case": row.use_case,
        "queue": row.queue,
        "role": row.role,
        "skill": row.skill,
        "open": row.open,
        "overdue": row.overdue,
        "held": row.held,
        "assigned": row.assigned,
    }
