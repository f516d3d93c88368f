"""Results that go out come back the same; logs of Inspect are read, and ours are logs of Inspect."""

import io
import json
import struct
import time
import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.material import result

from roadworthy.errors import InputProblem
from roadworthy.evaluation import (
    Called,
    Cited,
    Grade,
    Grader,
    Proposed,
    Result,
    Suite,
    Summary,
    Test,
    Transcript,
    grade,
    summarise,
)
from roadworthy.evaluation.formats import (
    archive,
    read_inspect,
    results_from_jsonl,
    results_to_jsonl,
    write_inspect,
)
from roadworthy.evaluation.formats.archive import Archive
from roadworthy.evaluation.formats.inspect_log import score_value
from roadworthy.quantities import Cost

LOG = Path(__file__).parent / "inspect_0_3_285.eval"
"""Two questions, two epochs and two scorers against a model of fixed answers, written by Inspect 0.3.285."""
CREATED = datetime(2026, 11, 21, tzinfo=UTC)
FULL = Transcript(
    output={"text": "ho", "n": 1.5},
    label="refund",
    confidence=0.25,
    calls=(Called("find", {"id": 1}, ["x"]),),
    effects=(Proposed("mail.reply", {"to": "a"}, "review", ("no certificate",)),),
    passages=(Cited("doc", "text", 0.5),),
    cost=Cost(123),
    seconds=1.5,
    tokens=7,
)


def some_results():
    exact = Grader("exact", "exact", {"ignore_case": True})
    suite = Suite.of(
        "mine",
        [
            Test(
                "a/b", {"q": {"deep": [1]}}, {"any_of": ["p", "q"]}, cluster="k", slices={"language": "de"}
            ),
            Test("2", {"text": "hi"}, "ho", note="short"),
            Test("../x", {"text": "hi there"}, 3),
        ],
        [exact],
        repeats=2,
    )
    answers = [FULL, Transcript(output="HO"), Transcript(error="RW-X-001: gone"), Transcript(output="P")]
    results = [
        Result(test.id, attempt, answers[(place + attempt) % 4], ())
        for place, test in enumerate(suite.tests)
        for attempt in (0, 1)
    ]
    graded = [
        Result(one.test_id, one.attempt, one.transcript,
               (grade(exact, next(t for t in suite.tests if t.id == one.test_id), one.transcript),), 2.0)
        for one in results[:-1]
    ]  # fmt: skip
    last = results[-1]
    return suite, [
        *graded,
        Result(last.test_id, last.attempt, last.transcript, (Grade.ungraded(exact, "?"),)),
    ]


def lines_of(*lines):
    return "\n".join(lines).encode()


def by_attempt(results):
    return {(one.test_id, one.attempt): one for one in results}


def test_results_as_lines_come_back_the_same():
    _, results = some_results()
    assert results_from_jsonl(results_to_jsonl(results), place="r.jsonl") == tuple(results)


def test_every_wrong_line_of_results_is_told():
    line = json.dumps(result("a", 1.0).as_json())
    broken = json.dumps(result("b", 1.0).as_json() | {"extra": 1, "attempt": -1})
    grades = json.dumps(
        {"test": "c", "attempt": 1, "transcript": {"output": 1},
         "grades": [{"grader": "g", "value": 2, "passed": None}]}
    )  # fmt: skip
    with pytest.raises(InputProblem) as caught:
        results_from_jsonl(lines_of(line, "{", line, broken, grades), place="r.jsonl")
    assert caught.value.code == "RW-EVAL-022"
    assert [one.line for one in caught.value.problems] == [2, 3, 4, 4, 5, 5]
    with pytest.raises(InputProblem, match="not UTF-8"):
        results_from_jsonl(b"\n\xff", place="r.jsonl")


def test_a_log_that_inspect_wrote_is_read():
    pytest.importorskip("pyarrow", reason="Zstandard is read with pyarrow, which is not installed")
    log = read_inspect(LOG.read_bytes(), place="log.eval", slices=["language"])
    assert (log.status, log.model, log.suite.name, log.findings) == (
        "success",
        "mockllm/model",
        "capitals",
        (),
    )
    assert [(test.id, test.input, test.expected) for test in log.suite.tests] == [
        ("a", {"text": "Capital of France?"}, "Paris"),
        ("b", {"text": "Capital of Italy?"}, {"any_of": ["Rome", "Roma"]}),
    ]
    assert log.suite.tests[0].slices == {"language": "en"}
    assert log.suite.repeats == 2
    found = by_attempt(log.results)
    assert found["b", 2].transcript.output == "Milan"
    assert found["b", 2].transcript.tokens == 13
    assert [one.value for one in found["a", 2].grades] == [0.0, 1.0]
    summary = summarise(log.suite, log.results)
    # What Inspect itself wrote into its header: accuracy of match 0.5, of includes 0.75.
    assert [one.mean.value for one in summary.graders] == [0.5, 0.75]


@pytest.mark.parametrize("form", ["eval", "json"])
def test_what_is_written_as_a_log_comes_back_the_same(form):
    suite, results = some_results()
    written = write_inspect(suite, results, target="r2", created=CREATED, form=form)
    log = read_inspect(written, place="log")
    assert log.suite.digest == suite.digest
    assert log.suite.graders == suite.graders
    assert by_attempt(log.results) == by_attempt(results)
    assert written == write_inspect(suite, results[::-1], target="r2", created=CREATED, form=form)


def test_a_name_that_leads_elsewhere_becomes_no_path():
    suite, results = some_results()
    members = zipfile.ZipFile(
        io.BytesIO(write_inspect(suite, results, target="r2", created=CREATED))
    ).namelist()
    assert not [
        name for name in members if ".." in name or (name.count("/") > 1 and "_journal" not in name)
    ]


def plain(samples, **header):
    body = {
        "version": 2,
        "status": "success",
        "eval": {"task": "t", "model": "m"},
        "samples": samples,
    } | header
    return json.dumps(body).encode()


def sample(**told):
    return {"id": 1, "epoch": 1, "input": "q", "target": "a", "output": {"completion": "a"}} | told


def test_foreign_scores_are_read_as_inspect_reads_them():
    assert [score_value(one) for one in ("C", "I", "P", "N", "yes", "False", True, 0.3, 1, "0.25")] == [
        1, 0, 0.5, 0, 1, 0, 1, 0.3, 1, 0.25
    ]  # fmt: skip
    assert [score_value(one) for one in (7, -1, None, "great", [1], "nan", "9" * 5000)] == [None] * 7


def test_scores_that_are_no_share_are_ungraded_and_told():
    scores = {"rating": {"value": 7}, "parts": {"value": {"x": 1, "y": float("nan")}}}
    log = read_inspect(plain([sample(scores=scores)]), place="log.json")
    assert {one.grader: one.value for one in log.results[0].grades} == {
        "rating": None, "parts.x": 1.0, "parts.y": None
    }  # fmt: skip
    assert len(log.findings) == 2


def test_messages_tools_attachments_and_errors_are_read():
    one = sample(
        input=[{"role": "user", "content": "attachment://h"}],
        attachments={"h": "a long text"},
        messages=[
            {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "function": "find", "arguments": {"x": 1}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "found"},
        ],
    )  # fmt: skip
    other = sample(id=2, error={"message": "TimeoutError('about Ann Smith')", "traceback": ""})
    log = read_inspect(plain([one, other]), place="log.json")
    assert log.suite.tests[0].input == {"messages": [{"role": "user", "content": "a long text"}]}
    assert log.results[0].transcript.calls == (Called("find", {"x": 1}, "found"),)
    assert log.results[1].transcript == Transcript(error="inspect: TimeoutError")
    assert log.results[1].came == "error"


def test_a_run_that_was_killed_is_read_as_far_as_it_came():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr(
            "_journal/start.json", json.dumps({"version": 2, "eval": {"task": "t", "model": "m"}})
        )
        made.writestr("samples/1_epoch_1.json", json.dumps(sample()))
    assert read_inspect(packed.getvalue(), place="log.eval").status == "started"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"[]", "expected an object"),
        (b'{"version": 9}', "version `9`"),
        (b'{"version": 2}', "`eval.task` is missing"),
        (plain([]), "no samples"),
        (plain("x"), "`samples`: expected a list"),
        (plain([sample(), sample()]), "stands twice"),
        (plain([sample(id=None)]), "`id`"),
        (plain([sample(input=[{"role": "user", "content": 2**60}])]), "exceeds"),
        (b"[" * 100_000, "nested too deep"),
        (plain([sample(metadata={"roadworthy": {"transcript": {"label": 3}}})]), "`label`"),
    ],
)
def test_what_is_no_log_says_why(data, says):
    with pytest.raises(InputProblem) as caught:
        read_inspect(data, place="log")
    assert caught.value.code == "RW-EVAL-031"
    assert says in caught.value.message


def packed(members, **options):
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return found.getvalue()


def refused(data):
    with pytest.raises(InputProblem) as caught:
        read_inspect(data, place="log.eval")
    assert caught.value.code in {"RW-EVAL-030", "RW-EVAL-031"}
    return caught.value.message


def test_an_archive_cut_short_or_damaged_is_refused():
    suite, results = some_results()
    whole = write_inspect(suite, results, target="r2", created=CREATED)
    assert "no sound zip archive" in refused(whole[: len(whole) // 2])
    assert "header.json" in refused(packed({"a": b"b"}))
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as made:
        made.writestr("header.json", b'{"version": 2}')
    assert "checksum" in refused(stored.getvalue().replace(b'{"version": 2}', b'{"version": 3}', 1))


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "C:/x"])
def test_a_member_that_leads_out_of_the_archive_is_refused(name):
    assert "leads out" in refused(packed({name: b"{}", "header.json": b"{}"}))


def test_a_member_that_unpacks_without_end_is_refused_whatever_its_size_says(monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_MEMBER", 100_000)
    bomb = packed({"header.json": b"0" * 1_000_000})
    assert len(bomb) < 2_000
    assert "more than 100000 bytes" in refused(bomb)
    # A directory that lies about the size: no more than it says is unpacked.
    liar = bytearray(bomb)
    directory = liar.rfind(b"PK\x01\x02")
    struct.pack_into("<I", liar, directory + 24, 10)
    assert "size or checksum does not hold" in refused(bytes(liar))


def test_a_member_that_says_it_is_too_large_is_refused_before_it_is_unpacked():
    bomb = packed({"header.json": b"0" * (archive.LARGEST_MEMBER + 1)})
    begun = time.process_time()
    tracemalloc.start()
    try:
        assert "unpacks to more than" in refused(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert time.process_time() - begun < 0.5


def test_all_members_together_have_a_limit(monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_WHOLE", 1_000)
    found = Archive(packed({"a": b"x" * 600, "b": b"y" * 600}), place="p")
    assert found.read("a") == b"x" * 600
    with pytest.raises(InputProblem, match="more than 400 bytes"):
        found.read("b")


def test_a_member_under_zstandard_is_read_and_limited(monkeypatch):
    pyarrow = pytest.importorskip(
        "pyarrow", reason="Zstandard is read with pyarrow, which is not installed"
    )
    body = b"0" * 300_000
    data = pyarrow.compress(body, codec="zstd", asbytes=True)
    local = struct.pack(
        "<4s5H3I2H", b"PK\x03\x04", 20, 0, 93, 0, 33, zlib.crc32(body), len(data), len(body), 1, 0
    )
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 93, 0, 33, zlib.crc32(body), len(data), len(body), 1, 0, 0, 0, 0, 0, 0
    )  # fmt: skip
    start = len(local) + 1 + len(data)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) + 1, start, 0)
    whole = local + b"a" + data + entry + b"a" + end
    assert Archive(whole, place="p").read("a") == body
    monkeypatch.setattr(archive, "LARGEST_MEMBER", 1_000)
    with pytest.raises(InputProblem, match="more than 1000 bytes"):
        Archive(whole, place="p").read("a")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["test", "attempt", "transcript", "grades", "calls", "cost", "value", "detail"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=120, deadline=None)
@given(JSON)
def test_any_json_value_is_a_result_or_an_input_problem(value):
    with suppress(InputProblem):
        assert Result.from_json(value).as_json()
    with suppress(InputProblem):
        assert Transcript.from_json(value).as_json()
    with suppress(InputProblem):
        assert Summary.from_json(value).as_json()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_flipped_bytes_of_an_archive_are_read_or_refused(data):
    suite, results = some_results()
    whole = bytearray(write_inspect(suite, results, target="r2", created=CREATED))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputProblem):
        read_inspect(bytes(whole), place="log.eval")
