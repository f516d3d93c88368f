"""Who acts: people, service accounts and agents, their roles, and what a role may ask for.

Deny by default: a verb that no line names is allowed to nobody. Separation of duties (an author
does not approve, a stop is lifted by a second person) depends on who did what before and is
decided where that is known; this table answers only "may this role ask at all?".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from roadworthy.errors import InputProblem, Problem, Refused


class Kind(StrEnum):
    """Who can act."""

    PERSON = "person"
    SERVICE = "service"
    AGENT = "agent"


class Role(StrEnum):
    """What somebody is trusted with."""

    OWNER = "owner"
    BUILDER = "builder"
    REVIEWER = "reviewer"
    RISK_OFFICER = "risk_officer"
    OPERATOR = "operator"
    ADMIN = "admin"
    AUDITOR = "auditor"
    CLIENT = "client"


_EVERYBODY = frozenset(Role) - {Role.CLIENT}

VERBS: dict[str, frozenset[Role]] = {
    "charter.register": frozenset({Role.BUILDER, Role.OWNER}),
    "measure": frozenset({Role.BUILDER, Role.OPERATOR, Role.OWNER, Role.RISK_OFFICER}),
    "data.repair": frozenset({Role.OWNER, Role.BUILDER, Role.REVIEWER, Role.RISK_OFFICER}),
    "knowledge.build": frozenset({Role.OWNER, Role.BUILDER, Role.OPERATOR, Role.REVIEWER}),
    "knowledge.read": frozenset({Role.OWNER, Role.BUILDER, Role.REVIEWER, Role.RISK_OFFICER}),
    "subject.erase": frozenset({Role.OWNER, Role.RISK_OFFICER}),
    "idea.read": _EVERYBODY,
    "idea.write": frozenset({Role.OWNER, Role.BUILDER, Role.RISK_OFFICER, Role.OPERATOR}),
    "gate.read": _EVERYBODY,
    "release.build": frozenset({Role.BUILDER}),
    "release.promote": frozenset({Role.OWNER, Role.BUILDER, Role.OPERATOR}),
    "release.abort": frozenset({Role.OWNER, Role.BUILDER, Role.OPERATOR, Role.RISK_OFFICER, Role.ADMIN}),
    "release.approve": frozenset({Role.OWNER, Role.RISK_OFFICER}),
    "waiver.grant": frozenset({Role.RISK_OFFICER, Role.OWNER}),
    "case.submit": frozenset({Role.CLIENT, Role.BUILDER, Role.OPERATOR, Role.OWNER}),
    "outcome.record": frozenset({Role.CLIENT, Role.REVIEWER, Role.OPERATOR, Role.OWNER}),
    "case.rate": frozenset({Role.CLIENT, Role.OPERATOR, Role.OWNER}),
    "case.read": _EVERYBODY,
    "case.read_content": frozenset({Role.REVIEWER, Role.RISK_OFFICER, Role.OWNER, Role.BUILDER}),
    "effect.park": frozenset({Role.OPERATOR, Role.OWNER, Role.RISK_OFFICER, Role.BUILDER}),
    "effect.release": frozenset({Role.OPERATOR, Role.OWNER, Role.RISK_OFFICER}),
    "review.read": frozenset({Role.REVIEWER, Role.RISK_OFFICER, Role.OWNER, Role.OPERATOR}),
    "review.decide": frozenset({Role.REVIEWER, Role.RISK_OFFICER, Role.OWNER}),
    "review.assign": frozenset({Role.RISK_OFFICER, Role.OWNER}),
    "review.stats": frozenset({Role.OWNER}),
    "stop": frozenset({Role.OWNER, Role.BUILDER, Role.RISK_OFFICER, Role.OPERATOR, Role.ADMIN}),
    "resume": frozenset({Role.OWNER, Role.RISK_OFFICER}),
    "gateway.key": frozenset({Role.BUILDER, Role.OPERATOR, Role.OWNER, Role.ADMIN}),
    "ledger.verify": frozenset({Role.RISK_OFFICER, Role.AUDITOR, Role.OPERATOR, Role.ADMIN, Role.OWNER}),
    "account.administer": frozenset({Role.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in person, a service account or an agent. ``demo`` marks accounts of the example company."""

    id: str
    name: str
    kind: Kind
    roles: frozenset[Role]
    demo: bool = False
    disabled: bool = False
    use_case: str = ""
    """A key may be bound to one use case; empty means that the principal is bound to none."""


SYSTEM = Principal("system", "Roadworthy", Kind.SERVICE, frozenset())
"""Acts where no person asked: rollbacks, timers, the sequencer. Holds no role, so it can approve nothing."""


def parse_roles(names: Iterable[str]) -> frozenset[Role]:
    """Roles by name. Errors: ``InputProblem`` naming every unknown one."""
    wanted = list(names)
    unknown = [name for name in wanted if name not in set(Role)]
    if unknown:
        known = ", ".join(Role)
        raise InputProblem(
            "RW-ACCESS-003",
            [Problem(f"`{name}` is no role", hint=f"roles are {known}") for name in unknown],
        )
    return frozenset(Role(name) for name in wanted)


def allows(principal: Principal, verb: str, *, use_case: str = "") -> bool:
    """May this principal ask for the verb (on this use case)?"""
    if principal.disabled or (principal.use_case and principal.use_case != use_case):
        return False
    return bool(principal.roles & VERBS.get(verb, frozenset()))


def require(principal: Principal, verb: str, *, use_case: str = "") -> None:
    """Refuse unless ``allows``. Errors: ``Refused`` naming the roles that may."""
    if not allows(principal, verb, use_case=use_case):
        roles = sorted(VERBS.get(verb, frozenset()))
        raise Refused(
            "RW-ACCESS-001",
            f"`{verb}` is not allowed to {principal.name or principal.id}",
            reasons=[f"needs one of the roles {', '.join(roles)}" if roles else "allowed to nobody"],
            may_overrule="admin",
            hint="sign in as somebody who holds the role: `roadworthy login`",
        )


def require_person(principal: Principal, what: str) -> None:
    """Refuse a service account or an agent where a person must answer."""
    if principal.kind is not Kind.PERSON:
        raise Refused(
            "RW-ACCESS-002",
            f"{what} needs a person, found a {principal.kind}",
            reasons=["an agent or a service account cannot give a person's yes"],
        )


def require_second(principal: Principal, first: str, what: str) -> None:
    """Refuse the person who already acted. No exemption for any role, admin included."""
    if principal.id == first:
        raise Refused(
            "RW-ACCESS-004",
            f"{what} needs a second person",
            reasons=[f"{principal.name} acted first"],
            hint="ask somebody else who holds the role",
        )


@dataclass(frozen=True, slots=True)
class Approval:
    """A principal's signed yes to one digest: a release, an effect's arguments, a resume."""

    id: str
    use_case: str
    kind: str
    digest: str
    role: Role
    principal: str
    demo: bool
    reason: str
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Stop:
    """The stop switch thrown for a scope: ``all``, ``use_case:support``, ``release:…``, ``tool:…``."""

    id: str
    scope: str
    reason: str
    stopped_by: str
    stopped_at: datetime
    resumed_by: str = ""
    resumed_at: datetime | None = None
