"""The command line as a user meets it: words, exit codes, JSON, and never a traceback."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doors.saying import USE_CASE, Say, plain_data

from roadworthy.cli.output import Output
from roadworthy.errors import InputProblem


@pytest.fixture
def started(say: Say, tmp_path: Path) -> Iterator[Say]:
    plain_data(tmp_path / "home")
    built = say("release", "start", str(USE_CASE), "--note", "first")
    assert built.code == 0, built.err
    return say


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nonsense"], 2),
        (["gate"], 2),
        (["gate", "support", "--stage", "moon"], 1),
        (["cases", "list", "--state", "lost"], 2),
        (["cases", "show", "T-1"], 1),
        (["review", "decide", "R-1", "maybe"], 2),
        (["charter", "lint", "/nowhere/charter.yaml"], 2),
        (["run", "support", "/nowhere.csv"], 2),
        (["release", "status", "support"], 0),
        (["stop", "support"], 2),
        (["resume", "S-1"], 1),
    ],
)
def test_every_mistake_has_its_exit_code_and_no_traceback(say: Say, words, code) -> None:
    assert say(*words).code == code


def test_json_is_utf_8_whatever_bytes_an_argument_held(
    say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    told = say("cases", "show", "T-\udcff", "--json")
    assert json.loads(told.err.encode("utf-8"))["error"]["code"]
    Output(as_json=True).problem(InputProblem("RW-CLI-001", "r\udcffé😀\\ is not known"))
    problem = json.loads(capsys.readouterr().err.encode("utf-8"))
    assert "r\ufffdé😀\\ is not known" in json.dumps(problem, ensure_ascii=False).replace("\\\\", "\\")
    Output(as_json=True).data({"a\ud800": ["\udc80\ud800", "\ud83d\ude00"]})
    written = capsys.readouterr().out
    assert json.loads(written.encode("utf-8")) == {"a\ufffd": ["\ufffd\ufffd", "😀"]}


def test_an_error_is_one_json_document_where_json_was_asked_for(say: Say) -> None:
    said = say("cases", "show", "T-1", "--json")
    assert said.out == ""
    error = json.loads(said.err)["error"]
    assert (error["code"], error["kind"]) == ("RW-CASE-023", "not-found")


def test_a_faulty_charter_shows_all_its_problems_with_their_lines(say: Say, tmp_path: Path) -> None:
    charter = tmp_path / "charter.yaml"
    text = (USE_CASE / "charter.yaml").read_text()
    charter.write_text(text.replace("objective:", "objectve:").replace("tier: minimal", "tier: huge"))
    said = say("charter", "lint", str(charter))
    assert said.code == 2
    assert "did you mean `objective`" in said.err
    assert f"{charter}:4:1" in said.err
    assert "risk.tier" in said.err


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"- a list", b"a: [1", b"", b"\x00", b"a: " + b"x" * 2_000_000]
)
def test_what_is_no_charter_is_said_to_be_none(say: Say, tmp_path: Path, content: bytes) -> None:
    charter = tmp_path / "charter.yaml"
    charter.write_bytes(content)
    assert say("charter", "lint", str(charter)).code == 2


def test_the_shipped_charters_are_clean(say: Say) -> None:
    from roadworthy.wiring import example_folder

    assert say("charter", "lint", str(example_folder())).code == 0
    assert say("charter", "lint", str(example_folder().parent / "triage"), "--json").json["problems"] == []
    assert "required" in say("charter", "lint", "x", "--schema").json


def test_a_release_is_built_once_whatever_is_asked_twice(started: Say) -> None:
    first = started("release", "status", "plain", "--json").json["releases"]
    assert started("release", "start", str(USE_CASE)).code == 0
    assert started("release", "status", "plain", "--json").json["releases"] == first
    assert [release["stage"] for release in first] == ["draft"]


def test_the_gate_answers_no_with_exit_code_3(started: Say) -> None:
    said = started("gate", "plain", "--stage", "shadow", "--json")
    assert said.code == 3
    assert said.json["verdict"] in {"hold", "fail"}
    assert any(finding["mark"] == "not evaluated" for finding in said.json["findings"])
    assert started("gate", "plain", "--stage", "shadow").code == 3


def test_a_promotion_that_the_gate_refuses_ends_with_3_too(started: Say) -> None:
    assert started("release", "promote", "plain", "--to", "pilot").code == 3


def test_measuring_leaves_evidence_behind(started: Say) -> None:
    said = started("gate", "plain", "--stage", "shadow", "--measure", "--json")
    marks = {finding["requirement"]: finding["mark"] for finding in said.json["findings"]}
    assert marks["business.kpi_baseline"] == "pass"
    assert marks["safety.policy_coverage"] == "pass"


def test_an_aborted_release_stays_so(started: Say) -> None:
    assert started("release", "abort", "plain", "--reason", "tried").code == 0
    said = started("release", "promote", "plain", "--to", "pilot")
    assert said.code == 4
    assert "stays so" in said.err


def test_rows_of_a_file_become_cases_and_bad_rows_are_named(started: Say, tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text("key,text\nK-1,hello\n,without key\nK-3,world\n", encoding="utf-8")
    said = started("run", "plain", str(file), "--json")
    assert said.code == 3, said.err
    assert said.json["taken"] == 2
    assert said.json["rejected"][0]["line"] == 3
    again = started("run", "plain", str(file), "--json").json
    assert again["again"] == 2
    listed = started("cases", "list", "--json").json["cases"]
    assert sorted(case["key"] for case in listed) == ["K-1", "K-3"]
    assert len(started("review", "list", "--json").json["reviews"]) == 2
    assert "K-1" in started("cases", "explain", "K-1").out
    assert len(started("cases", "list", "--rejected", "--json").json["rejects"]) == 2


@pytest.mark.parametrize("content", [b"key,text\nK-1,\xff\n", b"text\nhello\n", b"", b'key,text\n"K-1,x'])
def test_a_file_that_is_no_csv_of_cases_is_refused_with_its_place(
    started: Say, tmp_path: Path, content
) -> None:
    file = tmp_path / "cases.csv"
    file.write_bytes(content)
    said = started("run", "plain", str(file))
    assert said.code == 2
    assert "cases.csv" in said.err


def test_a_review_is_decided_on_the_command_line(started: Say, tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text("key,text\nK-1,hello\n", encoding="utf-8")
    started("run", "plain", str(file))
    (review,) = started("review", "list", "--json").json["reviews"]
    assert started("review", "decide", review["id"], "approve").code == 2
    assert started("review", "decide", review["id"], "done").code == 0
    assert started("review", "decide", review["id"], "done").code == 1
    assert started("cases", "show", "K-1", "--json").json["state"] == "closed"


def test_a_stop_is_not_lifted_by_who_threw_it(started: Say) -> None:
    assert started("stop", "plain", "--reason", "smoke").code == 0
    (stop,) = started("resume", "--json").json["stops"]
    assert started("resume", stop["id"]).code == 4


def test_the_ledger_is_verified_and_one_flipped_byte_is_found(started: Say, tmp_path: Path) -> None:
    assert started("ledger", "verify", "--json").json["holds"]
    with sqlite3.connect(tmp_path / "home" / "roadworthy.sqlite") as database:
        database.execute(
            "update ledger_entry set event = replace(cast(event as text), 'draft', 'drift') where seq = 1"
        )
        database.execute(
            "update ledger_entry set event = cast(replace(cast(event as text), '\"', '\"') as blob) where seq = 1"
        )
        seq, event = database.execute(
            "select seq, event from ledger_entry order by seq desc limit 1"
        ).fetchone()
        changed = bytes([event[0] ^ 1]) + event[1:]
        database.execute("update ledger_entry set event = ? where seq = ?", (changed, seq))
    database.close()
    said = started("ledger", "verify")
    assert said.code == 3
    assert "does not hold" in said.out
    assert "intact" in said.out


def test_a_dropped_tail_is_found_with_a_checkpoint_kept_elsewhere(started: Say, tmp_path: Path) -> None:
    pin = tmp_path / "pin.txt"
    pin.write_text(started("ledger", "verify", "--checkpoint").out, encoding="utf-8")
    with sqlite3.connect(tmp_path / "home" / "roadworthy.sqlite") as database:
        last = database.execute("select max(seq) from ledger_entry").fetchone()[0]
        database.execute("delete from ledger_entry where seq = ?", (last,))
    database.close()
    assert started("ledger", "verify", "--pin", str(pin)).code == 3
    assert started("ledger", "verify", "--pin", str(tmp_path / "none.txt")).code == 2


def test_the_doctor_finds_a_sound_installation_and_a_broken_one(started: Say, tmp_path: Path) -> None:
    assert started("doctor", "--json").code == 0
    (tmp_path / "home" / "keys" / "kek").chmod(0o644)
    said = started("doctor", "--json")
    assert said.code == 3
    assert any(finding["mark"] == "bad" for finding in said.json["findings"])


@pytest.mark.parametrize("harm", ["lost", "another"])
def test_the_doctor_says_which_key_is_missing_or_another_one(
    started: Say, tmp_path: Path, harm: str
) -> None:
    [sound] = [one for one in started("doctor", "--json").json["findings"] if one["what"] == "keys"]
    assert sound["mark"] == "ok"
    kek = tmp_path / "home" / "keys" / "kek"
    if harm == "lost":
        kek.unlink()
    else:
        kek.write_bytes(b"x" * 32)
    said = started("doctor", "--json")
    assert said.code == 3
    [found] = [one for one in said.json["findings"] if one["what"] == "keys"]
    assert found["mark"] == "bad"
    assert str(kek) in found["found"]
    assert "restore" in found["next_step"]
    assert started("cases", "list").code == 2


def test_a_missing_model_is_said_with_its_next_step(started: Say, tmp_path: Path) -> None:
    from roadworthy.wiring import example_folder

    folder = tmp_path / "usecase"
    import shutil

    shutil.copytree(example_folder(), folder, ignore=shutil.ignore_patterns("texts", "knowledge"))
    (tmp_path / "home" / "data" / "support" / "knowledge").mkdir(parents=True)
    labelled = tmp_path / "labelled.csv"
    rows = [
        f"{text} {number},{label}"
        for number in range(6)
        for text, label in (("card lost", "a"), ("rate bad", "b"))
    ]
    labelled.write_text("text,label\n" + "\n".join(rows), encoding="utf-8")
    assert started("release", "start", str(folder), "--labelled", str(labelled)).code == 0
    for model in (tmp_path / "home" / "models").iterdir():
        model.unlink()
    said = started("gate", "support", "--measure", "--json")
    assert said.code == 1
    assert json.loads(said.err)["error"]["code"] == "RW-MODEL-001"


def test_a_stop_that_a_locked_database_cannot_take_lies_in_a_file_and_holds(
    started: Say, tmp_path: Path, monkeypatch
) -> None:
    from roadworthy.adapters import sql

    plain = sql.open_engine
    monkeypatch.setattr(sql, "open_engine", lambda url: plain(url, busy_timeout_s=0.05))
    holder = sqlite3.connect(tmp_path / "home" / "roadworthy.sqlite", isolation_level=None)
    holder.execute("begin immediate")
    said = started(
        "stop",
        "plain",
        "--reason",
        "x",
    )
    holder.execute("rollback")
    holder.close()
    assert said.code == 3, "it holds on this machine, and is not written down yet"
    assert "cannot be written" in said.out
    assert len(list((tmp_path / "home" / "stops").iterdir())) == 1
    assert started("stop", "plain", "--reason", "x").code == 0


def test_nobody_signed_in_is_told_how_to(started: Say, tmp_path: Path) -> None:
    (tmp_path / "home" / "session").unlink()
    said = started("cases", "list")
    assert said.code == 4
    assert "roadworthy login" in said.err


def test_the_demo_lies_in_the_workspace_and_has_a_database_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from roadworthy.wiring import acting_on, demo_workspace

    monkeypatch.setenv("ROADWORTHY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROADWORTHY_DATABASE_URL", "postgresql://somewhere/production")
    place = demo_workspace()
    assert place.home == tmp_path / "home" / "demo"
    assert place.database_url == f"sqlite:///{place.home / 'roadworthy.sqlite'}"
    assert demo_workspace(tmp_path / "mine").home == tmp_path / "mine"
    assert acting_on(place) == f"ROADWORTHY_HOME={place.home} ROADWORTHY_DATABASE_URL= roadworthy"
    monkeypatch.delenv("ROADWORTHY_DATABASE_URL")
    assert acting_on(place) == f"ROADWORTHY_HOME={place.home} roadworthy"


def test_a_demo_clears_away_what_a_demo_made_and_nothing_else(tmp_path: Path) -> None:
    from roadworthy.cli.demo import make_way
    from roadworthy.wiring import demo_workspace

    place = demo_workspace(tmp_path / "demo")
    make_way(place, reset=True)
    for made in (
        place.keys / "kek",
        place.data / "support" / "desk.sqlite",
        place.home / "roadworthy.sqlite",
    ):
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text("old")
    (place.home / "roadworthy.sqlite-wal").write_text("old")
    (place.home / "thesis.txt").write_text("dear")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "model").write_text("dear")
    place.models.symlink_to(outside, target_is_directory=True)
    with pytest.raises(InputProblem) as caught:
        make_way(place, reset=False)
    assert caught.value.code == "RW-DEMO-003"
    make_way(place, reset=True)
    assert sorted(path.name for path in place.home.iterdir()) == [".roadworthy-demo", "thesis.txt"]
    assert (outside / "model").read_text() == "dear"


@pytest.mark.parametrize("kind", ["installation", "marker is a link", "file"])
def test_what_is_no_demo_home_is_never_cleared(tmp_path: Path, kind: str) -> None:
    from roadworthy.cli.demo import make_way
    from roadworthy.wiring import demo_workspace

    place = demo_workspace(tmp_path / "home")
    if kind == "file":
        place.home.write_text("dear")
    else:
        place.keys.mkdir(parents=True)
        (place.keys / "kek").write_text("dear")
    if kind == "marker is a link":
        (place.home / ".roadworthy-demo").symlink_to(place.keys / "kek")
    with pytest.raises(InputProblem) as caught:
        make_way(place, reset=True)
    assert caught.value.code == "RW-DEMO-002"
    assert (place.home if kind == "file" else place.keys / "kek").read_text() == "dear"


def test_a_folder_that_no_demo_made_is_left_alone(say: Say, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    assert say("demo", "--home", str(tmp_path / "mine")).code == 2
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "dear"
