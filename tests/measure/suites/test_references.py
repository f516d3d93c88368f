"""Recorded cases as tests: their answers belong to their subjects, and go with them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.measure.suites.place import BEN, EXACT, VERA, Place, Scripted, a_suite

from roadworthy.errors import InputProblem, Refused
from roadworthy.evaluation import Evaluation, Suite, Test, Transcript
from roadworthy.measure.suites.recording import every_result, recount, show_results
from roadworthy.measure.suites.running import run_suite
from roadworthy.testing.conformance.examples import a_case


def cases(place: Place, count: int) -> list[Test]:
    """Recorded cases of as many subjects, as tests whose inputs are filled in."""
    tests = []
    with place.store.write() as tx:
        for number in range(1, count + 1):
            sealed = place.vault.seal(tx, f"s_{number}", {"text": f"question {number}"})
            case = a_case(number, use_case="desk", subject=f"s_{number}", input=sealed.id)
            place.store.cases.add(tx, case)
            tests.append(Test(f"c-{number}", {"text": f"question {number}"}, "right", reference=case.id))
    return tests


def a_mixed_suite(place: Place, count: int = 4) -> Suite:
    return Suite.of("tone", [*a_suite(3).tests, *cases(place, count)], [EXACT])


def run(place: Place, suite: Suite, target: Scripted, *, erased: tuple[str, ...] = ()) -> Evaluation:
    return run_suite(place.deployment, BEN, "desk", suite, target, erased=erased)


def test_an_erased_subject_takes_its_answers_and_n_is_counted_again(place: Place) -> None:
    suite = a_mixed_suite(place)
    evaluation = run(place, suite, Scripted({"c-2": "wrong"}))
    assert evaluation.summary.overall.tests == 7
    assert recount(place.deployment, BEN, suite, evaluation) == evaluation.summary
    place.erase("s_2")
    now = recount(place.deployment, BEN, suite, evaluation)
    assert (now.tests, now.erased, now.overall.tests) == (7, 1, 6)
    assert (now.overall.right, now.overall.wrong) == (6, 0)
    with place.store.read() as tx:
        records = list(every_result(place.deployment, tx, evaluation.id))
    shown = show_results(place.deployment, VERA, "desk", records)
    assert [one.record.test for one in shown if one.result is None] == ["c-2"]


def test_a_subject_that_was_erased_before_is_not_asked_about(place: Place) -> None:
    suite = a_mixed_suite(place)
    place.erase("s_3")
    target = Scripted({})
    evaluation = run(place, suite, target)
    assert "c-3" not in {id_ for id_, _, _ in target.asked}
    assert (evaluation.summary.tests, evaluation.summary.erased) == (7, 1)
    assert evaluation.summary.overall.tests == 6
    assert evaluation.summary.overall.missing == 0


def test_tests_that_dropped_out_before_are_counted_as_erased(place: Place) -> None:
    suite = a_mixed_suite(place)
    rest = replace(suite, tests=suite.tests[:-1])
    evaluation = run(place, rest, Scripted({}), erased=("c-4",))
    assert (evaluation.summary.tests, evaluation.summary.erased) == (7, 1)


def test_a_subject_that_is_erased_meanwhile_gets_no_new_key(place: Place) -> None:
    suite = a_mixed_suite(place)

    def erasing(test: Test, attempt: int, seed: int) -> Transcript:
        if test.id == "c-1":
            place.erase("s_1")
        return Transcript(output="right")

    evaluation = run(place, suite, Scripted(erasing))
    assert (evaluation.summary.erased, evaluation.summary.overall.tests) == (1, 6)
    with place.store.read() as tx:
        assert place.store.evaluations.result(tx, evaluation.id, "c-1", attempt=1) is None
        with pytest.raises(Refused):
            place.vault.digest(tx, "s_1", "")


def test_what_was_kept_of_an_erased_subject_answers_nothing(place: Place) -> None:
    """Its answer is gone; the tests of others are answered from what is kept."""
    suite = a_mixed_suite(place)
    target = Scripted({})
    run(place, suite, target)
    place.erase("s_1")
    run(place, suite, target)
    assert len(target.asked) == 7


def test_a_case_that_is_not_there_or_not_filled_in_is_named(place: Place) -> None:
    known = cases(place, 2)
    tests = [
        replace(known[0], input={}),
        known[1],
        Test("c-9", {"text": "?"}, "right", reference="01JBMISSING"),
    ]
    target = Scripted({})
    with pytest.raises(InputProblem) as caught:
        run(place, Suite.of("tone", tests, [EXACT]), target)
    assert caught.value.code == "RW-EVAL-052"
    assert [problem.message for problem in caught.value.problems] == [
        "test `c-1`: the input of its case was not filled in",
        "test `c-9`: case `01JBMISSING` is not stored",
    ]
    assert target.asked == []
