"""Which releases are at work."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.release import Release
from roadworthy.stage import LIVE, Stage


def on_the_road(
    deployment: Deployment, tx: Transaction, stages: Collection[Stage] = LIVE
) -> Iterator[Release]:
    """Releases of all use cases in these stages; where none are named, those that take cases."""
    for use_case in deployment.store.releases.use_cases(tx):
        for release in deployment.store.releases.rollout(tx, use_case).releases:
            if release.stage in stages:
                yield release


def at_work(deployment: Deployment, stages: Collection[Stage] = LIVE) -> tuple[Release, ...]:
    """The same, read in a transaction of its own."""
    with deployment.store.read() as tx:
        return tuple(on_the_road(deployment, tx, stages))
