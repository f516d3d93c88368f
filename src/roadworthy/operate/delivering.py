"""Delivery: what is ready leaves through its connector, once per key as far as that promises.

The outbox row says ``sending`` before the first byte leaves. A process that dies there leaves the
row behind; whoever finds it asks the connector's promise: a native key is sent again, a look-up
asks first, and where there is neither the outcome is unknown and a person decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from roadworthy.casework.case import CaseRecord, Event, State, move
from roadworthy.casework.effect import (
    SETTLED,
    EffectEvent,
    EffectRecord,
    EffectState,
    Idempotency,
    move_effect,
)
from roadworthy.casework.review import ReviewState
from roadworthy.charter import seconds
from roadworthy.errors import Conflict, Corrupt, InputProblem, Refused, Unavailable
from roadworthy.operate.clearance import is_lost
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import weighed_arguments, why_not_leave
from roadworthy.operate.doubts import no_more_doubt
from roadworthy.operate.effects.looking_up import look_up, may_be_looked_up
from roadworthy.operate.effects.moving import MAX_ATTEMPTS, kept, lane_of, moved, scopes, wait_s
from roadworthy.operate.effects.pacing import answered, failed, hold, take_turn, wake_behind
from roadworthy.operate.effects.undoing import undone
from roadworthy.operate.jobs import ask_of_effect, delivery_job
from roadworthy.operate.progress import moved_on
from roadworthy.operate.spotchecks.drawing import draw_for_check
from roadworthy.ports import Connector, LoadedRelease, Transaction

EARLY = timedelta(milliseconds=50)
"""Clocks of machines differ: so much before its time is its time."""
FRESH = timedelta(seconds=5)
"""A process that was frozen for longer between its note and the first byte does not send: others went on."""
_WAITING = frozenset({EffectState.UNKNOWN, EffectState.DEAD, EffectState.PROPOSED})
_MOVING = frozenset({EffectState.READY, EffectState.SENDING})


def deliver(deployment: Deployment, reference: str) -> None:
    """Send what is ready of a case and close it when all is settled. Run twice: the second finds nothing to do.

    ``reference`` is a case, or a case and the one effect of it that was woken (``case/effect``).
    """
    case_id, _, woken = reference.partition("/")
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, case_id)
        effects = deployment.store.effects.of_case(tx, case_id)
    if case is None or case.state is not State.DELIVERING:
        return
    release = deployment.loader.load(case.release)
    effects = tuple(effect for effect in effects if not effect.undoes)
    after = tuple(
        deliver_effect(deployment, release, case, effect) if _is_its_turn(effect, woken) else effect
        for effect in effects
    )
    _conclude(deployment, release, case, after, woken=woken)


def _is_its_turn(effect: EffectRecord, woken: str) -> bool:
    if woken:
        # Another job may be sending it at this moment: what is sending is left to that one.
        return effect.id == woken and (effect.state is not EffectState.SENDING or bool(effect.held))
    return effect.state in _MOVING or (effect.state is EffectState.UNKNOWN and effect.due_at is not None)


def deliver_effect(
    deployment: Deployment, release: LoadedRelease, case: CaseRecord, effect: EffectRecord
) -> EffectRecord:
    """One attempt at one effect; returns the row as it stands afterwards.

    Still ``ready`` or ``sending`` afterwards means: not answered yet, try again at its ``due_at``, or, where it is
    held, once somebody wakes it. An unknown one with a ``due_at`` is asked about again then.
    """
    if effect.due_at is not None and deployment.now() < effect.due_at - EARLY:
        return effect
    try:
        return _attempt(deployment, release, case, effect)
    except Conflict:
        with deployment.store.read() as tx:  # somebody else's newer word wins
            return deployment.store.effects.get(tx, effect.id) or effect


def _attempt(
    deployment: Deployment, release: LoadedRelease, case: CaseRecord, effect: EffectRecord
) -> EffectRecord:
    connector = release.tools[effect.tool]
    stopped = deployment.clearance.why_not(*scopes(case, effect))
    if stopped and effect.state is EffectState.READY and not is_lost(stopped):
        return _settle(deployment, effect, EffectEvent.PARKED, {"reason": stopped})
    unclear = effect.state is EffectState.SENDING
    if unclear and connector.idempotency is Idempotency.NONE:
        if deployment.now() < attempt_over(release, effect):
            return effect  # another job may be sending it at this moment
        return _settle(deployment, effect, EffectEvent.LOST, {"reason": "the process died while sending"})
    if stopped:
        return effect
    if effect.state is EffectState.UNKNOWN or (unclear and may_be_looked_up(release, effect)):
        effect = look_up(deployment, release, case, effect)
        if effect.state is not EffectState.READY:
            return _after(deployment, effect)
        unclear = False
    try:
        effect, arguments, ailing = _start(deployment, release, case, effect)
    except (InputProblem, Refused, Corrupt) as problem:
        # Nothing has left with this attempt. What an earlier one did is not undone by that.
        event = EffectEvent.LOST if unclear else EffectEvent.FAILED
        return _settle(deployment, effect, event, {"reason": problem.message})
    if effect.state is not EffectState.SENDING or effect.held:
        return effect
    if deployment.now() - (effect.sent_at or deployment.now()) > FRESH:
        return _not_sent(deployment, effect, unclear=unclear)
    try:
        response = connector.send(effect.key, arguments)
    except Unavailable as problem:
        return _failed_attempt(deployment, connector, effect, problem, unclear=unclear)
    except Refused as problem:
        # Our own side holds the tool: nothing left, and it may leave once that is over.
        event = EffectEvent.LOST if unclear else EffectEvent.PARKED
        return _settle(deployment, effect, event, {"reason": problem.message})
    except (InputProblem, Corrupt) as problem:
        return _settle(deployment, effect, EffectEvent.FAILED, {"reason": problem.message}, ailing=ailing)
    return _settle(deployment, effect, EffectEvent.CONFIRMED, {}, response=response, ailing=ailing)


def _start(
    deployment: Deployment, release: LoadedRelease, case: CaseRecord, effect: EffectRecord
) -> tuple[EffectRecord, Mapping[str, object], bool]:
    """Note that sending begins and take a place in the tool's pace, or wait for one.

    Or ask a person where what let the effect leave no longer holds. The last answer: its receiver ailed before.
    """
    charter = release.charter
    tool = charter.tools[effect.tool]
    with deployment.store.write() as tx:
        arguments = weighed_arguments(deployment, tx, case, tool, effect)
        # What may have been felt already is brought to its end.
        doubted = effect.state is EffectState.READY and why_not_leave(deployment, tx, case, charter, effect)
        if doubted:
            asked = moved(
                deployment, tx, effect, EffectEvent.HELD, {"reason": doubted},
                reasons=(doubted,), approved_by="",
            )  # fmt: skip
            return asked, arguments, False
        # A person may have edited what orders it.
        lane = lane_of(deployment, case, effect.tool, tool, arguments)
        waits, pace = take_turn(deployment, tx, case, tool, replace(effect, lane=lane))
        if waits:
            return hold(deployment, tx, replace(effect, lane=lane), waits), arguments, False
        started = kept(
            deployment, tx, effect,
            state=move_effect(effect.state, EffectEvent.STARTED), lane=lane, held="", held_since=None, due_at=None,
            attempts=effect.attempts + 1, sent_at=deployment.now(), lookups=0,
        )  # fmt: skip
    return started, arguments, pace is not None


def _not_sent(deployment: Deployment, effect: EffectRecord, *, unclear: bool) -> EffectRecord:
    if unclear:
        return effect
    reason = {"reason": "the process was held up before it sent"}
    return _settle(deployment, effect, EffectEvent.RETRIED, reason, attempts=effect.attempts - 1)


def _failed_attempt(
    deployment: Deployment,
    connector: Connector,
    effect: EffectRecord,
    problem: Unavailable,
    *,
    unclear: bool,
) -> EffectRecord:
    """What an unanswered attempt leaves. ``unclear``: an earlier one may have been felt."""
    with deployment.store.write() as tx:
        counts, left_alone_s = failed(deployment, tx, effect, problem)
        attempts = effect.attempts if counts else effect.attempts - 1
        wait = wait_s(effect, attempts, asked_s=max(problem.asked_s or 0.0, left_alone_s))
        due_at = deployment.now() + timedelta(seconds=wait)
        why = {"reason": problem.message}
        surely_not = problem.retry_is_safe and not unclear
        if connector.idempotency is Idempotency.LOOKUP and not surely_not:
            soon = deployment.now() + timedelta(seconds=wait_s(effect, 1))
            return moved(deployment, tx, effect, EffectEvent.LOST, why, due_at=soon)
        # Attempts go on counting after a person let it be tried again.
        if counts and attempts % MAX_ATTEMPTS == 0:
            event = EffectEvent.FAILED if surely_not else EffectEvent.LOST
            return _after(deployment, moved(deployment, tx, effect, event, why), tx)
        if surely_not:
            return moved(deployment, tx, effect, EffectEvent.RETRIED, why, attempts=attempts, due_at=due_at)
        if connector.idempotency is Idempotency.NATIVE:
            return kept(deployment, tx, effect, attempts=attempts, due_at=due_at)
        return _after(deployment, moved(deployment, tx, effect, EffectEvent.LOST, why), tx)


def _settle(
    deployment: Deployment,
    effect: EffectRecord,
    event: EffectEvent,
    data: Mapping[str, object],
    *,
    response: Mapping[str, object] | None = None,
    ailing: bool = False,
    **changed: Any,
) -> EffectRecord:
    """Write down how an attempt ended. Somebody else's newer word wins, but what was felt was felt."""
    if response is not None:
        changed["response"] = json.dumps(response, default=str)
    try:
        with deployment.store.write() as tx:
            if ailing:
                answered(deployment, tx, effect)
            return _after(deployment, moved(deployment, tx, effect, event, data, **changed), tx)
    except Conflict:
        with deployment.store.write() as tx:
            fresh = deployment.store.effects.get(tx, effect.id)
            if fresh is None or event is not EffectEvent.CONFIRMED:
                return fresh or effect
            if fresh.state not in {EffectState.SENDING, EffectState.UNKNOWN, EffectState.DEAD}:
                return fresh
            felt = moved(deployment, tx, fresh, event, data, **changed)
            no_more_doubt(deployment, tx, felt)
            return _after(deployment, felt, tx)


def _after(deployment: Deployment, effect: EffectRecord, tx: Transaction | None = None) -> EffectRecord:
    """What follows from the state it has come to: its original is undone, the next in its lane goes."""
    if effect.state not in SETTLED:
        return effect
    if tx is None:
        with deployment.store.write() as own:
            return _after(deployment, effect, own)
    if effect.state is EffectState.CONFIRMED:
        undone(deployment, tx, effect)
    wake_behind(deployment, tx, effect)
    return effect


def _conclude(
    deployment: Deployment,
    release: LoadedRelease,
    case: CaseRecord,
    effects: tuple[EffectRecord, ...],
    *,
    woken: str = "",
) -> None:
    """Close the case, park it, ask a person, or come back later."""
    with deployment.store.write() as tx:
        fresh = deployment.store.cases.get(tx, case.id)
        if fresh is None or fresh.state is not State.DELIVERING or fresh.version != case.version:
            return
        if woken:  # others of the case may be on their way in other jobs
            known = deployment.store.effects.of_case(tx, case.id)
            effects = tuple(effect for effect in known if not effect.undoes)
        for effect in effects:
            wake_behind(deployment, tx, effect)  # a person may have settled it
        if all(effect.state in SETTLED for effect in effects):
            close(deployment, tx, fresh, Event.DELIVERED, reason=fresh.reason)
        elif any(effect.state is EffectState.PARKED for effect in effects):
            parked = replace(
                fresh,
                state=move(fresh.state, Event.PARKED),
                version=fresh.version + 1,
                updated_at=deployment.now(),
            )
            deployment.store.cases.save(tx, parked, expected=fresh.version)
        elif any(_goes_on(effect) for effect in effects):
            _come_back(deployment, tx, release, fresh, effects, woken=woken)
        else:
            _ask_people(deployment, tx, release, fresh, effects)


def _goes_on(effect: EffectRecord) -> bool:
    return effect.state in _MOVING or (effect.state is EffectState.UNKNOWN and effect.due_at is not None)


def _come_back(
    deployment: Deployment,
    tx: Transaction,
    release: LoadedRelease,
    case: CaseRecord,
    effects: tuple[EffectRecord, ...],
    *,
    woken: str,
) -> None:
    """Look again when the first of them is due. What is held is woken by whoever ends that."""
    moments = [
        _due(deployment, release, effect) for effect in effects if _goes_on(effect) and not effect.held
    ]
    if not moments:
        return
    delay_s = max(0.0, (min(moments) - deployment.now()).total_seconds())
    # The chain of a case's own job never meets a key twice; woken ones only add to it where it ended.
    times = sum(effect.version for effect in effects)
    key = f"deliver:{case.id}:{case.version}:{times if woken else deployment.new_id()}"
    deployment.engine.enqueue(tx, replace(delivery_job(case), key=key, delay_s=delay_s))


def _due(deployment: Deployment, release: LoadedRelease, effect: EffectRecord) -> datetime:
    if effect.due_at is not None:
        return effect.due_at
    if effect.state is EffectState.SENDING and effect.sent_at is not None:
        return attempt_over(release, effect)
    return deployment.now() + timedelta(seconds=1)


def attempt_over(release: LoadedRelease, effect: EffectRecord) -> datetime:
    """When an attempt that somebody began has ended, or its process died."""
    timeout_s = seconds(release.charter.tools[effect.tool].timeout)
    return (effect.sent_at or effect.updated_at) + timedelta(seconds=timeout_s) + FRESH


def _ask_people(
    deployment: Deployment,
    tx: Transaction,
    release: LoadedRelease,
    case: CaseRecord,
    effects: tuple[EffectRecord, ...],
) -> None:
    waiting = moved_on(deployment, tx, case, Event.ASKED)
    reviews = deployment.store.reviews.of_case(tx, case.id)
    asked = {review.effect for review in reviews if review.state is ReviewState.OPEN}
    for effect in effects:
        if effect.state in _WAITING and effect.id not in asked:
            ask_of_effect(deployment, tx, waiting, release.charter, effect)


def close(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    event: Event,
    *,
    reason: str,
    actor: str = "system",
) -> CaseRecord:
    """The case is over, however it came to that. Its cost includes interrupted attempts.

    What left without a person gets its draw in the same transaction, also where a person ended the case.
    """
    closed = moved_on(deployment, tx, case, event, reason=reason)
    deployment.record(
        tx,
        "case.closed",
        actor,
        {"case": case.id, "use_case": case.use_case},
        {"handled_by": closed.handled_by, "cost_nano": str(closed.cost.nano), "reason": reason},
    )
    draw_for_check(deployment, tx, closed)
    return closed
