"""Tending: a round that finds effects whose waker was lost, and asks about those that nobody asks about."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import EffectEvent, EffectRecord, EffectState
from roadworthy.errors import Conflict, RoadworthyError
from roadworthy.operate.delivering import deliver_effect
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.doubts import no_more_doubt
from roadworthy.operate.effects.looking_up import look_up, may_be_looked_up, never_felt_from
from roadworthy.operate.effects.moving import moved, woken
from roadworthy.operate.effects.pacing import wake_asleep
from roadworthy.ports import Job

EVERY_S: Final = 30.0
ASLEEP: Final = timedelta(minutes=2)
"""Whoever is due or waits for longer than this is looked at: its own job would have come by then."""
BATCH: Final = 200
MOST: Final = 2_000


def tend_effects(deployment: Deployment) -> int:
    """A duty: one round over what is overdue; returns how many it touched. Twice at once: nothing is sent twice."""
    touched, after = 0, ""
    before = deployment.now() - ASLEEP
    while touched < MOST:
        with deployment.store.read() as tx:
            page = deployment.store.effects.overdue(tx, before, after=after, limit=BATCH)
        for effect in page.rows:
            try:
                touched += _tend(deployment, effect)
            except Conflict:
                continue  # somebody moved it meanwhile
        after = page.after
        if not after:
            break
    return touched + _tend_strays(deployment)


def _tend(deployment: Deployment, effect: EffectRecord) -> int:
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, effect.case)
    if case is None:
        return 0
    if effect.state is EffectState.UNKNOWN:
        return _ask(deployment, case, effect)
    if effect.state not in {EffectState.READY, EffectState.SENDING}:
        return 0
    with deployment.store.write() as tx:
        if effect.held and effect.held_since is not None:
            wake_asleep(deployment, tx, effect)
        elif effect.undoes or case.state is State.DELIVERING:
            job = woken(deployment, effect)
            minute = int(deployment.now().timestamp() // 60)
            again = Job(job.kind, f"{job.key}:tended:{minute}", job.reference)
            deployment.engine.enqueue(tx, again)
        else:
            return 0
    return 1


def _ask(deployment: Deployment, case: CaseRecord, effect: EffectRecord) -> int:
    """Look up what became of an unknown one, also where its case waits for a person already."""
    release = deployment.loader.load(effect.release)
    if not may_be_looked_up(release, effect):
        return 0
    if case.state is State.DELIVERING or effect.undoes:
        after = deliver_effect(deployment, release, case, effect)
    else:
        after = look_up(deployment, release, case, effect)
    if after.state in {EffectState.CONFIRMED, EffectState.READY}:
        with deployment.store.write() as tx:
            no_more_doubt(deployment, tx, after)
    return 1


def _tend_strays(deployment: Deployment) -> int:
    """What was being sent when its case was taken from under it is unknown once its attempt is over."""
    with deployment.store.read() as tx:
        sending = deployment.store.effects.in_state(tx, EffectState.SENDING, limit=BATCH)
    touched = 0
    for effect in sending:
        try:
            touched += _stray(deployment, effect)
        except RoadworthyError:
            continue  # its release cannot be loaded: the next round looks again
    return touched


def _stray(deployment: Deployment, effect: EffectRecord) -> int:
    tool = deployment.loader.charter(effect.release).tools[effect.tool]
    with deployment.store.write() as tx:
        case = deployment.store.cases.get(tx, effect.case)
        if case is None or case.state in {State.DELIVERING, State.OPEN} or effect.undoes:
            return 0
        if deployment.now() < never_felt_from(tool, effect):
            return 0
        due_at = deployment.now() if tool.idempotency == "lookup" else None
        reason = {"reason": "its case was taken from under it while it was sent"}
        moved(deployment, tx, effect, EffectEvent.LOST, reason, due_at=due_at)
    return 1
