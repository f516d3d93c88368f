"""The stop switch: one person stops, another resumes, and every worker says what it obeys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from roadworthy.casework.case import Event, State, move
from roadworthy.casework.effect import EffectEvent, EffectState, move_effect
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem
from roadworthy.operate.clearance import Stopped
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.jobs import delivery_job, segment_job
from roadworthy.operate.words import check_words
from roadworthy.ports import Job, Store
from roadworthy.principal import SYSTEM, Principal, Stop, require, require_person, require_second
from roadworthy.stage import ENDED

_KINDS = ("use_case", "release", "tool", "model")
BATCH = 200


def stop(deployment: Deployment, principal: Principal, scope: str, *, reason: str) -> Stop:
    """Throw the switch for ``all``, ``use_case:support``, ``release:sha256:…``, ``tool:refunds.issue`` or ``model:intent``."""
    use_case = scope.partition(":")[2] if scope.startswith("use_case:") else ""
    require(principal, "stop", use_case=use_case)
    check_words(scope=scope, reason=reason)
    kind, separator, name = scope.partition(":")
    if scope != "all" and (kind not in _KINDS or not separator or not name):
        raise InputProblem(
            "RW-STOP-001",
            Problem(
                f"`{scope}` is no scope",
                hint="`all`, or one of use_case:, release:, tool:, model: and a name",
            ),
        )
    if not reason.strip():
        raise InputProblem("RW-STOP-002", Problem("a stop needs a reason", hint="say why in a few words"))
    with deployment.store.read() as tx:
        for active in deployment.store.switches.active(tx):
            if (active.scope, active.stopped_by, active.reason) == (scope, principal.id, reason):
                return active
    return _throw(deployment, principal, scope, reason)


@contextmanager
def rehearsed_stop(deployment: Deployment, principal: Principal, use_case: str) -> Iterator[Stop]:
    """Throw the switch for a use case as a drill, and lift it again whatever happens in between.

    A drill lifts its own stop and no other: no second person is needed to end it.
    """
    require(principal, "stop", use_case=use_case)
    thrown = _throw(deployment, principal, f"use_case:{use_case}", "stop drill")
    try:
        yield thrown
    finally:
        _lift(deployment, SYSTEM, thrown, "stop drill over")


def resume(deployment: Deployment, principal: Principal, stop_id: str, *, reason: str) -> Stop:
    """Lift a stop, by a second person. What was parked goes on where it was.

    Errors: ``Conflict`` RW-STOP-004 if it was lifted already.
    """
    require(principal, "resume")
    require_person(principal, "resuming")
    check_words(reason=reason)
    with deployment.store.read() as tx:
        thrown = deployment.store.switches.get(tx, stop_id)
    if thrown is None:
        raise NotFound("RW-STOP-003", f"no stop `{stop_id}`")
    require_second(principal, thrown.stopped_by, "resuming")
    return _lift(deployment, principal, thrown, reason)


def _throw(deployment: Deployment, principal: Principal, scope: str, reason: str) -> Stop:
    with deployment.store.write() as tx:
        thrown = Stop(deployment.new_id(), scope, reason, principal.id, deployment.now())
        deployment.store.switches.add(tx, thrown)
        deployment.record(
            tx, "stop.thrown", principal.id, {"stop": thrown.id, "scope": scope}, {"reason": reason}
        )
    deployment.clearance.forget()
    return thrown


def _lift(deployment: Deployment, principal: Principal, thrown: Stop, reason: str) -> Stop:
    now = deployment.now()
    with deployment.store.write() as tx:
        if not deployment.store.switches.lift(tx, thrown.id, by=principal.id, at=now):
            raise Conflict("RW-STOP-004", "this stop was lifted already")
        deployment.engine.enqueue(tx, Job("unpark", f"unpark:{thrown.id}", thrown.id))
        deployment.record(
            tx,
            "stop.lifted",
            principal.id,
            {"stop": thrown.id, "scope": thrown.scope},
            {"reason": reason},
        )
    deployment.clearance.forget()
    return replace(thrown, resumed_by=principal.id, resumed_at=now)


def unpark(deployment: Deployment, _stop_id: str) -> None:
    """Set parked cases going whose way is clear again. Run again: finds those that are left."""
    deployment.clearance.forget()
    after = ""
    while True:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(tx, "", state=State.PARKED, after=after, limit=BATCH)
        for case in page.rows:
            if deployment.clearance.why_not(f"use_case:{case.use_case}", f"release:{case.release}"):
                continue
            try:
                _unpark_case(deployment, case.id)
            except Conflict:
                continue
        after = page.after
        if not after:
            return


def _unpark_case(deployment: Deployment, case_id: str) -> None:
    with deployment.store.write() as tx:
        case = deployment.store.cases.get(tx, case_id)
        if case is None or case.state is not State.PARKED:
            return
        effects = deployment.store.effects.of_case(tx, case.id)
        parked = [effect for effect in effects if effect.state is EffectState.PARKED]
        for effect in parked:
            released = replace(
                effect,
                state=move_effect(effect.state, EffectEvent.RELEASED),
                version=effect.version + 1,
                updated_at=deployment.now(),
            )
            deployment.store.effects.save(tx, released, expected=effect.version)
        # A case whose run concluded goes on with delivery, any other with its current segment.
        concluded = bool(case.handled_by)
        following = replace(
            case,
            state=move(case.state, Event.SETTLED if concluded else Event.REQUEUED),
            version=case.version + 1,
            reason="",
            updated_at=deployment.now(),
        )
        deployment.store.cases.save(tx, following, expected=case.version)
        deployment.engine.enqueue(tx, delivery_job(following) if concluded else segment_job(following))
        deployment.record(tx, "case.resumed", "system", {"case": case.id, "use_case": case.use_case}, {})


def read_stopped(store: Store) -> Stopped:
    """What is stopped now: thrown switches, and releases that ended. The source of every clearance."""
    with store.read() as tx:
        scopes = {thrown.scope: thrown.reason for thrown in store.switches.active(tx)}
        for use_case in store.releases.use_cases(tx):
            for release in store.releases.rollout(tx, use_case).releases:
                if release.stage in ENDED:
                    scopes.setdefault(f"release:{release.digest}", f"{release.name} is {release.stage}")
    return Stopped(scopes)


def acknowledge(deployment: Deployment, worker: str, *, at: datetime) -> None:
    """A worker notes the newest stop it obeys; shown beside the switch."""
    with deployment.store.write() as tx:
        active = deployment.store.switches.active(tx)
        newest = max((thrown.id for thrown in active), default="")
        deployment.store.switches.acknowledge(tx, worker, seen=newest, at=at)
