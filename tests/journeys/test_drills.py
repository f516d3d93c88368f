"""Drills on the command line: real worker processes in a mirrored workspace, and nothing of it in the real one."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

import pytest
from tests.journeys.drilled import Desk

from roadworthy.cli.app import run
from roadworthy.cli.session import opened


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path / "home", monkeypatch, capsys)


def test_killed_workers_lose_nothing_and_the_real_workspace_is_left_as_it_was(desk: Desk) -> None:
    code, told = desk.say("drill", "crash", "plain", "--kills", "3", "--cases", "15")
    faults = told["facts"][0]
    assert faults["value"] == 0, faults
    assert faults["detail"]["kills"] == 3
    assert faults["detail"]["effects"] == 45
    assert faults["simulated"] == ["effects", "answers of people"]
    assert code == (0 if faults["n"] >= 3 else 3), "kills that hit nothing prove nothing"
    with sqlite3.connect(desk.target) as target:
        assert target.execute("select count(*) from felt").fetchone() == (0,), (
            "no effect reached the system"
        )
    with opened() as (deployment, _, place):
        with deployment.store.read() as tx:
            cases = deployment.store.cases.list(tx, "plain").rows
            kept = deployment.store.evidence.measurements(tx, "plain")
        assert {case.key for case in cases} == {f"C-{n}" for n in range(10)}
        assert {one.kind for one in kept} >= {"operation.crash_faults"}
        assert not (place.home / "drills").exists(), "the copy is cleared away"
    _, listed = desk.say("drill", "list", "plain")
    last = {row["drill"]: row for row in listed["drills"]}
    assert last["crash"]["at"]
    assert last["crash"]["release"] == "r1"
    assert not last["load"]["at"]


def test_a_load_drill_holds_the_rate_and_a_dry_one_keeps_nothing(desk: Desk) -> None:
    code, told = desk.say("drill", "load", "plain", "--seconds", "5", "--rate", "20", "--dry")
    p95, held = told["facts"]
    assert code == 0, told
    assert p95["n"] > 60
    assert 0 < p95["value"] < 60
    assert held["value"] > 1
    assert p95["detail"]["undecided"] == 0
    assert p95["detail"]["cpu_seconds"] > 0
    _, listed = desk.say("drill", "list", "plain")
    assert not any(row["at"] for row in listed["drills"])


def test_a_stop_under_load_reaches_every_process(desk: Desk) -> None:
    code, told = desk.say("drill", "stop", "plain", "--under-load", "--workers", "2")
    obeyed, last = told["facts"]
    assert code in {0, 3}
    assert set(obeyed["detail"]) == {"drill-1", "drill-2"}
    assert last["value"] < 5
    assert last["detail"]["cases_not_gone_on"] == 0


def test_a_drill_without_recorded_cases_says_what_it_lacks(desk: Desk) -> None:
    with opened() as (deployment, _, _place), deployment.store.write() as tx:
        for case in deployment.store.cases.list(tx, "plain").rows:
            deployment.vault.erase(tx, case.subject, at=deployment.now())
    code, told = desk.say("drill", "load", "plain")
    assert code == 2
    assert (
        told["error"]["code"] == "RW-DRILL-002" if "error" in told else "RW-DRILL-002" in json.dumps(told)
    )


def test_a_worker_of_a_drill_refuses_a_real_workspace(desk: Desk) -> None:
    desk.monkeypatch.setattr(
        sys, "argv", ["roadworthy", "drill", "worker", "--name", "x", "--home", str(desk.home)]
    )
    assert run() == 2
