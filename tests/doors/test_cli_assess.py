"""The commands about ideas as somebody meets them who has read nothing but their help."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doors.saying import Said, Say
from tests.server.test_portfolio_report import IDEA

from roadworthy.adapters.chromium.printing import NAMES
from roadworthy.business import shipped
from roadworthy.business.questions import QUESTIONS
from roadworthy.business.reading import blank, read_assessment
from roadworthy.business.writing import value_text, with_answers
from roadworthy.cli import app, assess
from roadworthy.cli.judging import bar
from roadworthy.cli.measured import read_facts
from roadworthy.errors import InputProblem
from roadworthy.placed import Page


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROADWORTHY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROADWORTHY_PRINCIPAL", "tester")
    # As many futures as a fast test needs; the shipped number is only slower.
    fewer = shipped.shipped_policy().model_copy(update={"draws": 400})
    monkeypatch.setattr(shipped, "shipped_policy", lambda: fewer)
    built = app.build

    def build() -> typer.Typer:
        made = built()
        if not any(group.name == "assess" for group in made.registered_groups):
            assess.register(made)
        return made

    monkeypatch.setattr(app, "build", build)

    def command(*words: object, told: str = "") -> Said:
        monkeypatch.setattr(sys, "argv", ["roadworthy", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(told))
        capsys.readouterr()
        code = app.run()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(code, out, err)

    return command


@pytest.fixture
def idea(tmp_path: Path) -> Path:
    file = tmp_path / "returns.yaml"
    file.write_text(IDEA, encoding="utf-8")
    return file


def changed(file: Path, name: str, *pairs: tuple[str, str]) -> Path:
    text = file.read_text(encoding="utf-8").replace("idea: returns", f"idea: {name}")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    other = file.with_name(f"{name}.yaml")
    other.write_text(text, encoding="utf-8")
    return other


def test_nothing_but_the_file_is_needed(say: Say, idea: Path, tmp_path: Path) -> None:
    assert say("assess", idea).code == 0
    assert not (tmp_path / "home").exists()


def test_a_blank_file_is_written_once_and_never_over_another(say: Say, tmp_path: Path) -> None:
    assert say("assess", "new", "My Idea.yaml").code == 0
    text = (tmp_path / "My Idea.yaml").read_text(encoding="utf-8")
    assert "idea: my-idea" in text
    again = say("assess", "new", "My Idea.yaml")
    assert again.code == 1
    assert "RW-ASSESS-002" in again.err
    assert (tmp_path / "My Idea.yaml").read_text(encoding="utf-8") == text


def test_a_blank_file_waits_and_says_what_it_waits_for(say: Say) -> None:
    say("assess", "new", "a.yaml")
    found = say("assess", "a.yaml", "--json")
    assert found.code == 3
    assert found.json["verdict"]["verdict"] == "wait"
    assert {"owner.missing", "value.unpriced"} <= {one["code"] for one in found.json["verdict"]["reasons"]}


def test_a_file_and_show_say_the_same(say: Say, idea: Path) -> None:
    assert say("assess", idea, "--json").json == say("assess", "show", idea, "--json").json
    assert say("assess", "--json", idea).code == 0


def test_a_mistyped_command_is_no_file(say: Say, idea: Path) -> None:
    found = say("assess", "chekc", idea)
    assert found.code == 2
    assert "check" in found.err


def test_a_missing_file_says_how_to_begin(say: Say) -> None:
    found = say("assess", "nothing.yaml")
    assert found.code == 2
    assert "RW-ASSESS-001" in found.err
    assert "roadworthy assess new nothing.yaml" in found.err


def test_the_verdict_reads_like_a_page(say: Say, idea: Path) -> None:
    found = say("assess", idea, "--today", "2026-11-21").out
    assert found.startswith("● FUND")
    for part in (
        "Value",
        "What the value hangs on",
        "Fund the first stage",
        "would become",
        "Next: draft the charter",
    ):
        assert part in found


def test_refused_and_waiting_ideas_leave_with_three(say: Say, idea: Path) -> None:
    refused = changed(idea, "refused", ("prohibited: none", "prohibited: [emotions-at-work]"))
    found = say("assess", refused)
    assert found.code == 3
    assert "REFUSE" in found.out
    assert "Art. 5(1)(f)" in found.out


def test_what_is_to_be_governed_comes_in_order_with_the_value_waiting(say: Say, idea: Path) -> None:
    file = changed(
        idea, "governed", ("rule: yes", "rule: no"), ("protection_assessed: yes", "protection_assessed: no")
    )
    found = say("assess", file, "--json")
    assert found.code == 0
    blockers = found.json["verdict"]["blockers"]
    assert [one["code"] for one in blockers] == ["tools.without_rule", "data.protection_not_assessed"]
    assert all(one["hours"] > 0 and one["waiting"] > 0 for one in blockers)


def test_all_problems_of_all_files_come_at_once_with_their_places(say: Say, idea: Path) -> None:
    one = changed(
        idea, "one", ("38 EUR", "-38 EUR"), ("p10: 4, p50: 6, p90: 10", "p10: 14, p50: 6, p90: 10")
    )
    two = changed(idea, "two", ("cost_per_hour: 38 EUR", "cost_per_hour: 38 USD"))
    found = say("assess", "check", one, two, "--json")
    assert found.code == 2
    problems = json.loads(found.err)["error"]["problems"]
    assert len(problems) >= 3
    assert {Path(problem["place"]).name for problem in problems} == {"one.yaml", "two.yaml"}
    assert all(problem["line"] > 0 and problem["column"] > 0 for problem in problems)


def test_a_good_file_is_checked_and_its_open_fields_named(say: Say, idea: Path) -> None:
    found = say("assess", "check", idea)
    assert found.code == 0
    assert "open: delay.nothing_done" in found.out


def test_owners_can_be_held_against_the_accounts(say: Say, idea: Path) -> None:
    found = say("assess", "check", idea, "--accounts", "--json")
    assert found.code == 2
    assert "has no account" in found.err


def test_facts_replace_answers_and_the_result_says_so(say: Say, idea: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(
        json.dumps(
            {"error": {"value": 0.02, "low": 0.01, "high": 0.04, "n": 400, "source": "probe"}}, indent="\t"
        )
    )
    found = say("assess", idea, "--facts", facts, "--json")
    assert found.json["measured"] == ["error"]
    came = {one["figure"]: one["came"] for one in found.json["value"]["figures"]}
    assert came["error_share"] == "measured"
    assert came["volume"] == "asked"


def test_wrong_facts_are_all_told(say: Say, idea: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(
        '{"eror": {}, "labels": {"count": 5, "total": 3, "source": "x"}, "error": {"value": 2}}'
    )
    found = say("assess", idea, "--facts", facts, "--json")
    assert found.code == 2
    assert json.loads(found.err)["error"]["code"] == "RW-ASSESS-003"
    told = " ".join(problem["message"] for problem in json.loads(found.err)["error"]["problems"])
    assert "unknown fact `eror`" in told
    assert "5 of 3" in told
    assert "`low`: expected a number" in told


def test_facts_about_an_idea_that_is_not_there_are_no_silence(say: Say, idea: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text('{"ideas": {"another": {"labels": {"count": 5, "total": 5, "source": "x"}}}}')
    found = say("assess", idea, "--facts", facts)
    assert found.code == 2
    assert "`another`" in found.err


def test_facts_without_a_name_do_not_fit_several_ideas(say: Say, idea: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text('{"labels": {"count": 5, "total": 5, "source": "x"}}')
    found = say("assess", "portfolio", idea, changed(idea, "two"), "--facts", facts)
    assert found.code == 2
    assert "RW-ASSESS-003" in found.err


def test_a_portfolio_is_ranked_chosen_and_put_into_quarters(say: Say, idea: Path) -> None:
    small = changed(idea, "small", ("p10: 2000, p50: 3100, p90: 4500", "p10: 1500, p50: 2800, p90: 4000"))
    waiting = changed(idea, "waiting", ("accountable: mara", "accountable: unknown"))
    words = ("assess", "portfolio", idea, small, waiting, "--budget", "50000", "--reviewer-hours", "100")
    found = say(*words, "--json").json
    assert [one["idea"] for one in found["ideas"]] == ["returns", "small", "waiting"]
    assert found["together"] == ["returns"]
    assert found["quarters"][:2] == [["returns"], ["small"]]
    assert found["limits"] == {"budget": 50000.0, "review_hours": 100.0, "high_at_once": None}
    told = say(*words)
    assert told.code == 0
    assert "Best together within the limits: returns" in told.out
    assert "nobody answers for it" in told.out


def test_an_idea_that_stands_in_two_files_is_told(say: Say, idea: Path) -> None:
    twin = idea.with_name("twin.yaml")
    twin.write_text(idea.read_text(encoding="utf-8"), encoding="utf-8")
    found = say("assess", "portfolio", idea, twin)
    assert found.code == 2
    assert "RW-ASSESS-004" in found.err


def test_a_funded_idea_becomes_a_charter_that_fits_it(say: Say, idea: Path, tmp_path: Path) -> None:
    made = say("assess", "charter", idea, "--output", "charter.yaml")
    assert made.code == 0
    assert "gap" in made.out
    assert say("assess", "charter", idea, "--output", "charter.yaml").code == 1
    assert say("assess", "charter", idea, "--against", "charter.yaml").code == 0
    text = (tmp_path / "charter.yaml").read_text(encoding="utf-8")
    (tmp_path / "charter.yaml").write_text(
        text.replace('business: "mara"', "business: tom"), encoding="utf-8"
    )
    other = say("assess", "charter", idea, "--against", "charter.yaml")
    assert other.code == 3
    assert "owner: mara was assessed, the charter says tom" in other.out


def test_an_idea_that_is_not_funded_has_no_charter(say: Say, idea: Path) -> None:
    found = say("assess", "charter", changed(idea, "a", ("rule: yes", "rule: no")))
    assert found.code == 4
    assert "RW-BUSINESS-030" in found.err


def test_the_report_and_its_json_say_the_same(say: Say, idea: Path, tmp_path: Path) -> None:
    two = changed(idea, "two", ("rule: yes", "rule: no"))
    assert (
        "wrote board.html"
        in say("assess", "report", idea, two, "--output", "board.html", "--title", "Board").out
    )
    page = (tmp_path / "board.html").read_text(encoding="utf-8")
    facts = say("assess", "report", idea, two, "--json", "--title", "Board").json
    assert facts["title"] == "Board"
    assert [one["verdict"]["verdict"] for one in facts["ideas"]] == ["fund", "govern first"]
    assert all(one["verdict"]["next_step"] in page for one in facts["ideas"])
    assert "replaced board.html" in say("assess", "report", idea, two, "--output", "board.html").out


def test_a_missing_browser_says_what_to_do(say: Say, idea: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = say("assess", "report", idea, "--pdf", "board.pdf")
    assert found.code == 5
    assert "RW-ASSESS-007" in found.err
    assert "next:" in found.err


def test_a_day_that_is_none_is_told(say: Say, idea: Path) -> None:
    found = say("assess", idea, "--today", "tomorrow")
    assert found.code == 2
    assert "RW-ASSESS-005" in found.err


ANSWERS = """Returns
which queue
the desk
mara
workshop
2000 3100 4500
?

report of May
4 6 10
50%
0.5


38 42 50 EUR


"""


def test_the_form_keeps_what_was_answered_through_a_pipe(say: Say, tmp_path: Path) -> None:
    found = say("assess", "fill", "a.yaml", told=ANSWERS)
    assert found.code == 0
    assert "go on with: roadworthy assess fill a.yaml" in found.out
    told = read_assessment((tmp_path / "a.yaml").read_text(encoding="utf-8"), file="a.yaml")
    assert told.title == "Returns"
    assert told.answered == ("task", "volume", "minutes", "hourly_cost")
    assert told.range("hourly_cost", "cost_per_hour").p90 == 50  # type: ignore[union-attr]
    assert told.answers["volume"].source == "report of May"


def test_the_form_goes_on_where_it_stopped(say: Say, tmp_path: Path) -> None:
    say("assess", "fill", "a.yaml", told="Returns\nwhich queue\nthe desk\nmara\nworkshop\nquit\n")
    found = say("assess", "fill", "a.yaml", told="3100\n\n\nquit\n")
    assert "1/18" not in found.out
    told = read_assessment((tmp_path / "a.yaml").read_text(encoding="utf-8"), file="a.yaml")
    assert told.answered == ("task", "volume")


def test_quitting_in_the_middle_of_a_question_keeps_its_fields(say: Say, tmp_path: Path) -> None:
    assert say("assess", "fill", "a.yaml", told="Returns\nwhich queue\nquit\n").code == 0
    told = read_assessment((tmp_path / "a.yaml").read_text(encoding="utf-8"), file="a.yaml")
    assert told.text("task", "decision") == "which queue"
    assert told.answers["task"].owner == "tester"


def test_the_form_goes_back_skips_and_takes_unknown(say: Say, tmp_path: Path) -> None:
    told = "Returns\nwrong\nback\nright\nthe desk\nback\nthe team\nmara\nworkshop\nunknown\nskip\n38 EUR\nquit\n"
    say("assess", "fill", "a.yaml", told=told)
    found = read_assessment((tmp_path / "a.yaml").read_text(encoding="utf-8"), file="a.yaml")
    assert (found.text("task", "decision"), found.text("task", "done_by")) == ("right", "the team")
    assert "volume" in found.answers
    assert found.answered == ("task", "hourly_cost")


def test_the_form_says_what_is_wrong_and_asks_again(say: Say, tmp_path: Path) -> None:
    found = say(
        "assess", "fill", "a.yaml", told="R\nskip\n4500 3100 2000\n-3\nplenty\n3100\nmara\nx\nquit\n"
    )
    for told in ("a range runs upward", "no less than 0", "expected a number"):
        assert told in found.out
    kept = read_assessment((tmp_path / "a.yaml").read_text(encoding="utf-8"), file="a.yaml")
    assert kept.range("volume", "cases_per_month").p50 == 3100  # type: ignore[union-attr]


def test_rows_and_tick_lists_are_asked_piece_by_piece(say: Say, tmp_path: Path) -> None:
    skipped = "skip\n" * 10
    told = f"R\n{skipped}helpdesk\nlena\nyes\npersonal\nfiles\n\ncan be had\nunknown\n\nyes\nlena\nregister\nskip\ncustomers\nnone\n?\ncredit\nquit\n"
    say("assess", "fill", "a.yaml", told=told)
    found = read_assessment((tmp_path / "a.yaml").read_text(encoding="utf-8"), file="a.yaml")
    rows = found.rows("data", "sources")
    assert rows is not None
    assert [(row["name"], row["permission"]) for row in rows] == [
        ("helpdesk", "yes"),
        ("files", "can be had"),
    ]
    assert found.ticks("people", "high_risk") == {"credit"}
    assert found.ticks("people", "prohibited") == frozenset()


def test_a_file_written_by_hand_is_kept_before_it_is_written_anew(say: Say, idea: Path) -> None:
    before = idea.read_text(encoding="utf-8")
    found = say("assess", "fill", idea, told="quit\n")
    assert "kept in" in found.out
    assert idea.with_name("returns.yaml.before").read_text(encoding="utf-8") == before
    assert read_assessment(idea.read_text(encoding="utf-8"), file="a") == read_assessment(before, file="a")
    assert "kept in returns.yaml.before" not in say("assess", "fill", idea, told="quit\n").out


def test_a_wrong_file_is_not_touched_by_the_form(say: Say, idea: Path) -> None:
    wrong = changed(idea, "wrong", ("38 EUR", "-38 EUR"))
    before = wrong.read_bytes()
    assert say("assess", "fill", wrong, told="quit\n").code == 2
    assert wrong.read_bytes() == before


def test_somebody_who_reads_only_the_prompts_gets_from_blank_to_report(say: Say, tmp_path: Path) -> None:
    # Whatever is asked is answered with the example that `?` shows.
    def answer(column: Any) -> str:
        return str(column.example).strip("{}").removeprefix("- ")

    lines = ["Returns"]
    for question in QUESTIONS:
        for field in question.fields:
            if field.columns:
                lines += ["thing", *(answer(column) for column in field.columns[1:]), ""]
            else:
                lines.append(answer(field))
        lines += ["mara", "workshop"]
    found = say("assess", "fill", "a.yaml", told="\n".join(lines) + "\n")
    assert "18 of 18 questions say something, 0 fields are open" in found.out
    assert say("assess", "a.yaml").code in (0, 3)
    assert say("assess", "report", "a.yaml").code == 0
    assert (tmp_path / "portfolio.html").is_file()


def test_the_blank_form_without_answers_is_the_blank_file() -> None:
    empty = with_answers("a", "What people call it", {})
    assert read_assessment(empty, file="a") == read_assessment(blank("a"), file="a")


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Zl", "Zp")), max_size=40) | st.sampled_from(["yes", "No", "1e3", "1_000", "0x1F", "2027-06-30", "~", "null", "- a", "a: b", "a #b", " a", "12", "1200 EUR", "!!int 3", "Infinity", ".inf"]))  # fmt: skip
def test_every_text_reads_back_from_the_file_as_it_was(text: str) -> None:
    page = Page("a")
    told = page.read(f"key: {value_text(text)}  # a comment\nrow: [{value_text(text)}, {{a: {value_text(text)}}}]\n", expected="a mapping")  # fmt: skip
    assert not page.problems
    assert told == {"key": text, "row": [text, {"a": text}]}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200) | st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "labels", "readiness", "ideas", "value", "count", "x"]), inner, max_size=4)).map(json.dumps))  # fmt: skip
def test_any_file_of_facts_is_read_or_refused(text: str) -> None:
    found: InputProblem | None = None
    try:
        read_facts(text, file="facts.json")
    except InputProblem as wrong:
        found = wrong
    assert found is None or (found.code == "RW-ASSESS-003" and found.problems)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_a_bar_of_text_always_fits_its_line(low: float, high: float, least: float, most: float) -> None:
    assert len(bar(low, high, low, least, most)) == 36


@pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="no Chromium is installed to print with")
def test_the_report_is_printed_where_a_browser_is_installed(say: Say, idea: Path, tmp_path: Path) -> None:
    assert "printed board.pdf" in say("assess", "report", idea, "--pdf", "board.pdf").out
    assert (tmp_path / "board.pdf").read_bytes().startswith(b"%PDF-")
