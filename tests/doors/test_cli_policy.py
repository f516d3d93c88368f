"""`roadworthy policy`: lint, test, explain, coverage and dry-run, with exit codes that programs read."""

import json
import shutil
from pathlib import Path

import pytest
from tests.doors.saying import Say

EXAMPLE = Path(__file__).parents[2] / "src" / "roadworthy" / "example" / "support"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example's use case, with its refund rules."""
    copy = tmp_path / "support"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("knowledge", "evals", "__pycache__"))
    shutil.copy(EXAMPLE.parent / "repair" / "refunds.cedar", copy / "policies" / "refunds.cedar")
    return copy


def add(folder: Path, text: str, name: str = "own.cedar") -> None:
    (folder / "policies" / name).write_text(text, encoding="utf-8")


def test_sound_policies_have_nothing_wrong_and_tests_that_hold(say: Say, folder: Path) -> None:
    assert say("policy", "lint", str(folder)).code == 0
    assert "7 of 7 tests hold" in say("policy", "test", str(folder)).out
    said = say("policy", "coverage", str(folder), "--json")
    assert (said.code, said.json["tools"]["refunds.issue"]) == (0, {"permitted": True, "tests": 0})


def test_a_tool_that_no_policy_permits_is_an_answer_of_no(say: Say, folder: Path) -> None:
    (folder / "policies" / "refunds.cedar").unlink()
    said = say("policy", "coverage", str(folder))
    assert said.code == 3
    assert "NO" in said.out


def test_a_typo_is_told_with_line_and_column(say: Say, folder: Path) -> None:
    add(
        folder,
        '@id("own.x") @reason("x")\nforbid (principal, action, resource)\nwhen { context.amuont_minor > 3 };',
    )
    said = say("policy", "lint", str(folder), "--json")
    assert said.code == 2
    (problem,) = json.loads(said.err)["error"]["problems"]
    assert (problem["place"], problem["line"], problem["column"]) == ("own.cedar", 3, 16)


def test_an_unknown_tool_is_probably_not_meant(say: Say, folder: Path) -> None:
    add(folder, '@id("own.x") @reason("x") permit (principal, action, resource == Tool::"helpdesk.repy");')
    said = say("policy", "lint", str(folder))
    assert said.code == 3
    assert "`helpdesk.repy`, which is not declared" in said.out


def test_a_failing_test_is_an_answer_of_no_with_its_place(say: Say, folder: Path) -> None:
    tests = folder / "policies" / "tests" / "desk.yaml"
    tests.write_text(tests.read_text().replace("expect: allow", "expect: deny", 1))
    said = say("policy", "test", str(folder))
    assert said.code == 3
    assert "policies/tests/desk.yaml:4" in said.out
    assert "expected deny" in said.out
    assert "6 of 7 tests hold" in said.out
    listed = say("policy", "test", str(folder), "--json").json
    assert (listed["tests"], listed["failing"]) == (7, 1)


def test_a_made_up_request_is_explained_with_every_obligation(say: Say, folder: Path) -> None:
    said = say(
        "policy", "explain", str(folder), "--tool", "refunds.issue", "--arguments", '{"amount": 1600}',
        "--given", '{"autonomy": "approve"}', "--json",
    )  # fmt: skip
    (one,) = said.json["explained"]
    assert one["answer"]["outcome"] == "review"
    assert {reason["rule"]: reason["asks"] for reason in one["reasons"]} == {
        "base.autonomy": "1 × reviewer, within 1d",
        "support.refund-large": "1 × reviewer, within 4h",
    }
    assert (
        one["advice"]["remaining"]["support.refund-limit"] == "forbid when !(context.amount_minor <= 10000)"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--tool", "refunds.isue"), "no tool `refunds.isue`"),
        (("--tool", "refunds.issue", "--arguments", "{"), "not JSON"),
        (("--tool", "refunds.issue", "--arguments", "[1]"), "expected a JSON object"),
        (("--tool", "refunds.issue", "--given", '{"stage": "live"}'), "`stage` is one of"),
        (("--request", "nowhere.yaml"), "no such file"),
    ],
)
def test_a_request_that_cannot_be_is_refused(
    say: Say, folder: Path, words: tuple[str, ...], says: str
) -> None:
    said = say("policy", "explain", str(folder), *words)
    assert said.code == 2
    assert says in said.err


def test_a_dry_run_over_nothing_says_so(say: Say, folder: Path) -> None:
    said = say("policy", "dry-run", str(folder), "--days", "7", "--json")
    assert said.code == 0
    assert (said.json["cases"], said.json["effects"], said.json["unknown"]) == (0, 0, {})
