"""How good models were seen to be at the tasks of a release, by evidence that still holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from roadworthy.evidence import Evidence, Measurement
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.quantities import Interval
from roadworthy.routing import Quality

KIND = "quality.model"
"""Measured with the subject ``TASK/MODEL``, both by the names of the charter."""
_NOTHING_BOUNDS_IT = Interval(0.0, 1.0)


def qualities(
    deployment: Deployment, tx: Transaction, use_case: str, release: str
) -> Mapping[str, Mapping[str, Quality]]:
    """By task and model, what was measured for this release (its digest) and is still believed.

    What expired, or was measured for another release, is missing here: such a model was never measured.
    """
    kept = deployment.store.evidence.measurements(tx, use_case)
    return read_qualities(kept, now=deployment.now(), release=release)


def read_qualities(
    measurements: Iterable[Measurement], *, now: datetime, release: str
) -> Mapping[str, Mapping[str, Quality]]:
    """The same from measurements at hand. One without an interval bounds nothing."""
    evidence = Evidence.gather((one for one in measurements if one.kind == KIND), now=now, release=release)
    found: dict[str, dict[str, Quality]] = {}
    for one in evidence.of_kind(KIND):
        task, _, model = one.subject.partition("/")
        low = (one.interval or _NOTHING_BOUNDS_IT).low
        found.setdefault(task, {})[model] = Quality(one.value, low, one.n)
    return found
