"""A stop that the database cannot take: left in a slip, obeyed by every process beside it, written down later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from roadworthy.errors import Conflict, Corrupt, RoadworthyError, Unavailable
from roadworthy.operate.clearance import ALIVE
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.stopping import checked, known_scope, stop
from roadworthy.ports import Transaction
from roadworthy.ports.slips import Slips
from roadworthy.principal import Principal, Stop

KEY: Final = "key:"
"""Who threw a stop while no account could be read: whoever holds the key of this number."""


@dataclass(frozen=True, slots=True)
class Thrown:
    """A stop, and where it stands.

    ``left``: where its slip lies; empty where it stands in the database. ``because``: why it could not be
    written there. ``until``: by then every worker and gateway that cannot write the database has stopped by
    itself. ``widened``: more was stopped than was asked for, because names could not be looked up.
    """

    stop: Stop
    left: str = ""
    because: str = ""
    until: datetime | None = None
    widened: bool = False

    def as_json(self) -> dict[str, Any]:
        """As every door shows it beside the stop."""
        return {
            "left": self.left,
            "because": self.because,
            "by_itself_until": self.until.isoformat(timespec="seconds") if self.until else None,
        }


def throw(deployment: Deployment, principal: Principal, scope: str, *, reason: str) -> Thrown:
    """Throw the switch, in the database or, where that cannot be written, in a slip.

    Processes on this machine obey a slip within half a second; the first that can write puts it into the
    database, which is where all others obey it.
    Errors: as ``stop``; RW-STOP-006 where no slip can be left either.
    """
    try:
        return Thrown(stop(deployment, principal, scope, reason=reason))
    except (Unavailable, Corrupt) as problem:
        try:
            asked = wanted = known_scope(deployment, scope)
        except (Unavailable, Corrupt):
            asked, wanted = scope, widened(scope)
        thrown = Stop(deployment.new_id(), wanted, reason, principal.id, deployment.now())
        return leave(deployment.slips, thrown, problem, asked=asked, until=_until(deployment))
    finally:
        deployment.clearance.forget()


def leave(
    slips: Slips, thrown: Stop, problem: RoadworthyError, *, asked: str, until: datetime | None = None
) -> Thrown:
    """Leave a stop in a slip because of what the database said. ``asked``: the scope that was meant.

    Errors: as ``checked``; RW-STOP-006.
    """
    checked(thrown.scope, thrown.reason)
    place = slips.leave(thrown)
    # On a full disk a slip without words is all that could be left: it stops everything.
    found = next((one for one in slips.all() if one.id == thrown.id), thrown)
    because = f"{problem.code} {problem.message}"
    return Thrown(found, place, because, until or thrown.stopped_at + ALIVE, found.scope != asked)


def widened(scope: str) -> str:
    """What is stopped where the name of a release cannot be looked up: its whole use case."""
    kind, _, name = scope.partition(":")
    use_case, slash, _release = name.rpartition("/")
    return f"use_case:{use_case}" if kind == "release" and slash else scope


def in_force(deployment: Deployment, tx: Transaction) -> tuple[Stop, ...]:
    """What is stopped for this process: what stands in the database, then slips that do not yet."""
    active = deployment.store.switches.active(tx)
    written = {thrown.id for thrown in active}
    return (*active, *(slip for slip in deployment.slips.all() if slip.id not in written))


def adopt(deployment: Deployment) -> int:
    """Write the slips that lie here into the database, and take them away; returns how many.

    Run again, or by two at once: each stop is there once. Errors: as the store; the slips then stay.
    """
    taken = 0
    for slip in deployment.slips.all():
        try:
            with deployment.store.write() as tx:
                if deployment.store.switches.get(tx, slip.id) is None:
                    _write_down(deployment, tx, slip)
        except Conflict:
            pass  # another process wrote it in this moment
        deployment.slips.remove(slip.id)
        taken += 1
    if taken:
        deployment.clearance.forget()
    return taken


def _write_down(deployment: Deployment, tx: Transaction, slip: Stop) -> None:
    by = slip.stopped_by
    if by.startswith(KEY):
        credential = deployment.store.people.credential(tx, "key", by.removeprefix(KEY))
        by = credential.principal if credential else by
    deployment.store.switches.add(tx, replace(slip, stopped_by=by))
    about = {"stop": slip.id, "scope": slip.scope}
    left = slip.stopped_at.isoformat(timespec="milliseconds")
    deployment.record(tx, "stop.thrown", by or "nobody known", about, {"reason": slip.reason, "left": left})


def _until(deployment: Deployment) -> datetime:
    """When the last one that spoke has stopped, if it cannot write any more."""
    now = deployment.now()
    try:
        with deployment.store.read() as tx:
            beats = deployment.store.switches.acknowledgements(tx)
    except RoadworthyError:
        return now + ALIVE
    return max((at + ALIVE for _, at in beats.values() if now - at < ALIVE), default=now)
