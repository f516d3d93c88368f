"""`release watch` and `drift watch` as programs meet them: lines, exit codes, bad input."""

import json
import random
import subprocess
import sys

import pytest

from roadworthy.cli import main

COMMAND = [sys.executable, "-m", "roadworthy"]


@pytest.fixture
def called(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["roadworthy", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        seen = capsys.readouterr()
        return left.value.code or 0, seen.out, seen.err

    return call


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def two_releases(rows, new, old, seed=1, share=0.5):
    chance = random.Random(seed)
    text = ["release,value", "r1,0"]
    for _ in range(rows):
        of_new = chance.random() < share
        text.append(f"{'r2' if of_new else 'r1'},{int(chance.random() < (new if of_new else old))}")
    return "\n".join(text) + "\n"


def test_a_worse_release_is_found_and_leaves_with_three(called, tmp_path):
    file = tmp_path / "stream.csv"
    file.write_text(two_releases(700, 0.3, 0.05))
    code, out, _ = called(
        "release", "watch", "--stream", file, "--json", "--margin", "0.02", "--every", "70"
    )
    looks = lines(out)
    assert code == 3
    last = looks[-1]
    assert (last["state"], last["new"], last["old"], last["row"]) == ("worse", "r2", "r1", 701)
    assert last["interval"][0] > 0.02
    assert sum(last["cases"].values()) == 701


def test_equal_releases_are_not_worse_and_leave_with_nothing(called, tmp_path):
    file = tmp_path / "stream.csv"
    file.write_text(two_releases(900, 0.05, 0.05))
    code, out, _ = called(
        "release", "watch", "--stream", file, "--json", "--margin", "0.1", "--every", "300"
    )
    looks = lines(out)
    assert [look["row"] for look in looks] == [300, 600, 900, 901]
    assert (code, looks[-1]["state"]) == (0, "not worse")


def test_the_new_release_can_be_named(called, tmp_path):
    file = tmp_path / "stream.csv"
    file.write_text(two_releases(600, 0.4, 0.05))
    code, out, _ = called("release", "watch", "--stream", file, "--json", "--new", "r1", "--every", "50")
    assert (code, lines(out)[-1]["state"], lines(out)[-1]["new"]) == (0, "better", "r1")


def test_amounts_are_compared_within_their_ends(called, tmp_path):
    file = tmp_path / "stream.csv"
    rows = "".join(f"r1,{1 + n % 3 / 10}\nr2,{3 + n % 3 * 40}\n" for n in range(40))
    file.write_text("release,value\n" + rows)
    code, out, _ = called("release", "watch", "--stream", file, "--json", "--kind", "mean", "--high", "5")
    last = lines(out)[-1]
    assert (code, last["state"]) == (3, "worse")
    assert last["capped"]["new"] == pytest.approx(2 / 3, abs=0.02)


def test_marks_line_ends_quotes_and_order_of_columns_make_no_difference(called, tmp_path):
    plain, dressed = tmp_path / "plain.csv", tmp_path / "dressed.csv"
    plain.write_text(two_releases(20, 0.3, 0.05))
    rows = [line.split(",") for line in plain.read_text().splitlines()]
    dressed.write_bytes(
        b"\xef\xbb\xbf" + "".join(f'"{value}",x,"{release}"\r\n' for release, value in rows).encode()
    )
    assert (
        called("release", "watch", "--stream", plain, "--json")[1]
        == called("release", "watch", "--stream", dressed, "--json")[1]
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", [(1, "nothing there")]),
        ("release,value\n", [(1, "no row")]),
        ("release,worth\nr1,0\n", [(1, "no column `value`")]),
        ("a,b\n", [(1, "no column `release`"), (1, "no column `value`")]),
        ("release,value\nr1,0\nr2,1\nr3,0\nr1,2\nr1,x\nr1,nan\n,1\nr1\n",
         [(4, "a third release `r3`"), (5, "expected 0 or 1, found 2"), (6, "found `x`"), (7, "found nan"),
          (8, "names no release"), (9, "1 cells, the header has 2")]),
        ("release,value\nr1,0\nr1,1\n", [(1, "only one release")]),
        ("release,release\nr1,0\n", [(1, "two columns")]),
        ('release,value\nr1,"0\n', [(2, "not CSV")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_all_at_once_with_its_lines(called, tmp_path, text, said):
    file = tmp_path / "stream.csv"
    file.write_text(text)
    code, _, err = called("release", "watch", "--stream", file, "--json")
    problem = json.loads(err)["error"]
    assert (code, problem["code"]) == (2, "RW-WATCH-010")
    assert len(problem["problems"]) == len(said)
    for found, (line, words) in zip(problem["problems"], said, strict=True):
        assert found["line"] == line
        assert words in found["message"]


def test_bytes_that_are_no_text_and_endless_lines_are_refused(called, tmp_path):
    file = tmp_path / "stream.csv"
    file.write_bytes(b"release,value\nr1,0\nr\xff,1\n")
    assert "not UTF-8" in called("release", "watch", "--stream", file)[2]
    file.write_bytes(b"release,value\nr1," + b"0" * (1 << 20))
    assert "longer than" in called("release", "watch", "--stream", file)[2]
    assert called("release", "watch", "--stream", tmp_path / "none.csv")[0] == 2
    assert "is a folder" in called("release", "watch", "--stream", tmp_path)[2]


def test_no_more_than_twenty_problems_are_listed(called, tmp_path):
    file = tmp_path / "stream.csv"
    file.write_text("release,value\n" + "r1,7\n" * 1000)
    problem = json.loads(called("release", "watch", "--stream", file, "--json")[2])["error"]
    assert len(problem["problems"]) == 20
    assert problem["hint"] == "only the first 20 are shown"


@pytest.mark.parametrize(
    "words",
    [
        ("--alpha", "0"),
        ("--alpha", "nan"),
        ("--margin", "-1"),
        ("--margin", "nan"),
        ("--kind", "odd"),
        ("--every", "0"),
        ("--kind", "above"),
        ("--kind", "mean", "--low", "3"),
    ],
)
def test_options_that_cannot_be_are_refused(called, tmp_path, words):
    file = tmp_path / "stream.csv"
    file.write_text(two_releases(5, 0.1, 0.1))
    assert called("release", "watch", "--stream", file, *words)[0] == 2


def test_without_a_stream_a_use_case_is_named(called):
    code, _, err = called("release", "watch", "--json")
    assert (code, json.loads(err)["error"]["code"]) == (2, "RW-WATCH-011")


def test_a_pipe_is_answered_row_by_row():
    with subprocess.Popen(
        [*COMMAND, "release", "watch", "--stream", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin
        assert program.stdout
        program.stdin.write("release,value\n")
        for number, row in enumerate(("a,0", "b,1", "a,0"), 1):
            program.stdin.write(row + "\n")
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["row"] == number
        program.stdin.write("c,1\n")
        program.stdin.flush()
        # A live stream is not read on for further problems.
        assert program.wait(timeout=60) == 2
        assert program.stderr
        assert "third release `c`" in program.stderr.read()


def usual(rows, seed, *, red=0.5, start=0):
    chance = random.Random(seed)
    text = ["id,when,amount,colour,note"]
    for n in range(rows):
        colour = "red" if chance.random() < red else "blue"
        minute = start + n
        when = f"2026-11-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:{chance.randrange(60):02d}"
        text.append(f"{start + n},{when},{chance.gauss(5, 1):.3f},{colour},note {chance.random()}")
    return "\n".join(text) + "\n"


@pytest.fixture
def files(tmp_path):
    reference, stream = tmp_path / "reference.csv", tmp_path / "stream.csv"
    reference.write_text(usual(1200, 1))
    clean = usual(500, 2, start=2000)
    stream.write_text(clean + usual(500, 3, red=0.95, start=2500).split("\n", 1)[1])
    return reference, stream


def test_drift_is_an_alarm_as_it_happens_and_a_summary_at_the_end(called, files):
    reference, stream = files
    code, out, _ = called(
        "drift", "watch", "--reference", reference, "--stream", stream, "--json", "--window", "120",
        "--false-alarms-per", "50000",
    )  # fmt: skip
    said = lines(out)
    assert code == 3
    alarm, summary = said[0], said[-1]
    assert (alarm["kind"], alarm["column"], alarm["statistic"]) == (
        "alarm",
        "colour",
        "mix (JS divergence)",
    )
    assert 500 < alarm["row"] <= 620
    assert alarm["value"] >= alarm["threshold"]
    assert (summary["kind"], summary["rows"], summary["alarms"]) == ("summary", 1000, len(said) - 1)
    assert summary["rows_per_false_alarm"] == 50000
    assert {each["name"] for each in summary["not_watched"]} == {"id", "when", "note"}


def test_a_clean_stream_leaves_with_nothing(called, files, tmp_path):
    clean = tmp_path / "clean.csv"
    clean.write_text(usual(800, 7))
    code, out, _ = called("drift", "watch", "--reference", files[0], "--stream", clean, "--window", "120")
    assert code == 0
    assert out.startswith("800 rows, 0 alarms")


def test_a_gap_of_arrivals_and_a_silent_stream_are_alarms(called, files, tmp_path):
    broken = tmp_path / "broken.csv"
    broken.write_text(usual(200, 8) + usual(100, 9, start=900).split("\n", 1)[1])
    code, out, _ = called(
        "drift", "watch", "--reference", files[0], "--stream", broken, "--json", "--window", "120",
        "--column", "amount", "--time", "when", "--until", "2026-11-03T00:00:00",
    )  # fmt: skip
    gaps = [each for each in lines(out) if each.get("statistic") == "gap (seconds)"]
    assert code == 3
    assert [each["row"] for each in gaps] == [201, 300]


def test_columns_that_differ_are_told_and_nothing_in_common_is_an_error(called, files, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("colour,size\n" + "red,1\n" * 200)
    code, out, _ = called(
        "drift", "watch", "--reference", files[0], "--stream", other, "--json", "--window", "120"
    )
    why = {each["name"]: each["why"] for each in lines(out)[-1]["not_watched"]}
    assert code == 3
    assert (why["amount"], why["size"]) == ("not in the stream", "not in the reference")
    other.write_text("size\n1\n")
    code, _, err = called("drift", "watch", "--reference", files[0], "--stream", other, "--json")
    assert (code, json.loads(err)["error"]["code"]) == (2, "RW-WATCH-020")


def test_numbers_that_became_words_are_an_alarm(called, files, tmp_path):
    words = tmp_path / "words.csv"
    words.write_text("amount\n" + "five\n" * 200)
    code, out, _ = called(
        "drift", "watch", "--reference", files[0], "--stream", words, "--json", "--window", "120"
    )
    assert (code, lines(out)[0]["statistic"]) == (3, "strange")
    assert "no number" in lines(out)[0]["change"]


def test_options_of_drift_that_do_not_fit_are_refused_all_at_once(called, files):
    code, _, err = called(
        "drift", "watch", "--reference", files[0], "--stream", files[1], "--json",
        "--column", "nothing", "--confidence", "amount", "--until", "noon",
    )  # fmt: skip
    problem = json.loads(err)["error"]
    assert (code, problem["code"], len(problem["problems"])) == (2, "RW-WATCH-014", 3)


def test_faulty_rows_of_a_stream_are_told_with_their_lines(called, files, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("amount,colour\n1,red\n1\n2,blue,3\n")
    code, _, err = called("drift", "watch", "--reference", files[0], "--stream", bad, "--json")
    problem = json.loads(err)["error"]
    assert (code, problem["code"]) == (2, "RW-WATCH-013")
    assert [each["line"] for each in problem["problems"]] == [3, 4]


def test_an_estimate_is_called_one(called, tmp_path):
    chance = random.Random(3)
    text = ["sure,right"]
    for _ in range(900):
        sure = chance.random()
        text.append(f"{sure:.3f},{int(chance.random() < sure)}")
    reference = tmp_path / "reference.csv"
    reference.write_text("\n".join(text))
    stream = tmp_path / "stream.csv"
    stream.write_text("sure\n" + "0.8\n" * 50)
    _, out, _ = called(
        "drift", "watch", "--reference", reference, "--stream", stream, "--json", "--window", "60",
        "--confidence", "sure", "--correct", "right",
    )  # fmt: skip
    found = lines(out)[-1]["estimated_right"]
    assert found["low"] < 0.8 < found["high"]
    assert found["n"] == 50
