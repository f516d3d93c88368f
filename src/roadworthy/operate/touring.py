"""The tour of an example company: what a visitor has seen and done, as far as it is on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from roadworthy.casework.effect import EffectRecord, Refusal
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.ports.ledgers import Wanted
from roadworthy.principal import Principal, Stop
from roadworthy.release import Release
from roadworthy.stage import Stage

_LOOKED_AT: Final = 200
"""Refused effects that are looked at for a telling one, and stops for one of this visitor's."""
_DULL: Final = ("confidence ", "release ", "undo: ", "no certificate ")
"""How reasons begin that are everyday work, and no rule that held something back."""


@dataclass(frozen=True, slots=True)
class Sights:
    """What there is to see, and what this visitor did. None: there is no such thing here."""

    refusal: EffectRecord | None
    rolled_back: Release | None
    has_decided: bool
    stop: Stop | None
    """The newest stop this visitor threw."""


def has_tour(deployment: Deployment, tx: Transaction) -> bool:
    """Only where accounts of an example company are: nobody is shown around real work."""
    return any(one.demo for one in deployment.store.people.all(tx))


def sights(
    deployment: Deployment, tx: Transaction, visitor: Principal, use_cases: tuple[str, ...]
) -> Sights:
    """What is on record, of these use cases. What is looked at is bounded, however many cases there are."""
    store = deployment.store
    decided = store.ledger_index.find(tx, Wanted(kinds=("review.decided",), actor=visitor.id), limit=1)
    stops = store.switches.history(tx, limit=_LOOKED_AT).rows
    return Sights(
        refusal=_refusal(deployment, tx, use_cases),
        rolled_back=_rolled_back(deployment, tx, use_cases),
        has_decided=bool(decided.entries),
        stop=next((one for one in stops if one.stopped_by == visitor.id), None),
    )


def _refusal(deployment: Deployment, tx: Transaction, use_cases: tuple[str, ...]) -> EffectRecord | None:
    """The most telling: steered from outside, else against a rule, else too unsure; of those the newest."""
    found = deployment.store.effects.refusals(tx, use_cases, limit=_LOOKED_AT)
    best = min((one for one in found if one.reasons), key=_dullness, default=None)
    return deployment.store.effects.get(tx, best.effect) if best else None


def _dullness(found: Refusal) -> int:
    if found.untrusted:
        return 0
    return 2 if all(reason.startswith(_DULL) for reason in found.reasons) else 1


def _rolled_back(deployment: Deployment, tx: Transaction, use_cases: tuple[str, ...]) -> Release | None:
    halted = [
        release
        for rollout in deployment.store.releases.rollouts(tx, use_cases).values()
        for release in rollout.releases
        if release.stage is Stage.HALTED and release.reason
    ]
    return max(halted, key=lambda one: one.stage_since, default=None)
