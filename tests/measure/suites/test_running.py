"""A suite is put to a target by several threads, and what comes of it is kept whatever happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.measure.suites.place import BEN, EXACT, VERA, Place, Scripted, a_suite

from roadworthy.errors import Conflict, InputProblem, Refused, Unavailable
from roadworthy.evaluation import Called, Evaluation, Grade, Grader, Suite, Test, Transcript
from roadworthy.measure.suites import running
from roadworthy.measure.suites.asks import seed_of
from roadworthy.measure.suites.recording import bare, every_result, read_evaluation, show_results
from roadworthy.measure.suites.running import Progress, run_suite
from roadworthy.ports.evaluating import ResultRecord
from roadworthy.quantities import Cost, digest_of

ANYTHING = Grader("short", "length", {"at_most": 2_000_000})
JUDGE = Grader("judge", "judge", {"rubric": "is it right?"})


class Judging:
    """An instrument that says what a function says, and counts how often it was asked."""

    digest = digest_of("a judge")

    def __init__(self, says: Any = None) -> None:
        self.says = says or (lambda transcript: Grade("judge", 1.0, True, "fine"))
        self.asked = 0

    def grade(self, grader: Grader, test: Test, transcript: Transcript) -> Grade:
        self.asked += 1
        found: Grade = self.says(transcript)
        return found


def run(place: Place, suite: Suite, target: Scripted, **more: Any) -> Evaluation:
    return run_suite(place.deployment, BEN, "desk", suite, target, **more)


def results(place: Place, evaluation: str) -> list[ResultRecord]:
    with place.store.read() as tx:
        return list(every_result(place.deployment, tx, evaluation))


def came(place: Place, evaluation: str) -> Mapping[str, str]:
    return {one.test: one.came for one in results(place, evaluation)}


def test_every_test_is_asked_once_graded_and_recorded(place: Place) -> None:
    target = Scripted({"t-3": "wrong"})
    evaluation = run(place, a_suite(10), target)
    assert sorted(id_ for id_, _, _ in target.asked) == sorted(f"t-{number}" for number in range(10))
    assert evaluation.summary.overall.right == 9
    assert evaluation.summary.overall.wrong == 1
    assert evaluation.summary.answers_cost == (Cost(10_000),)
    with place.store.read() as tx:
        assert read_evaluation(place.deployment, tx, evaluation.id) == evaluation
        stored = place.store.evaluations.get(tx, evaluation.id)
    assert stored is not None
    assert stored.digest == evaluation.digest
    assert place.events() == ["evaluation.recorded"]


def test_answers_and_reasons_open_for_who_may_see_cases(place: Place) -> None:
    evaluation = run(place, a_suite(4), Scripted({"t-3": "wrong"}))
    shown = show_results(place.deployment, VERA, "desk", results(place, evaluation.id))
    first = shown[0].result
    assert first is not None
    assert first.transcript.output == "wrong"
    assert "wrong" in first.grades[0].reason
    assert [one.record.test for one in shown] == ["t-3", "t-0", "t-1", "t-2"]
    with pytest.raises(Refused):
        show_results(place.deployment, replace(BEN, roles=frozenset()), "desk", [])


def test_nothing_that_was_answered_lies_in_the_file_in_clear(place: Place) -> None:
    suite = Suite.of("tone", [Test("t-1", {"text": "Who?"}, "Anna Beispiel")], [EXACT])
    run(place, suite, Scripted({"t-1": "Berta Muster"}))
    files = b"".join(part.read_bytes() for part in place.file.parent.glob(f"{place.file.name}*"))
    assert b"tone" in files
    assert b"Muster" not in files
    assert b"Beispiel" not in files


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 16), st.integers(1, 3), st.integers(1, 40), st.randoms(use_true_random=False))
def test_neither_threads_nor_order_change_what_is_recorded(
    tmp_path_factory: pytest.TempPathFactory, concurrency: int, repeats: int, batch: int, random: Any
) -> None:
    place = Place(tmp_path_factory.mktemp("place"))
    tests = list(a_suite(12).tests)
    answers = {f"t-{number}": random.choice(["right", "wrong"]) for number in range(12)}
    try:
        plain = run(place, a_suite(12), Scripted(answers), concurrency=1, repeats=repeats)
        random.shuffle(tests)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(running, "BATCH", batch)
            shuffled = run(
                place, Suite.of("tone", tests, [EXACT], seed=7), Scripted(answers, version="2"),
                concurrency=concurrency, repeats=repeats,
            )  # fmt: skip
        assert shuffled.suite_digest == plain.suite_digest
        assert shuffled.summary == plain.summary
        assert [bare(one) for one in results(place, shuffled.id)] == [
            bare(one) for one in results(place, plain.id)
        ]
    finally:
        place.close()


def test_every_attempt_has_a_seed_of_its_own_and_keeps_it(place: Place) -> None:
    target = Scripted({})
    run(place, a_suite(20), target, repeats=3)
    seeds = {(id_, attempt): seed for id_, attempt, seed in target.asked}
    assert len(set(seeds.values())) == 60
    assert seeds["t-4", 2] == seed_of(7, "t-4", 2)
    assert all(0 <= seed < 2**31 for seed in seeds.values())
    assert seed_of(8, "t-4", 2) != seed_of(7, "t-4", 2)


def test_a_target_that_fails_is_an_error_and_neither_right_nor_lost(place: Place) -> None:
    def answer(test: Test, attempt: int, seed: int) -> Transcript:
        if test.id == "t-0":
            raise ValueError("Anna Beispiel")
        if test.id == "t-1":
            raise InputProblem("RW-X-001", "Anna Beispiel")
        if test.id == "t-2":
            return Transcript(output=float("nan"))
        if test.id == "t-3":
            return Transcript(output={"picture": b"bytes"})
        if test.id == "t-4":
            return Transcript(output="x" * 2_000_000)
        if test.id == "t-5":
            return None  # type: ignore[return-value]
        if test.id == "t-6":
            return Transcript(output="right", cost=Cost(2**70))
        if test.id == "t-7":
            return Transcript(error="\x00\ud800" + "x" * 1_000)
        return Transcript(output="right \x00 \ud800", calls=(Called("look", {"a": (1, 2)}),))

    evaluation = run(place, a_suite(9, graders=(ANYTHING,)), Scripted(answer))
    found = {one.test: one.error for one in results(place, evaluation.id) if one.came == "error"}
    assert found == {
        "t-0": "RW-EVAL-053: the target raised ValueError",
        "t-1": "RW-X-001: the target failed (input)",
        "t-2": "RW-EVAL-054: the answer is nothing that JSON can carry",
        "t-3": "RW-EVAL-054: the answer is nothing that JSON can carry",
        "t-4": "RW-EVAL-054: the answer has 2000013 characters as JSON, at most 1048576",
        "t-5": "RW-EVAL-054: the answer is nothing that JSON can carry",
        "t-6": "RW-EVAL-054: the answer's cost, seconds or tokens are no amounts",
        "t-7": "��" + "x" * 297 + "…",
    }
    (odd,) = [one for one in results(place, evaluation.id) if one.came == "passed"]
    (shown,) = show_results(place.deployment, VERA, "desk", [odd])
    assert shown.result is not None
    assert shown.result.transcript.output == "right \x00 \ud800"
    assert shown.result.transcript.calls[0].arguments == {"a": [1, 2]}
    assert evaluation.summary.overall.errors == 8
    assert evaluation.summary.overall.right == 1


def test_a_grader_that_raises_or_answers_nonsense_leaves_the_answer_ungraded(place: Place) -> None:
    def says(transcript: Transcript) -> Grade:
        match transcript.output:
            case "raise":
                raise KeyError("Anna Beispiel")
            case "refuse":
                raise InputProblem("RW-X-002", "Anna Beispiel")
            case "nan":
                return Grade("judge", float("nan"), True, "")
            case "two":
                return Grade("judge", 2.0, True, "")
            case "half":
                return Grade("other name", 0.5, None, "")
        return Grade("judge", None, None, "unsure")

    outputs = ("raise", "refuse", "nan", "two", "half", "unsure")
    suite = a_suite(6, graders=(JUDGE,))
    target = Scripted({f"t-{number}": output for number, output in enumerate(outputs)})
    evaluation = run(place, suite, target, gradings={"judge": Judging(says)})
    assert came(place, evaluation.id) == {
        "t-0": "ungraded", "t-1": "ungraded", "t-2": "ungraded", "t-3": "ungraded", "t-4": "failed",
        "t-5": "ungraded",
    }  # fmt: skip
    shown = show_results(place.deployment, VERA, "desk", results(place, evaluation.id))
    reasons = {one.record.test: one.result.grades[0].reason for one in shown if one.result}
    assert reasons["t-0"] == "the grader failed: KeyError"
    assert reasons["t-1"] == "the grader raised InputProblem (RW-X-002)"
    assert reasons["t-2"] == reasons["t-3"] == "the grader gave no number from 0 to 1"
    assert evaluation.summary.overall.ungraded == 5


def test_a_target_that_cannot_be_asked_stops_it_and_it_goes_on_later(place: Place) -> None:
    def gone(test: Test, attempt: int, seed: int) -> Transcript:
        if test.id == "t-30":
            raise Unavailable("RW-X-003", "the model is away", retry_is_safe=True, hint="wake it")
        return Transcript(output="right")

    with pytest.raises(Unavailable) as caught:
        run(place, a_suite(60), Scripted(gone), concurrency=4)
    problem = caught.value
    assert problem.code == "RW-EVAL-055"
    assert problem.message.endswith("of 60 results are kept, then: the model is away (RW-X-003)")
    assert problem.hint == "wake it; then evaluate again: it goes on where it stopped"
    again = Scripted({})
    evaluation = run(place, a_suite(60), again, concurrency=4)
    assert evaluation.summary.overall.right == 60
    # At most those under way, and none after, were asked in vain.
    assert 26 <= len(again.asked) <= 34
    assert "t-0" not in {id_ for id_, _, _ in again.asked}


def test_an_instrument_that_cannot_be_asked_loses_no_answer(place: Place) -> None:
    def away(transcript: Transcript) -> Grade:
        raise Unavailable("RW-X-004", "the judge is away", retry_is_safe=True)

    suite, target = a_suite(8, graders=(JUDGE,)), Scripted({})
    with pytest.raises(Unavailable):
        run(place, suite, target, gradings={"judge": Judging(away)}, concurrency=2)
    asked = len(target.asked)
    evaluation = run(place, suite, target, gradings={"judge": Judging()})
    assert evaluation.summary.overall.right == 8
    assert len(target.asked) == 8
    assert asked < 8


def test_whoever_stops_it_keeps_what_was_answered(place: Place) -> None:
    target = Scripted({})
    with pytest.raises(Unavailable) as caught:
        run(place, a_suite(200), target, concurrency=2, stop=lambda: len(target.asked) > 20)
    assert caught.value.code == "RW-EVAL-056"
    asked = len(target.asked)
    assert asked < 200
    run(place, a_suite(200), target)
    assert len(target.asked) == 200


def test_an_interrupt_keeps_what_is_at_hand(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 5)

    def interrupted(progress: Progress) -> None:
        if progress.done >= 20:
            raise KeyboardInterrupt

    target = Scripted({})
    with pytest.raises(KeyboardInterrupt):
        run(place, a_suite(400), target, concurrency=2, progress=interrupted)
    with place.store.read() as tx:
        (record,) = place.store.evaluations.list(tx, "desk", finished=False).rows
        kept = len(place.store.evaluations.answered(tx, record.id))
    assert 20 <= kept < 400
    fresh = Scripted({})
    assert run(place, a_suite(400), fresh).id == record.id
    assert len(fresh.asked) == 400 - kept


def test_a_store_that_takes_nothing_is_told_and_leaves_no_thread_behind(place: Place) -> None:
    target = Scripted({})
    before = threading.active_count()

    def broken(progress: Progress) -> None:
        raise InputProblem("RW-X-005", "nobody looks")

    with pytest.raises(InputProblem, match="nobody looks"):
        run(place, a_suite(2_000), target, concurrency=8, progress=broken)
    for thread in threading.enumerate():
        if thread.name.startswith("suite-"):
            thread.join(5.0)
    assert threading.active_count() == before


def test_what_was_answered_before_is_not_asked_again(place: Place) -> None:
    target = Scripted({"t-1": "wrong"})
    first = run(place, a_suite(10), target)
    strict = a_suite(10, graders=(EXACT, Grader("short", "length", {"at_most": 3})))
    second = run(place, strict, target)
    assert len(target.asked) == 10
    assert second.id != first.id
    assert {one.reused for one in results(place, second.id)} == {True}
    assert second.summary.answers_cost == first.summary.answers_cost
    short = second.summary.grader("short")
    assert short is not None
    assert short.wrong == 10
    run(place, strict, target, reuse=False)
    assert len(target.asked) == 20
    run(place, strict, target, seed=8)
    assert len(target.asked) == 30
    other = Scripted({}, version="2")
    run(place, strict, other)
    assert len(other.asked) == 10


def test_answers_that_were_errors_are_asked_again(place: Place) -> None:
    broken = Scripted(lambda test, attempt, seed: Transcript(error="RW-X-006: too busy"))
    assert run(place, a_suite(5), broken).summary.overall.errors == 5
    assert run(place, a_suite(5), broken).summary.overall.errors == 5
    assert len(broken.asked) == 10


def test_an_instrument_is_not_asked_twice_about_the_same_answer(place: Place) -> None:
    suite = a_suite(6, graders=(JUDGE,))
    judging = Judging(lambda transcript: Grade("judge", 0.5, False, "so so", {"votes": [1]}, Cost(7)))
    run(place, suite, Scripted({}), gradings={"judge": judging})
    slower = Scripted(lambda test, attempt, seed: Transcript(output="right", seconds=9.0, cost=Cost(5)))
    slower.digest = digest_of("a slower target")
    evaluation = run(place, suite, slower, gradings={"judge": judging})
    assert judging.asked == 6
    shown = show_results(place.deployment, VERA, "desk", results(place, evaluation.id))
    assert all(one.result and one.result.grades[0].reason == "so so" for one in shown)
    assert all(one.result and one.result.grades[0].detail == {"votes": [1]} for one in shown)
    judging.digest = digest_of("another judge")
    run(place, suite, slower, gradings={"judge": judging})
    assert judging.asked == 12


def test_an_instrument_that_said_nothing_is_asked_again(place: Place) -> None:
    suite = a_suite(3, graders=(JUDGE,))
    judging = Judging(lambda transcript: Grade("judge", None, None, "unsure"))
    run(place, suite, Scripted({}), gradings={"judge": judging})
    run(place, suite, Scripted({}), gradings={"judge": judging})
    assert judging.asked == 6


def test_an_advisory_grade_decides_nothing(place: Place) -> None:
    advisory = Judging(lambda transcript: Grade("judge", 1.0, True, "", {"advisory": True}))
    alone = run(place, a_suite(2, graders=(JUDGE,)), Scripted({}), gradings={"judge": advisory})
    assert set(came(place, alone.id).values()) == {"ungraded"}
    beside = a_suite(2, graders=(EXACT, JUDGE))
    both = run(place, beside, Scripted({"t-0": "wrong"}), gradings={"judge": advisory}, reuse=False)
    assert came(place, both.id) == {"t-0": "failed", "t-1": "passed"}


def test_what_cannot_run_is_refused_before_anything_is_asked(place: Place) -> None:
    target = Scripted({})
    with pytest.raises(InputProblem) as caught:
        run(place, a_suite(3, graders=(EXACT, JUDGE)), target, concurrency=0, repeats=0, per_second=-1)
    assert caught.value.code == "RW-EVAL-057"
    assert len(caught.value.problems) == 4
    assert target.asked == []
    with pytest.raises(Refused):
        run_suite(place.deployment, VERA, "desk", a_suite(3), target)


def test_progress_counts_what_is_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 4)
    told: list[Progress] = []
    run(place, a_suite(10), Scripted({"t-2": "wrong"}), progress=told.append)
    assert [one.done for one in told] == sorted({one.done for one in told})
    assert told[-1] == Progress(done=10, of=10, passed=9, failed=1)


def test_a_rate_is_kept_by_all_threads_together(place: Place) -> None:
    moments: list[float] = []

    def noted(test: Test, attempt: int, seed: int) -> Transcript:
        moments.append(running.time.monotonic())
        return Transcript(output="right")

    run(place, a_suite(12), Scripted(noted), concurrency=6, per_second=100.0)
    assert max(moments) - min(moments) >= 11 / 100 - 0.02


def test_who_comes_second_gets_the_record_of_the_first(place: Place, tmp_path: Path) -> None:
    """Two processes that evaluate the same at the same moment record it once."""
    beside: list[Evaluation] = []

    def overtaken(test: Test, attempt: int, seed: int) -> Transcript:
        if not beside:
            beside.append(run(place, a_suite(5), Scripted({})))
        return Transcript(output="right")

    evaluation = run(place, a_suite(5), Scripted(overtaken), concurrency=1)
    assert [evaluation] == beside
    assert place.events() == ["evaluation.recorded"]


def test_an_unfinished_evaluation_has_no_record(place: Place) -> None:
    with pytest.raises(Unavailable):
        run(place, a_suite(5), Scripted({}), stop=lambda: True, per_second=20)
    with place.store.read() as tx:
        (record,) = place.store.evaluations.list(tx, "desk").rows
        with pytest.raises(Conflict) as caught:
            read_evaluation(place.deployment, tx, record.id)
        assert caught.value.code == "RW-EVAL-059"
        with pytest.raises(InputProblem) as missing:
            read_evaluation(place.deployment, tx, "nothing")
        assert missing.value.code == "RW-EVAL-051"


def test_the_record_names_no_content(place: Place) -> None:
    evaluation = run(place, a_suite(3), Scripted({"t-1": "Berta Muster"}))
    assert "Muster" not in json.dumps(evaluation.as_json())
