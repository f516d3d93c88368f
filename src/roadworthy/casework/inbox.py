"""The inbox: who may answer a review, who has it now, and which one comes first.

Nothing here reads a clock or a store: people, absences and the time are arguments. A role is never
gained by standing in for somebody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from roadworthy.casework.review import Review, ReviewState, Verdict
from roadworthy.errors import Conflict, InputProblem, Problem, Refused
from roadworthy.policy import Obligation
from roadworthy.principal import Approval, Kind, Principal, allows

APPROVING = frozenset({Verdict.APPROVE, Verdict.EDIT})
_TIERS = {"minimal": 20, "limited": 40, "high": 60}
_FIRST, _LAST = 0, 100
MOST_STAND_INS = 5
"""How far a chain of deputies is followed who are absent themselves."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away from ``starts_at`` until before ``ends_at``, and ``deputy`` stands in; empty for nobody."""

    id: str
    principal: str
    deputy: str
    starts_at: datetime
    ends_at: datetime
    noted_by: str

    def covers(self, now: datetime) -> bool:
        """Is it now?"""
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True)
class Team:
    """Who there is at one moment: accounts, skills and absences."""

    people: Mapping[str, Principal]
    skills: Mapping[str, frozenset[str]]
    absences: Sequence[Absence]
    now: datetime

    def is_absent(self, person: str) -> bool:
        """Is this person away now?"""
        return any(one.principal == person and one.covers(self.now) for one in self.absences)

    def stands_in_for(self, person: str) -> str:
        """Who does this person's work now: themself, or whoever stands in; empty where nobody does."""
        seen: list[str] = []
        while self.is_absent(person):
            if person in seen or len(seen) >= MOST_STAND_INS:
                return ""
            seen.append(person)
            person = next(
                (one.deputy for one in self.absences if one.principal == person and one.covers(self.now)),
                "",
            )
        return person

    def work_of(self, person: str) -> frozenset[str]:
        """Whose assignments and claims this person sees now: their own, unless away, and those they stand in for."""
        away = {one.principal for one in self.absences if one.covers(self.now)}
        return frozenset(one for one in {person, *away} if self.stands_in_for(one) == person)

    def why_unqualified(self, person: str, review: Review) -> str:
        """Empty if this person may answer the review as far as kind, role and skill are concerned."""
        account = self.people.get(person)
        if account is None:
            return f"there is no account `{person}`"
        return why_unqualified(account, self.skills.get(person, frozenset()), review)

    def holder(self, review: Review) -> str:
        """Who has the review now: by a claim that is not over, else by assignment; empty if it is anybody's.

        What an absent person has goes to whoever stands in and is qualified, else back to the queue.
        """
        for held in (review.claimed_by if is_claimed(review, self.now) else "", review.assignee):
            person = self.stands_in_for(held) if held else ""
            if person and not self.why_unqualified(person, review):
                return person
        return ""


def is_claimed(review: Review, now: datetime) -> bool:
    """Does somebody hold it by a lease that is not over?"""
    return bool(review.claimed_by) and review.claimed_until is not None and now < review.claimed_until


def why_unqualified(person: Principal, skills: Collection[str], review: Review) -> str:
    """Empty if this person may answer the review: a person, with the role and the skill it waits for."""
    if person.kind is not Kind.PERSON:
        return "answering needs a person"
    if not allows(person, "review.decide", use_case=review.use_case):
        return "answering needs the role reviewer, risk officer or owner"
    if review.role and review.role not in person.roles:
        return f"it waits for the role {review.role.replace('_', ' ')}"
    if review.skill and review.skill not in skills:
        return f"it waits for somebody who knows `{review.skill}`"
    return ""


def check_qualified(team: Team, person: Principal, review: Review) -> None:
    """Errors: ``Refused`` RW-REVIEW-006 for who lacks the role or the skill that the review waits for."""
    why = why_unqualified(person, team.skills.get(person.id, frozenset()), review)
    if why:
        wanted = review.role or "reviewer"
        raise Refused(
            "RW-REVIEW-006",
            f"this review waits for the role `{wanted}`"
            + (f" and `{review.skill}`" if review.skill else ""),
            reasons=[f"{person.name}: {why}"],
            may_overrule=wanted,
        )


def check_free(team: Team, person: str, review: Review) -> None:
    """Errors: ``Conflict`` RW-REVIEW-012 where somebody else has it."""
    holder = team.holder(review)
    if holder and holder != person:
        until = review.claimed_until
        claimed = is_claimed(review, team.now) and until is not None
        raise Conflict(
            "RW-REVIEW-012",
            Problem(
                f"{holder} is on this review" + (f" until {until:%H:%M} UTC" if claimed and until else ""),
                hint="take another one, or have it assigned to you",
            ),
        )


def check_held(team: Team, person: str, review: Review) -> None:
    """Errors: ``Conflict`` RW-REVIEW-012 where somebody else has it, RW-REVIEW-013 where this person's claim is over."""
    check_free(team, person, review)
    if review.claimed_by == person and not is_claimed(review, team.now):
        raise Conflict(
            "RW-REVIEW-013",
            Problem(
                "your claim of this review is over",
                hint="claim it again, look at it again, then decide",
            ),
        )


def claim(review: Review, person: str, team: Team, *, lease: timedelta) -> Review:
    """The review, held by this person until the lease is over. Again: the lease begins anew.

    Errors: ``Conflict`` RW-REVIEW-001 if it is not open, RW-REVIEW-012 where somebody else has it.
    """
    check_open(review)
    check_free(team, person, review)
    renewed = review.claimed_by == person and is_claimed(review, team.now)
    return replace(
        review,
        claimed_by=person,
        claimed_at=review.claimed_at if renewed else team.now,
        claimed_until=team.now + lease,
        version=review.version + 1,
    )


def release(review: Review, person: str, team: Team) -> Review:
    """The review back in its queue, without claim and assignment.

    Errors: ``Conflict`` RW-REVIEW-001 if it is not open, RW-REVIEW-012 where it is somebody else's.
    """
    check_open(review)
    if person not in {review.claimed_by, review.assignee, team.holder(review)}:
        raise Conflict(
            "RW-REVIEW-012", Problem("this review is not yours", hint="only its holder gives it back")
        )
    return unheld(replace(review, assignee="", version=review.version + 1))


def unheld(review: Review) -> Review:
    """Without a claim."""
    return replace(review, claimed_by="", claimed_at=None, claimed_until=None)


def assign(review: Review, to: str, team: Team) -> Review:
    """The review, assigned to a qualified person; to nobody where ``to`` is empty. An older claim is over.

    Errors: ``Conflict`` RW-REVIEW-001 if it is not open; ``InputProblem`` RW-REVIEW-014 where that person may
    not answer it, or is away and nobody who may stands in.
    """
    check_open(review)
    if to:
        person = team.stands_in_for(to)
        why = team.why_unqualified(person, review) if person else f"`{to}` is away and nobody stands in"
        if why:
            raise InputProblem(
                "RW-REVIEW-014",
                Problem(f"`{to}` cannot take this review: {why}", hint="name somebody who can"),
            )
    return unheld(replace(review, assignee=to, version=review.version + 1))


def check_open(review: Review) -> None:
    """Errors: ``Conflict`` RW-REVIEW-001 with who answered it."""
    if review.state is not ReviewState.OPEN:
        winner = f": {review.verdict} by {review.decided_by}" if review.decided_by else ""
        raise Conflict("RW-REVIEW-001", f"this review is {review.state} already{winner}")


def rank(*, priority: int | None, tier: str, amount: int, step: int) -> int:
    """How urgent a review is: 0 comes first, 100 last; among equals the one that is due first.

    ``priority`` is what the charter says of its queue (100 comes first). Without it the risk tier counts,
    and the money at stake: five places for every power of ten of the amount in minor units, twenty at most.
    Every escalation brings it ten places forward.
    """
    urgency = (
        priority if priority is not None else _TIERS.get(tier, _LAST) + min(20, 5 * (len(str(amount)) - 1))
    )
    return max(_FIRST, min(_LAST, _LAST - urgency - 10 * step))


def met(
    obligations: Sequence[Obligation], approvals: Collection[Approval], *, now: datetime
) -> frozenset[str]:
    """Ids of the obligations that these approvals meet: as many people of the role as are asked for, none twice.

    Whoever holds two roles counts as one person: obligations of different roles need different people. Several
    of one role are met by the same people; one without a role by anybody who approved. An approval counts
    only as long as the obligation says.
    """
    approvals = [one for one in approvals if one.at <= now]
    wanted: dict[str, tuple[int, timedelta]] = {}
    for obligation in obligations:
        needed, ttl = wanted.get(obligation.role, (1, timedelta.max))
        least = timedelta(seconds=obligation.ttl_s)
        wanted[obligation.role] = (max(needed, obligation.quorum), min(ttl, least))
    fresh = {
        role: {one.principal for one in approvals if now - one.at < ttl and role in {"", one.role}}
        for role, (_, ttl) in wanted.items()
    }
    counted = {"": len(fresh.get("", ()))}
    counted |= _shared_out(
        {role: fresh[role] for role in wanted if role}, {r: n for r, (n, _) in wanted.items()}
    )
    return frozenset(
        obligation.id for obligation in obligations if counted[obligation.role] >= max(1, obligation.quorum)
    )


def _shared_out(people: Mapping[str, Collection[str]], needed: Mapping[str, int]) -> Mapping[str, int]:
    """How many people each role gets where nobody counts for two: the most places that can be filled."""
    seats = [(role, number) for role in people for number in range(needed[role])]
    taken: dict[str, int] = {}

    def seat(place: int, tried: set[str]) -> bool:
        for person in sorted(people[seats[place][0]]):
            if person in tried:
                continue
            tried.add(person)
            if person not in taken or seat(taken[person], tried):
                taken[person] = place
                return True
        return False

    for place in range(len(seats)):
        seat(place, set())
    return {role: sum(seats[place][0] == role for place in taken.values()) for role in people}


def approvals_end(
    obligations: Sequence[Obligation], approvals: Collection[Approval], *, usual: timedelta, now: datetime
) -> datetime:
    """Until when these approvals stand together: the first obligation that would no longer be met ends it."""
    ends = [now + usual]
    for obligation in obligations:
        newest: dict[str, datetime] = {}
        for one in approvals:
            if not obligation.role or one.role == obligation.role:
                newest[one.principal] = max(one.at, newest.get(one.principal, one.at))
        counted = sorted(newest.values(), reverse=True)[: max(1, obligation.quorum)]
        if counted:
            ends.append(counted[-1] + timedelta(seconds=obligation.ttl_s))
    return min(ends)
