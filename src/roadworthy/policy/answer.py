"""What policy says about one call: allow, review with obligations, or deny, and on which grounds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from roadworthy.quantities import Digest


class Outcome(StrEnum):
    """What a policy says."""

    ALLOW = "allow"
    REVIEW = "review"
    DENY = "deny"


_FREEDOM = {Outcome.DENY: 0, Outcome.REVIEW: 1, Outcome.ALLOW: 2}


@dataclass(frozen=True, slots=True)
class Obligation:
    """What must be met before the call may go ahead: ``quorum`` approvals by people of ``role``.

    ``id`` is the id of the policy that asks; it stands in ``Request.approvals`` once it is met.
    An approval older than ``ttl_s`` seconds no longer counts.
    """

    id: str
    role: str
    quorum: int = 1
    ttl_s: int = 86_400


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to one request.

    ``reasons`` are ids of the policies that decided, ``sentences`` what they tell people, in the
    same order. ``errors`` is empty unless the request could not be judged; then it is an alarm.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    sentences: tuple[str, ...]
    obligations: tuple[Obligation, ...]
    policy_digest: Digest
    errors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Invariant: what could not be judged is denied, and exactly a review has obligations.
        if self.errors and self.outcome is not Outcome.DENY:
            raise ValueError("an answer with errors denies")
        if bool(self.obligations) != (self.outcome is Outcome.REVIEW):
            raise ValueError("a review names what it asks for, another answer asks for nothing")

    def as_json(self) -> dict[str, object]:
        """The answer as plain JSON values."""
        return {
            "outcome": self.outcome.value,
            "reasons": list(self.reasons),
            "sentences": list(self.sentences),
            "obligations": [
                {"id": each.id, "role": each.role, "quorum": each.quorum, "ttl_s": each.ttl_s}
                for each in self.obligations
            ],
            "policy_digest": self.policy_digest,
            "errors": list(self.errors),
        }


def more_permissive(one: Answer, other: Answer) -> bool:
    """Whether the first answer lets anything through that the second holds back.

    Edge: of two reviews the one that leaves out an obligation of the other is the more
    permissive, even if it asks for something else instead.
    """
    if one.outcome is other.outcome is Outcome.REVIEW:
        return not set(other.obligations) <= set(one.obligations)
    return _FREEDOM[one.outcome] > _FREEDOM[other.outcome]
