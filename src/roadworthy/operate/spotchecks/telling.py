"""How spot checks stand, as every door shows it."""

from __future__ import annotations

from typing import Any

from roadworthy.operate.spotchecks.status import KindStatus, SpotCheckStatus
from roadworthy.quantities import Interval
from roadworthy.trust.reviewers import ReviewerError

_COUNTS = ("cases", "drawn", "judged", "wrong", "pending", "contradicted", "cancelled", "erased")


def status_json(status: SpotCheckStatus) -> dict[str, Any]:
    """The status as plain JSON values."""
    return {
        "use_case": status.use_case,
        "share": status.share,
        "asked": status.asked,
        "fit_into_the_hours": status.most,
        "overdue": status.overdue,
        "kinds": [_kind(one) for one in status.kinds],
        "reviewers": {
            "error": _error(status.reviewer_error),
            "finds_wrong_ones": _range(status.planted.sensitivity),
            "leaves_right_ones": _range(status.planted.specificity),
            "known_answers": [_error(one) for one in status.planted.errors[1:]],
            "looked_at_by_two": [_error(one) for one in status.doubles[1:]],
        },
    }


def _kind(one: KindStatus) -> dict[str, Any]:
    watch = one.watch
    return {
        "release": one.release,
        "kind": one.kind,
        **{name: getattr(one, name) for name in _COUNTS},
        "probability": [one.q_least, one.q_most],
        "error": watch.error if watch else None,
        "interval": _range(watch.interval) if watch else None,
        "alarm": bool(watch and watch.fires),
        "sentence": one.sentence,
    }


def _error(one: ReviewerError) -> dict[str, Any]:
    return {
        "reviewer": one.reviewer,
        "checks": one.checks,
        "wrong": one.wrong,
        "undecided": one.unknown,
        "interval": _range(one.interval),
    }


def _range(span: Interval) -> list[float]:
    return [span.low, span.high]
