"""Delivery: what is ready leaves through its connector, once per key as far as that promises.

The outbox row says ``sending`` before the first byte leaves. A process that dies there leaves the
row behind; whoever finds it asks the connector's promise: a native key is sent again, a look-up
asks first, and where there is neither the outcome is unknown and a person decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from roadworthy.casework.case import CaseRecord, Event, State, move
from roadworthy.casework.effect import (
    SETTLED,
    EffectEvent,
    EffectRecord,
    EffectState,
    Idempotency,
    move_effect,
)
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.errors import Conflict, Corrupt, InputProblem, Refused, Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import weighed_arguments, why_not_leave
from roadworthy.operate.jobs import delivery_job, open_review
from roadworthy.operate.spotchecks.drawing import draw_for_check
from roadworthy.ports import Connector, LoadedRelease, Transaction

MAX_ATTEMPTS = 8
_UNCLEAR = {
    EffectState.UNKNOWN: "nobody knows whether it was felt",
    EffectState.FAILED: "it could not be sent, or its receiver refused it",
}
_WAITING = frozenset({EffectState.UNKNOWN, EffectState.FAILED, EffectState.PROPOSED})


def deliver(deployment: Deployment, case_id: str) -> None:
    """Send what is ready of a case and close it when all is settled. Run twice: the second finds nothing to do."""
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, case_id)
        effects = deployment.store.effects.of_case(tx, case_id)
    if case is None or case.state is not State.DELIVERING:
        return
    release = deployment.loader.load(case.release)
    after = tuple(
        deliver_effect(deployment, release, case, effect)
        if effect.state in {EffectState.READY, EffectState.SENDING}
        else effect
        for effect in effects
    )
    _conclude(deployment, release, case, after)


def deliver_effect(
    deployment: Deployment, release: LoadedRelease, case: CaseRecord, effect: EffectRecord
) -> EffectRecord:
    """One attempt at one effect; returns the row as it stands afterwards.

    Still ``ready`` or ``sending`` afterwards means: not answered yet, try again later.
    """
    connector = release.tools[effect.tool]
    stopped = deployment.clearance.why_not(
        f"use_case:{case.use_case}", f"release:{case.release}", f"tool:{effect.tool}"
    )
    if stopped and effect.state is EffectState.READY:
        return _settle(deployment, effect, EffectEvent.PARKED, case, {"reason": stopped})
    if effect.state is EffectState.SENDING and connector.idempotency is Idempotency.NONE:
        return _settle(
            deployment, effect, EffectEvent.LOST, case, {"reason": "the process died while sending"}
        )
    if stopped:
        return effect
    try:
        if effect.state is EffectState.SENDING and connector.idempotency is Idempotency.LOOKUP:
            felt = connector.lookup(effect.key)
            if felt is not None:
                return _settle(deployment, effect, EffectEvent.CONFIRMED, case, {}, response=felt)
        effect, arguments = _start(deployment, release, case, effect)
        if effect.state is not EffectState.SENDING:
            return effect
        response = connector.send(effect.key, arguments)
    except Unavailable as problem:
        return _failed_attempt(deployment, connector, case, effect, problem)
    except (InputProblem, Refused, Corrupt) as problem:
        return _settle(deployment, effect, EffectEvent.FAILED, case, {"reason": problem.message})
    return _settle(deployment, effect, EffectEvent.CONFIRMED, case, {}, response=response)


def _start(
    deployment: Deployment, release: LoadedRelease, case: CaseRecord, effect: EffectRecord
) -> tuple[EffectRecord, Mapping[str, object]]:
    """Note that sending begins, or ask a person where what let the effect leave no longer holds."""
    charter = release.charter
    with deployment.store.write() as tx:
        arguments = weighed_arguments(deployment, tx, case, charter.tools[effect.tool], effect)
        # What may have been felt already is brought to its end.
        held = effect.state is EffectState.READY and why_not_leave(deployment, tx, case, charter, effect)
        if held:
            asked = replace(
                effect,
                state=move_effect(effect.state, EffectEvent.HELD),
                reasons=(held,),
                approved_by="",
                version=effect.version + 1,
                updated_at=deployment.now(),
            )
            deployment.store.effects.save(tx, asked, expected=effect.version)
            deployment.record(
                tx,
                "effect.held",
                "system",
                {"effect": effect.id, "case": case.id, "use_case": case.use_case},
                {"tool": effect.tool, "reason": held},
            )
            return asked, arguments
        started = replace(
            effect,
            state=move_effect(effect.state, EffectEvent.STARTED),
            attempts=effect.attempts + 1,
            version=effect.version + 1,
            updated_at=deployment.now(),
        )
        deployment.store.effects.save(tx, started, expected=effect.version)
    return started, arguments


def _failed_attempt(
    deployment: Deployment,
    connector: Connector,
    case: CaseRecord,
    effect: EffectRecord,
    problem: Unavailable,
) -> EffectRecord:
    if effect.state is not EffectState.SENDING:
        return effect  # the look-up itself failed: nothing was sent, ask again later
    if effect.attempts >= MAX_ATTEMPTS:
        event = EffectEvent.FAILED if problem.retry_is_safe else EffectEvent.LOST
        return _settle(deployment, effect, event, case, {"reason": problem.message})
    if problem.retry_is_safe:
        return _settle(deployment, effect, EffectEvent.RETRIED, case, {"reason": problem.message})
    if connector.idempotency is Idempotency.NONE:
        return _settle(deployment, effect, EffectEvent.LOST, case, {"reason": problem.message})
    return effect


def _settle(
    deployment: Deployment,
    effect: EffectRecord,
    event: EffectEvent,
    case: CaseRecord,
    data: Mapping[str, object],
    *,
    response: Mapping[str, object] | None = None,
) -> EffectRecord:
    """Write down how an attempt ended. Somebody else's newer word wins."""
    try:
        with deployment.store.write() as tx:
            settled = replace(
                effect,
                state=move_effect(effect.state, event),
                version=effect.version + 1,
                response=json.dumps(response, default=str) if response is not None else effect.response,
                updated_at=deployment.now(),
            )
            deployment.store.effects.save(tx, settled, expected=effect.version)
            deployment.record(
                tx,
                f"effect.{event}",
                "system",
                {"effect": effect.id, "case": case.id, "use_case": case.use_case},
                {"tool": effect.tool, "attempts": settled.attempts, "state": str(settled.state), **data},
            )
            return settled
    except Conflict:
        with deployment.store.read() as tx:
            return deployment.store.effects.get(tx, effect.id) or effect


def _conclude(
    deployment: Deployment, release: LoadedRelease, case: CaseRecord, effects: tuple[EffectRecord, ...]
) -> None:
    """Close the case, park it, ask a person, or come back later."""
    with deployment.store.write() as tx:
        fresh = deployment.store.cases.get(tx, case.id)
        if fresh is None or fresh.state is not State.DELIVERING or fresh.version != case.version:
            return
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
        elif any(effect.state in {EffectState.READY, EffectState.SENDING} for effect in effects):
            attempt = max(effect.attempts for effect in effects)
            delay_s = min(300.0, 0.5 * 2**attempt)
            deployment.engine.enqueue(tx, delivery_job(fresh, attempt=attempt, delay_s=delay_s))
        else:
            unclear = [effect for effect in effects if effect.state in _WAITING]
            waiting = replace(
                fresh,
                state=move(fresh.state, Event.ASKED),
                version=fresh.version + 1,
                updated_at=deployment.now(),
            )
            deployment.store.cases.save(tx, waiting, expected=fresh.version)
            asked = {
                review.effect
                for review in deployment.store.reviews.of_case(tx, case.id)
                if review.state is ReviewState.OPEN
            }
            for effect in unclear:
                if effect.id in asked:
                    continue
                held = effect.state is EffectState.PROPOSED
                open_review(
                    deployment,
                    tx,
                    waiting,
                    release.charter,
                    ReviewKind.EFFECT if held else ReviewKind.UNCLEAR,
                    reasons=effect.reasons if held else (_UNCLEAR[effect.state],),
                    effect=effect,
                )


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
    closed = replace(
        case,
        state=move(case.state, event),
        version=case.version + 1,
        reason=reason,
        updated_at=deployment.now(),
    )
    deployment.store.cases.save(tx, closed, expected=case.version)
    deployment.record(
        tx,
        "case.closed",
        actor,
        {"case": case.id, "use_case": case.use_case},
        {"handled_by": closed.handled_by, "cost_nano": str(closed.cost.nano), "reason": reason},
    )
    draw_for_check(deployment, tx, closed)
    return closed
