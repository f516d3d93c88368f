"""Suite files: what is read, and every problem at its line."""

import json
import random
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.evaluation import Grader, Suite, Test, findings, parse_suite, suite_as_jsonl

PLACE = "evals/x.jsonl"


def problems(jsonl, yaml=None):
    with pytest.raises(InputProblem) as caught:
        parse_suite("x", jsonl, yaml, place=PLACE)
    assert caught.value.code == "RW-EVAL-001"
    return [(one.line, one.message) for one in caught.value.problems]


def test_a_test_is_one_line_and_exact_is_the_grader_nobody_has_to_name():
    suite = parse_suite("x", '{"id": "a", "input": {"text": "hi"}, "expected": "ho"}\n', place=PLACE)
    assert suite.tests == (Test("a", {"text": "hi"}, "ho"),)
    assert suite.graders == (Grader("exact", "exact"),)
    assert (suite.repeats, suite.seed) == (1, 1)


def test_a_text_is_the_field_that_the_suite_names():
    line = '{"input": "hi"}'
    assert parse_suite("x", line, place=PLACE).tests[0].input == {"text": "hi"}
    assert parse_suite("x", line, "text_field: question", place=PLACE).tests[0].input == {"question": "hi"}


def test_the_settings_beside_it_name_graders_repeats_and_seed():
    yaml = """
note: what is asked for often
repeats: 3
seed: 7
graders:
  answer: exact
  near: {kind: numeric, relative: 0.05, passes_at: 0.5}
"""
    suite = parse_suite("x", '{"input": "hi", "graders": ["near"], "expected": 3}', yaml, place=PLACE)
    assert suite.graders == (
        Grader("answer", "exact"),
        Grader("near", "numeric", {"relative": 0.05}, 0.5),
    )
    assert (suite.repeats, suite.seed, suite.note) == (3, 7, "what is asked for often")
    assert [one.name for one in suite.graders_of(suite.tests[0])] == ["near"]


def test_all_problems_of_the_tests_are_told_at_once_with_their_lines():
    text = "\n".join(
        [
            '{"id": "a", "input": "hi"}',
            "nonsense",
            '["a list"]',
            '{"id": "a", "input": "hi"}',
            "",
            '{"input": 3, "colour": "red"}',
            '{"input": "hi", "graders": ["nobody"]}',
            '{"input": "hi", "expected": NaN}',
            '{"input": "hi", "expected": 1e999}',
            '{"input": "hi", "input": "ho"}',
            '{"input": "hi", "reference": "01ABC"}',
            '{"input": "hi", "slices": {"language": 3}}',
            '{"input": "hi", "id": "with\\u0007bell"}',
            '{"input": "hi", "expected": 9007199254740993}',
            '{"input": "half \\ud800"}',
            "[" * 70 + "]" * 70,
            '{"input": {"a": ' + "[" * 70 + "]" * 70 + "}}",
            "[" * 100_000,
        ]
    )
    told = problems(text)
    assert [line for line, _ in told] == [2, 3, 4, 6, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
    said = dict(told)
    assert "the id `a` stands on line 1 already" in said[4]
    assert "`NaN` is no number of JSON" in said[8]
    assert "`input` stands twice in one object" in said[10]
    assert "half of a character" in said[15]
    assert "nested deeper than 64" in said[16]
    assert "nested deeper than 64" in said[17]


def test_a_flood_of_problems_is_shortened_and_counted():
    told = problems("x\n" * 500)
    assert len(told) == 51
    assert "450 more problems (500 in all)" in told[-1][1]


def test_problems_of_the_settings_have_line_and_column():
    yaml = """repeats: 0
graders:
  a: {kind: exakt}
  b: {kind: numeric, relative: much}
  c: {kind: exact, colour: red, passes_at: 2}
  d: {kind: regex, matches: ["("]}
  e: {kind: cost, at_most: lots}
speed: fast
"""
    with pytest.raises(InputProblem) as caught:
        parse_suite("x", '{"input": "hi", "graders": ["a"]}', yaml, place=PLACE)
    told = {one.line: one for one in caught.value.problems}
    assert set(told) == {1, 3, 4, 5, 6, 7, 8}
    assert all(one.place == "evals/x.yaml" for one in told.values())
    assert told[3].hint == "did you mean `exact`?"
    assert "has no such option" in "".join(one.message for one in caught.value.problems)


@pytest.mark.parametrize(
    "yaml",
    ["a: &x 1\nb: *x", "[", "- 1", "graders: []", "graders: {a: 3}", "seed: " + "9" * 6000, "? [a]\n: 1",
     "repeats: .nan", "note: 1", "graders: {a: exact, a: label}", "[" * 200],
)  # fmt: skip
def test_a_faulty_settings_file_is_an_input_problem(yaml):
    assert problems('{"input": "hi"}', yaml)


def test_an_empty_suite_is_a_problem():
    for text in ("", "\n\n", "\ufeff"):
        assert problems(text) == [(1, "the suite is empty")]


def test_mark_line_ends_and_blank_lines_do_no_harm():
    one = parse_suite("x", '{"input": "a"}\n{"input": "b"}', place=PLACE)
    other = parse_suite("x", '\ufeff{"input": "a"}\r\n\r\n  \n{"input": "b"}\r\n', place=PLACE)
    assert one == other


def test_a_separator_that_is_no_line_feed_stays_inside_its_text():
    suite = parse_suite("x", '{"input": "a\u2028b\u0085c"}', place=PLACE)
    assert suite.tests[0].input == {"text": "a\u2028b\u0085c"}


def test_a_line_of_more_than_a_megabyte_is_refused_before_it_is_read():
    assert "1000016 characters" in problems('{"input": "' + "x" * 1_000_003 + '"}')[0][1]


def test_the_digest_does_not_depend_on_the_order_of_tests_or_graders():
    lines = [json.dumps({"id": str(i), "input": f"t{i % 5}", "cluster": f"c{i % 3}"}) for i in range(12)]
    yaml = ["a: exact", "b: label"]
    first = parse_suite("x", "\n".join(lines), f"graders: {{{yaml[0]}, {yaml[1]}}}", place=PLACE)
    random.Random(3).shuffle(lines)
    again = parse_suite("y", "\n".join(lines), f"graders: {{{yaml[1]}, {yaml[0]}}}", place=PLACE)
    assert first.digest == again.digest
    assert {test.id: test.cluster for test in first.tests} == {
        test.id: test.cluster for test in again.tests
    }


@pytest.mark.parametrize(
    "change", [{"expected": "z"}, {"input": "z"}, {"cluster": "z"}, {"slices": {"a": "b"}}, {"id": "z"}]
)
def test_the_digest_covers_what_decides_figures(change):
    line = {"id": "a", "input": "hi", "expected": "ho"}
    before = parse_suite("x", json.dumps(line), place=PLACE)
    assert parse_suite("x", json.dumps(line | change), place=PLACE).digest != before.digest
    assert parse_suite("x", json.dumps(line | {"note": "z"}), place=PLACE).digest == before.digest
    assert (
        parse_suite("x", json.dumps(line), "graders: {exact: label}", place=PLACE).digest != before.digest
    )


def test_tests_that_ask_the_same_share_a_cluster_whatever_theirs_were():
    suite = Suite.of(
        "x",
        [
            Test("a", {"q": 1}, 1, cluster="one"),
            Test("b", {"q": 1}, 1, cluster="two"),
            Test("c", {"q": 2}, 1, cluster="two"),
            Test("d", {"q": 3}, 1),
            Test("e", {"q": 3}, 2),
            Test("f", {"q": 4}, 1),
        ],
        [Grader("exact", "exact")],
    )
    clusters = {test.id: test.draw for test in suite.tests}
    assert clusters["a"] == clusters["b"] == clusters["c"]
    assert clusters["d"] == clusters["e"] != "d"
    assert clusters["f"] == "f"


def test_two_tests_of_one_id_make_no_suite():
    with pytest.raises(InputProblem) as caught:
        Suite.of("x", [Test("a", {"q": 1}), Test("a", {"q": 2})], [Grader("exact", "exact")])
    assert caught.value.code == "RW-EVAL-002"


def test_a_grader_with_something_of_its_own_to_look_for_can_do_without_an_expectation():
    yaml = "graders: {a: {kind: contains, none_of: [sorry]}}"
    assert findings(parse_suite("x", '{"input": "q"}', yaml, place=PLACE)) == ()
    yaml = "graders: {a: {kind: numeric, absolute: 0.5}}"
    assert len(findings(parse_suite("x", '{"input": "q"}', yaml, place=PLACE))) == 1


def test_findings_name_duplicates_contradictions_and_thin_slices():
    text = """
{"id": "a", "input": "x", "expected": "1", "slices": {"language": "de"}}
{"id": "b", "input": "x", "expected": "1"}
{"id": "c", "input": "y", "expected": "1"}
{"id": "d", "input": "y", "expected": "2"}
{"id": "e", "input": "z"}
"""
    found = {one.tests: one.message for one in findings(parse_suite("x", text, place=PLACE))}
    assert "ask the same: intervals treat them as one" in found["a", "b"]
    assert "expect different answers" in found["c", "d"]
    assert "not say what is expected" in found["e",]
    assert "language=de has 1 test" in found["a",]


def test_one_cluster_for_all_is_a_finding():
    text = "\n".join(json.dumps({"input": str(i), "expected": "", "cluster": "k"}) for i in range(4))
    messages = [one.message for one in findings(parse_suite("x", text, place=PLACE))]
    assert messages == ["all tests belong to one cluster: no interval can be given"]


def test_a_test_by_reference_has_no_input_and_repeats_of_it_are_one_draw():
    text = '{"id": "a", "reference": "01ABC"}\n{"id": "b", "reference": "01ABC"}'
    suite = parse_suite("x", text, place=PLACE)
    assert suite.tests[0].input == {}
    assert suite.tests[0].draw == suite.tests[1].draw


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.dictionaries(st.text(max_size=5), JSON, max_size=3), JSON), min_size=1, max_size=5
    )
)
def test_what_is_written_is_read_again(pairs):
    suite = Suite.of("x", [Test(f"t{i}", *one) for i, one in enumerate(pairs)], [Grader("exact", "exact")])
    again = parse_suite("x", suite_as_jsonl(suite.tests), place=PLACE)
    assert again.digest == suite.digest


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80), st.none() | st.text(max_size=80))
def test_any_text_is_a_suite_or_an_input_problem(jsonl, yaml):
    with suppress(InputProblem):
        parse_suite("x", jsonl, yaml, place=PLACE)


def test_ten_thousand_tests_are_read_within_a_second_of_cpu():
    text = "\n".join(
        json.dumps({"id": f"t{i}", "input": {"text": f"question {i} " * 10}, "expected": f"label {i % 7}"})
        for i in range(10_000)
    )
    began = time.process_time()
    assert len(parse_suite("x", text, place=PLACE).tests) == 10_000
    assert time.process_time() - began < 2  # the bar is one second on an idle machine
