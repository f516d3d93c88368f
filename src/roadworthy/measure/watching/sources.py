"""The company's own tables, looked at again from time to time while a release works with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from roadworthy.errors import RoadworthyError
from roadworthy.measure.fact import Fact, keep
from roadworthy.measure.knowledge.freshness import health_facts
from roadworthy.measure.sources import data_checks, freshness
from roadworthy.operate.at_work import at_work
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import SYSTEM
from roadworthy.release import Release
from roadworthy.stage import Stage

EVERY_S: Final = 600.0
FRESH_FOR: Final = timedelta(hours=6)
"""So often contracts, freshness and knowledge are measured again by themselves."""
_WATCHED: Final = frozenset({Stage.CANARY, Stage.PRODUCTION})
_KINDS: Final = frozenset({"data.breaches", "data.age", "knowledge.stale"})


def measure_sources(deployment: Deployment) -> int:
    """Measure what the releases at work rest on, where that was last done six hours ago; returns how many were.

    One release that cannot be measured holds up no other; the first problem is raised at the end.
    Twice at once: the second measurement says the same. Errors: as the sources.
    """
    measured = 0
    failed: RoadworthyError | None = None
    for release in at_work(deployment, _WATCHED):
        try:
            measured += _measured(deployment, release)
        except RoadworthyError as problem:
            failed = failed or problem
    if failed is not None:
        raise failed
    return measured


def _measured(deployment: Deployment, release: Release) -> bool:
    now = deployment.now()
    with deployment.store.read() as tx:
        earlier = deployment.store.evidence.measurements(tx, release.use_case)
    if any(one.kind in _KINDS and timedelta(0) <= now - one.at < FRESH_FOR for one in earlier):
        return False
    loaded = deployment.loader.load(release.digest)
    facts: list[Fact] = []
    if loaded.contracts:
        with deployment.instruments() as instruments:
            facts += data_checks(loaded, instruments, now=now, earlier=earlier)
    facts += freshness(loaded, now=now)
    facts += health_facts(deployment, release.use_case, loaded.bases, today=now.date(), earlier=earlier)
    if facts:
        keep(deployment, SYSTEM, release, facts)
    return bool(facts)
