"""The inbox as a page shows it: its parts with how much is in each, who has what, and what can be taken back yet."""

from __future__ import annotations

from typing import Any

from roadworthy.casework.inbox import Team, is_claimed
from roadworthy.casework.review import Review, ReviewKind, ReviewState
from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import obligations_of
from roadworthy.operate.reviews.bulk import likeness
from roadworthy.operate.reviews.effects import standing
from roadworthy.operate.reviews.listing import count_inbox, list_inbox
from roadworthy.operate.reviews.teams import team_now
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.ports.inbox import About
from roadworthy.principal import Kind, allows
from roadworthy.server.asking import Ask
from roadworthy.server.paging import rows_limit
from roadworthy.server.views.reviews import review_json, why_not_decide
from roadworthy.server.views.shared import plain, visible_use_cases

_UNKNOWN = About("", "", "")
VIEWS = (("mine", "Mine"), ("queues", "My queues"), ("free", "Free"), ("all", "All"))
FILTERS = ("use_case", "view", "queue", "after", "limit", "decided")


def inbox(ask: Ask) -> dict[str, Any]:
    """One part of the inbox, the most urgent first; `all` where none is named."""
    deployment, principal = ask.deployment, ask.principal
    view, queue = ask.query.get("view", "all"), ask.query.get("queue", "")
    page = list_inbox(
        deployment,
        principal,
        view,
        use_case=ask.use_case,
        queue=queue or None,
        after=ask.query.get("after", ""),
        limit=rows_limit(ask.query),
    )
    counts = count_inbox(deployment, principal, use_case=ask.use_case)
    sizes = {"mine": counts.mine, "queues": counts.queues, "free": None, "all": counts.all}
    with deployment.store.read() as tx:
        team = team_now(deployment, tx)
        about = deployment.store.inbox.about(tx, [one.id for one in page.rows])
        rows = [_row(ask, team, one, about.get(one.id, _UNKNOWN)) for one in page.rows]
        return plain(  # type: ignore[no-any-return]
            {
                "filters": {"use_case": ask.use_case, "view": view, "queue": queue},
                "use_cases": list(visible_use_cases(ask, tx, "review.read")),
                "views": [{"name": name, "label": label, "count": sizes[name]} for name, label in VIEWS],
                "queues": [
                    {"name": name, "count": sum(row.open for row in counts.by_queue if row.queue == name)}
                    for name in sorted({row.queue for row in counts.by_queue if row.queue})
                ],
                "open": counts.all,
                "overdue": counts.overdue,
                "may_take": principal.kind is Kind.PERSON
                and allows(principal, "review.decide", use_case=ask.use_case),
                "away": _absence(team, principal.id),
                "decided": _just_decided(ask, tx),
                "reviews": rows,
                "after": page.after,
            }
        )


def held(ask: Ask, tx: Transaction, found: Review) -> dict[str, Any]:
    """Who has a review until when, and what this person may do about that."""
    team = team_now(ask.deployment, tx)
    me, now = ask.principal.id, team.now
    holder = team.holder(found) if found.state is ReviewState.OPEN else ""
    mine = holder == me
    qualified = ask.principal.kind is Kind.PERSON and not team.why_unqualified(me, found)
    is_open = found.state is ReviewState.OPEN
    may_assign = is_open and allows(ask.principal, "review.assign", use_case=found.use_case)
    away = [one for one in (found.assignee, found.claimed_by) if one and team.is_absent(one)]
    return {
        "by": holder,
        "yours": mine,
        "until": found.claimed_until.isoformat()
        if is_claimed(found, now) and found.claimed_until
        else None,
        "is_over": is_open and found.claimed_by == me and not is_claimed(found, now),
        "away": [_absence(team, one) for one in dict.fromkeys(away)],
        "may_claim": is_open and qualified and holder in {"", me},
        "may_release": mine,
        "may_assign": may_assign,
        "may_delegate": mine and not may_assign,
        "people": [
            {"id": one.id, "name": one.name}
            for one in sorted(team.people.values(), key=lambda one: one.name)
            if one.id not in {holder, *found.excluded} and not team.why_unqualified(one.id, found)
        ]
        if may_assign or mine
        else [],
    }


def undo(ask: Ask, found: Review) -> dict[str, Any]:
    """Whether this person can still take the approval back, and for how many seconds."""
    left = (found.leaves_at - ask.deployment.now()).total_seconds() if found.leaves_at else 0.0
    may = found.is_pending and left > 0 and found.decided_by == ask.principal.id
    return {"may": may, "left_s": max(0, int(left)) if may else 0}


def obligations(deployment: Deployment, found: Review) -> list[dict[str, Any]]:
    """What policies ask of people before the effect leaves, and who said yes to exactly this so far."""
    if found.kind is not ReviewKind.EFFECT or found.state is ReviewState.CANCELLED:
        return []
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, found.case)
        effect = deployment.store.effects.get(tx, found.effect)
    release: LoadedRelease | None = None
    try:
        release = deployment.loader.load(case.release) if case is not None and case.release else None
        if case is None or effect is None or release is None:
            return []
        with deployment.store.read() as tx:
            asked = obligations_of(deployment, tx, case, release, effect)
            given, now = standing(deployment, tx, effect), deployment.now()
    except RoadworthyError:
        return []  # the page says elsewhere what cannot be read
    return [
        {
            "rule": one.id,
            "role": one.role,
            "quorum": max(1, one.quorum),
            "by": sorted(
                {
                    approval.principal
                    for approval in given
                    if one.role in {"", approval.role} and (now - approval.at).total_seconds() < one.ttl_s
                }
            ),
        }
        for one in asked
    ]


def goes_together(ask: Ask, tx: Transaction, found: Review) -> bool:
    """Could others ask the same? The server says so; which they are is looked for when somebody asks."""
    return bool(likeness(ask.deployment, tx, found))


def _row(ask: Ask, team: Team, found: Review, about: About) -> dict[str, Any]:
    holder = team.holder(found)
    return {
        **review_json(found, now=team.now),
        "key": about.key,
        "slice": about.slice,
        "tool": about.tool,
        "holder": holder,
        "yours": not why_not_decide(ask.principal, found)
        and not team.why_unqualified(ask.principal.id, found)
        and holder in {"", ask.principal.id},
    }


def _absence(team: Team, person: str) -> dict[str, Any] | None:
    found = next((one for one in team.absences if one.principal == person and one.covers(team.now)), None)
    if found is None:
        return None
    return {"person": person, "until": found.ends_at.isoformat(), "stands_in": team.stands_in_for(person)}


def _just_decided(ask: Ask, tx: Transaction) -> dict[str, Any] | None:
    """What became of the review that was answered a moment ago."""
    wanted = ask.query.get("decided", "")
    found = ask.deployment.store.reviews.get(tx, wanted) if wanted else None
    if found is None or not allows(ask.principal, "review.read", use_case=found.use_case):
        return None
    case = ask.deployment.store.cases.get(tx, found.case)
    return {
        **review_json(found, now=ask.deployment.now()),
        "key": case.key if case else "",
        "undo": undo(ask, found),
    }
