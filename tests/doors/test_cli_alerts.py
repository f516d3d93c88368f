"""`lineage`, `alerts`, `incident` and `stop` as people type them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from tests.doors.saying import USE_CASE, Say, plain_data
from tests.operate.watching.receivers import Ear, listening

from roadworthy.alerting import Finding
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.watching.alarms import Alarms
from roadworthy.wiring import open_deployment, workspace


@pytest.fixture
def worked(say: Say, tmp_path: Path) -> Say:
    """One case of the plain use case was taken in."""
    plain_data(tmp_path / "home")
    assert say("release", "start", str(USE_CASE)).code == 0
    (tmp_path / "cases.csv").write_text("key,text\nT-1,hello\n")
    done = say("run", "plain", str(tmp_path / "cases.csv"))
    assert done.code == 0, done.err
    return say


def test_lineage_leads_from_a_case_to_what_it_used_and_back(worked: Say) -> None:
    told = worked("lineage", "case", "T-1", "--use-case", "plain", "--json").json
    assert {edge["relation"] for edge in told["edges"]} >= {"used"}
    shown = worked("lineage", "case", "T-1", "--use-case", "plain").out
    assert shown.startswith("T-1 · plain · ")
    assert "entity" in worked("lineage", "case", "T-1", "--use-case", "plain", "--prov").json


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["case", "T-9", "--use-case", "plain"], "RW-CASE-023"),
        (["document", "none.md"], "RW-LINEAGE-002"),
        (["model", "none"], "RW-LINEAGE-002"),
        (["tool", "none.look"], "RW-LINEAGE-002"),
    ],
)
def test_what_is_on_no_record_is_not_found(worked: Say, words: list[str], code: str) -> None:
    missing = worked("lineage", *words)
    assert (missing.code, missing.err.split()[0]) == (1, code)


def test_without_an_alert_it_says_so_and_an_unknown_one_is_not_found(worked: Say) -> None:
    assert worked("alerts", "list").out == "no alert was ever raised\n"
    assert worked("alerts", "list", "--json").json == {"alerts": [], "after": ""}
    missing = worked("alerts", "acknowledge", "A-1", "--reason", "mine")
    assert (missing.code, "RW-ALERT-001" in missing.err) == (1, True)
    nobody = worked("alerts", "test")
    assert (nobody.code, "RW-ALERT-003" in nobody.err) == (2, True)


def strange_texts(_deployment: Deployment, now: datetime) -> tuple[Finding, ...]:
    """A watcher that finds one thing, whenever it looks."""
    return (Finding("drift.alarm", "plain", "texts", "texts look different", now),)


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as ear:
        yield ear


def test_a_test_alert_reaches_every_receiver_or_says_which_not(
    worked: Say, tmp_path: Path, ear: Ear
) -> None:
    file = tmp_path / "home" / "alerts.yaml"
    file.write_text(f"receivers:\n  - {{name: ops, kind: alertmanager, url: '{ear.address}'}}\n")
    told = worked("alerts", "test", "--json")
    assert (told.code, told.json["receivers"]) == (0, [{"name": "ops", "problem": ""}])
    assert ear.heard
    file.write_text("receivers:\n  - {name: ops, kind: alertmanager, url: 'http://127.0.0.1:1'}\n")
    lost = worked("alerts", "test")
    assert (lost.code, "✗ ops" in lost.out) == (3, True)


def test_an_alert_is_listed_taken_and_told_in_an_incident(worked: Say, tmp_path: Path) -> None:
    deployment = open_deployment(workspace(tmp_path / "home"))
    try:
        Alarms([], [strange_texts]).look(deployment)
    finally:
        deployment.store.close()
    (alert,) = worked("alerts", "list", "--json").json["alerts"]
    assert (alert["rule"], alert["state"], alert["use_case"]) == ("drift.alarm", "firing", "plain")
    assert alert["owner"]
    taken = worked("alerts", "acknowledge", alert["id"], "--reason", "I look")
    assert taken.out.startswith("drift.alarm is yours: texts look different\n")
    assert "docs/operations.md#drift-alarm" in taken.out
    assert "looks" in worked("alerts", "list").out
    shown = worked("incident", "show", "--from", "1h", "--json").json
    assert [one["rule"] for one in shown["alerts"]] == ["drift.alarm"]
    wrong = worked("incident", "show", "--from", "yesterday")
    assert (wrong.code, "RW-ALERT-004" in wrong.err) == (2, True)
