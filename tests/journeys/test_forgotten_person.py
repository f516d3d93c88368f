"""A person is erased: what was written about them, and what decisions rested on, is gone from everything we keep."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from roadworthy.quantities import Share
from roadworthy.stage import Stage
from roadworthy.wiring import open_deployment, workspace

ANN, BOB = "ann.quokka@example.com", "bob@example.com"
SECRETS = ("zanzibarmortgage", "pebblehammer")
"""Words of documents about Ann alone, and of no other."""
MESSAGE = "wintergreenledger"
"""A word of what Ann wrote herself."""

CHARTER = """
use_case: letters
title: Answer from letters
objective: Answer a customer from what was written to them
purpose: measuring
region: eu
owners: {business: a, technical: b, risk: c, support: d}
kpi: {name: none, unit: none, target: 1, baseline: {source: target, sql: select 1}}
value: {cases_per_month: 1, minutes_per_case: 1, cost_per_hour: 1.00 EUR, cost_of_error: 1.00 EUR}
risk: {tier: minimal, worst_case: none}
autonomy: automatic
budget: {per_case: 1.00 EUR, per_month: 1000000.00 EUR}
input:
  text: {type: text, max_length: 500}
  sender: {type: email, max_length: 254, trusted: true, subject: true}
data:
  target: {url: "sqlite:///{data}/target.sqlite", owner: a, steward: b}
knowledge:
  letters: {path: letters, owner: d, embedding: static, reads_as: {clearance: 2}}
tools:
  target.write:
    use: sql.insert
    source: target
    sink: write
    options: {table: felt, columns: {case_key: case}}
    error: any
    idempotency: native
tasks:
  any: {kind: classify, text: text, floor: 0.5, features: tfidf}
certificates:
  any: {task: any, alpha: 0.05}
review: {hours_per_week: 1, minutes_per_review: 1}
"""

WORKFLOW = """
from dataclasses import dataclass

import roadworthy as rw


@dataclass(frozen=True)
class Input:
    text: str
    sender: str


@rw.workflow("letters")
async def handle(case: rw.Case[Input], run: rw.Run) -> rw.Decision:
    found = await run.retrieve("letters", case.data.text, top_k=3)
    return rw.Decision(
        "answered", confidence=1.0, because=list(found),
        effects=[rw.effect("target.write", case=case.key)],
    )
"""

POLICY = """
@id("letters.all")
@reason("writing is allowed")
permit (principal, action, resource)
when { [Tool::"target.write"].contains(resource) };
"""


class Installation:
    """A workspace with a use case, and the program as its user starts it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.said = ""
        self._folder = folder
        use_case = folder / "usecase"
        (use_case / "policies").mkdir(parents=True)
        (use_case / "charter.yaml").write_text(CHARTER)
        (use_case / "workflow.py").write_text(WORKFLOW)
        (use_case / "policies" / "letters.cedar").write_text(POLICY)
        self.data = self.home / "data" / "letters"
        self.letters = self.data / "letters"
        self.letters.mkdir(parents=True)
        with sqlite3.connect(self.data / "target.sqlite") as target:
            target.execute("create table felt (idempotency_key text primary key, case_key text not null)")
        target.close()
        self.say("release", "start", str(use_case), "--note", "first")
        self._into_production()

    def say(self, *words: str, code: int = 0) -> str:
        """What the program prints; everything it says is kept, as a log would."""
        done = subprocess.run(
            [sys.executable, "-m", "roadworthy", *words],
            capture_output=True, text=True, check=False, timeout=300,
            env={
                **os.environ, "ROADWORTHY_HOME": str(self.home), "ROADWORTHY_PRINCIPAL": "tester",
                "ROADWORTHY_LOG": "json", "ROADWORTHY_DATABASE_URL": "", "ROADWORTHY_KNOWLEDGE_URL": "",
            },
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr[-3000:]
        assert done.returncode == code, done.stderr[-3000:] + done.stdout[-3000:]
        self.said += done.stdout + done.stderr
        return done.stdout

    def _into_production(self) -> None:
        """Past the gate, which is not what is tried here: so that the workflow works on cases."""
        deployment = open_deployment(workspace(self.home), workers=1)
        with deployment.store.write() as tx:
            (release,) = deployment.store.releases.rollout(tx, "letters").releases
            running = replace(
                release, stage=Stage.PRODUCTION, share=Share(1.0), stage_since=deployment.now()
            )
            deployment.store.releases.save(tx, running)
        deployment.store.close()

    def json(self, *words: str) -> Any:
        return json.loads(self.say(*words, "--json"))

    def letter(self, name: str, text: str, person: str = "") -> None:
        head = (
            f"subjects: [{person}]\nclass: 2\npurposes: [measuring]\nupdated: 2026-01-02\n"
            if person
            else ""
        )
        (self.letters / name).write_text(f"---\ntitle: A letter\n{head}---\n{text}\n")

    def write(self, *messages: tuple[str, str, str]) -> None:
        """Take in and work messages: key, sender, text."""
        file = self._folder / "messages.csv"
        with file.open("w", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(("key", "sender", "text"))
            rows.writerows(messages)
        self.say("run", "letters", str(file), "--json")
        file.unlink()

    def found(self, question: str, person: str) -> set[str]:
        told = self.json("knowledge", "search", "letters", "letters", question, "--subject", person)
        return {hit["document"] for hit in told["hits"]}

    def kept(self) -> dict[str, bytes]:
        """Every file that the installation made: databases, their logs, cache, releases. Not the letters themselves."""
        return {
            file.relative_to(self.home).as_posix(): file.read_bytes()
            for file in sorted(self.home.rglob("*"))
            if file.is_file() and self.letters not in file.parents
        }

    def holding(self, *words: str) -> set[tuple[str, str]]:
        return {
            (word, name)
            for name, content in self.kept().items()
            for word in words
            if word.encode() in content
        }


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(tmp_path_factory.mktemp("forgotten"))
    made.letter("fees.md", "A transfer costs nothing. A mortgage is paid back monthly.")
    made.letter("to-ann.md", f"Your mortgage has the number {SECRETS[0]} and is paid.", ANN)
    made.letter(
        "to-ann-again.md", f"The tool you asked about is a {SECRETS[1]}, paid monthly.", ANN.upper()
    )
    made.letter("to-bob.md", "Your mortgage has the number gingerbreadmortgage.", BOB)
    return made


def test_a_person_is_forgotten_everywhere(installation: Installation) -> None:
    made = installation
    built = made.json("knowledge", "build", "letters")["letters"]
    assert (built["added"], built["waiting"], built["trouble"]) == (4, 0, None)
    assert made.found("mortgage paid monthly", ANN) == {"fees.md", "to-ann.md", "to-ann-again.md"}
    assert made.found("mortgage paid monthly", BOB) == {"fees.md", "to-bob.md"}
    made.write(
        ("A-1", ANN, f"Is my mortgage paid monthly? {MESSAGE}"),
        ("B-1", BOB, "Is my mortgage paid monthly?"),
    )
    assert "to-ann.md" in made.say("cases", "explain", "A-1", "--json")
    # The index holds the texts in the clear; what decisions rested on is sealed under the person's key.
    assert {name for _, name in made.holding(*SECRETS)} <= {"knowledge.sqlite", "knowledge.sqlite-wal"}
    assert made.holding(*SECRETS) != set()
    assert made.holding(MESSAGE, ANN) == set()

    made.said = ""
    erased = made.json("privacy", "erase", ANN, "--yes")
    assert set(erased["documents"]) == {"to-ann.md", "to-ann-again.md"}
    assert erased["chunks"] == 2
    assert erased["payloads"] > 0
    assert made.holding(*SECRETS, MESSAGE, ANN) == set()
    assert made.found("mortgage paid monthly", ANN) == {"fees.md"}
    assert made.found("mortgage paid monthly", BOB) == {"fees.md", "to-bob.md"}

    # The letters still lie in the folder: the next build leaves them alone and says why.
    again = made.json("knowledge", "build", "letters")["letters"]
    assert (again["added"], again["refused"]) == (0, 2)
    findings = made.json("knowledge", "status", "letters")["letters"]["findings"]
    assert {(one["kind"], one["document"]) for one in findings} == {
        ("forgotten", "to-ann.md"),
        ("forgotten", "to-ann-again.md"),
    }
    assert all("erased" in one["detail"] for one in findings)
    assert made.holding(*SECRETS, MESSAGE, ANN) == set()
    assert made.found("mortgage paid monthly", ANN) == {"fees.md"}
    shown = made.say("cases", "explain", "A-1", "--json")
    assert not any(word in shown for word in (*SECRETS, MESSAGE))
    assert "gingerbread" not in shown
    assert made.json("ledger", "verify")
    twice = made.json("privacy", "erase", ANN, "--yes")
    assert (twice["documents"], twice["chunks"]) == ([], 0)
    assert not any(word in made.said for word in (*SECRETS, MESSAGE, ANN))
