"""How good the answers are, and how sure that is: suites, comparisons, proofs, spot checks, judges, drift."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from roadworthy.charter import Charter
from roadworthy.errors import RoadworthyError
from roadworthy.evaluation import Evaluation
from roadworthy.evidence import Measurement
from roadworthy.ports import Transaction
from roadworthy.ports.evaluating import EvaluationRecord
from roadworthy.ports.outlooks import Outlook
from roadworthy.principal import require
from roadworthy.release import Release, Rollout
from roadworthy.server.asking import Ask
from roadworthy.server.paging import paged
from roadworthy.server.views.shared import candidate, plain, rollout_of, visible_use_cases
from roadworthy.server.views.use_case import certificates_of
from roadworthy.stage import Stage

FILTERS: Final = ("after", "limit")
TREND: Final = 12
"""Evaluations of a suite that are drawn."""
MOST_SUITES: Final = 30
MOST_CHECKS: Final = 60
"""Earlier measurements of spot checks that are drawn."""
_ALERTS: Final = 50
_DRIFT: Final = "drift.alarm"


def qualities(ask: Ask) -> dict[str, Any]:
    """Each use case in one row: its suites, how many certificates hold, what spot checks and watchers say."""
    now = ask.deployment.now()
    with ask.deployment.store.read() as tx:
        names, after = paged(ask, visible_use_cases(ask, tx, "gate.read"), str)
        firing = {one.use_case for one in ask.deployment.store.alerts.firing(tx) if one.rule == _DRIFT}
        rows = []
        for name in names:
            rollout = ask.deployment.store.releases.rollout(tx, name)
            release = _release(rollout)
            charter = _charter(ask, release)
            certificates = certificates_of(ask, tx, release)
            ahead = _ahead(tx, name)
            rows.append(
                {
                    "use_case": name,
                    "release": release.name,
                    "suites": [
                        _suite(suite, list(_evaluations(ask, tx, name, suite, rollout, most=1)), charter)
                        for suite in _suites(charter)
                    ],
                    "certificates": len(certificates),
                    "hold": sum(not one["why_not"] for one in certificates),
                    "spot_checks": _checks(ahead)["kinds"],
                    "alarm": any(kind["alarm"] for kind in _checks(ahead)["kinds"]),
                    "drift": name in firing,
                    "at": now.isoformat(),
                }
            )
    return plain({"use_cases": rows, "after": after})  # type: ignore[no-any-return]


def quality(ask: Ask) -> dict[str, Any]:
    """Everything known of one use case. Comparisons and spot checks are as the worker found them last.

    Errors: ``NotFound`` RW-SERVER-012.
    """
    name, store = ask.path["name"], ask.deployment.store
    require(ask.principal, "gate.read", use_case=name)
    with store.read() as tx:
        rollout = rollout_of(ask, tx, name)
        release = _release(rollout)
        charter = _charter(ask, release)
        suites = [
            _suite(suite, list(_evaluations(ask, tx, name, suite, rollout, most=TREND)), charter)
            for suite in _suites(charter) or _seen(ask, tx, name)
        ]
        ahead = _ahead(tx, name)
        proven = _newest(
            store.evidence.measurements(tx, name, kind="trust.certificate", limit=200), release
        )
        checked = store.evidence.measurements(tx, name, kind="trust.spot_checks", limit=MOST_CHECKS * 5)
        judges = _newest(store.evidence.measurements(tx, name, kind="quality.judge_agreement", limit=100))
        reviewers = store.evidence.measurements(tx, name, kind="trust.reviewer_error", limit=1)
        content = store.evidence.measurements(tx, name, kind="trust.content_changed", limit=1)
        alerts = [
            one for one in store.alerts.list(tx, use_case=name, limit=_ALERTS).rows if one.rule == _DRIFT
        ]
        names: dict[str, str] = {one.digest: one.name for one in rollout.releases}
        page: dict[str, Any] = {
            "use_case": name,
            "names": names,
            "release": release.name,
            "stage": release.stage,
            "suites": suites,
            "certificates": certificates_of(ask, tx, release),
        }
    now = ask.deployment.now()
    page |= {
        "promises": _promises(charter),
        "labels": [_labels(one) for one in proven],
        "comparisons": list(ahead.body["comparisons"]) if ahead else [],
        "spot_checks": _checks(ahead),
        "checked": _history(checked, release, charter),
        "looked_at": ahead.at.isoformat() if ahead else None,
        "judges": [_judge(one, now) for one in judges],
        "reviewers": [_measured(one, now) for one in reviewers],
        "watchers": {
            "watched": release.stage in {Stage.CANARY, Stage.PRODUCTION},
            "content": [_measured(one, now) for one in content],
            "alarms": [
                {
                    "id": one.id,
                    "summary": one.summary,
                    "state": one.state,
                    "since": one.since.isoformat(),
                    "cases": list(one.cases),
                }
                for one in alerts
            ],
        },
    }
    return plain(page)  # type: ignore[no-any-return]


def _release(rollout: Rollout) -> Release:
    """The one whose answers people get; before there is one, the newest."""
    return (
        rollout.at(Stage.PRODUCTION)
        or rollout.at(Stage.CANARY)
        or candidate(rollout)
        or max(rollout.releases, key=lambda one: one.number)
    )


def _charter(ask: Ask, release: Release) -> Charter | None:
    """None for a release that can no longer be read: its figures stand all the same."""
    try:
        return ask.deployment.loader.charter(release.digest)
    except RoadworthyError:
        return None


def _suites(charter: Charter | None) -> tuple[str, ...]:
    return tuple(sorted(charter.suites))[:MOST_SUITES] if charter else ()


def _seen(ask: Ask, tx: Transaction, use_case: str) -> tuple[str, ...]:
    """Where the charter promises no suite: those that were put all the same."""
    page = ask.deployment.store.evaluations.list(tx, use_case, finished=True, limit=50)
    return tuple(sorted({one.suite for one in page.rows}))[:MOST_SUITES]


def _evaluations(
    ask: Ask, tx: Transaction, use_case: str, suite: str, rollout: Rollout, *, most: int
) -> Iterator[dict[str, Any]]:
    """Finished ones of a suite, newest first."""
    names: dict[str, str] = {one.digest: one.name for one in rollout.releases}
    page = ask.deployment.store.evaluations.list(tx, use_case, suite=suite, finished=True, limit=most)
    for record in page.rows:
        yield evaluation_json(record, names)


def evaluation_json(record: EvaluationRecord, names: Mapping[str, str]) -> dict[str, Any]:
    """An evaluation as the lists show it; without figures while it runs."""
    overall = Evaluation.from_json(record.body).summary.overall if record.finished_at else None
    passed = overall.passed if overall else None
    return {
        "id": record.id,
        "suite": record.suite,
        "target": record.target,
        "release": names.get(record.release, ""),
        "started_at": record.started_at.isoformat(),
        "finished_at": record.finished_at.isoformat() if record.finished_at else None,
        "tests": overall.tests if overall else None,
        "passed": passed.value if passed else None,
        "interval": [passed.interval.low, passed.interval.high] if passed else None,
        "wrong": overall.wrong if overall else None,
        "errors": overall.errors if overall else None,
        "ungraded": overall.ungraded if overall else None,
    }


def _suite(name: str, found: list[dict[str, Any]], charter: Charter | None) -> dict[str, Any]:
    """A suite with its newest result, the ones before it in the order of time, and what is promised of it."""
    promise = charter.suites.get(name) if charter else None
    newest = found[0] if found else None
    kept = None
    if newest and promise and newest["interval"]:
        kept = newest["interval"][0] >= promise.floor and newest["tests"] >= promise.min_tests
    return {
        "suite": name,
        "floor": promise.floor if promise else None,
        "min_tests": promise.min_tests if promise else None,
        "kept": kept,
        **{
            key: newest[key] if newest else None
            for key in ("id", "release", "target", "tests", "passed", "interval", "wrong", "errors", "ungraded", "finished_at")
        },
        "trend": found[::-1],
    }  # fmt: skip


def _ahead(tx: Transaction, use_case: str) -> Outlook | None:
    from roadworthy.wiring.costs import outlooks

    return outlooks().get(tx, use_case, "quality")


def _checks(ahead: Outlook | None) -> dict[str, Any]:
    return dict(ahead.body["spot_checks"]) if ahead else {"kinds": [], "reviewers": None}


def _promises(charter: Charter | None) -> list[dict[str, Any]]:
    """What the charter promises of each kind of error, whether it is proven or not."""
    found = charter.certificates.items() if charter else ()
    return [{"kind": kind, "alpha": one.alpha, "delta": one.delta} for kind, one in sorted(found)]


def _newest(found: Iterable[Measurement], release: Release | None = None) -> list[Measurement]:
    """The newest of each subject; with a release, only its own."""
    kept: dict[str, Measurement] = {}
    for one in found:
        if release is None or not one.release or one.release == release.digest:
            kept.setdefault(one.subject, one)
    return [kept[subject] for subject in sorted(kept)]


def _labels(proof: Measurement) -> dict[str, Any]:
    """How many more labels a promise takes, by slice where it is proven slice by slice."""
    detail = proof.detail
    slices = detail.get("slices")
    return {
        "kind": proof.subject,
        "n": proof.n,
        "at": proof.at.isoformat(),
        "labels_needed": detail.get("labels_needed"),
        "half_the_errors": detail.get("labels_for_half_the_errors"),
        "more_automation": detail.get("labels_for_more_automation"),
        "slices": [
            {"slice": name, "labels_needed": one.get("labels_needed"), "reason": one.get("reason", "")}
            for name, one in sorted(slices.items())
            if isinstance(one, Mapping) and one.get("threshold") is None
        ]
        if isinstance(slices, Mapping)
        else [],
    }


def _history(
    found: Iterable[Measurement], release: Release, charter: Charter | None
) -> list[dict[str, Any]]:
    """By kind of error: what spot checks said over time, with the promise as the line of alarm."""
    by_kind: dict[str, list[Measurement]] = {}
    for one in found:
        if one.release == release.digest:
            by_kind.setdefault(one.subject, []).append(one)
    promised = charter.certificates if charter else {}
    return [
        {
            "kind": kind,
            "alpha": promised[kind].alpha if kind in promised else None,
            "points": [
                {
                    "at": one.at.isoformat(),
                    "estimate": one.detail.get("estimate"),
                    "interval": [one.interval.low, one.interval.high] if one.interval else None,
                    **{name: one.detail.get(name) for name in ("drawn", "wrong", "pending")},
                    "answered": one.n,
                }
                for one in reversed(measured[:MOST_CHECKS])
            ],
        }
        for kind, measured in sorted(by_kind.items())
    ]


def _measured(one: Measurement, now: datetime) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "subject": one.subject,
        "value": one.value,
        "unit": one.unit,
        "n": one.n,
        "interval": [one.interval.low, one.interval.high] if one.interval else None,
        "method": one.method,
        "at": one.at.isoformat(),
        "expired": now >= one.valid_until,
    }


def _judge(one: Measurement, now: datetime) -> dict[str, Any]:
    return _measured(one, now) | {
        "advisory": one.detail.get("advisory") is not False,
        "sentence": str(one.detail.get("sentence", "")),
    }
