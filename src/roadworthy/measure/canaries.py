"""What a worker does for canaries: look at them again and again, and ask for the figures of their cases."""

from __future__ import annotations

from typing import Final

from roadworthy.measure.value.asking import rows_of
from roadworthy.measure.value.holdout import MOST_COUNTED, figures_by_key
from roadworthy.operate.canaries import observe_figures
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.rollout import look_at_canaries, look_at_canary
from roadworthy.stage import Stage

LOOK_EVERY_S: Final = 5.0


def watch_canaries(deployment: Deployment) -> None:
    """Halt what is proven worse, lead on what has passed its step. Twice at once: the second finds it done."""
    look_at_canaries(deployment)


def ask_canary_figures(deployment: Deployment) -> None:
    """Ask for the KPI's figures of single cases where a canary is compared by it. A figure counts once."""
    with deployment.store.read() as tx:
        names = deployment.store.releases.use_cases(tx)
        running = [deployment.store.releases.rollout(tx, name).at(Stage.CANARY) for name in names]
    for canary in running:
        if canary is None:
            continue
        charter = deployment.loader.charter(canary.digest)
        query = charter.kpi.per_case
        if charter.release.canary.metrics.kpi is None or query is None:
            continue
        rows = rows_of(deployment.loader.load(canary.digest), query, limit=MOST_COUNTED)
        observe_figures(deployment, canary.use_case, figures_by_key(rows)[0])
        look_at_canary(deployment, canary.use_case)
