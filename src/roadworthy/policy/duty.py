"""What a decision about a person's yes rests on: who says it, to what, and what they did before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from roadworthy.quantities import Digest, digest_of

Verb = Literal[
    "review.decide", "release.approve", "release.promote", "waiver.grant", "resume", "tool.approve"
]
Deed = Literal["initiated", "authored", "edited", "approved", "stopped"]

VERBS: Final[tuple[str, ...]] = get_args(Verb)
DEEDS: Final[tuple[str, ...]] = get_args(Deed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """May this principal say yes to this? Roles were asked before; here stands who did what.

    ``did`` is what the principal did before on the very thing: *initiated* the case, *authored* the
    release or definition, *edited* the proposal, *approved* it already, *stopped* what is to go on.
    ``quorum`` is how many people have to say yes. Values are not checked here: a bad one ends in a
    recorded denial.
    """

    verb: str
    use_case: str
    principal: str
    kind: str
    roles: frozenset[str]
    did: frozenset[str]
    quorum: int = 1
    risk: str = ""
    """The charter's risk tier."""
    demo: bool = False

    @property
    def digest(self) -> Digest:
        """Digest of everything the answer may depend on."""
        return digest_of(
            {
                "verb": self.verb,
                "use_case": self.use_case,
                "principal": self.principal,
                "kind": str(self.kind),
                "roles": sorted(map(str, self.roles)),
                "did": sorted(map(str, self.did)),
                "quorum": str(self.quorum),
                "risk": str(self.risk),
                "demo": self.demo,
            }
        )
