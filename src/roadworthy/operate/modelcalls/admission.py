"""Admission of calls: keys, the stop switch and the health of models, answered from memory within half a second.

One thread reads the database while there is work; those who ask never wait for it, except where nothing is
known yet. What could not be read for half a second does not hold any more, and nothing is admitted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from datetime import UTC, date, datetime

from roadworthy.errors import Refused, RoadworthyError
from roadworthy.operate.clearance import Stopped
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.callers import Caller, Plans, Served, read_caller, read_plans
from roadworthy.operate.slips import adopt
from roadworthy.operate.stopping import ACKNOWLEDGE_EVERY, acknowledge
from roadworthy.ports.upstream import Catalogue
from roadworthy.quantities import Digest
from roadworthy.routing import Circuit

RENEW_S = 0.2
HOLDS_S = 0.5
"""How long what was read about a key counts."""
BUSY_S = 5.0
"""Keys that were used so recently are read again before anybody asks."""
IDLE_S = 0.5
"""How often a gateway without calls looks whether it was stopped."""
MOST_KEYS = 10_000
MOST_STRANGERS = 10_000
_REST_S = 1.0
_log = logging.getLogger("roadworthy.gateway")


class _Seen:
    __slots__ = ("caller", "read_at", "used_at")

    def __init__(self, caller: Caller, read_at: float) -> None:
        self.caller = caller
        self.read_at = read_at
        self.used_at = read_at


class Admission:
    """Who may call which model now. Asked from any thread."""

    def __init__(self, deployment: Deployment, catalogue: Catalogue, *, name: str) -> None:
        self._deployment = deployment
        self._catalogue = catalogue
        self._name = name
        self._keys: OrderedDict[str, _Seen] = OrderedDict()
        self._strangers: OrderedDict[str, float] = OrderedDict()
        self._plans: dict[tuple[Digest, date], Plans] = {}
        self._circuits: dict[str, Circuit] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._asked_at = 0.0
        self._thread = threading.Thread(target=self._keep_reading, name="admission", daemon=True)

    def start(self) -> None:
        """Begin to read. Once only."""
        self._deployment.clearance.speaks(self._name)
        self._thread.start()

    def stop(self) -> None:
        """Read no more, and say so. Again: nothing happens."""
        if not self._ending.is_set():
            self._ending.set()
            self._thread.join(timeout=10)

    def caller(self, token: str) -> Caller | None:
        """What a key stands for, from memory; None: ``look_up`` has to be asked."""
        now = self._asked_at = time.monotonic()
        seen = self._keys.get(token)
        if seen is None or now - seen.read_at > HOLDS_S:
            return None
        seen.used_at = now
        return seen.caller

    def look_up(self, token: str) -> Caller:
        """The same from the database. Errors: those of ``read_caller``; a key that was refused a second ago is
        refused from memory."""
        now = time.monotonic()
        with self._lock:
            refused_at = self._strangers.get(token)
        if refused_at is not None and now - refused_at < _REST_S:
            raise Refused(
                "RW-ACCESS-012", "this key is not valid", hint="ask who runs the gateway for another"
            )
        try:
            caller = read_caller(self._deployment, token, self._plans_of)
        except Refused:
            with self._lock:
                self._keys.pop(token, None)
                self._strangers[token] = now
                while len(self._strangers) > MOST_STRANGERS:
                    self._strangers.popitem(last=False)
            raise
        with self._lock:
            before = self._keys.get(token)
            if before is not None and before.caller == caller:
                caller = before.caller
            seen = self._keys[token] = _Seen(caller, now)
            seen.used_at = before.used_at if before is not None else now
            while len(self._keys) > MOST_KEYS:
                self._keys.popitem(last=False)
        return caller

    def stopped(self, now: datetime) -> Stopped | None:
        """What is stopped, from memory; None: ``why_stopped`` has to be asked, which may ask the database."""
        return self._deployment.clearance.recent(now)

    def why_stopped(
        self, caller: Caller, served: Served | None = None, *, now: datetime | None = None
    ) -> str:
        """Why this caller may make no call (of this model); empty: it may."""
        scopes = caller.scopes if served is None else caller.scopes + served.scopes
        return self._deployment.clearance.why_not(*scopes, now=now)

    # ── the health of models ──

    def resting(self, served: Served) -> str:
        """Why this model is left alone just now; empty: it is not."""
        circuit = self._circuits.get(served.place)
        return circuit.why_not(time.monotonic()) if circuit is not None else ""

    def rests_s(self, served: Served) -> float:
        """For how many seconds more it is left alone; 0 where it is not."""
        circuit = self._circuits.get(served.place)
        return circuit.left_s(time.monotonic()) if circuit is not None else 0.0

    def asked(self, served: Served) -> None:
        """A request goes to it."""
        circuit = self._circuits.get(served.place)
        if circuit is not None:
            self._circuits[served.place] = circuit.taken(time.monotonic())

    def answered(self, served: Served) -> None:
        """It answered."""
        circuit = self._circuits.get(served.place)
        if circuit is not None:
            self._circuits[served.place] = circuit.succeeded()

    def failed(self, served: Served, *, asked_s: float = 0.0) -> None:
        """It did not answer, or asks to wait so many seconds."""
        circuit = self._circuits.get(served.place, Circuit())
        self._circuits[served.place] = circuit.failed(time.monotonic(), asked_s=asked_s)

    # ── reading ──

    def _plans_of(self, release: Digest) -> Plans:
        # Prices begin and end by the day.
        today = self._deployment.now().date()
        known = self._plans.get((release, today))
        if known is None:
            known = read_plans(self._deployment, self._catalogue, release)
            self._plans = {key: plans for key, plans in self._plans.items() if key[1] == today}
            self._plans[release, today] = known
        return known

    def _keep_reading(self) -> None:
        looked_at = 0.0
        said_at: datetime | None = None
        said: frozenset[str] | None = None
        complained = ""
        while not self._ending.wait(RENEW_S):
            busy = time.monotonic() - self._asked_at < BUSY_S
            if not busy and time.monotonic() - looked_at < IDLE_S:
                continue
            looked_at = time.monotonic()
            try:
                adopt(self._deployment)
                now = self._deployment.now()
                spoken = said_at is not None and abs(now - said_at) < ACKNOWLEDGE_EVERY
                # Idle, one small question tells whether there is anything to read at all.
                if busy or not spoken or self._active() != said:
                    self._deployment.clearance.renew()
                    self._renew_keys(looked_at)
                stops = self._deployment.clearance.stops
                if stops != said or not spoken:
                    acknowledge(self._deployment, self._name, at=now)
                    said_at, said = now, stops
                complained = ""
            except RoadworthyError as problem:
                if problem.code != complained:
                    _log.warning("admission waits: %s", problem.code)
                complained = problem.code
        try:
            acknowledge(self._deployment, self._name, at=datetime.fromtimestamp(0, UTC))
        except RoadworthyError as problem:
            self._deployment.clearance.falls_silent(self._name)
            _log.warning("admission could not say that it ends: %s", problem.code)

    def _active(self) -> frozenset[str]:
        with self._deployment.store.read() as tx:
            return frozenset(thrown.id for thrown in self._deployment.store.switches.active(tx))

    def _renew_keys(self, now: float) -> None:
        with self._lock:
            used = [token for token, seen in self._keys.items() if now - seen.used_at < BUSY_S]
        for token in used:
            try:
                self.look_up(token)
            except Refused:
                continue
