"""The alert drill: an alert is followed to every receiver, each of which is down at first, then fails, then takes it."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from roadworthy.alerting import Alert, AlertState
from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.drills.mirrored import ACTOR, Mirrored, Progress, silent
from roadworthy.measure.fact import Fact
from roadworthy.operate.watching.alarms import Alarms
from roadworthy.ports.rehearsing import AlertStandIn, Gone
from roadworthy.ports.watching import Channel, Notice

PATIENCE_S: Final = 120.0
"""So long after the receivers are back everything has to be delivered."""
_LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class AlertDrill:
    """Receivers refuse connections for ``down_s``, then fail for ``failing_s``; workers send every ``every_s``."""

    down_s: float = 10.0
    failing_s: float = 10.0
    every_s: float = 15.0

    def check(self) -> None:
        """Errors: ``InputProblem`` RW-DRILL-008 for figures with which nothing can be measured."""
        wrong = [
            Problem("expected 0 or more seconds", place=name)
            for name, value in (("down", self.down_s), ("failing", self.failing_s))
            if not (math.isfinite(value) and value >= 0)
        ]
        if not (math.isfinite(self.every_s) and self.every_s > 0):
            wrong.append(Problem("expected more than 0 seconds", place="every"))
        if wrong:
            raise InputProblem("RW-DRILL-008", wrong)


@dataclass(frozen=True, slots=True)
class _Told:
    """What one receiver heard: when it first took each state, and how often it took one again."""

    name: str
    kind: str
    firing: float | None
    resolved: float | None
    repeats: int
    attempts: int

    @property
    def faults(self) -> int:
        """Messages that never came, and a resolution before what it resolves."""
        late = self.firing is not None and self.resolved is not None and self.resolved < self.firing
        return (self.firing is None) + (self.resolved is None) + late


def alert_drill(
    mirror: Mirrored,
    channels: Sequence[Channel],
    stand_ins: Sequence[AlertStandIn],
    asked: AlertDrill,
    *,
    progress: Progress = silent,
) -> tuple[Fact, ...]:
    """Seconds from an alert until the last receiver has it, with its resolution; what is lost or out of order.

    The outbox, its waits and the clients are the real ones; every receiver is a stand-in on this machine.
    Errors: ``InputProblem`` RW-DRILL-008, RW-ALERT-003 where no receiver is configured.
    """
    asked.check()
    alarms = Alarms(channels)
    begun = time.time()
    back = begun + asked.down_s + asked.failing_s
    _away(stand_ins, asked, begun)
    with _unheard():
        alert = alarms.raise_test(mirror.deployment, ACTOR)
    sent_at, until = time.time(), back + PATIENCE_S
    while time.time() < until:
        _away(stand_ins, asked, begun)
        notices = _notices(mirror, alert)
        left = sum(one.sent_at is None for one in notices)
        progress("receivers are told", len(notices) - left, len(notices))
        if not left:
            break
        if time.time() - sent_at >= asked.every_s:
            sent_at = time.time()
            with _unheard():
                alarms.send(mirror.deployment)
        time.sleep(_LOOK_S)
    notices = _notices(mirror, alert)
    told = [_heard(one, alert, notices) for one in stand_ins]
    return _facts(mirror, asked, told, begun, back)


def _away(stand_ins: Sequence[AlertStandIn], asked: AlertDrill, begun: float) -> None:
    passed = time.time() - begun
    how = Gone.FAILING if passed < asked.down_s + asked.failing_s else None
    how = Gone.REFUSING if passed < asked.down_s else how
    for one in stand_ins:
        one.away(how)


@contextmanager
def _unheard() -> Iterator[None]:
    """That receivers do not answer is what was asked for: nobody should read it in a log."""
    log = logging.getLogger("roadworthy.alerts")
    before = log.disabled
    log.disabled = True
    try:
        yield
    finally:
        log.disabled = before


def _notices(mirror: Mirrored, alert: Alert) -> tuple[Notice, ...]:
    with mirror.deployment.store.read() as tx:
        return mirror.deployment.store.alerts.notices(tx, alert.id)


def _heard(stand_in: AlertStandIn, alert: Alert, notices: Sequence[Notice]) -> _Told:
    """Notices of other alerts that waited in the copied outbox are not ours to count."""
    mine = [one for one in notices if one.channel == stand_in.name]
    known = {one.id: one.state for one in mine} | {f"{alert.key}/{state}": state for state in AlertState}
    taken = [(at, state) for at, state, known_by in stand_in.taken() if known.get(known_by) == state]
    first = {state: min(at for at, told in taken if told == state) for state in {s for _, s in taken}}
    return _Told(
        stand_in.name,
        stand_in.kind,
        first.get(AlertState.FIRING),
        first.get(AlertState.RESOLVED),
        len(taken) - len(first),
        sum(one.attempts for one in mine),
    )


def _facts(
    mirror: Mirrored, asked: AlertDrill, told: Sequence[_Told], begun: float, back: float
) -> tuple[Fact, ...]:
    simulated = (
        "receivers of alerts, stand-ins on this machine without encryption or sign-in",
        "the alert",
    )
    method = f"receivers refused for {asked.down_s:g} s and failed for {asked.failing_s:g} s, workers send every {asked.every_s:g} s"
    delivered = [one.firing for one in told if one.firing is not None]
    ended = [one.resolved for one in told if one.resolved is not None]
    detail: dict[str, object] = {
        "receivers": [f"{one.name} ({one.kind})" for one in told],
        "never_told": [one.name for one in told if one.firing is None],
        "never_told_that_it_is_over": [one.name for one in told if one.resolved is None],
        "messages_taken_twice": sum(one.repeats for one in told),
        "attempts": sum(one.attempts for one in told),
        "seconds_after_they_were_back": round(max(0.0, max(delivered, default=back) - back), 2),
        "resolved_after_seconds": round(max(ended, default=begun) - begun, 2),
    }
    faults = Fact(
        kind="operation.alert_faults", value=float(sum(one.faults for one in told)), unit="messages",
        n=len(told), method=f"{method}: messages that never came, or came in the wrong order",
        valid_days=90, simulated=simulated, detail=detail,
    )  # fmt: skip
    if not delivered:
        return (faults,)
    return (
        faults,
        Fact(
            kind="operation.alert_seconds", value=max(delivered) - begun, unit="seconds", n=len(delivered),
            method=f"{method}: from the alert until the last receiver had taken it",
            valid_days=90, simulated=simulated,
        ),
    )  # fmt: skip
