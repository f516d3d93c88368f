"""Facts say what an evaluation shows, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.measure.suites.place import BEN, EXACT, Place, Scripted, a_suite
from tests.measure.suites.test_running import JUDGE, Judging

from roadworthy.evaluation import Evaluation, Grade, Suite, Transcript
from roadworthy.measure.fact import Fact
from roadworthy.measure.suites.facts import suite_facts
from roadworthy.measure.suites.running import run_suite
from roadworthy.quantities import Share, digest
from roadworthy.trust import wilson

NEW, OLD = digest(b"new"), digest(b"old")


def run(
    place: Place, suite: Suite, wrong: range, release: str = NEW, **more: Any
) -> tuple[Evaluation, Scripted]:
    place.clock.advance(timedelta(seconds=1))
    answers = {f"t-{number}": "wrong" for number in wrong}
    target = Scripted(answers, version=f"{release} {wrong}")
    return run_suite(place.deployment, BEN, "desk", suite, target, release=release, **more), target


def facts(place: Place, suite: Suite, evaluation: Evaluation, **more: Any) -> Mapping[str, Fact]:
    found = suite_facts(place.deployment, suite, evaluation, margin=0.05, **more)
    return {fact.kind: fact for fact in found}


def test_the_share_that_passes_comes_with_its_interval(place: Place) -> None:
    suite = a_suite(40)
    evaluation, _ = run(place, suite, range(4))
    (fact,) = facts(place, suite, evaluation).values()
    assert (fact.kind, fact.subject, fact.n, fact.of_release) == ("quality.suite", "tone", 40, True)
    assert fact.value == pytest.approx(0.9)
    assert fact.interval == wilson(36, 40, confidence=Share(0.95))
    assert fact.detail["evaluation"] == evaluation.id


def test_what_nobody_could_grade_widens_the_interval(place: Place) -> None:
    def says(transcript: Transcript) -> Grade:
        if transcript.output == "wrong":
            return Grade("judge", None, None, "unsure")
        return Grade("judge", 1.0, True, "")

    suite = a_suite(40, graders=(JUDGE,))
    evaluation, _ = run(place, suite, range(20), gradings={"judge": Judging(says)})
    fact = facts(place, suite, evaluation)["quality.suite"]
    alone = wilson(20, 20, confidence=Share(0.95))
    assert (fact.value, fact.n, fact.detail["not_graded"]) == (1.0, 20, 20)
    assert fact.interval is not None
    assert fact.interval.low == pytest.approx(alone.low / 2)
    assert fact.interval.high == pytest.approx(1.0)
    assert "20 tests that were not graded" in fact.method


def test_nothing_graded_shows_nothing(place: Place) -> None:
    silent = Judging(lambda transcript: Grade("judge", None, None, "unsure"))
    suite = a_suite(5, graders=(JUDGE,))
    evaluation, _ = run(place, suite, range(0), gradings={"judge": silent})
    fact = facts(place, suite, evaluation)["quality.suite"]
    assert (fact.value, fact.n, fact.method) == (0.0, 0, "nothing was graded")
    assert fact.interval is not None
    assert (fact.interval.low, fact.interval.high) == (0.0, 1.0)


def test_a_release_is_compared_with_the_running_one_test_by_test(place: Place) -> None:
    suite = a_suite(300)
    run(place, suite, range(10), OLD)
    for wrong, value, verdict in (
        (range(10), 1.0, "not worse"),
        (range(5, 120), 0.0, "worse"),
        (range(22), 0.0, "cannot tell yet"),
    ):
        evaluation, _ = run(place, suite, wrong)
        fact = facts(place, suite, evaluation, running=OLD)["quality.suite_not_worse"]
        assert (fact.value, fact.detail["verdict"], fact.n) == (value, verdict, 300)
        assert fact.detail["against_release"] == OLD
    assert fact.detail["cases_needed"]


def test_the_newest_evaluation_of_the_running_release_on_this_very_suite_counts(place: Place) -> None:
    suite = a_suite(60)
    evaluation, _ = run(place, suite, range(2))
    assert "quality.suite_not_worse" not in facts(place, suite, evaluation)
    assert "quality.suite_not_worse" not in facts(place, suite, evaluation, running=NEW)
    run(place, a_suite(61), range(0), OLD)
    assert "quality.suite_not_worse" not in facts(place, suite, evaluation, running=OLD)
    run(place, suite, range(30), OLD)
    newest, _ = run(place, suite, range(2), OLD)
    fact = facts(place, suite, evaluation, running=OLD)["quality.suite_not_worse"]
    assert fact.detail["against"] == newest.id


def test_another_judge_makes_two_evaluations_incomparable(place: Place) -> None:
    suite = a_suite(30, graders=(EXACT, JUDGE))
    strict = Judging()
    run(place, suite, range(0), OLD, gradings={"judge": strict})
    other = Judging()
    other.digest = digest(b"another judge")
    evaluation, _ = run(place, suite, range(0), gradings={"judge": other})
    fact = facts(place, suite, evaluation, running=OLD)["quality.suite_not_worse"]
    assert fact.value == 0.0
    assert "not comparable" in fact.method
