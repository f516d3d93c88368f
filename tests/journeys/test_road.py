"""The whole road, in a process of its own: on the example company, and on real input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BANKING77 = (ROOT / "../shared/data/banking77/train.csv").resolve()


def demo(folder: Path, *words: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "roadworthy", "demo", "--json", "--home", str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    return json.loads(done.stdout)


def figures(document: dict, scene: str) -> dict:
    return next(one["figures"] for one in document["scenes"] if one["name"] == scene)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    home = tmp_path_factory.mktemp("road") / "demo"
    return demo(home), home


def test_the_gate_holds_for_reasons_that_the_repair_takes_away(example) -> None:
    document, _ = example
    held = figures(document, "gate-first")
    assert held["verdict"] in {"hold", "fail"}
    assert {
        "safety.policy_coverage refunds.issue",
        "knowledge.stale help-centre",
        "knowledge.contradictions help-centre",
        "data.duplicates crm",
    } <= set(held["open"])
    assert figures(document, "gate-second")["verdict"] == "pass"


def test_production_is_reached_only_with_approvals_and_a_proven_canary(example) -> None:
    document, _ = example
    assert figures(document, "approvals") == {"verdict": "pass", "before": "hold"}
    assert figures(document, "canary-r2")["state"] == "not worse"
    assert document["reached_production"]


def test_the_bad_release_is_halted_by_its_canary_and_its_cases_are_looked_at(example) -> None:
    document, _ = example
    assert figures(document, "canary-r3")["state"] == "worse"
    rollback = figures(document, "rollback")
    assert rollback["stage"] == "halted"
    assert "more wrong automatic answers" in rollback["reason"]
    assert rollback["corrections"] > 0


def test_no_effect_left_twice_and_the_ledger_holds(example) -> None:
    document, _ = example
    result = figures(document, "result")
    assert result["effects"] > 100
    assert result["doubled"] == 0
    assert document["ledger_holds"]


def test_what_the_demo_leaves_behind_answers_questions(example) -> None:
    _, home = example

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "roadworthy", *words], capture_output=True, text=True, check=False,
            env={**os.environ, "ROADWORTHY_HOME": str(home)},
        )  # fmt: skip

    listed = json.loads(ask("cases", "list", "--json", "--limit", "200").stdout)["cases"]
    automatic = next(case for case in listed if case["handled_by"] == "automatic")
    page = json.loads(ask("cases", "explain", automatic["key"], "--json").stdout)
    predicted = page["steps"][0]["result"]["value"]
    assert predicted["nearest"]
    assert predicted["runner_up"]
    assert page["effects"][0]["state"] == "confirmed"
    assert [entry["kind"] for entry in page["ledger"]][:2] == ["case.accepted", "case.decided"]
    verdict = ask("gate", "support", "--release", "r2", "--stage", "production", "--json")
    assert verdict.returncode == 0, verdict.stdout
    assert any("demo account" in note for note in json.loads(verdict.stdout)["notes"])
    assert ask("ledger", "verify").returncode == 0
    assert ask("doctor").returncode == 0


def test_real_messages_go_the_same_road(tmp_path: Path) -> None:
    if not BANKING77.is_file():
        if os.environ.get("CI"):
            pytest.fail("CI runs with ../shared/data/banking77 beside the checkout, and it is not there")
        pytest.skip("BANKING77 is not at hand: it lies in ../shared/data beside the checkout")
    document = demo(
        tmp_path / "demo", "--messages", str(BANKING77), "--text", "text", "--label", "category"
    )
    assert document["use_case"] == "triage"
    assert figures(document, "gate-first")["verdict"] == "hold"
    assert document["reached_production"]
    assert figures(document, "rollback")["stage"] == "halted"
    assert figures(document, "result")["doubled"] == 0
    assert document["ledger_holds"]


@pytest.mark.postgres
def test_killed_workers_lose_nothing_and_double_nothing() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "crash" / "run"), "--quick", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    line = json.loads(done.stdout.strip().splitlines()[-1])
    assert line["holds"], [bar for bar in line["bars"] if not bar["holds"]]
