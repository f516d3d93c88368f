"""The team: who there is now, what they know, and who is away."""

from __future__ import annotations

from roadworthy.casework.inbox import Team
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction

MOST_PEOPLE = 10_000


def team_now(deployment: Deployment, tx: Transaction) -> Team:
    """Accounts, skills and absences at this moment."""
    now = deployment.now()
    people = deployment.store.people.all(tx, limit=MOST_PEOPLE)
    return Team(
        people={one.id: one for one in people if not one.disabled},
        skills=deployment.store.inbox.skills(tx),
        absences=deployment.store.inbox.absences(tx, ending_after=now),
        now=now,
    )
