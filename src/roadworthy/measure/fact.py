"""From a measured number to a measurement on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from roadworthy.evidence import Measurement
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal
from roadworthy.quantities import Digest, Interval, digest_of
from roadworthy.release import Release


@dataclass(frozen=True, slots=True)
class Fact:
    """What a probe found, before it is dated and stored."""

    kind: str
    value: float
    unit: str
    n: int
    method: str
    subject: str = ""
    interval: Interval | None = None
    inputs: object = None
    """A JSON value that names the inputs: its digest is kept."""
    valid_days: float = 30.0
    of_release: bool = False
    """True where the fact holds for one release only."""
    simulated: tuple[str, ...] = ()
    detail: Mapping[str, object] = field(default_factory=dict)


def keep(
    deployment: Deployment, principal: Principal, release: Release, facts: Iterable[Fact]
) -> tuple[Measurement, ...]:
    """Store facts as measurements and put them on the ledger. Measuring twice keeps both; the newest counts."""
    kept = []
    with deployment.store.write() as tx:
        for fact in facts:
            measurement = Measurement(
                id=deployment.new_id(),
                use_case=release.use_case,
                kind=fact.kind,
                subject=fact.subject,
                value=fact.value,
                unit=fact.unit,
                n=fact.n,
                method=fact.method,
                inputs=_digest(fact.inputs),
                at=deployment.now(),
                valid_for=timedelta(days=fact.valid_days),
                interval=fact.interval,
                release=release.digest if fact.of_release else "",
                simulated=fact.simulated,
                detail=fact.detail,
            )
            deployment.store.evidence.add(tx, measurement)
            deployment.record(
                tx,
                "measurement.recorded",
                principal.id,
                {"use_case": release.use_case, "measurement": measurement.id, "release": release.digest},
                {
                    "kind": fact.kind,
                    "subject": fact.subject,
                    "value": repr(fact.value),
                    "unit": fact.unit,
                    "n": fact.n,
                    "inputs": measurement.inputs,
                    "simulated": list(fact.simulated),
                },
            )
            kept.append(measurement)
    return tuple(kept)


def _digest(inputs: object) -> Digest:
    return digest_of(inputs if inputs is not None else [])
