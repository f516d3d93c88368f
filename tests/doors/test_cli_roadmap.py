"""The roadmap on the command line: what is missing with exit code 3, answers, and the page to print."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from roadworthy.cli.app import run
from roadworthy.wiring import example_folder

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs the program in an installation with one draft release of a use case whose owner is `tester`."""
    monkeypatch.setenv("ROADWORTHY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROADWORTHY_PRINCIPAL", "tester")

    def said(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["roadworthy", *words])
        capsys.readouterr()
        code = run()
        out, err = capsys.readouterr()
        return code, out, err

    folder = tmp_path / "triage"
    shutil.copytree(
        example_folder().parent / "triage", folder, ignore=shutil.ignore_patterns("__pycache__")
    )
    charter = folder / "charter.yaml"
    text = charter.read_text().replace("    floor: 0.70\n", "    floor: 0.70\n    features: tfidf\n")
    charter.write_text(text.replace("mara", "tester").replace("jonas", "tester"))
    rows = [f"{kind} number {n},{kind}" for n in range(30) for kind in ("lost", "rate")]
    (tmp_path / "train.csv").write_text("text,label\n" + "\n".join(rows), encoding="utf-8")
    code, _, err = said("release", "start", str(folder), "--labelled", str(tmp_path / "train.csv"))
    assert code == 0, err
    return said


def test_a_roadmap_is_shown_answered_compared_and_printed(say: Say, tmp_path: Path) -> None:
    code, out, _ = say("roadmap", "triage", "--hours", "tester=20")
    assert code == 3
    assert "operation.on_call" in out
    assert "how will this scale?" in out
    code, out, _ = say(
        "roadmap",
        "answer",
        "triage",
        "operation.on_call",
        "--yes",
        "--note",
        "<b>rota</b> in the wiki",
        "--json",
    )
    given = json.loads(out)
    assert (code, given["answer"], given["by"], given["demo"]) == (0, "yes", "tester", False)
    page = tmp_path / "roadmap.html"
    code, out, _ = say("roadmap", "show", "triage", "--json", "--output", str(page))
    document = json.loads(out)
    assert code == 3
    assert "operation.on_call" in {step["requirement"] for step in document["stands"]}
    assert list(document["answers"].values()) == ["<b>rota</b> in the wiki"]
    assert document["since_assessed"] is None
    assert {"phases", "checklist", "scale", "missing", "hours", "ready"} <= set(document)
    printed = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;rota" in printed
    assert "<b>rota" not in printed
    assert "<script" not in printed
    assert "://" not in printed


def test_a_release_that_has_ended_is_not_what_the_way_is_about(say: Say) -> None:
    assert say("release", "abort", "triage", "--reason", "wrong labels")[0] == 0
    # It is the only one: then its way begins anew.
    code, out, _ = say("roadmap", "triage", "--json")
    assert (code, json.loads(out)["stage"]) == (3, "halted")


def test_an_assessment_says_what_is_promised_otherwise(say: Say, tmp_path: Path) -> None:
    idea = tmp_path / "idea.yaml"
    assert say("assess", "new", str(idea))[0] == 0
    code, out, _ = say("roadmap", "triage", "--assessment", str(idea), "--json")
    assert code == 3
    assert json.loads(out)["since_assessed"] == []


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("roadmap", "triage", "--hours", "tester"), 2, "RW-ROADMAP-004"),
        (("roadmap", "triage", "--hours", "nobody=4"), 2, "RW-ROADMAP-004"),
        (("roadmap", "triage", "--to", "night"), 2, "RW-CLI-004"),
        (("roadmap", "triage", "--output", "/nowhere/at/all.html"), 2, "RW-ROADMAP-005"),
        (("roadmap", "nothing"), 1, "RW-CASE-022"),
        (("roadmap", "answer", "triage", "operation.on_call"), 2, "RW-ROADMAP-002"),
        (("roadmap", "answer", "triage", "operation.on_call", "--until", "soon"), 2, "is no day"),
        (
            ("roadmap", "answer", "triage", "compliance.dpia", "--yes", "--note", "done"),
            4,
            "RW-ROADMAP-003",
        ),
    ],
)
def test_what_cannot_be_done_is_told_with_its_code(
    say: Say, words: tuple[str, ...], code: int, told: str
) -> None:
    got, _, err = say(*words)
    assert (got, told in err) == (code, True), err
