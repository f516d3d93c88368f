"""Certificates and comparisons for programs: exact keys, every problem with its line."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.quantities import Share
from roadworthy.trust import certify_report, certify_rows, compare_report

FIVE = Share(0.05)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def labelled(n=400, wrong_below=0.3):
    scores = np.linspace(0, 1, n)
    return scores, scores < wrong_below


def as_rows(**columns):
    names = list(columns)
    return [dict(zip(names, map(str, cells), strict=True)) for cells in zip(*columns.values(), strict=True)]


def problems(caught):
    return [(one.place, one.line, one.column, one.message) for one in caught.value.problems]


def test_a_proven_threshold_has_exactly_these_keys():
    scores, wrong = labelled()
    found = certify_report(scores, wrong, None, FIVE, FIVE)
    assert list(found) == ["threshold", "accepted", "wrong", "bound", "coverage", "labels_needed"]
    assert 0.28 < found["threshold"] < 0.3
    assert found["bound"] <= 0.05
    assert found["coverage"] == pytest.approx(1 - found["threshold"], abs=0.01)
    assert found["labels_needed"] == 0
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_rows_give_what_arrays_give():
    scores, wrong = labelled()
    traffic = np.linspace(0.2, 1, 50)
    words = ["yes" if one else "False" for one in wrong]
    found = certify_rows(as_rows(score=scores, wrong=words), as_rows(score=traffic), alpha=0.05, delta=0.05)
    assert found == certify_report(scores, wrong, traffic, FIVE, FIVE)


def test_what_is_not_proven_has_no_threshold_and_says_what_is_missing():
    found = certify_report(*labelled(20, 0.0), None, FIVE, FIVE)
    assert found["threshold"] is None
    assert (found["accepted"], found["wrong"], found["coverage"]) == (7, 0, 0.0)
    assert found["bound"] == pytest.approx(1 - 0.05 ** (1 / 7))
    assert found["labels_needed"] > 0
    hopeless = certify_report(*labelled(200, 2.0), None, FIVE, FIVE)
    assert (hopeless["threshold"], hopeless["labels_needed"], hopeless["bound"]) == (None, None, 1.0)


def test_every_problem_of_both_files_is_named_with_its_line():
    text = "score,wrong\n,maybe\nnan,1\ninf,0\n0.3,yes\n1_0,no\n0.5,\n0.5,1,extra\n"
    with pytest.raises(InputProblem) as caught:
        certify_rows(rows(text), rows("score\nx\n"), alpha=-1, delta=1)
    assert caught.value.code == "RW-TRUST-017"
    assert problems(caught) == [
        ("scores", 8, 1, "more cells than the header has columns"),
        ("alpha", 0, 0, "expected a share strictly between 0 and 1, found -1"),
        ("delta", 0, 0, "expected a share strictly between 0 and 1, found 1"),
        ("scores", 2, 1, "`score`: expected a number, found nothing"),
        ("scores", 3, 1, "`score`: expected a finite number, found `nan`"),
        ("scores", 4, 1, "`score`: expected a finite number, found `inf`"),
        ("scores", 6, 1, "`score`: expected a finite number, found `1_0`"),
        ("scores", 2, 2, "`wrong`: expected 0 or 1, false or true, no or yes, found `maybe`"),
        ("scores", 7, 2, "`wrong`: expected 0 or 1, false or true, no or yes, found nothing"),
        ("traffic", 2, 1, "`score`: expected a number, found `x`"),
    ]


def test_missing_columns_and_empty_files_are_named():
    with pytest.raises(InputProblem) as caught:
        certify_rows(rows("confidence\n0.5\n"), [], alpha=0.05, delta=0.05, places=("s.csv", "t.csv"))
    assert problems(caught) == [
        ("s.csv", 1, 1, "the column `score` is missing"),
        ("s.csv", 1, 1, "the column `wrong` is missing"),
        ("t.csv", 0, 0, "no case, expected rows with the `score` of recent traffic"),
    ]
    with pytest.raises(InputProblem, match="no labelled case"):
        certify_rows([], None, alpha=0.05, delta=0.05)


def test_a_file_full_of_errors_is_answered_with_the_first_hundred():
    with pytest.raises(InputProblem) as caught:
        certify_rows([{"score": "x", "wrong": "0"}] * 5000, alpha=0.05, delta=0.05)
    assert len(caught.value.problems) == 101
    assert caught.value.problems[-1].message == "and 4900 more problems of this kind"


def test_a_comparison_says_verdict_range_and_cases_needed():
    a, b = [1] * 20 + [0] * 5 + [1] * 175, [0] * 20 + [1] * 180
    cases = [f"c{place}" for place in range(200)]
    found = compare_report(as_rows(case=cases, value=a), as_rows(case=cases, value=b), 0.02)
    assert found["verdict"] == "better"
    assert found["difference"] == pytest.approx(0.075)
    assert found["interval"][0] < 0.075 < found["interval"][1]
    assert (found["cases_needed"], found["n"], found["clusters"]) == (0, 200, 200)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    groups = [f"k{place // 10}" for place in range(200)]
    found = compare_report(
        as_rows(case=cases, cluster=groups, value=a), as_rows(case=cases, cluster=groups, value=b), 0.02
    )
    assert found["clusters"] == 20


def test_a_difference_that_nothing_bounds_has_no_range():
    one = as_rows(case=["x", "y"], cluster=["k", "k"], value=[1.5, 2.5])
    other = as_rows(case=["y", "x"], cluster=["k", "k"], value=[1.0, 2.0])
    found = compare_report(one, other, 0.1)
    assert (found["verdict"], found["interval"], found["cases_needed"]) == ("cannot tell yet", None, None)


def test_every_problem_of_both_sides_is_named_with_its_line():
    with pytest.raises(InputProblem) as caught:
        compare_report(
            rows("case,cluster,value\nx,k,1\nx,k,\n,k,3\n"), rows("case,value\nx,1\n"), -1, confidence=1.5
        )
    assert problems(caught) == [
        ("confidence", 0, 0, "expected a share strictly between 0 and 1, found 1.5"),
        ("margin", 0, 0, "expected a number from 0 up, found -1"),
        ("b", 1, 0, "the column `cluster` is missing, the other file has it"),
        ("a", 4, 1, "`case`: expected a name, found nothing"),
        ("a", 3, 3, "`value`: expected a number, found nothing"),
        ("a", 3, 1, "case `x` comes again, first in line 2"),
    ]
    with pytest.raises(InputProblem, match="no case, expected rows"):
        compare_report([], [], 0.1)
    with pytest.raises(InputProblem, match="in `a` only") as caught:
        compare_report(rows("case,value\nx,1\ny,1\n"), rows("case,value\nx,1\n"), 0.1)
    assert caught.value.code == "RW-TRUST-011"


CELLS = st.text(alphabet="01.-e nayestrufl,\x00é", max_size=6)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=8))
def test_any_rows_give_an_answer_or_their_problems(cells):
    tables = {"score": [{"score": one, "wrong": other} for one, other in cells]}
    tables["case"] = [{"case": one, "value": other} for one, other in cells]
    for ask in (
        lambda: certify_rows(tables["score"], alpha=0.05, delta=0.05),
        lambda: compare_report(tables["case"], tables["case"], 0.05),
    ):
        refused = None
        try:
            json.dumps(ask(), allow_nan=False)
        except InputProblem as problem:
            refused = problem
        if refused is not None:
            assert refused.code == "RW-TRUST-017"
            assert all(2 <= one.line <= len(cells) + 1 for one in refused.problems if one.line)
