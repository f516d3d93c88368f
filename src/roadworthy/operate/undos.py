"""Carrying out an undo: it leaves by the same door as any effect, whether or not its case is over."""

from __future__ import annotations

from dataclasses import replace

from roadworthy.casework.case import CaseRecord, Event, State
from roadworthy.casework.effect import SETTLED, EffectEvent, EffectRecord, EffectState
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.operate.delivering import close, deliver_effect
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import give_back, moved, woken
from roadworthy.operate.jobs import ask_of_effect
from roadworthy.ports import LoadedRelease, Transaction

_ASKED = frozenset({EffectState.UNKNOWN, EffectState.DEAD, EffectState.PROPOSED})


def carry_out_undo(deployment: Deployment, reference: str) -> None:
    """Handle one undo (``case/effect``). Run twice: the second finds nothing to do.

    Once all of a case have come to an end, what its halted release had not sent is off, and the case is closed.
    """
    case_id, _, effect_id = reference.partition("/")
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, case_id)
        effect = deployment.store.effects.get(tx, effect_id)
    if case is None or effect is None or not effect.undoes:
        return
    release = deployment.loader.load(effect.release)
    if effect.state in {EffectState.READY, EffectState.SENDING} or effect.is_looked_up:
        effect = deliver_effect(deployment, release, case, effect)
    with deployment.store.write() as tx:
        if effect.state in SETTLED:
            _end_correction(deployment, tx, case_id)
        elif effect.state in _ASKED and not effect.is_looked_up:
            _ask(deployment, tx, case, release, effect)
        elif effect.state is not EffectState.PARKED and not effect.held:
            due_at = effect.due_at or deployment.now()
            delay_s = max(1.0, (due_at - deployment.now()).total_seconds())
            job = woken(deployment, effect, delay_s=delay_s)
            deployment.engine.enqueue(tx, replace(job, key=f"{job.key}:{deployment.new_id()}"))


def _ask(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    release: LoadedRelease,
    effect: EffectRecord,
) -> None:
    known = deployment.store.reviews.of_case(tx, case.id)
    if any(one.effect == effect.id and one.state is ReviewState.OPEN for one in known):
        return
    ask_of_effect(
        deployment,
        tx,
        case,
        release.charter,
        effect,
        held=ReviewKind.CORRECTION,
        unclear=f"taking it back: the effect is {effect.state}",
    )


def _end_correction(deployment: Deployment, tx: Transaction, case_id: str) -> None:
    case = deployment.store.cases.get(tx, case_id)
    effects = deployment.store.effects.of_case(tx, case_id)
    reviews = deployment.store.reviews.of_case(tx, case_id)
    asked = any(one.is_owed for one in reviews)
    if case is None or asked or any(one.undoes and one.state not in SETTLED for one in effects):
        return
    for effect in effects:
        if effect.state is EffectState.PARKED:
            give_back(deployment, tx, effect)
            moved(deployment, tx, effect, EffectEvent.REFUSED, {"reason": "its release was taken back"})
    if case.state is State.WAITING:
        close(deployment, tx, case, Event.ENDED, reason="taken back")
