"""How long a review takes people, told from when they answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from roadworthy.casework.review import Review

ENOUGH: Final = 20
PAUSE: Final = timedelta(minutes=30)
"""Between two answers of one person: what is longer was not spent on the second one."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes of a person's work per review. ``measured`` is how many reviews say so; 0: the charter does."""

    each: float
    measured: int

    @property
    def source(self) -> str:
        """Where the figure is from, in words."""
        return f"measured on {self.measured} reviews" if self.measured else "as the charter expects"

    def as_json(self) -> dict[str, Any]:
        """As every door shows it."""
        return {"minutes": round(self.each, 2), "measured": self.measured, "source": self.source}


def review_minutes(reviews: Iterable[Review], *, usual: float) -> Minutes:
    """Mean time from one answer of a person to their next, pauses of more than half an hour left out.

    A review that was asked after the answer before begins when it was asked. Answers given in a row are one
    sitting, so that it does not matter in which of them the reading was done. The first of a sitting is
    known only where it was asked less than a pause before.

    Edge: fewer than 20 such times say too little: then it is ``usual``, the charter's expectation.
    """
    by_person: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for review in reviews:
        if review.decided_at is not None and review.decided_by:
            by_person[review.decided_by].append((review.decided_at, review.created_at))
    times = []
    for decided in by_person.values():
        before: datetime | None = None
        for at, asked in sorted(decided):
            begun = asked if before is None else max(before, asked)
            if timedelta(0) <= at - begun <= PAUSE:
                times.append((at - begun) / timedelta(minutes=1))
            before = at
    if len(times) < ENOUGH:
        return Minutes(usual, 0)
    return Minutes(sum(times) / len(times), len(times))
