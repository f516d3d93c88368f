"""What waits for a person: the inbox, and one review with everything needed to answer it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from roadworthy.casework.inbox import is_claimed
from roadworthy.casework.review import ALLOWED, Review, ReviewKind, ReviewState
from roadworthy.errors import NotFound, Problem, RoadworthyError
from roadworthy.operate.explain import explain
from roadworthy.operate.reviews.holding import choices_first, hidden_from
from roadworthy.operate.spotchecks.asking import AS_SENT
from roadworthy.operate.stewarding import DIFFERENT, SAME
from roadworthy.ports import Transaction
from roadworthy.principal import Kind, Principal, allows, require
from roadworthy.server.asking import Ask
from roadworthy.server.paging import rows_limit
from roadworthy.server.problems import told
from roadworthy.server.views.cases import decision
from roadworthy.server.views.shared import plain, visible_use_cases

HIDDEN = "not shown to your role"
FIRST = "What would you answer? The proposal is shown afterwards."
_UNSEEN = {"answer": "", "confidence": None, "reason": ""}


def inbox(ask: Ask) -> dict[str, Any]:
    """A page of open reviews, the longest waiting first, with the reasons in words."""
    require(ask.principal, "review.read", use_case=ask.use_case)
    store, now = ask.deployment.store, ask.deployment.now()
    with store.read() as tx:
        page = store.reviews.open(
            tx, ask.use_case, after=ask.query.get("after", ""), limit=rows_limit(ask.query)
        )
        return {
            "filters": {"use_case": ask.use_case},
            "use_cases": list(visible_use_cases(ask, tx, "review.read")),
            "open": store.reviews.count_open(tx, ask.use_case),
            "reviews": [_row(ask, tx, review, now) for review in page.rows],
            "after": page.after,
        }


def review(ask: Ask) -> dict[str, Any]:
    """One review: the case, what is proposed and why it was held, and which answers are possible.

    Whoever spot-checks a case sees what came in and nothing of what was made of it, until the answer
    is given: a person who reads the machine's answer first tends to find it right.
    """
    store = ask.deployment.store
    with store.read() as tx:
        found = store.reviews.get(tx, ask.path["id"])
        if found is None:
            raise NotFound(
                "RW-REVIEW-005",
                Problem(f"no review `{ask.path['id']}`"),
                hint="the inbox shows what is open",
            )
        require(ask.principal, "review.read", use_case=found.use_case)
        question = _question(ask, tx, found)
        effect = store.effects.get(tx, found.effect) if found.effect else None
    told = explain(ask.deployment, ask.principal, found.case, use_case=found.use_case)
    proposed = next((one for one in told["effects"] if effect is not None and one["id"] == effect.id), None)
    if proposed is not None and effect is not None:
        proposed = {**proposed, "confidence": effect.confidence, **_tool(ask, effect.release, effect.tool)}
    why_not = why_not_decide(ask.principal, found)
    unanswered = found.kind is ReviewKind.SPOT_CHECK and found.state is ReviewState.OPEN
    # Where a workflow concludes no label, there is nothing to say but whether what was sent was right.
    blind = unanswered and not (question and AS_SENT in question["choices"])
    with store.read() as tx:
        hidden = hidden_from(ask.deployment, tx, found, ask.principal.id)
    if hidden:
        question = {"question": FIRST, "choices": list(choices_first(ask.deployment, found))}
        proposed = None
    if blind or hidden:
        told = {**told, "case": {**told["case"], **_UNSEEN}, "steps": [], "effects": []}
    return plain(  # type: ignore[no-any-return]
        {
            "blind": blind or hidden,
            "answer_first": hidden,
            "review": review_json(found, now=ask.deployment.now()),
            "you_may_decide": not why_not,
            "you_may_escalate": not why_not_escalate(ask.principal, found),
            "why_not": why_not,
            "verdicts": sorted(ALLOWED[found.kind]) if found.state is ReviewState.OPEN else [],
            "case": told["case"],
            "input": told["input"],
            "decision": decision(told),
            "effect": proposed,
            "question": question,
            "other_effects": [
                one for one in told["effects"] if proposed is None or one["id"] != proposed["id"]
            ],
        }
    )


def review_json(found: Review, *, now: datetime) -> dict[str, Any]:
    """A review as every door lists it. ``proposal`` is what a decision names as ``seen``."""
    return {
        "id": found.id,
        "case": found.case,
        "use_case": found.use_case,
        "kind": found.kind,
        "state": found.state,
        "role": found.role,
        "reasons": list(found.reasons),
        "proposal": found.proposal,
        "due_at": found.due_at.isoformat(),
        "overdue": found.state is ReviewState.OPEN and found.due_at < now,
        "created_at": found.created_at.isoformat(),
        "verdict": found.verdict,
        "decided_by": found.decided_by,
        "decided_at": found.decided_at.isoformat() if found.decided_at else None,
        "reason": found.reason,
        "queue": found.queue,
        "skill": found.skill,
        "rank": found.rank,
        "step": found.step,
        "assignee": found.assignee,
        "claimed_by": found.claimed_by if is_claimed(found, now) else "",
        "claimed_until": found.claimed_until.isoformat()
        if found.claimed_until and is_claimed(found, now)
        else None,
        "leaves_at": found.leaves_at.isoformat() if found.leaves_at else None,
        "version": found.version,
    }


def why_not_decide(principal: Principal, found: Review) -> str:
    """Empty if this principal may answer; mirrors what ``operate.decide_review`` will say."""
    if why_not := why_not_escalate(principal, found):
        return why_not
    if found.role and found.role not in principal.roles:
        return f"it waits for the role {found.role.replace('_', ' ')}; you may escalate it"
    return ""


def why_not_escalate(principal: Principal, found: Review) -> str:
    """Empty if this principal may pass it on, whichever role it waits for."""
    if found.state is not ReviewState.OPEN:
        return f"it is {found.state} already"
    if not allows(principal, "review.decide", use_case=found.use_case):
        return "deciding needs the role reviewer, risk officer or owner"
    if principal.kind is not Kind.PERSON:
        return "deciding needs a person"
    return ""


def _row(ask: Ask, tx: Transaction, found: Review, now: datetime) -> dict[str, Any]:
    store = ask.deployment.store
    case = store.cases.get(tx, found.case)
    effect = store.effects.get(tx, found.effect) if found.effect else None
    return {
        **review_json(found, now=now),
        "key": case.key if case else "",
        "slice": case.slice if case else "",
        "tool": effect.tool if effect else "",
        "yours": not why_not_decide(ask.principal, found),
    }


def _question(ask: Ask, tx: Transaction, found: Review) -> dict[str, Any] | None:
    """What is asked, with the choices that are offered."""
    if found.kind is ReviewKind.PAIR:
        return {"question": "Are these two rows the same thing?", "choices": [SAME, DIFFERENT]}
    if found.kind not in {ReviewKind.QUESTION, ReviewKind.SPOT_CHECK} or not found.question:
        return None
    if not allows(ask.principal, "case.read_content", use_case=found.use_case):
        return {"question": HIDDEN, "choices": []}
    try:
        body = ask.deployment.vault.open(tx, found.question)
    except RoadworthyError as problem:
        return {"question": f"[{told(problem, problem.message)}]", "choices": []}
    return {"question": str(body.get("question", "")), "choices": list(body.get("choices") or ())}


def _tool(ask: Ask, release: str, name: str) -> Mapping[str, Any]:
    """What the charter says of the tool: which arguments steer it, and how it is taken back."""
    try:
        tool = ask.deployment.loader.charter(release).tools[name]
    except (RoadworthyError, KeyError):
        return {"control": [], "amount": "", "sink": ""}
    return {"control": list(tool.control), "amount": tool.amount, "sink": tool.sink}
