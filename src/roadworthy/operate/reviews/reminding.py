"""Reminding: one mail a person and interval about what waits for them. It names kinds, use cases and deadlines, no content."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from roadworthy.casework.inbox import Team
from roadworthy.casework.review import Review
from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.reviews.links import make_link
from roadworthy.operate.reviews.listing import list_inbox
from roadworthy.operate.reviews.teams import team_now
from roadworthy.ports.inbox import Mailer, Reminder
from roadworthy.principal import Kind, Principal, allows, require
from roadworthy.quantities import Id

LOOK_EVERY_S: Final = 60.0
MOST_NAMED: Final = 20
"""Reviews that one mail names; of the others it says how many."""
MOST_LOOKED_AT: Final = 200
ATTEMPT_FOR: Final = timedelta(minutes=2)
"""For so long a mail is one worker's: it may be sent twice if that worker dies, never lost."""
MOST_FAILED: Final = 3
FIRST_WAIT: Final = timedelta(minutes=1)
_log = logging.getLogger("roadworthy.reviews")


@dataclass(frozen=True, slots=True)
class _Waiting:
    mine: Sequence[Review]
    due: Sequence[Review]

    @property
    def all(self) -> tuple[Review, ...]:
        return (*self.mine, *self.due)


class Reminders:
    """A duty: writes to everybody who has an address and for whom something waits, once an interval at most.

    What counts: reviews that are assigned to or claimed by somebody, and those of their queues that nobody has and
    that are due before the next mail. ``address`` is where browsers reach this installation.
    """

    def __init__(self, mailer: Mailer, *, every: timedelta, address: str) -> None:
        self._mailer = mailer
        self._every = every
        self._address = address.rstrip("/")

    def __call__(self, deployment: Deployment) -> int:
        """One round. Returns how many mails were handed in; a mail server that is down is tried again, ever later."""
        with deployment.store.read() as tx:
            emails = deployment.store.people.emails(tx)
            known = deployment.store.inbox.reminders(tx)
            team = team_now(deployment, tx)
        sent, failed, now = 0, 0, deployment.now()
        for person, email in sorted(emails.items()):
            before = known.get(person)
            account = team.people.get(person)
            if account is None or account.kind is not Kind.PERSON or (before and before.due_at > now):
                continue
            if not allows(account, "review.decide", use_case=account.use_case):
                continue
            waiting = _waiting(deployment, team, account, now + self._every)
            if not waiting.all:
                continue
            told = self._write(deployment, account, email, waiting, before)
            sent, failed = sent + (told is True), failed + (told is False)
            if failed == MOST_FAILED:
                break  # a server that is down takes its time to say so: whoever is left is tried next round
        return sent

    def _write(
        self,
        deployment: Deployment,
        account: Principal,
        email: str,
        waiting: _Waiting,
        before: Reminder | None,
    ) -> bool | None:
        """Whether it was handed in; None where another worker writes."""
        now = deployment.now()
        with deployment.store.write() as tx:
            if not deployment.store.inbox.claim_reminder(tx, account.id, now=now, until=now + ATTEMPT_FOR):
                return None
            # Links are made anew for every attempt: what is stored of one that was lost makes no other.
            links = {one.id: make_link(deployment, tx, one, account.id) for one in waiting.all[:MOST_NAMED]}
        attempts = before.attempts if before else 0
        problem, due_at, sent_at = "", now + self._every, before.sent_at if before else None
        try:
            self._mailer.post(
                to=email,
                subject=f"{len(waiting.all)} reviews wait for you"
                if len(waiting.all) > 1
                else "A review waits for you",
                text=self._text(waiting, links, now),
                id_=deployment.new_id(),
                at=now,
            )
            attempts, sent_at = 0, now
        except RoadworthyError as fault:
            attempts, problem = attempts + 1, fault.code
            due_at = now + min(self._every, FIRST_WAIT * 2 ** min(attempts - 1, 10))
            _log.warning("%s was not written to: %s", account.id, fault.code, extra={"code": fault.code})
        with deployment.store.write() as tx:
            deployment.store.inbox.keep_reminder(
                tx, Reminder(account.id, due_at, sent_at, attempts, problem)
            )
            if not problem:
                told = {"mine": len(waiting.mine), "due": len(waiting.due)}
                deployment.record(tx, "review.reminded", "system", {"principal": account.id}, told)
        return not problem

    def _text(self, waiting: _Waiting, links: Mapping[Id, str], now: datetime) -> str:
        lines: list[str] = []
        for title, part in (("Yours", waiting.mine), ("In your queues, due soon", waiting.due)):
            named = [one for one in part if one.id in links]
            if named:
                lines += [title, ""]
            for one in named:
                due = f"due {one.due_at:%Y-%m-%d %H:%M} UTC" + (", overdue" if one.due_at < now else "")
                lines += [
                    f"{one.kind.replace('_', ' ')} · {one.use_case} · {due}",
                    f"  {self._address}/r/{links[one.id]}",
                    "",
                ]
        if len(waiting.all) > len(links):
            lines += [f"and {len(waiting.all) - len(links)} more", ""]
        return "\n".join(
            [
                *lines,
                f"Everything: {self._address}/inbox?view=mine",
                "",
                "Each link is yours alone, answers one review once, and is over after a day or when the proposal changes.",
                "",
            ]
        )


def reminders(deployment: Deployment, principal: Principal) -> list[dict[str, Any]]:
    """Who is written to, when last, and what keeps a mail from leaving. Addresses are not told."""
    require(principal, "review.assign", use_case=principal.use_case)
    with deployment.store.read() as tx:
        emails = deployment.store.people.emails(tx)
        known = deployment.store.inbox.reminders(tx)
    return [
        {
            "person": person,
            "sent_at": one.sent_at.isoformat() if one and one.sent_at else None,
            "next_at": one.due_at.isoformat() if one else None,
            "attempts": one.attempts if one else 0,
            "problem": one.problem if one else "",
        }
        for person in sorted(emails)
        for one in (known.get(person),)
    ]


def _waiting(deployment: Deployment, team: Team, account: Principal, before: datetime) -> _Waiting:
    """What a person has, and of what nobody has that which is due before the next mail."""
    mine = [
        one
        for one in list_inbox(deployment, account, "mine", limit=MOST_LOOKED_AT).rows
        if not team.why_unqualified(account.id, one)
    ]
    if team.is_absent(account.id):
        return _Waiting(mine, ())
    had = {one.id for one in mine}
    free = list_inbox(deployment, account, "free", limit=MOST_LOOKED_AT).rows
    due = [one for one in free if one.id not in had and one.due_at < before]
    return _Waiting(mine, due)
