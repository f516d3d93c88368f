"""What happened in a period: releases, rules, alerts, stops and what people did, with the cases they touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from roadworthy.alerting.messages import as_json
from roadworthy.errors import InputProblem, Problem
from roadworthy.ledger import Event, decode
from roadworthy.operate.deployment import Deployment
from roadworthy.ports.ledgers import Wanted
from roadworthy.principal import Principal, allows, require

MOST_EVENTS: Final = 2_000
MOST_CASES: Final = 100
_AT_ONCE: Final = 1_000
KINDS: Final = {
    "release": "release", "gate": "release", "waiver": "release",
    "certificate": "trust", "spot_check": "trust", "measurement": "trust",
    "alert": "alert",
    "stop": "action", "repair": "action", "subject": "action", "account": "action", "gateway": "action",
}  # fmt: skip
"""Kinds of events that stand on a timeline of their own, by the first part of their name."""
TROUBLE: Final = {
    "case.handed_over": "handed to a person", "case.parked": "parked", "case.requeued": "begun again",
    "effect.lost": "an effect nobody knows of", "effect.failed": "an effect that failed",
    "effect.held": "an effect held back", "effect.undone": "an effect taken back", "review.escalated": "escalated",
}  # fmt: skip
_QUIET: Final = frozenset({"spot_check.drawn", "measurement.recorded", "gate.decided"})
_WORDS: Final = (
    "reason",
    "rule",
    "summary",
    "kind",
    "note",
    "share",
    "stage",
    "to",
    "from",
    "mark",
    "scope",
)


def incident(
    deployment: Deployment,
    principal: Principal,
    *,
    start: datetime,
    end: datetime,
    use_case: str = "",
    most_events: int = MOST_EVENTS,
    most_trouble: int | None = None,
) -> dict[str, Any]:
    """The timeline of a period, in order of time, and the cases that were touched. No content.

    Entries are found by their kind: what the period costs grows with what went wrong in it, not with its cases.

    Edge: of more than ``most_events`` the newest are told, and how many are left out. Cases are counted in full, or,
    with ``most_trouble``, by the newest so many events; then ``complete`` says whether those were all.
    Errors: ``InputProblem`` RW-ALERT-004 for a period that ends before it begins, or has no zone.
    """
    if start.tzinfo is None or end.tzinfo is None or end <= start:
        raise InputProblem(
            "RW-ALERT-004", Problem("expected a period: two times with zone, the later one last")
        )
    wanted = use_case or principal.use_case
    require(principal, "case.read", use_case=wanted)
    timeline: list[dict[str, Any]] = []
    touched: dict[str, Counter[str]] = {}
    left_out = 0
    with deployment.store.read() as tx:
        known = deployment.store.ledger_index.kinds(tx)
    of_timeline = tuple(kind for kind in known if kind.partition(".")[0] in KINDS and kind not in _QUIET)
    period = _Period(deployment, principal, start, end, wanted)
    for seq, event in period.events(of_timeline, MOST_EVENTS * 2):
        if len(timeline) >= most_events:
            left_out += 1
            continue
        timeline.append(_entry(seq, KINDS[event.kind.partition(".")[0]], event))
    counted = 0
    of_cases = tuple(kind for kind in known if kind in TROUBLE)
    for _, event in period.events(of_cases, None if most_trouble is None else most_trouble + 1):
        counted += 1
        if (most_trouble is None or counted <= most_trouble) and "case" in event.about:
            touched.setdefault(event.about["case"], Counter())[TROUBLE[event.kind]] += 1
    timeline.sort(key=lambda entry: (entry["at"], entry["seq"]))
    with deployment.store.read() as tx:
        alerts = [
            alert
            for alert in deployment.store.alerts.between(tx, start, end)
            if not wanted or alert.use_case in {"", wanted}
        ]
        for alert in alerts:
            for case in alert.cases:
                touched.setdefault(case, Counter())[f"example of {alert.rule}"] += 1
        shown = list(touched)[:MOST_CASES]
        cases = [found for id_ in shown if (found := deployment.store.cases.get(tx, id_)) is not None]
    return {
        "from": start.isoformat(),
        "to": end.isoformat(),
        "use_case": wanted,
        "timeline": timeline,
        "left_out": left_out,
        "alerts": [as_json(alert) for alert in alerts],
        "cases": [
            {
                "id": case.id,
                "key": case.key,
                "use_case": case.use_case,
                "state": case.state.value,
                "handled_by": case.handled_by,
                "what": dict(touched[case.id]),
            }
            for case in cases
        ],
        "cases_touched": len(touched),
        **({} if most_trouble is None else {"complete": counted <= most_trouble}),
        "what": dict(sum(touched.values(), Counter())),
    }


@dataclass(frozen=True, slots=True)
class _Period:
    """Events of a time that somebody may see, of one use case and of the installation, or of all."""

    deployment: Deployment
    principal: Principal
    start: datetime
    end: datetime
    use_case: str

    def events(self, kinds: tuple[str, ...], most: int | None) -> Iterator[tuple[int, Event]]:
        """The newest events of these kinds, newest first; all of them without ``most``."""
        if not kinds:
            return
        wanted = Wanted(kinds=kinds, since=self.start, until=self.end + timedelta(microseconds=1))
        before: int | None = None
        given = 0
        while most is None or given < most:
            with self.deployment.store.read() as tx:
                found = self.deployment.store.ledger_index.find(
                    tx,
                    wanted,
                    before=before,
                    limit=_AT_ONCE if most is None else min(_AT_ONCE, most - given),
                )
            for entry in found.entries:
                event = decode(entry.event)
                if self._is_shown(event):
                    given += 1
                    yield entry.seq, event
            if found.before is None:
                return
            before = found.before

    def _is_shown(self, event: Event) -> bool:
        of_use_case = event.about.get("use_case", "")
        if self.use_case and of_use_case not in {"", self.use_case}:
            return False
        return not of_use_case or allows(self.principal, "case.read", use_case=of_use_case)


def _entry(seq: int, kind: str, event: Event) -> dict[str, Any]:
    told = {
        name: event.data[name] for name in _WORDS if isinstance(event.data.get(name), str | int | float)
    }
    return {
        "seq": seq,
        "at": event.at.isoformat(),
        "kind": kind,
        "event": event.kind,
        "by": event.actor,
        "about": dict(event.about),
        "told": told,
    }
