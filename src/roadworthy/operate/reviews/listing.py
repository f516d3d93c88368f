"""The inbox as a person asks for it: mine, what waits for people like me, everything; and how much of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from roadworthy.casework.review import Review
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.reviews.teams import team_now
from roadworthy.ports import Page, Transaction
from roadworthy.ports.inbox import QueueCount, Wanted
from roadworthy.principal import Principal, require

VIEWS: Final = ("mine", "queues", "free", "all")
MOST_COUNTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """How much waits: claimed by or assigned to this person, in queues they may answer, in all; and each queue."""

    mine: int
    queues: int
    all: int
    overdue: int
    by_queue: tuple[QueueCount, ...]


def list_inbox(
    deployment: Deployment,
    principal: Principal,
    view: str = "all",
    *,
    use_case: str = "",
    queue: str | None = None,
    after: str = "",
    limit: int = 50,
) -> Page[Review]:
    """Open reviews, the most urgent first.

    ``mine``: claimed by or assigned to this person, or somebody they stand in for. ``queues``: what they may answer,
    whoever has it. ``free``: of those what nobody else has. ``all``: everything they may see.

    Errors: ``Refused`` RW-ACCESS-001 for who may not look, ``InputProblem`` RW-REVIEW-023 for another view.
    """
    use_case = use_case or principal.use_case
    require(principal, "review.read", use_case=use_case)
    with deployment.store.read() as tx:
        wanted = _wanted(deployment, tx, principal, view, use_case, queue)
        return deployment.store.inbox.list(tx, wanted, now=deployment.now(), after=after, limit=limit)


def count_inbox(deployment: Deployment, principal: Principal, *, use_case: str = "") -> InboxCounts:
    """How much waits. ``mine`` is counted no further than 1,000. Errors: as ``list_inbox``."""
    use_case = use_case or principal.use_case
    require(principal, "review.read", use_case=use_case)
    now = deployment.now()
    with deployment.store.read() as tx:
        rows = deployment.store.inbox.counts(tx, use_case, now=now)
        skills = deployment.store.inbox.skills(tx).get(principal.id, frozenset())
        wanted = _wanted(deployment, tx, principal, "mine", use_case, None)
        mine = deployment.store.inbox.list(tx, wanted, now=now, limit=MOST_COUNTED)
    return InboxCounts(
        mine=len(mine.rows),
        queues=sum(row.open for row in rows if _is_for(row, principal, skills)),
        all=sum(row.open for row in rows),
        overdue=sum(row.overdue for row in rows),
        by_queue=rows,
    )


def _wanted(
    deployment: Deployment,
    tx: Transaction,
    principal: Principal,
    view: str,
    use_case: str,
    queue: str | None,
) -> Wanted:
    if view not in VIEWS:
        raise InputProblem(
            "RW-REVIEW-023", Problem(f"`{view}` is no part of the inbox", hint=f"parts: {', '.join(VIEWS)}")
        )
    if view == "all":
        return Wanted(use_case=use_case, queue=queue)
    team = team_now(deployment, tx)
    people = team.work_of(principal.id)
    if view == "mine":
        # Whoever is away sees nothing of their own; an empty set would ask for everybody's.
        return Wanted(use_case=use_case, queue=queue, people=people or frozenset({"\0"}))
    return Wanted(
        use_case=use_case,
        queue=queue,
        roles=frozenset(map(str, principal.roles)),
        skills=team.skills.get(principal.id, frozenset()),
        free_for=people if view == "free" else None,
    )


def _is_for(row: QueueCount, principal: Principal, skills: Collection[str]) -> bool:
    return row.role in {"", *principal.roles} and row.skill in {"", *skills}
