"""The stop switch: one person stops, another resumes, and every worker says what it obeys."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from roadworthy.casework.case import Event, State
from roadworthy.casework.effect import EffectEvent, EffectState, move_effect
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, RoadworthyError
from roadworthy.operate.clearance import ALIVE, Stopped
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import kept
from roadworthy.operate.jobs import delivery_job, segment_job
from roadworthy.operate.progress import moved_on
from roadworthy.operate.words import check_words
from roadworthy.ports import Job, Store, Transaction
from roadworthy.ports.slips import Slips
from roadworthy.principal import SYSTEM, Principal, Stop, require, require_person, require_second
from roadworthy.stage import ENDED

_KINDS = ("use_case", "release", "tool", "model")
BATCH = 200
MOST_NAMED = 20
LOOK_S = 0.02
ACKNOWLEDGE_EVERY = timedelta(seconds=5)
"""A worker or gateway that said nothing for three of these is taken for dead."""
_GONE = datetime.fromtimestamp(0, UTC)


def stop(deployment: Deployment, principal: Principal, scope: str, *, reason: str) -> Stop:
    """Throw the switch for ``all``, ``use_case:support``, ``release:support/r2`` or ``release:sha256:…``,
    ``tool:refunds.issue`` or ``model:intent`` (a task, or a language model of the charter).

    Thrown again by the same person with the same words: it is the same stop.
    Errors: ``InputProblem`` RW-STOP-001 for no scope, RW-STOP-002 without a reason, RW-STOP-005 for a name that
    nothing has here: such a stop would stop nothing.
    """
    use_case = scope.partition(":")[2] if scope.startswith("use_case:") else ""
    require(principal, "stop", use_case=use_case)
    checked(scope, reason)
    scope = known_scope(deployment, scope)
    with deployment.store.read() as tx:
        for active in deployment.store.switches.active(tx):
            if (active.scope, active.stopped_by, active.reason) == (scope, principal.id, reason):
                return active
    return _throw(deployment, principal, scope, reason)


def checked(scope: str, reason: str) -> None:
    """Refuse what is no scope or no reason, before anything is looked up. Errors: as ``stop``."""
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


def known_scope(deployment: Deployment, scope: str) -> str:
    """The scope as clearance asks for it. A typing error must not pass for a stop.

    Errors: ``InputProblem`` RW-STOP-005; as the store.
    """
    if scope == "all":
        return scope
    kind, _, name = scope.partition(":")
    with deployment.store.read() as tx:
        use_cases = deployment.store.releases.use_cases(tx)
        rollouts = [deployment.store.releases.rollout(tx, use_case) for use_case in use_cases]
    releases = [release for rollout in rollouts for release in rollout.releases]
    known: set[str] = set(use_cases)
    if kind == "release":
        use_case, slash, short_name = name.rpartition("/")
        of_it = [release for release in releases if release.use_case == use_case or not slash]
        found = {
            release.digest
            for release in of_it
            if name == release.digest or (slash and short_name == release.name)
        }
        if len(found) == 1:
            return f"{kind}:{found.pop()}"
        known = {f"{release.use_case}/{release.name}" for release in releases}
    elif kind in {"tool", "model"}:
        known = set()
        for release in releases:
            if release.stage in ENDED and release.fit_until is None:
                continue
            try:
                charter = deployment.loader.charter(release.digest)
            except RoadworthyError:
                return scope  # what it names cannot be told: better a stop too many
            known |= set(charter.tools) if kind == "tool" else {*charter.tasks, *charter.models}
    if kind != "release" and name in known:
        return scope
    raise InputProblem(
        "RW-STOP-005",
        Problem(
            f"no {kind.replace('_', ' ')} `{name}` here, so this would stop nothing",
            hint=f"known: {', '.join(sorted(known)[:MOST_NAMED]) or 'none'}; `all` stops everything",
        ),
    )


@dataclass(frozen=True, slots=True)
class Obedience:
    """Who obeys a stop. ``obeyed``: milliseconds from the stop to each one's word, in that order.

    ``missing``: workers and gateways that are alive and have not said so yet. Without a clearance read a
    moment ago they act for at most half a second more.
    """

    obeyed: Mapping[str, int]
    missing: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Somebody is alive, and everybody who is obeys."""
        return bool(self.obeyed) and not self.missing

    @property
    def elapsed_ms(self) -> int | None:
        """Until the last one obeyed; None while one is missing."""
        return max(self.obeyed.values()) if self.complete else None

    def as_json(self) -> dict[str, Any]:
        """As every door shows it; times in milliseconds from the stop."""
        return {
            "obeyed_by": sorted(self.obeyed),
            "obeyed_after_ms": dict(self.obeyed),
            "missing": list(self.missing),
            "elapsed_ms": self.elapsed_ms,
        }


def obedience(deployment: Deployment, tx: Transaction, thrown: Stop) -> Obedience:
    """Who obeys a stop at this moment."""
    now = deployment.now()
    said = deployment.store.switches.obeyed(tx, thrown.id)
    beats = deployment.store.switches.acknowledgements(tx)
    # Machines' clocks differ by little; nobody obeyed before it was thrown.
    obeyed = {
        worker: max(0, round((at - thrown.stopped_at).total_seconds() * 1000))
        for worker, at in said.items()
    }
    alive = {worker for worker, (_, at) in beats.items() if now - at < ALIVE}
    return Obedience(obeyed, tuple(sorted(alive - obeyed.keys())))


def await_obedience(deployment: Deployment, thrown: Stop, *, within_s: float) -> Obedience:
    """Look until everybody obeys, or for ``within_s`` seconds. Nobody alive: it returns at once."""
    until = time.monotonic() + within_s
    while True:
        with deployment.store.read() as tx:
            seen = obedience(deployment, tx, thrown)
        if not seen.missing or time.monotonic() >= until:
            return seen
        time.sleep(LOOK_S)


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
        parked = [one for one in effects if one.state is EffectState.PARKED and not one.held]
        if any(one.state is EffectState.PARKED and one.held for one in effects):
            return  # a person parked it, and a person lets it go
        for effect in parked:
            kept(deployment, tx, effect, state=move_effect(effect.state, EffectEvent.RELEASED))
        # A case whose run concluded goes on with delivery, any other with its current segment.
        concluded = bool(case.handled_by)
        following = moved_on(
            deployment, tx, case, Event.SETTLED if concluded else Event.REQUEUED, reason=""
        )
        deployment.engine.enqueue(tx, delivery_job(following) if concluded else segment_job(following))
        deployment.record(tx, "case.resumed", "system", {"case": case.id, "use_case": case.use_case}, {})


def read_stopped(store: Store, slips: Slips | None = None) -> Stopped:
    """What is stopped now: thrown switches, releases that ended, and tools held back. The source of every clearance.

    ``slips``: stops that the database could not take. A release that is retired and may still come back
    finishes what it has in hand.
    """
    left = slips.all() if slips is not None else ()
    with store.read() as tx:
        active = store.switches.active(tx)
        scopes = {thrown.scope: thrown.reason for thrown in active}
        scopes |= {
            held.scope: f"{held.tool} is held back: {held.reason}" for held in store.tool_states.held(tx)
        }
        for use_case in store.releases.use_cases(tx):
            for release in store.releases.rollout(tx, use_case).releases:
                if release.stage in ENDED and release.fit_until is None:
                    scopes.setdefault(f"release:{release.digest}", f"{release.name} is {release.stage}")
    scopes |= {slip.scope: slip.reason for slip in left}
    return Stopped(scopes, frozenset(thrown.id for thrown in active))


def acknowledge(deployment: Deployment, worker: str, *, at: datetime) -> None:
    """A worker or gateway says that it is alive and which stops it obeys: those its clearance has read.

    ``at`` the beginning of 1970: it ends, and nobody waits for it any more.
    """
    stops = deployment.clearance.stops
    began = deployment.now()
    with deployment.store.write() as tx:
        deployment.store.switches.acknowledge(tx, worker, seen=max(stops, default=""), at=at)
        if at > _GONE:
            deployment.store.switches.obey(tx, worker, stops, at=deployment.now())
    if at > _GONE:
        deployment.clearance.spoke(began)
    else:
        deployment.clearance.falls_silent(worker)
