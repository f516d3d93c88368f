"""`roadworthy cost` on an installation with one use case."""

from __future__ import annotations

import csv
import json
import os
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import typer
from tests.operate.office import CHARTER, OLGA
from typer.testing import CliRunner

from roadworthy.casework.case import State
from roadworthy.cli import costs
from roadworthy.cli.focus import kept_in
from roadworthy.errors import InputProblem
from roadworthy.quantities import Cost, Share, new_id
from roadworthy.release import Archive, Release, sign_release
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import a_case, a_step
from roadworthy.wiring import open_deployment, workspace


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten closed cases a day for forty days, and one day that cost ten times as much."""
    folder = tmp_path_factory.mktemp("costs")
    deployment = open_deployment(workspace(folder))
    store, now = deployment.store, deployment.now()
    archive = Archive({"charter.yaml": CHARTER.encode()})
    release = Release(archive.digest, "desk", 1, "ben", "", Stage.PRODUCTION, Share(1.0), now, now)
    release = sign_release(release, archive, deployment.ledger_key)
    with store.write() as tx:
        store.releases.add(tx, release, archive)
        for number in range(400):
            at = now - timedelta(days=1 + number // 10)
            nano = 1_000_000 + (number * 7_919) % 50_000 + 10_000_000 * (number // 10 == 1)
            case = a_case(
                number, id=new_id(at, number.to_bytes(10)), use_case="desk", key=f"K-{number}", release=release.digest,
                stage=Stage.PRODUCTION, state=State.CLOSED, handled_by="automatic", cost=Cost(nano), created_at=at,
                updated_at=at,
            )  # fmt: skip
            store.cases.add(tx, case)
            store.cases.record_step(tx, a_step(0, case=case.id, cost=Cost(nano), recorded_at=at))
    store.close()
    return folder


def run(home: Path, *words: str) -> tuple[int, str]:
    app = typer.Typer()
    costs.register(app)
    result = CliRunner().invoke(app, ["cost", *words, "--home", str(home)], standalone_mode=False)
    if result.exception:
        raise result.exception
    return int(result.return_value or 0), result.stdout


def test_the_report_tells_lines_cases_and_budget(home: Path, tmp_path: Path) -> None:
    code, text = run(home, "report", "desk", "--since", "2020-01-01", "--until", "2020-12-31", "--json")
    assert (code, json.loads(text)["lines"]) == (0, [])
    first = json.loads(run(home, "forecast", "desk", "--json")[1])["month"] + "-01"
    told = json.loads(run(home, "report", "--since", first, "--every", "day", "--json")[1])
    assert {line["step"] for line in told["lines"]} <= {"predict:intent"}
    assert told["budgets"][0]["limit"] == "1000.00 EUR"
    assert "live cases of desk" in run(home, "report", "desk")[1]
    file = tmp_path / "costs.csv"
    run(home, "report", "--since", first, "--csv", str(file))
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert all(row["currency"] == "EUR" for row in rows)


def test_a_forecast_has_bands_and_the_dear_day_rings(home: Path) -> None:
    code, text = run(home, "forecast", "desk", "--volume", "5000", "--json")
    told = json.loads(text)
    assert code == 0
    assert told["band"]["coverage"] == 0.8
    assert told["target"]["cases"] == 5_000
    code, text = run(home, "unusual", "desk", "--json")
    assert (code, [one["figure"] for one in json.loads(text)["days"]]) == (3, ["cost per case"])
    assert "a month of" in run(home, "forecast", "desk")[1]
    assert run(home, "unusual", "desk")[0] == 3


def test_advice_says_what_it_rests_on(home: Path) -> None:
    told = json.loads(run(home, "advise", "desk", "--json")[1])
    assert [one["kind"] for one in told["advice"]] == ["cache"]
    assert "next: to be tested as a release" in run(home, "advise", "desk")[1]


def test_a_month_is_written_twice_as_the_same_file(home: Path, tmp_path: Path) -> None:
    month = json.loads(run(home, "forecast", "desk", "--json")[1])["month"]
    file = tmp_path / "focus.csv"
    run(home, "export", "--month", month, "--output", str(file))
    first = file.read_bytes()
    run(home, "export", "desk", "--month", month, "--output", str(file))
    assert file.read_bytes() == first
    assert file.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".*.part"))


def test_the_files_of_two_months_are_kept_and_written_again_when_they_are_due(
    home: Path, tmp_path: Path
) -> None:
    deployment = open_deployment(workspace(home))
    duty = kept_in(tmp_path, OLGA)
    now = deployment.now()
    this = now.date().replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    running, over = (tmp_path / f"focus-{month:%Y-%m}.csv" for month in (this, last))
    try:
        duty.do(deployment)
        kept = over.read_bytes()
        assert kept.count(b"\n") > 1
        assert running.exists()
        running.write_text("old")
        over.write_text("old")
        duty.do(deployment)
        assert (running.read_text(), over.read_text()) == ("old", "old"), "both are fresh"
        yesterday, before = now - timedelta(days=2), last + timedelta(days=3)
        os.utime(running, (yesterday.timestamp(),) * 2)
        os.utime(over, (datetime.combine(before, time(), UTC).timestamp(),) * 2)
        duty.do(deployment)
        assert running.read_text() != "old"
        assert over.read_bytes() == kept
    finally:
        deployment.store.close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("report", "--by", "use_case,colour,size"), "RW-COST-004"),
        (("report", "--every", "week"), "RW-COST-004"),
        (("report", "--since", "yesterday"), "RW-COST-004"),
        (("report", "desk", "--csv", "/nowhere/costs.csv"), "RW-COST-006"),
        (("export", "--month", "2026-13", "--output", "x.csv"), "RW-COST-004"),
        (("export", "--month", "2026-11", "--output", "/nowhere/x.csv"), "RW-COST-006"),
        (("export", "--month", "2026-11", "--output", "x.csv", "--account", "=1+1"), "RW-COST-005"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_code(home: Path, words: tuple[str, ...], code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        run(home, *words)
    assert caught.value.code == code
