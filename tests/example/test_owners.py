"""The example's owners answer what the stage asks at their tier, each for themselves, and nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.operate.flows import reply
from tests.operate.office import BEN, CHARTER, OLGA, RITA, SHOP, VERA, Office

from roadworthy.example.material import People
from roadworthy.example.owners import answer_questions
from roadworthy.operate.verdicts import verdict
from roadworthy.stage import Stage

PEOPLE = People(OLGA, BEN, RITA, VERA, SHOP)


def test_all_that_a_stage_asks_of_people_is_answered_by_its_owners(tmp_path: Path) -> None:
    for tier, rows in (("minimal", 0), ("limited", 3), ("high", 11)):
        folder = tmp_path / tier
        folder.mkdir()
        office = Office(folder)
        try:
            text = CHARTER.replace("tier: limited", f"tier: {tier}")
            release = office.release(reply, stage=Stage.SHADOW, charter=text)
            answered = answer_questions(office.deployment, PEOPLE, release, Stage.CANARY)
            assert len(answered) == rows
            open_rows = verdict(office.deployment, OLGA, "desk", release.name, Stage.CANARY).open
            assert not set(answered) & {finding.requirement for finding in open_rows}
        finally:
            office.store.close()
