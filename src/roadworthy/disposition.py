"""A workflow proposes, Roadworthy disposes: the one door through which an effect reaches the world.

Everything that may hold an effect back is an argument, and every one of them can only hold back:
no argument turns a refusal into a review or a review into an execution.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from roadworthy.policy import Answer, Outcome
from roadworthy.stage import ENDED, SIMULATED, Stage


class Kind(StrEnum):
    """What happens to a proposed effect."""

    EXECUTE = "execute"
    REVIEW = "review"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is known when an effect is proposed.

    ``uncovered`` says why no certificate covers this effect; empty means that one does.
    ``budget_left`` is False when the case or the use case has spent what was promised.
    ``approved`` is True when a person approved exactly these arguments.
    """

    stage: Stage
    stopped: bool
    policy: Answer
    uncovered: str
    budget_left: bool
    approved: bool = False


@dataclass(frozen=True, slots=True)
class Disposition:
    """What happens to an effect, with every reason. ``simulated``: it is recorded, not sent."""

    kind: Kind
    reasons: tuple[str, ...]
    simulated: bool
    roles: tuple[str, ...] = ()
    """Roles whose approval the policy asks for; empty where any reviewer will do."""


def dispose(grounds: Grounds) -> Disposition:
    """Execute, review or refuse. First refusals, then what a person must see, then execution.

    Edge: an approval by a person stands in for the certificate and the budget, never for the
    policy: policies see approvals in their own request and answer anew.
    """
    simulated = grounds.stage in SIMULATED
    refusals = []
    if grounds.stopped:
        refusals.append("the stop switch is on")
    if grounds.stage in ENDED or grounds.stage is Stage.DRAFT:
        refusals.append(f"a release in {grounds.stage} has no effects")
    if grounds.policy.outcome is Outcome.DENY:
        refusals.extend(grounds.policy.sentences or ("no policy allows it",))
    if refusals:
        return Disposition(Kind.REFUSE, tuple(refusals), simulated)

    reviews: list[str] = []
    if grounds.policy.outcome is Outcome.REVIEW:
        reviews.extend(grounds.policy.sentences or ("a policy asks for an approval",))
    if grounds.uncovered and not grounds.approved:
        reviews.append(grounds.uncovered)
    if not grounds.budget_left and not grounds.approved:
        reviews.append("the budget is spent")
    if reviews:
        roles = tuple(dict.fromkeys(obligation.role for obligation in grounds.policy.obligations))
        return Disposition(Kind.REVIEW, tuple(reviews), simulated, roles)
    reason = "approved by a person" if grounds.approved else "a certificate covers it and policies allow it"
    return Disposition(Kind.EXECUTE, (reason,), simulated)
