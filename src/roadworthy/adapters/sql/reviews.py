"""Reviews: the inbox, and what was decided."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.rows import lost_race, replace_version
from roadworthy.adapters.sql.transaction import execute
from roadworthy.casework.review import Review, ReviewKind, ReviewState
from roadworthy.ports import Page, Transaction

_review = schema.review

# Written out, not bound: a partial index serves only a query whose text shows that it applies.
_is_open = _review.c.state == sa.literal_column("'open'")

_ADD = sa.insert(_review)
_GET = sa.select(_review).where(_review.c.id == sa.bindparam("id"))
_SAVE = replace_version(_review)
_OF_CASE = sa.select(_review).where(_review.c.case_id == sa.bindparam("case")).order_by(_review.c.id)


class SqlReviews:
    """The port ``Reviews``."""

    def add(self, tx: Transaction, review: Review) -> None:
        execute(tx, _ADD, _values(review))

    def get(self, tx: Transaction, review: str) -> Review | None:
        row = execute(tx, _GET, {"id": review}).first()
        return None if row is None else read_review(row)

    def save(self, tx: Transaction, review: Review, *, expected: int) -> None:
        """Errors: ``Conflict`` RW-STORE-001 if the version is another one."""
        values = {**_values(review), "row_id": review.id, "expected": expected}
        if execute(tx, _SAVE, values).rowcount != 1:
            raise lost_race(tx, _review, review.id, what="review", expected=expected)

    def of_case(self, tx: Transaction, case: str) -> tuple[Review, ...]:
        """Oldest first."""
        return tuple(read_review(row) for row in execute(tx, _OF_CASE, {"case": case}))

    def open(
        self, tx: Transaction, use_case: str = "", *, after: str = "", limit: int = 50
    ) -> Page[Review]:
        size = bounded(limit)
        # Ids sort by the time of asking; a deadline moves when a review is escalated, an id does not.
        query = sa.select(_review).where(_is_open).order_by(_review.c.id).limit(size + 1)
        if use_case:
            query = query.where(_review.c.use_case == use_case)
        if after:
            query = query.where(_review.c.id > seen(after))
        rows = [read_review(row) for row in execute(tx, query)]
        return page(rows, [review.id for review in rows], size)

    def count_open(self, tx: Transaction, use_case: str = "") -> int:
        query = sa.select(sa.func.count()).select_from(_review).where(_is_open)
        if use_case:
            query = query.where(_review.c.use_case == use_case)
        count: int = execute(tx, query).scalar_one()
        return count


def _values(review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "case_id": review.case,
        "use_case": review.use_case,
        "kind": review.kind.value,
        "effect": review.effect,
        "ordinal": review.ordinal,
        "question": review.question,
        "reasons": review.reasons,
        "role": review.role,
        "proposal": review.proposal,
        "state": review.state.value,
        "version": review.version,
        "due_at": review.due_at,
        "verdict": review.verdict,
        "decided_by": review.decided_by,
        "decided_at": review.decided_at,
        "reason": review.reason,
        "created_at": review.created_at,
        "queue": review.queue,
        "skill": review.skill,
        "rank": review.rank,
        "step": review.step,
        "assignee": review.assignee,
        "claimed_by": review.claimed_by,
        "claimed_at": review.claimed_at,
        "claimed_until": review.claimed_until,
        "excluded": review.excluded,
        "blind": int(review.blind),
        "leaves_at": review.leaves_at,
    }


def read_review(row: sa.Row[Any]) -> Review:
    """A row as its review."""
    return Review(
        id=row.id,
        case=row.case_id,
        use_case=row.use_case,
        kind=ReviewKind(row.kind),
        effect=row.effect,
        ordinal=row.ordinal,
        question=row.question,
        reasons=row.reasons,
        role=row.role,
        proposal=row.proposal,
        state=ReviewState(row.state),
        version=row.version,
        due_at=row.due_at,
        verdict=row.verdict,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        created_at=row.created_at,
        queue=row.queue,
        skill=row.skill,
        rank=row.rank,
        step=row.step,
        assignee=row.assignee,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        claimed_until=row.claimed_until,
        excluded=row.excluded,
        blind=bool(row.blind),
        leaves_at=row.leaves_at,
    )
