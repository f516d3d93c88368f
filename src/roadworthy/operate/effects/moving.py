"""Moving one effect on: its row and its ledger entry, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectEvent, EffectRecord, move_effect
from roadworthy.casework.review import Review
from roadworthy.casework.toolstate import held_scope
from roadworthy.charter import Tool
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Job, Transaction
from roadworthy.routing import Retries
from roadworthy.stage import SIMULATED

MAX_ATTEMPTS = 12
RETRIES = Retries(attempts=1_000_000, first_s=1.0, longest_s=300.0, patience_s=float("inf"))
TURN = "turn"


def moved(
    deployment: Deployment,
    tx: Transaction,
    effect: EffectRecord,
    event: EffectEvent,
    data: Mapping[str, object],
    *,
    actor: str = "system",
    **changed: object,
) -> EffectRecord:
    """The effect after the event, stored and on record. What held it and when it was due is over.

    Errors: ``Conflict`` where the event does not apply, or somebody else was faster.
    """
    fresh: dict[str, object] = {"held": "", "held_since": None, "due_at": None, **changed}
    after = replace(
        effect,
        state=move_effect(effect.state, event),
        version=effect.version + 1,
        updated_at=deployment.now(),
        **fresh,  # type: ignore[arg-type]
    )
    deployment.store.effects.save(tx, after, expected=effect.version)
    deployment.record(
        tx,
        f"effect.{event}",
        actor,
        {"effect": effect.id, "case": effect.case, "use_case": effect.use_case},
        {"tool": effect.tool, "attempts": after.attempts, "state": str(after.state), **data},
    )
    return after


def kept(deployment: Deployment, tx: Transaction, effect: EffectRecord, **changed: object) -> EffectRecord:
    """The effect in its state, with what changed about it. Errors: as ``moved``."""
    after = replace(
        effect,
        version=effect.version + 1,
        updated_at=deployment.now(),
        **changed,  # type: ignore[arg-type]
    )
    deployment.store.effects.save(tx, after, expected=effect.version)
    return after


def give_back(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> None:
    """Money that was set aside for an effect that never leaves is free again."""
    if effect.amount and effect.stage not in SIMULATED:
        day = effect.created_at.date()
        deployment.store.effects.reserve_spend(tx, effect.use_case, effect.tool, day, -effect.amount)


def scopes(case: CaseRecord, effect: EffectRecord) -> tuple[str, ...]:
    """What has to be clear before it leaves. Taking back is what the end of its release asks for."""
    release, tool = f"release:{case.release}", f"tool:{effect.tool}"
    if effect.undoes:
        return (f"use_case:{case.use_case}", tool, held_scope(release, tool))
    return (f"use_case:{case.use_case}", release, tool)


def lane_of(
    deployment: Deployment, case: CaseRecord, name: str, tool: Tool, arguments: Mapping[str, object]
) -> str:
    """The lane of an effect: one tool and one value of what orders it. Empty without an order, and for twins."""
    value = arguments.get(tool.ordered_by) if tool.ordered_by else None
    if value is None or case.twin:
        return ""
    return deployment.vault.pseudonym(f"\0lane\0{case.use_case}\0{name}\0{value!r}")


def goes_alone(deployment: Deployment, tx: Transaction, review: Review) -> bool:
    """What was answered is about an undo, which is carried out by itself, whatever its case does meanwhile."""
    effect = deployment.store.effects.get(tx, review.effect) if review.effect else None
    if effect is None or not effect.undoes:
        return False
    deployment.engine.enqueue(tx, woken(deployment, effect))
    return True


def wait_s(effect: EffectRecord, failed: int, *, asked_s: float = 0.0) -> float:
    """Seconds until it is tried again: doubled each time, spread by chance, never less than was asked for.

    The chance is drawn from the effect and the attempt: the same one waits equally long in every replay.
    """
    drawn = sha256(f"{effect.id}/{effect.version}".encode()).digest()
    chance = int.from_bytes(drawn[:6]) / 2**48
    return RETRIES.wait_s(max(1, failed), chance=chance, asked_s=asked_s) or RETRIES.longest_s


def woken(deployment: Deployment, effect: EffectRecord, *, delay_s: float = 0.0) -> Job:
    """The job that looks at this effect alone. Every version of it is woken once."""
    kind = "undo" if effect.undoes else "deliver"
    key = f"{kind}:{effect.id}:{effect.version}"
    return Job(kind, key, f"{effect.case}/{effect.id}", delay_s)
