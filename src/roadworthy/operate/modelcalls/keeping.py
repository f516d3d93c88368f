"""What a meter says to the store, each in one transaction with its ledger event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from roadworthy.operate.deployment import Deployment
from roadworthy.ports.metering import Spending
from roadworthy.quantities import Cost
from roadworthy.usage import Ask, Call, Grant, Level, Refusal, Tokens

MOST_TOLD: Final = 500
"""Budgets that a ledger event names; the finest levels are left out where there are more."""
ACTOR: Final = "system"
_LARGEST = 2**63 - 1
_LEVELS = [f"{level.value}@" if level is Level.PLATFORM else f"{level.value}:" for level in Level]


def lease(
    deployment: Deployment, owner: str, asks: Sequence[Ask], aside: Mapping[str, int]
) -> tuple[Grant | Refusal, ...]:
    """One answer for each ask. Errors: those of ``Metering.lease``."""
    with deployment.store.write() as tx:
        return deployment.store.metering.lease(tx, owner, asks, in_hand=aside)


def settle(deployment: Deployment, spending: Spending) -> None:
    """Keep a batch and say so in the ledger; kept before, nothing happens. Errors: ``Metering.settle``."""
    with deployment.store.write() as tx:
        settled = deployment.store.metering.settle(tx, spending)
        if settled is None or not settled.count:
            return
        data: dict[str, object] = {
            "root": settled.root,
            "count": settled.count,
            "sum": str(Cost(settled.sum)),
            "charged": told(settled.charged),
        }
        if spending.instead_of:
            data |= {"instead_of": spending.instead_of, "attributed": told(settled.attributed)}
        about = {"batch": spending.id, "owner": spending.owner}
        deployment.record(tx, "calls.settled", ACTOR, about, data)


def beat(deployment: Deployment, owner: str) -> bool:
    """Say that a process lives, and charge those that do not. False where it was charged itself."""
    with deployment.store.write() as tx:
        alive = deployment.store.metering.beat(tx, owner)
        for dead, amounts in deployment.store.metering.charge_dead(tx).items():
            if amounts:
                charged = {"charged": told(amounts)}
                deployment.record(tx, "calls.unattributed", ACTOR, {"owner": dead}, charged)
    return alive


def told(amounts: Mapping[str, int]) -> dict[str, str]:
    """Amounts as a ledger event states them: every budget above the case, as far as there is room."""
    found: dict[str, str] = {}
    above = sorted([each for each in amounts.items() if not each[0].startswith(_LEVELS[-1])])
    for level in _LEVELS[:-1]:
        here = {id_: str(Cost(nano)) for id_, nano in above if id_.startswith(level)}
        if len(found) + len(here) > MOST_TOLD:
            break
        found |= here
    return found


def fitting(spending: Spending) -> Spending:
    """The batch with every value such that a column holds it: what a server told may be no text or number."""
    return replace(spending, calls=tuple(_changed(call, _fitting) for call in spending.calls))


def _changed(call: Call, change: Callable[[Any], Any]) -> Call:
    tokens = call.tokens
    counts = Tokens(*map(change, msgspec.structs.astuple(tokens)))
    return Call(*map(change, call))._replace(tokens=counts)


def _fitting(value: Any) -> Any:
    if type(value) is str:
        return value.replace("\0", "�").encode("utf-8", "replace").decode()
    return min(value, _LARGEST) if type(value) is int else value
