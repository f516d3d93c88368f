"""What happened in a period: releases, rules, alerts, stops and what people did, with the cases they touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from roadworthy.alerting.messages import as_json
from roadworthy.errors import InputProblem, Problem
from roadworthy.ledger import Event, decode
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal, allows, require

MOST_EVENTS: Final = 2_000
MOST_CASES: Final = 100
SLACK: Final = timedelta(hours=1)
"""Events are numbered in the order in which they were committed, which is not quite that of their times."""
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
) -> dict[str, Any]:
    """The timeline of a period, in order of time, and the cases that were touched. No content.

    Edge: beyond ``MOST_EVENTS`` it says how many it leaves out; cases are counted in full.
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
    for seq, event in _within(deployment, start, end):
        of_use_case = event.about.get("use_case", "")
        if wanted and of_use_case not in {"", wanted}:
            continue
        if of_use_case and not allows(principal, "case.read", use_case=of_use_case):
            continue
        if event.kind in TROUBLE and "case" in event.about:
            touched.setdefault(event.about["case"], Counter())[TROUBLE[event.kind]] += 1
        kind = KINDS.get(event.kind.partition(".")[0])
        if kind is None or event.kind in _QUIET:
            continue
        if len(timeline) >= MOST_EVENTS:
            left_out += 1
            continue
        timeline.append(_entry(seq, kind, event))
    timeline.sort(key=lambda entry: entry["at"])
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
        "what": dict(sum(touched.values(), Counter())),
    }


def _within(deployment: Deployment, start: datetime, end: datetime) -> Iterator[tuple[int, Event]]:
    """Events of the period, found by halving: the ledger grows with the years, the period does not."""
    for entry in deployment.store.ledger.entries(start=_first(deployment, start - SLACK)):
        event = decode(entry.event)
        if event.at > end + SLACK:
            return
        if start <= event.at <= end:
            yield entry.seq, event


def _first(deployment: Deployment, at: datetime) -> int:
    with deployment.store.read() as tx:
        low, high = 0, deployment.store.observed.newest(tx)
        while low < high:
            middle = (low + high) // 2
            event = deployment.store.observed.entry(tx, middle)
            if event is not None and decode(event).at < at:
                low = middle + 1
            else:
                high = middle
    return low


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
