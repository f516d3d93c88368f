"""What the inbox keeps beside the reviews: skills, absences, looks, and who opened a case by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from roadworthy.casework.inbox import Absence
from roadworthy.casework.review import Review
from roadworthy.quantities import Id

if TYPE_CHECKING:
    from roadworthy.ports.state import Page, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which open reviews are asked for. Empty fields ask for nothing in particular.

    ``people``: those claimed by or assigned to one of them. ``roles`` and ``skills``: those that wait for one of
    the roles, and for no skill or one of these; None for any. ``free_for``: nothing that is held by or assigned to
    anybody but these people. ``queue`` is empty for the usual one, None for any.
    """

    use_case: str = ""
    people: frozenset[str] = frozenset()
    roles: frozenset[str] | None = None
    skills: frozenset[str] = frozenset()
    free_for: frozenset[str] | None = None
    queue: str | None = None


@dataclass(frozen=True, slots=True)
class QueueCount:
    """Open reviews of one use case, queue, role and skill. ``held``: claimed by somebody now."""

    use_case: str
    queue: str
    role: str
    skill: str
    open: int
    overdue: int
    held: int
    assigned: int


@dataclass(frozen=True, slots=True)
class About:
    """What a review is about: its case's key and slice, and the tool of its effect (empty: none)."""

    key: str
    slice: str
    tool: str


@dataclass(frozen=True, slots=True)
class Look:
    """One person's look at one review: how long it took, and what they said before they saw the proposal.

    ``own`` is a label, empty where none was asked for; ``proposed`` the machine's.
    """

    review: Id
    principal: str
    use_case: str
    kind: str
    began_at: datetime
    active_ms: int
    own: str
    proposed: str
    verdict: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reminder:
    """A person's mail about what waits. ``due_at``: not before; ``problem``: why the last attempt failed, or empty."""

    principal: str
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    problem: str


class Mailer(Protocol):
    """Hands one letter to a mail server."""

    def post(self, *, to: str, subject: str, text: str, id_: str, at: datetime) -> None:
        """The same ``id_`` again is the same letter. Errors: ``Unavailable`` RW-ALERT-010."""


class Inbox(Protocol):
    """Listing open reviews, and what people are like who answer them."""

    def list(
        self, tx: Transaction, wanted: Wanted, *, now: datetime, after: str = "", limit: int = 50
    ) -> Page[Review]:
        """Open reviews by rank, then by when they are due; keyset-paged."""

    def counts(self, tx: Transaction, use_case: str = "", *, now: datetime) -> tuple[QueueCount, ...]:
        """Open reviews, by use case, queue, role and skill."""

    def about(self, tx: Transaction, reviews: Sequence[str]) -> Mapping[str, About]:
        """What each of these reviews is about; one whose case is not stored is missing."""

    def skills(self, tx: Transaction) -> Mapping[str, frozenset[str]]:
        """Skills by person."""

    def set_skill(self, tx: Transaction, principal: str, skill: str, *, has: bool) -> bool:
        """False (and no change) if it was so already."""

    def add_absence(self, tx: Transaction, absence: Absence) -> None: ...

    def absences(self, tx: Transaction, *, ending_after: datetime) -> tuple[Absence, ...]:
        """Those that are not over by then, by beginning; at most 1,000."""

    def drop_absence(self, tx: Transaction, absence: str) -> Absence | None:
        """Delete it, and say what it was; None if it is gone."""

    def look(self, tx: Transaction, review: str, principal: str) -> Look | None: ...

    def keep_look(self, tx: Transaction, look: Look) -> None:
        """Replace what is kept of this person's look at this review."""

    def looks(
        self, tx: Transaction, use_case: str, *, principal: str = "", since: datetime, limit: int = 5_000
    ) -> tuple[Look, ...]:
        """Looks that ended in an answer from ``since`` on, newest first; of one person, where named."""

    def reminders(self, tx: Transaction) -> Mapping[str, Reminder]:
        """By person; people who were never written to are missing."""

    def claim_reminder(self, tx: Transaction, person: str, *, now: datetime, until: datetime) -> bool:
        """Take the next mail to this person for one attempt: nobody else writes before ``until``. False where it is
        not due, or somebody was first."""

    def keep_reminder(self, tx: Transaction, reminder: Reminder) -> None:
        """Note how an attempt went."""

    def note_initiator(self, tx: Transaction, case: str, principal: str) -> None:
        """Note who opened a case by hand. Again: the first word stands."""

    def initiator(self, tx: Transaction, case: str) -> str:
        """Who opened the case by hand; empty where a program did."""
