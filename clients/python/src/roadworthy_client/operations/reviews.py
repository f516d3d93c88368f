"""What a client may ask for: reviews. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from roadworthy_client.sending import Sender
from roadworthy_client.shapes.reviews import (
    AbsenceKept,
    AlikeList,
    DecidedTogether,
    InboxPage,
    ListedReview,
    OwnAnswer,
    ReviewChanged,
    ReviewerList,
    ReviewFound,
    ReviewList,
    ReviewRow,
    ReviewTold,
    SkillKept,
)


class Reviews(Sender):
    """What the API offers on reviews."""

    def list_reviews(
        self, *, use_case: str | None = None, after: str | None = None, limit: int | None = None,
    ) -> ReviewList:
        """Open reviews, the longest waiting first."""
        return self._send(
            ReviewList, "GET", "/api/v1/reviews", {},
            query={"use_case": use_case, "after": after, "limit": limit},
        )

    def iter_reviews(
        self, *, use_case: str | None = None, limit: int | None = None,
    ) -> Iterator[ListedReview]:
        """Open reviews, the longest waiting first. Page after page, until the end."""
        return self._pages(
            lambda after: self.list_reviews(use_case=use_case, limit=limit, after=after), "reviews",
        )

    def show_review(self, id: str) -> ReviewTold:
        """One review: case, proposal, reasons, possible answers."""
        return self._send(ReviewTold, "GET", "/api/v1/reviews/{id}", {"id": id})

    def decide_review(
        self, id: str, *, verdict: str, seen: str, reason: str | None = None,
        edits: dict[str, Any] | None = None, answer: str | None = None, idempotency_key: str = "",
        if_match: str = "",
    ) -> ReviewChanged:
        """Answer a review, bound to the proposal that was seen."""
        return self._send(
            ReviewChanged, "POST", "/api/v1/reviews/{id}/decide", {"id": id},
            body={"verdict": verdict, "seen": seen, "reason": reason, "edits": edits, "answer": answer},
            idempotency_key=idempotency_key, if_match=if_match,
        )

    def read_inbox(
        self, *, view: str | None = None, queue: str | None = None, use_case: str | None = None,
        after: str | None = None, limit: int | None = None,
    ) -> InboxPage:
        """One part of the inbox, the most urgent first, and how much there is."""
        return self._send(
            InboxPage, "GET", "/api/v1/inbox", {},
            query={"view": view, "queue": queue, "use_case": use_case, "after": after, "limit": limit},
        )

    def iter_inbox(
        self, *, view: str | None = None, queue: str | None = None, use_case: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ReviewRow]:
        """One part of the inbox, the most urgent first, and how much there is. Page after page, until the end."""
        return self._pages(
            lambda after: self.read_inbox(view=view, queue=queue, use_case=use_case, limit=limit, after=after),
            "reviews",
        )

    def claim_next(self, *, use_case: str | None = None, idempotency_key: str = "") -> ReviewFound:
        """Claim what comes first."""
        return self._send(
            ReviewFound, "POST", "/api/v1/inbox/next", {}, query={"use_case": use_case}, body={},
            idempotency_key=idempotency_key,
        )

    def decide_together(
        self, *, verdict: str, seen: dict[str, str], reason: str | None = None, idempotency_key: str = "",
    ) -> DecidedTogether:
        """Answer reviews that ask the same."""
        return self._send(
            DecidedTogether, "POST", "/api/v1/inbox/decide", {},
            body={"verdict": verdict, "seen": seen, "reason": reason}, idempotency_key=idempotency_key,
        )

    def list_alike(self, id: str) -> AlikeList:
        """Open reviews that ask the same as this one."""
        return self._send(AlikeList, "GET", "/api/v1/reviews/{id}/alike", {"id": id})

    def claim_review(self, id: str, *, idempotency_key: str = "", if_match: str = "") -> ReviewChanged:
        """Claim a review, or renew the claim."""
        return self._send(
            ReviewChanged, "POST", "/api/v1/reviews/{id}/claim", {"id": id}, body={},
            idempotency_key=idempotency_key, if_match=if_match,
        )

    def release_review(self, id: str, *, idempotency_key: str = "", if_match: str = "") -> ReviewChanged:
        """Give a review back to its queue."""
        return self._send(
            ReviewChanged, "POST", "/api/v1/reviews/{id}/release", {"id": id}, body={},
            idempotency_key=idempotency_key, if_match=if_match,
        )

    def assign_review(
        self, id: str, *, to: str, reason: str | None = None, idempotency_key: str = "",
        if_match: str = "",
    ) -> ReviewChanged:
        """Have somebody do it."""
        return self._send(
            ReviewChanged, "POST", "/api/v1/reviews/{id}/assign", {"id": id},
            body={"to": to, "reason": reason}, idempotency_key=idempotency_key, if_match=if_match,
        )

    def delegate_review(
        self, id: str, *, to: str, reason: str | None = None, idempotency_key: str = "",
        if_match: str = "",
    ) -> ReviewChanged:
        """Hand on what one has."""
        return self._send(
            ReviewChanged, "POST", "/api/v1/reviews/{id}/delegate", {"id": id},
            body={"to": to, "reason": reason}, idempotency_key=idempotency_key, if_match=if_match,
        )

    def answer_first(
        self, id: str, *, answer: str, idempotency_key: str = "", if_match: str = "",
    ) -> OwnAnswer:
        """Give an answer of one's own before the proposal is shown."""
        return self._send(
            OwnAnswer, "POST", "/api/v1/reviews/{id}/own-answer", {"id": id}, body={"answer": answer},
            idempotency_key=idempotency_key, if_match=if_match,
        )

    def undo_decision(self, id: str, *, idempotency_key: str = "", if_match: str = "") -> ReviewChanged:
        """Take an approval back before its effect leaves."""
        return self._send(
            ReviewChanged, "POST", "/api/v1/reviews/{id}/undo", {"id": id}, body={},
            idempotency_key=idempotency_key, if_match=if_match,
        )

    def note_absence(
        self, *, person: str | None = None, deputy: str | None = None, starts: str, ends: str,
        idempotency_key: str = "",
    ) -> AbsenceKept:
        """Say who is away and who stands in."""
        return self._send(
            AbsenceKept, "POST", "/api/v1/absences", {},
            body={"person": person, "deputy": deputy, "starts": starts, "ends": ends},
            idempotency_key=idempotency_key,
        )

    def end_absence(self, id: str, *, idempotency_key: str = "") -> AbsenceKept:
        """Somebody is back."""
        return self._send(
            AbsenceKept, "POST", "/api/v1/absences/{id}/end", {"id": id}, body={},
            idempotency_key=idempotency_key,
        )

    def set_skill(
        self, *, person: str, skill: str, has: bool | None = None, idempotency_key: str = "",
    ) -> SkillKept:
        """Say what a reviewer can do beside their role."""
        return self._send(
            SkillKept, "POST", "/api/v1/skills", {}, body={"person": person, "skill": skill, "has": has},
            idempotency_key=idempotency_key,
        )

    def read_reviewers(
        self, name: str, *, reviewer: str | None = None, days: str | None = None,
    ) -> ReviewerList:
        """Figures of reviewers, for themselves and the owner."""
        return self._send(
            ReviewerList, "GET", "/api/v1/use-cases/{name}/reviewers", {"name": name},
            query={"reviewer": reviewer, "days": days},
        )
