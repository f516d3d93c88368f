"""The inbox in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from roadworthy.casework.inbox import Absence, is_claimed
from roadworthy.casework.review import Review, ReviewState
from roadworthy.ports import Page, Transaction
from roadworthy.ports.inbox import About, Look, QueueCount, Reminder, Wanted
from roadworthy.testing.memory.page import page
from roadworthy.testing.memory.transaction import opened


@dataclass(frozen=True, slots=True)
class _Placed:
    """A review under the place it has in the inbox."""

    id: str
    review: Review


class MemoryInbox:
    """The port ``Inbox``."""

    def list(
        self, tx: Transaction, wanted: Wanted, *, now: datetime, after: str = "", limit: int = 50
    ) -> Page[Review]:
        rows = (
            _Placed(f"{one.rank:03}/{one.due_at.timestamp():020.6f}/{one.id}", one)
            for one in _open(tx)
            if _fits(one, wanted, now)
        )
        found = page(rows, after=after, limit=limit, newest_first=False)
        return Page(tuple(row.review for row in found.rows), found.after)

    def counts(self, tx: Transaction, use_case: str = "", *, now: datetime) -> tuple[QueueCount, ...]:
        tally: dict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
        for one in _open(tx):
            if use_case in {"", one.use_case}:
                row = tally[one.use_case, one.queue, one.role, one.skill]
                row["open"] += 1
                row["overdue"] += one.due_at < now
                row["held"] += is_claimed(one, now)
                row["assigned"] += bool(one.assignee)
        return tuple(
            QueueCount(*place, row["open"], row["overdue"], row["held"], row["assigned"])
            for place, row in sorted(tally.items())
        )

    def about(self, tx: Transaction, reviews: Sequence[str]) -> Mapping[str, About]:
        known, cases = opened(tx).table("review"), opened(tx).table("case")
        effects = opened(tx).table("effect")
        found = [known[one] for one in reviews if one in known and known[one].case in cases]
        return {
            one.id: About(
                cases[one.case].key,
                cases[one.case].slice,
                effects[one.effect].tool if one.effect in effects else "",
            )
            for one in found
        }

    def skills(self, tx: Transaction) -> Mapping[str, frozenset[str]]:
        return {person: skills for person, skills in opened(tx).table("skill").items() if skills}

    def set_skill(self, tx: Transaction, principal: str, skill: str, *, has: bool) -> bool:
        known: frozenset[str] = opened(tx).table("skill").get(principal, frozenset())
        after = known | {skill} if has else known - {skill}
        if after != known:
            opened(tx).change("skill")[principal] = after
        return after != known

    def add_absence(self, tx: Transaction, absence: Absence) -> None:
        opened(tx).change("absence")[absence.id] = absence

    def absences(self, tx: Transaction, *, ending_after: datetime) -> tuple[Absence, ...]:
        rows = [one for one in opened(tx).table("absence").values() if one.ends_at > ending_after]
        return tuple(sorted(rows, key=lambda one: (one.starts_at, one.id))[:1_000])

    def drop_absence(self, tx: Transaction, absence: str) -> Absence | None:
        dropped: Absence | None = opened(tx).change("absence").pop(absence, None)
        return dropped

    def look(self, tx: Transaction, review: str, principal: str) -> Look | None:
        found: Look | None = opened(tx).table("look").get((review, principal))
        return found

    def keep_look(self, tx: Transaction, look: Look) -> None:
        opened(tx).change("look")[look.review, look.principal] = replace(look)

    def looks(
        self, tx: Transaction, use_case: str, *, principal: str = "", since: datetime, limit: int = 5_000
    ) -> tuple[Look, ...]:
        rows = [
            (one.decided_at, one.review, one)
            for one in opened(tx).table("look").values()
            if one.use_case == use_case and principal in {"", one.principal}
            if one.decided_at is not None and one.decided_at >= since
        ]
        rows.sort(key=lambda row: row[:2], reverse=True)
        return tuple(one for _, _, one in rows[: max(1, limit)])

    def reminders(self, tx: Transaction) -> Mapping[str, Reminder]:
        return dict(opened(tx).table("reminder"))

    def claim_reminder(self, tx: Transaction, person: str, *, now: datetime, until: datetime) -> bool:
        known: Reminder | None = opened(tx).table("reminder").get(person)
        if known is not None and known.due_at > now:
            return False
        opened(tx).change("reminder")[person] = replace(
            known or Reminder(person, until, None, 0, ""), due_at=until
        )
        return True

    def keep_reminder(self, tx: Transaction, reminder: Reminder) -> None:
        opened(tx).change("reminder")[reminder.principal] = reminder

    def note_initiator(self, tx: Transaction, case: str, principal: str) -> None:
        opened(tx).change("initiator").setdefault(case, principal)

    def initiator(self, tx: Transaction, case: str) -> str:
        found: str = opened(tx).table("initiator").get(case, "")
        return found


def _open(tx: Transaction) -> tuple[Review, ...]:
    return tuple(one for one in opened(tx).table("review").values() if one.state is ReviewState.OPEN)


def _fits(review: Review, wanted: Wanted, now: datetime) -> bool:
    claimed = review.claimed_by if is_claimed(review, now) else ""
    return (
        wanted.use_case in {"", review.use_case}
        and (wanted.queue is None or wanted.queue == review.queue)
        and (not wanted.people or claimed in wanted.people or review.assignee in wanted.people)
        and (
            wanted.roles is None
            or (review.role in {"", *wanted.roles} and review.skill in {"", *wanted.skills})
        )
        and (
            wanted.free_for is None
            or (review.assignee in {"", *wanted.free_for} and (not claimed or claimed in wanted.free_for))
        )
    )
