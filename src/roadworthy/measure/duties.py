"""What a worker does from time to time by itself: notice what has aged, and ask for what is due."""

from __future__ import annotations

from typing import Final

from roadworthy.measure.certifying import watch_content
from roadworthy.measure.value.kpi import due, kpi_now
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.work import Duty
from roadworthy.principal import SYSTEM

EVERY_S: Final = 600.0


def ask_due_kpis(deployment: Deployment) -> None:
    """Ask for the KPI of every use case whose time has come. Twice at once: the second finds it asked."""
    with deployment.store.read() as tx:
        names = deployment.store.releases.use_cases(tx)
    for name in names:
        if due(deployment, name):
            kpi_now(deployment, SYSTEM, name)


DUTIES: Final = (
    Duty("content", EVERY_S, watch_content),
    Duty("kpi", EVERY_S, ask_due_kpis),
)
"""All of them. Each does no harm when several workers do it."""
