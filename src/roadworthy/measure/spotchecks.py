"""What spot checks found, whether they run, and how often reviewers err."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from roadworthy.casework.case import CaseRecord, State
from roadworthy.charter import Charter
from roadworthy.measure.fact import Fact
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.spotchecks.answering import sweep_erased
from roadworthy.operate.spotchecks.drawing import left_alone
from roadworthy.operate.spotchecks.status import (
    KindStatus,
    SpotCheckStatus,
    spot_check_status,
)
from roadworthy.quantities import Interval
from roadworthy.release import Release
from roadworthy.trust.reviewers import Detection, corrected_error

DAYS: Final = 7
MOST_CASES: Final = 2_000
"""Newest cases that are asked for their row: it is written in the transaction that ends a case."""
_VALID_DAYS: Final = 14.0


def spot_checks(deployment: Deployment, release: Release) -> list[Fact]:
    """Per kind of error what is known of the automatic cases of a release, and whether the checks can be relied on.

    Checks whose case was erased meanwhile are cancelled first, and counted as erased.
    """
    sweep_erased(deployment, release.use_case)
    status = spot_check_status(deployment, release.use_case)
    charter = deployment.loader.charter(release.digest)
    found = {kind.kind: kind for kind in status.kinds if kind.release == release.digest}
    facts: list[Fact] = []
    for kind in sorted({*charter.subjects("automatic_errors"), *found}):
        facts.extend(_error(kind, found.get(kind), status.planted))
    return [*facts, _running(deployment, release, charter, status), _reviewers(status)]


def _error(kind: str, found: KindStatus | None, planted: Detection) -> Iterator[Fact]:
    watch = found.watch if found else None
    interval = watch.interval if watch else Interval(0.0, 1.0)
    corrected = corrected_error(interval, sensitivity=planted.sensitivity, specificity=planted.specificity)
    yield Fact(
        kind="trust.spot_checks",
        subject=kind,
        value=watch.upper if watch else 1.0,
        unit="share",
        n=watch.checks if watch else 0,
        method="spot checks weighted by 1/q; upper end of a range that holds however often one looks",
        interval=interval,
        of_release=True,
        valid_days=_VALID_DAYS,
        detail={
            "estimate": watch.error if watch else None,
            "wrong": watch.wrong if watch else 0,
            "cases": found.cases if found else 0,
            "drawn": found.drawn if found else 0,
            "pending": found.pending if found else 0,
            "contradicted": found.contradicted if found else 0,
            "erased": found.erased if found else 0,
            "q": [found.q_least, found.q_most] if found else [],
            "alarm": watch.fires if watch else False,
            "with_reviewers_errors": [corrected.low, corrected.high],
        },
    )
    yield Fact(
        kind="trust.spot_check_alarm",
        subject=kind,
        value=float(watch.fires) if watch else 0.0,
        unit="alarms",
        n=watch.checks if watch else 0,
        method="Shiryaev-Roberts e-detector on spot checks weighted by 1/q",
        of_release=True,
        valid_days=_VALID_DAYS,
        detail={"sentence": found.sentence if found else "no case left without a person yet"},
    )


def _running(deployment: Deployment, release: Release, charter: Charter, status: SpotCheckStatus) -> Fact:
    """Whether every automatic case of the last days has its draw, and no drawn one is forgotten."""
    seen = without = 0
    for case in _closed(deployment, release):
        with deployment.store.read() as tx:
            alone = left_alone(case, deployment.store.effects.of_case(tx, case.id))
            if alone:
                seen += 1
                without += deployment.store.spot_checks.get(tx, case.id) is None
    return Fact(
        kind="trust.spot_checks_running",
        value=float(not without and not status.overdue),
        unit="yes",
        n=seen,
        method=f"cases of {DAYS} days of which something left without a person, and their draws; checks open for more than twice "
        f"{charter.review.due}",
        of_release=True,
        valid_days=1,
        detail={"without_draw": without, "overdue": status.overdue},
    )


def _closed(deployment: Deployment, release: Release) -> Iterator[CaseRecord]:
    """The newest cases of the last days that ended, whoever ended them: something may have left before."""
    since, after, left = deployment.now() - timedelta(days=DAYS), "", MOST_CASES
    while left > 0:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(
                tx, release.use_case, release=release.digest, twin="", after=after, limit=min(left, 200)
            )
        for case in page.rows:
            if case.created_at < since:
                return
            if case.state is State.CLOSED:
                yield case
        left -= len(page.rows)
        after = page.after
        if not after:
            return


def _reviewers(status: SpotCheckStatus) -> Fact:
    """How often reviewers are wrong, from planted cases and from pairs that looked at one case."""
    error = status.reviewer_error
    each = (*status.planted.errors[1:], *status.doubles[1:])
    return Fact(
        kind="trust.reviewer_error",
        value=error.wrong / error.checks if error.checks else 1.0,
        unit="share",
        n=error.checks,
        method="cases with a known answer, and cases that two people looked at; Clopper-Pearson",
        interval=error.interval,
        valid_days=30,
        detail={
            "wrong": error.wrong,
            "undecided": error.unknown,
            "planted": status.planted.errors[0].checks,
            "double": status.doubles[0].checks,
            "reviewers": len({one.reviewer for one in each}),
        },
    )
