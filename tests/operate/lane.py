"""An office whose gate asks one thing only, so that tests of rollouts speak of rollouts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.operate import flows
from tests.operate.office import CHARTER, SHOP, Office

from roadworthy.operate.canaries import standing
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.work import handlers
from roadworthy.release import Release, Rollout, Standing
from roadworthy.stage import Stage

STEPS = """
release:
  rollback_window: 7d
  canary:
    margin: 0.03
    tolerance: 0.3
    advance: manual
    steps:
      - {share: 0.3, min_cases: 20}
      - {share: 0.6, min_cases: 30, min_duration: 2h}
"""


def stepped(canary: str = "") -> str:
    """The office's charter with two steps."""
    before, _, _ = CHARTER.partition("release:")
    return before + STEPS.replace("    advance: manual\n", canary or "    advance: manual\n")


def lane(folder: Path) -> Office:
    office = Office(folder)
    rows = tuple(row for row in office.deployment.requirements.requirements if row.id == "business.owner")
    office.deployment = replace(
        office.deployment, requirements=replace(office.deployment.requirements, requirements=rows)
    )
    office.engine.stop(grace_s=0)
    office.engine.start(handlers(office.deployment))
    return office


def two_releases(office: Office, charter: str) -> tuple[Release, Release]:
    """One in production, one in shadow that is about to become a canary."""
    first = office.release(flows.reply, number=1, charter=charter)
    second = office.release(flows.reply, number=2, stage=Stage.SHADOW, share=0.0, charter=charter + "\n# 2")
    return first, second


def rollout(office: Office) -> Rollout:
    with office.store.read() as tx:
        return office.store.releases.rollout(tx, "desk")


def now_standing(office: Office) -> Standing:
    with office.store.read() as tx:
        canary = office.store.releases.rollout(tx, "desk").at(Stage.CANARY)
        assert canary is not None
        return standing(office.deployment, tx, canary)


def cases(
    office: Office, count: int, *, start: int = 0, wrong_every: int = 0, right: str = "refund"
) -> None:
    """Live cases with their outcomes; every so manieth of the canary's is wrong."""
    for number in range(start, start + count):
        case = office.submit(f"K-{number}", "refund 0.95")
        office.work()
        wrong = wrong_every and case.stage is Stage.CANARY and number % wrong_every == 0
        truth = "other" if wrong else right
        record_outcome(office.deployment, SHOP, "desk", f"K-{number}", truth=truth, source="desk")
