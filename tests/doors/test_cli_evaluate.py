"""Proofs, suites and improvement on the command line, as programs and people call it."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from roadworthy.cli.app import run

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command in an empty workspace: exit code, stdout, stderr."""
    monkeypatch.setenv("ROADWORTHY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROADWORTHY_PRINCIPAL", "tester")
    monkeypatch.chdir(tmp_path)

    def told(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["roadworthy", *words])
        capsys.readouterr()
        code = run()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return told


def scores(file: Path, n: int, *, error: float) -> Path:
    chance = random.Random(5)
    rows = [f"{chance.random():.6f},{int(chance.random() < error)}" for _ in range(n)]
    file.write_text("score,wrong\n" + "\n".join(rows) + "\n")
    return file


def values(file: Path, share: float, *, seed: int, n: int = 300) -> Path:
    chance = random.Random(seed)
    rows = [f"c{at},{at // 2},{int(chance.random() < share)}" for at in range(n)]
    file.write_text("case,cluster,value\n" + "\n".join(rows) + "\n")
    return file


def test_a_threshold_is_proven_from_a_file_alone(say: Say, tmp_path: Path) -> None:
    file = scores(tmp_path / "s.csv", 800, error=0.01)
    code, out, _ = say("evaluate", "certify", "--scores", str(file), "--alpha", "0.05", "--json")
    found = json.loads(out)
    assert code == 0
    assert set(found) == {"threshold", "accepted", "wrong", "bound", "coverage", "labels_needed"}
    assert found["bound"] <= 0.05
    assert found["labels_needed"] == 0
    assert not (tmp_path / "home").exists(), "it takes no workspace"


def test_where_nothing_is_proven_the_answer_is_no_with_the_labels_that_are_missing(
    say: Say, tmp_path: Path
) -> None:
    file = scores(tmp_path / "s.csv", 60, error=0.0)
    code, out, _ = say("evaluate", "certify", "--scores", str(file), "--alpha", "0.02", "--json")
    found = json.loads(out)
    assert (code, found["threshold"]) == (3, None)
    assert found["labels_needed"] > 0


def test_every_row_that_cannot_be_read_is_named_with_its_line(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text("score,wrong\n0.5,0\nnan,1\n0.7,perhaps\n,0\n")
    code, _, err = say("evaluate", "certify", "--scores", str(file), "--alpha", "0.05", "--json")
    problems = json.loads(err)["error"]["problems"]
    assert code == 2
    assert sorted(one["line"] for one in problems) == [3, 4, 5]


def test_two_files_are_compared_case_by_case(say: Say, tmp_path: Path) -> None:
    a, b = values(tmp_path / "a.csv", 0.95, seed=1), values(tmp_path / "b.csv", 0.7, seed=2)
    code, out, _ = say("evaluate", "compare", str(a), str(b), "--json")
    found = json.loads(out)
    assert (code, found["verdict"], found["cases_needed"]) == (0, "better", 0)
    assert found["interval"][0] <= found["difference"] <= found["interval"][1]
    assert say("evaluate", "compare", str(b), str(a), "--require", "not worse")[0] == 3
    assert say("evaluate", "compare", str(a), str(b), "--require", "better")[0] == 0


def test_too_few_cases_cannot_tell_and_say_how_many_more(say: Say, tmp_path: Path) -> None:
    a, b = values(tmp_path / "a.csv", 0.8, seed=1, n=30), values(tmp_path / "b.csv", 0.8, seed=2, n=30)
    _, out, _ = say("evaluate", "compare", str(a), str(b), "--margin", "0.02", "--json")
    found = json.loads(out)
    assert found["verdict"] == "cannot tell yet"
    assert found["cases_needed"] is None or found["cases_needed"] > 0


def suite(home: Path) -> None:
    folder = home / "data" / "desk" / "evals"
    folder.mkdir(parents=True)
    lines = [
        {"id": f"t{at}", "input": {"text": f"what is {at} plus 1"}, "expected": str(at + 1)}
        for at in range(6)
    ]
    (folder / "sums.jsonl").write_text("\n".join(map(json.dumps, lines)))


def test_a_function_is_put_to_a_suite_before_there_is_any_release(say: Say, tmp_path: Path) -> None:
    suite(tmp_path / "home")
    (tmp_path / "pilot.py").write_text(
        "def answer(asked):\n    at = int(asked['text'].split()[2])\n    return str(at + 1 if at != 3 else 0)\n"
    )
    code, out, _ = say("evaluate", "run", "desk", "sums", "--function", "pilot.py:answer", "--json")
    (found,) = json.loads(out)["evaluations"]
    assert code == 3, "one test fails"
    assert found["summary"]["overall"]["right"] == 5
    code, out, _ = say("evaluate", "show", found["id"], "--came", "failed")
    assert code == 0
    assert "✗ t3" in out
    assert "✓ t0" not in out


def test_recorded_answers_are_graded_and_go_to_inspect_and_back(say: Say, tmp_path: Path) -> None:
    suite(tmp_path / "home")
    answers = tmp_path / "answers.jsonl"
    answers.write_text("\n".join(json.dumps({"id": f"t{at}", "output": str(at + 1)}) for at in range(6)))
    code, out, _ = say("evaluate", "run", "desk", "sums", "--outputs", str(answers), "--json")
    assert code == 0
    (found,) = json.loads(out)["evaluations"]
    log = tmp_path / "log.eval"
    assert say("evaluate", "export", found["id"], str(log))[0] == 0
    code, out, err = say("evaluate", "import", "desk", str(log), "theirs")
    assert code == 0, err
    assert "100.0% of 6 tests pass" in out
    code, out, _ = say("evaluate", "list", "desk", "--json")
    assert [one["suite"] for one in json.loads(out)["evaluations"]] == ["theirs", "sums"]


def test_a_suite_with_mistakes_is_refused_with_all_of_them(say: Say, tmp_path: Path) -> None:
    suite(tmp_path / "home")
    folder = tmp_path / "home" / "data" / "desk" / "evals"
    (folder / "bad.jsonl").write_text('{"input": "a", "expect": 1}\n{"input": \n')
    (folder / "bad.yaml").write_text("graders: {one: {kind: exactly}}\n")
    (tmp_path / "a.jsonl").write_text('{"id": "x", "output": "y"}')
    code, _, err = say("evaluate", "run", "desk", "bad", "--outputs", "a.jsonl", "--json")
    assert code == 2
    assert len(json.loads(err)["error"]["problems"]) >= 3


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("evaluate", "run", "desk", "nosuch", "--outputs", "x.jsonl"), "RW-CLI-030"),
        (("evaluate", "run", "desk", "--outputs", "a", "--function", "b:c"), "RW-CLI-035"),
        (("evaluate", "run", "desk", "--outputs", "x.jsonl"), "RW-CLI-036"),
        (("evaluate", "show", "nothing", "--came", "well"), "RW-CLI-037"),
        (("evaluate", "show", "nothing"), "RW-EVAL-051"),
        (("evaluate", "run", "desk", "sums", "--function", "nowhere.py:answer"), "RW-CLI-039"),
        (("evaluate", "import", "desk", "log.txt", "x"), "RW-CLI-031"),
        (("evaluate", "mirror", "desk"), "RW-CASE-022"),
        (("evaluate", "mirror", "desk", "--since", "yesterday"), "RW-CLI-038"),
        (("improve", "desk"), "RW-IMPROVE-001"),
        (("evaluate", "plant", "desk", "k"), "RW-SPOT-010"),
    ],
)
def test_what_is_wrong_has_a_code_and_a_next_step(
    say: Say, tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    suite(tmp_path / "home")
    left, _, err = say(*words, "--json") if words[1] not in {"import"} else say(*words)
    assert code in err
    assert left in {1, 2}


def test_spot_checks_of_a_use_case_without_automatic_cases_say_so(say: Say) -> None:
    code, out, _ = say("evaluate", "spot-checks", "desk")
    assert code == 0
    assert "no case of desk left without a person yet" in out
