"""Calibrating the judge: labels of people are read, contradictions stay visible, the numbers are corrected."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.measure.judging import (
    Label,
    agreement_facts,
    calibrate,
    conduct_facts,
    read_labels,
    resolve,
)
from roadworthy.quantities import digest

JUDGE = digest(b"judge")


def world(
    n: int, *, graded: int, sensitivity: float = 0.95, specificity: float = 0.9, seed: int = 1
) -> tuple[list[Label], dict[str, bool | None], float]:
    """Answers with a truth, a judge with known errors, people who grade some of them at random."""
    random = np.random.default_rng(seed)
    truth = random.random(n) < 0.7
    right = np.where(truth, random.random(n) < sensitivity, random.random(n) < specificity)
    said: dict[str, bool | None] = {f"a{place}": bool(truth[place] == right[place]) for place in range(n)}
    labels = [Label(f"a{place}", "ada", bool(truth[place])) for place in range(graded)]
    return labels, said, float(truth.mean())


def test_a_judge_that_agrees_with_people_may_gate() -> None:
    labels, said, truth = world(2_000, graded=400)
    found = calibrate(labels, said, judge=JUDGE, kappa_min=0.6, min_labels=50)
    assert not found.standing.advisory
    assert found.corrected is not None
    assert truth in found.corrected.interval
    (fact,) = agreement_facts(found)
    assert (fact.kind, fact.subject, fact.n) == ("quality.judge_agreement", "judge", 400)
    assert fact.interval is not None
    assert fact.interval.low >= 0.6
    assert fact.detail["advisory"] is False


def test_a_judge_that_guesses_or_has_few_labels_is_advisory() -> None:
    labels, said, _ = world(500, graded=200, sensitivity=0.5, specificity=0.5)
    assert calibrate(labels, said, judge=JUDGE, kappa_min=0.6, min_labels=50).standing.advisory
    labels, said, _ = world(500, graded=40, sensitivity=1.0, specificity=1.0)
    few = calibrate(labels, said, judge=JUDGE, kappa_min=0.6, min_labels=50)
    assert few.standing.advisory
    assert few.certificate.labels_needed


def test_kappa_is_cohens() -> None:
    """Two raters of 50 grants (Wikipedia, Cohen's kappa): 20 both yes, 5 and 10 apart, 15 both no: 0.4."""
    cells = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    labels = [Label(str(place), "ada", people) for place, (people, _) in enumerate(cells)]
    said = {str(place): judge for place, (_, judge) in enumerate(cells)}
    found = calibrate(labels, said, judge=JUDGE, kappa_min=0.6, min_labels=10)
    assert agreement_facts(found)[0].value == pytest.approx(0.4)


def test_a_silent_judge_disagrees() -> None:
    labels, said, _ = world(300, graded=300, sensitivity=1.0, specificity=1.0)
    silent = {
        answer: None if place % 2 else verdict for place, (answer, verdict) in enumerate(said.items())
    }
    found = calibrate(labels, silent, judge=JUDGE, kappa_min=0.6, min_labels=50)
    assert found.standing.advisory
    assert found.certificate.unread == 150


def test_the_share_is_corrected_where_the_judge_is_mild() -> None:
    labels, said, truth = world(4_000, graded=600, sensitivity=0.99, specificity=0.3)
    found = calibrate(labels, said, judge=JUDGE, kappa_min=0.6, min_labels=50)
    assert found.corrected is not None
    assert found.corrected.judge > truth + 0.1
    assert truth in found.corrected.interval


def test_contradictions_are_set_aside_and_too_many_of_them_stop_the_judge() -> None:
    labels, said, _ = world(400, graded=200)
    both = labels + [
        Label(each.answer, "bob", not each.passed if place < 20 else each.passed)
        for place, each in enumerate(labels)
    ]
    found = calibrate(both, said, judge=JUDGE, kappa_min=0.3, min_labels=50)
    assert len(found.people.contradicted) == 20
    assert found.certificate.labels == 180
    assert found.people.ceiling is not None
    assert not found.standing.advisory
    worse = labels + [
        Label(each.answer, "bob", not each.passed if place < 60 else each.passed)
        for place, each in enumerate(labels)
    ]
    found = calibrate(worse, said, judge=JUDGE, kappa_min=0.3, min_labels=50)
    assert found.standing.advisory
    assert "contradict" in found.standing.sentence
    assert agreement_facts(found) == []


def test_a_person_who_says_both_contradicts_and_one_who_repeats_counts_once() -> None:
    found = resolve(
        [
            Label("a", "ada", True),
            Label("a", "ada", True),
            Label("b", "ada", True),
            Label("b", "ada", False),
        ]
    )
    assert found.agreed == {"a": True}
    assert found.contradicted == ("b",)
    assert found.ceiling is None


def test_answers_the_judge_never_saw_are_named_and_none_in_common_is_a_problem() -> None:
    labels, said, _ = world(100, graded=80)
    found = calibrate(
        [*labels, Label("lost", "ada", True)], said, judge=JUDGE, kappa_min=0.6, min_labels=50
    )
    assert found.unjudged == ("lost",)
    assert found.certificate.labels == 80
    with pytest.raises(InputProblem) as raised:
        calibrate([Label("lost", "ada", True)], said, judge=JUDGE, kappa_min=0.6, min_labels=50)
    assert raised.value.code == "RW-EVAL-082"


def test_one_verdict_only_measures_nothing() -> None:
    labels = [Label(str(place), "ada", True) for place in range(60)]
    found = calibrate(
        labels, {each.answer: True for each in labels}, judge=JUDGE, kappa_min=0.6, min_labels=50
    )
    assert found.standing.advisory
    assert agreement_facts(found) == []


def test_groups_without_labels_leave_the_share_uncorrected_with_the_reason() -> None:
    labels = [Label(str(place), "ada", True) for place in range(60)]
    said: dict[str, bool | None] = {str(place): place < 100 for place in range(200)}
    found = calibrate(labels, said, judge=JUDGE, kappa_min=0.6, min_labels=50)
    assert found.corrected is None
    assert "failed" in found.uncorrected


def test_conduct_is_reported_where_people_looked_and_explained_where_not() -> None:
    labels, said, truth = world(1_000, graded=200)
    facts, missing = conduct_facts({"polite": labels}, {"polite": said, "short": said}, judge=JUDGE)
    (fact,) = facts
    assert (fact.kind, fact.subject, fact.n, fact.of_release) == ("quality.conduct", "polite", 1_000, True)
    assert fact.interval is not None
    assert truth in fact.interval
    assert "label" in missing["short"]


CSV = "answer,person,verdict\na1,ada,pass\n"


def test_labels_are_read_from_csv() -> None:
    text = '\ufeffverdict,answer,person,note\r\nPASS,a1,ada,"x, y"\r\n\r\nbroken,a2,bob,\r\n'
    assert read_labels(text, place="l.csv") == (Label("a1", "ada", True), Label("a2", "bob", False))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("answer,person\na,b\n", [1]),
        ("answer,answer,person,verdict\n", [1]),
        (CSV + "a2,,pass\na3,ada,perhaps\na4,ada\n", [3, 4, 5]),
        (CSV + '"a2,ada,pass\n', [3]),
        ("", [1]),
        ("answer,person,verdict\n", [0]),
    ],
)
def test_every_row_that_cannot_be_read_is_told(text: str, lines: list[int]) -> None:
    with pytest.raises(InputProblem) as raised:
        read_labels(text, place="l.csv")
    assert raised.value.code == "RW-EVAL-081"
    assert [each.line for each in raised.value.problems] == lines


def test_no_more_than_fifty_rows_are_told_and_the_rest_is_counted() -> None:
    with pytest.raises(InputProblem) as raised:
        read_labels("answer,person,verdict\n" + "a,b,c\n" * 80, place="l.csv")
    assert len(raised.value.problems) == 51
    assert "30 more" in raised.value.problems[-1].message


def test_no_more_rows_are_read_than_are_taken() -> None:
    begun = time.process_time()
    with pytest.raises(InputProblem) as raised:
        read_labels("answer,person,verdict\n" + "x,y,z\n" * 1_000_000, place="l.csv")
    assert [each.message for each in raised.value.problems[-2:]] == [
        "more than 200,000 rows",
        "199951 more rows cannot be read",
    ]
    assert len(raised.value.problems) == 52
    assert time.process_time() - begun < 4


@given(st.text(max_size=200))
@settings(max_examples=80, deadline=None)
def test_any_text_is_labels_or_an_input_problem(text: str) -> None:
    try:
        assert read_labels("answer,person,verdict\n" + text, place="x")
    except InputProblem:
        return


def test_the_correction_covers_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(120):
        labels, said, truth = world(600, graded=120, sensitivity=0.9, specificity=0.6, seed=seed)
        found = calibrate(labels, said, judge=JUDGE, kappa_min=0.6, min_labels=50).corrected
        held += found is not None and truth in found.interval
    assert held / 120 >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / 120)
