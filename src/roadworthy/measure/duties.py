"""What a worker does from time to time by itself: notice what has aged, and ask for what is due."""

from __future__ import annotations

from typing import Final

from roadworthy.measure.canaries import LOOK_EVERY_S, ask_canary_figures, watch_canaries
from roadworthy.measure.certifying import watch_content
from roadworthy.measure.value.kpi import due, kpi_now
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.keeping import keep_fresh
from roadworthy.operate.tending import EVERY_S as TEND_EVERY_S
from roadworthy.operate.tending import tend_effects
from roadworthy.operate.tools.keeping import keep_looking
from roadworthy.operate.work import Duty
from roadworthy.principal import SYSTEM

EVERY_S: Final = 600.0
FRESH_WITHIN_S: Final = 60.0
"""How old the index of a knowledge source may be."""


def ask_due_kpis(deployment: Deployment) -> None:
    """Ask for the KPI of every use case whose time has come. Twice at once: the second finds it asked."""
    with deployment.store.read() as tx:
        names = deployment.store.releases.use_cases(tx)
    for name in names:
        if due(deployment, name):
            kpi_now(deployment, SYSTEM, name)


DUTIES: Final = (
    Duty("canaries", LOOK_EVERY_S, watch_canaries),
    Duty("canary figures", EVERY_S, ask_canary_figures),
    Duty("content", EVERY_S, watch_content),
    Duty("kpi", EVERY_S, ask_due_kpis),
    Duty("effects", TEND_EVERY_S, tend_effects),
    Duty("knowledge", FRESH_WITHIN_S, keep_fresh),
    Duty("tools", FRESH_WITHIN_S, keep_looking),
)
"""All of them. Each does no harm when several workers do it."""
