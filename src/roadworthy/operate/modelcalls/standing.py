"""How budgets of calls stand, for people."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Page
from roadworthy.principal import Principal, allows, require
from roadworthy.quantities import Cost
from roadworthy.usage import Call, Level


@dataclass(frozen=True, slots=True)
class Standing:
    """One budget: what was spent, is held, and was charged for processes that died."""

    id: str
    level: Level
    limit: int
    spent: int
    held: int
    unattributed: int

    @property
    def left(self) -> int:
        """What may still be held; never below nothing."""
        return max(0, self.limit - self.spent - self.held)

    def as_json(self) -> dict[str, object]:
        """Plain JSON values; money as text."""
        return {
            "id": self.id,
            "level": self.level,
            "limit": str(Cost(self.limit)),
            "spent": str(Cost(self.spent)),
            "held": str(Cost(self.held)),
            "left": str(Cost(self.left)),
            "unattributed": str(Cost(self.unattributed)),
        }


def standing(
    deployment: Deployment,
    principal: Principal,
    *,
    level: Level | None = None,
    after: str = "",
    limit: int = 100,
) -> Page[Standing]:
    """Budgets that calls were ever made under, by id. Of use cases that the principal may see."""
    require(principal, "gate.read", use_case=principal.use_case)
    with deployment.store.read() as tx:
        found = deployment.store.metering.budgets(tx, level=level, after=after, limit=limit)
        rest = deployment.store.metering.unattributed(tx, [one.id for one in found.rows])
    rows = tuple(
        Standing(one.id, one.level, one.limit, one.spent, one.held, rest.get(one.id, 0))
        for one in found.rows
        if not principal.use_case or allows(principal, "gate.read", use_case=_use_case(one.id))
    )
    return Page(rows, found.after)


def calls_of_case(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    key: str,
    *,
    after: str = "",
    limit: int = 100,
) -> Page[Call]:
    """What the models of a case were called for, and what each call cost, oldest first; steps of a workflow too."""
    require(principal, "case.read", use_case=use_case)
    reference = deployment.case_reference(use_case, key)
    with deployment.store.read() as tx:
        return deployment.store.metering.of_case(tx, use_case, reference, after=after, limit=limit)


def _use_case(id_: str) -> str:
    """The use case that a budget's id names; empty for those above."""
    level, _, rest = id_.partition(":")
    if level == Level.USE_CASE:
        return rest.rpartition("@")[0]
    return rest.partition("/")[0] if level == Level.CASE else ""
