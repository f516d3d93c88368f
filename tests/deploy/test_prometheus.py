"""The shipped rules hold, and a real Prometheus and a real Alertmanager carry an alert to its receiver."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.monitoring import (
    ALERTMANAGER,
    MISSING,
    PROMETHEUS,
    PROMTOOL,
    alertmanager,
    get,
    prometheus,
    served,
    until,
)
from tests.operate.office import BEN, START
from tests.operate.watching.receivers import Ear, listening
from tests.server.desk import Desk, reply

from roadworthy.adapters.alertmanager import Alertmanager
from roadworthy.adapters.posting import HttpPost
from roadworthy.alerting import RULES as RULES_WITHIN
from roadworthy.casework.review import ReviewState
from roadworthy.operate.watching.alarms import Alarms
from roadworthy.operate.watching.catalogue import FAMILIES

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
RULES = FOLDER / "roadworthy.rules.yaml"
real = pytest.mark.skipif(not (PROMETHEUS and ALERTMANAGER), reason=MISSING)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.office.store.close()


@pytest.mark.skipif(PROMTOOL is None, reason=MISSING)
@pytest.mark.parametrize(
    "what", [["check", "rules", RULES.name], ["test", "rules", "roadworthy.rules.test.yaml"]]
)
def test_promtool_finds_nothing_wrong_with_the_rules(what: list[str]) -> None:
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *what], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_that_a_rule_asks_for_is_one_that_is_shown() -> None:
    shown = {family.name for family in FAMILIES}
    asked = set(re.findall(r"\broadworthy_[a-z_0-9]+", RULES.read_text(encoding="utf-8")))
    assert asked
    assert asked <= shown


def test_every_alert_leads_to_a_chapter_of_the_operations_manual() -> None:
    manual = (FOLDER.parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    anchors = {
        line.lstrip("# ").lower().replace(" ", "-")
        for line in manual.splitlines()
        if line.startswith("### ")
    }
    named = set(re.findall(r"docs/operations\.md#([a-z-]+)", RULES.read_text(encoding="utf-8")))
    assert named <= anchors
    assert {rule.runbook.partition("#")[2] for rule in RULES_WITHIN.values()} <= anchors


def suspend(desk: Desk) -> str:
    """The desk's certificate; returns its id."""
    release = desk.office.release(reply)
    with desk.office.store.write() as tx:
        (certificate,) = desk.office.store.evidence.certificates(tx, "desk", release=release.digest)
        desk.office.store.evidence.suspend(tx, certificate.id, at=desk.office.clock.now(), reason="drift")
    return certificate.id


def heard(ear: Ear, name: str, status: str) -> dict[str, Any] | None:
    for _, _, body in ear.heard:
        for alert in json.loads(body)["alerts"]:
            if alert["labels"]["alertname"] == name and alert["status"] == status:
                return dict(alert)
    return None


@real
def test_an_alert_travels_from_the_figures_to_a_receiver(desk: Desk, tmp_path: Path) -> None:
    suspend(desk)
    machine = desk.machine(BEN)
    key = desk.key(BEN)

    def answer(path: str, authorization: str) -> tuple[int, str]:
        found = machine.client.get(path, headers={"Authorization": authorization})
        return found.status_code, found.text

    with (
        listening() as ear,
        alertmanager(tmp_path, hook=f"{ear.address}/hook") as to,
        served(answer) as port,
        prometheus(tmp_path, target=port, key=key, rules=RULES, alerts_to=to) as url,
    ):
        told = until(lambda: heard(ear, "RoadworthyCertificateSuspended", "firing"))
        assert told["labels"]["use_case"] == "desk"
        assert told["labels"]["severity"] == "page"
        assert told["annotations"]["action"] == "roadworthy release status desk"
        (target,) = get(f"{url}/api/v1/targets")["data"]["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
        found = get(f"{url}/api/v1/query?query=roadworthy_certificate_remaining_days")["data"]["result"]
        assert [sample["metric"]["error_kind"] for sample in found] == ["intent"]


@real
def test_our_own_alerts_reach_alertmanager_and_resolve(desk: Desk, tmp_path: Path) -> None:
    office = desk.office
    office.release(reply, threshold=None)
    office.submit("C-1")
    office.work()
    # Alertmanager believes the clock of the machine; the finding will be gone for as long as it takes.
    office.clock.advance(datetime.now(UTC) - START - timedelta(minutes=3))
    with listening() as ear, alertmanager(tmp_path, hook=f"{ear.address}/hook") as url:
        duty = Alarms([Alertmanager("am", HttpPost(), url, headers={})])
        assert duty(office.deployment) >= 1
        told = until(lambda: heard(ear, "RoadworthyReviewOverdue", "firing"))
        assert told["labels"]["use_case"] == "desk"
        assert told["annotations"]["action"] == "roadworthy review list --use-case desk"
        known = {alert["labels"]["key"] for alert in get(f"{url}/api/v2/alerts")}
        assert "review.overdue/desk/" in known
        review = desk.open_review("C-1")
        cancelled = replace(review, state=ReviewState.CANCELLED, version=review.version + 1)
        with office.store.write() as tx:
            office.store.reviews.save(tx, cancelled, expected=review.version)
        office.clock.advance(datetime.now(UTC) - office.clock.now())
        duty(office.deployment)
        assert until(lambda: heard(ear, "RoadworthyReviewOverdue", "resolved"))
