"""A use case that is not the demo's goes through pilot on the command line alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from roadworthy.cli.app import run
from roadworthy.wiring import example_folder


def test_labelled_cases_are_piloted_and_a_drill_is_run_without_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROADWORTHY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROADWORTHY_PRINCIPAL", "tester")
    data = tmp_path / "home" / "data" / "triage"
    data.mkdir(parents=True)
    with sqlite3.connect(data / "crm.sqlite") as crm:
        crm.execute(
            "create table customer (id text, name text, email text, language text, country text, postcode text, street text)"
        )
        crm.execute("insert into customer values ('1', 'Ada', 'ada@example.com', 'en', 'DE', '1', 'A')")
    with sqlite3.connect(data / "helpdesk.sqlite") as desk:
        desk.execute(
            "create table ticket (opened_at text, closed_at text, first_contact_resolution integer)"
        )
        desk.execute("insert into ticket values (date('now'), date('now'), 1)")
        desk.execute(
            "create table assignment (idempotency_key text primary key, ticket_id text, queue text)"
        )
    folder = tmp_path / "triage"
    shutil.copytree(
        example_folder().parent / "triage", folder, ignore=shutil.ignore_patterns("__pycache__")
    )
    charter = folder / "charter.yaml"
    charter.write_text(
        charter.read_text().replace("    floor: 0.70\n", "    floor: 0.70\n    features: tfidf\n")
    )
    rows = [
        f"{kind} {detail} number {number},{kind}"
        for number in range(60)
        for kind, detail in (("lost", "my card is gone"), ("rate", "the exchange was bad"))
    ]
    train, certify = tmp_path / "train.csv", tmp_path / "certify.csv"
    train.write_text("text,label\n" + "\n".join(rows[:60]), encoding="utf-8")
    certify.write_text(
        "sender,text,label\n" + "\n".join(f"ada@example.com,{row}" for row in rows[60:]), encoding="utf-8"
    )

    def say(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["roadworthy", *words])
        capsys.readouterr()
        code = run()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out or err

    code, said = say("release", "start", str(folder), "--labelled", str(train))
    assert code == 0, said
    code, said = say("gate", "triage", "--stage", "shadow", "--labelled", str(certify), "--json")
    assert code == 3, said
    marks = {f"{f['requirement']} {f['subject']}".strip(): f["mark"] for f in json.loads(said)["findings"]}
    assert marks["quality.accuracy queue"] == "hold", (
        "sixty cases are fewer than the hundred that are asked"
    )
    assert marks["cost.per_case"] == "pass"
    assert marks["trust.certificate queue"] == "hold", "sixty labels prove no five per cent"
    code, said = say("drill", "stop", "triage", "--json")
    assert code == 0, said
    assert json.loads(said)["seconds"] < 5
