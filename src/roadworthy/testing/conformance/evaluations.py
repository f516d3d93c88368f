"""Evaluations, their results, kept answers and grades, and cases that became tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from roadworthy.errors import Conflict, InputProblem, NotFound
from roadworthy.evaluation import Came, Grade
from roadworthy.ports import Store
from roadworthy.ports.evaluating import (
    AnswerKey,
    EvaluationRecord,
    KeptGrade,
    Placed,
    Reference,
    ResultRecord,
)
from roadworthy.quantities import Cost, digest
from roadworthy.testing.conformance.examples import AT, RELEASE, id_at


def an_evaluation(number: int = 1, **changes: Any) -> EvaluationRecord:
    """An evaluation that began."""
    evaluation = EvaluationRecord(
        id=id_at(number),
        use_case="support",
        suite="tone",
        suite_digest=digest(b"suite"),
        target="draft 3",
        target_digest=digest(b"target"),
        release=RELEASE,
        graders=digest(b"graders"),
        repeats=2,
        seed=7,
        settings={"concurrency": 8, "wörter": [1, None]},
        principal="ben",
        started_at=AT + timedelta(seconds=number),
    )
    return replace(evaluation, **changes)


def a_result(test: str = "t-1", *, attempt: int = 1, came: Came = "passed", **changes: Any) -> ResultRecord:
    """A result of two graders."""
    result = ResultRecord(
        test=test,
        attempt=attempt,
        came=came,
        grades=(
            Grade("exact", 1.0, True, ""),
            Grade("judge", None, None, "", {}, Cost(1_250, "EUR")),
        ),
        answer=Placed(id_at(501), 3),
        words=Placed(id_at(502), 0),
        cost=Cost(2**53 - 1, "EUR"),
        seconds=0.125,
        tokens=17,
        error="RW-EVAL-053: the target failed" if came == "error" else "",
        reused=attempt == 2,
    )
    return replace(result, **changes)


def a_reference(test: str = "t-1", number: int = 1, **changes: Any) -> Reference:
    """Case ``number`` as a test."""
    reference = Reference("support", "tone", id_at(number), test, id_at(number + 900), "vera", AT)
    return replace(reference, **changes)


class EvaluationsConformance:
    """What ``Evaluations`` promises."""

    def test_an_evaluation_comes_back_as_it_began(self, store: Store) -> None:
        with store.write() as tx:
            assert store.evaluations.begin(tx, an_evaluation()) == an_evaluation()
        with store.read() as tx:
            assert store.evaluations.get(tx, id_at(1)) == an_evaluation()
            assert store.evaluations.get(tx, id_at(2)) is None

    def test_the_same_evaluation_goes_on_until_it_is_finished(self, store: Store) -> None:
        with store.write() as tx:
            store.evaluations.begin(tx, an_evaluation())
            again = an_evaluation(2, principal="olga", target="renamed", settings={})
            assert store.evaluations.begin(tx, again).id == id_at(1)
            store.evaluations.finish(tx, id_at(1), at=AT, digest=digest(b"1"), body={})
            assert store.evaluations.begin(tx, again) == again

    @pytest.mark.parametrize(
        "change",
        [
            {"use_case": "invoices"},
            {"suite": "facts"},
            {"suite_digest": digest(b"other suite")},
            {"target_digest": digest(b"other target")},
            {"release": ""},
            {"graders": digest(b"other graders")},
            {"repeats": 3},
            {"seed": 8},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_what_asks_or_grades_otherwise_is_another_evaluation(
        self, store: Store, change: dict[str, Any]
    ) -> None:
        with store.write() as tx:
            store.evaluations.begin(tx, an_evaluation())
            assert store.evaluations.begin(tx, an_evaluation(2, **change)).id == id_at(2)

    def test_a_finished_evaluation_takes_nothing_more(self, store: Store) -> None:
        with store.write() as tx:
            store.evaluations.begin(tx, an_evaluation())
            store.evaluations.add_results(tx, id_at(1), [a_result()])
            store.evaluations.finish(tx, id_at(1), at=AT, digest=digest(b"1"), body={"n": 1, "x": None})
        with pytest.raises(Conflict) as caught, store.write() as tx:
            store.evaluations.add_results(tx, id_at(1), [a_result("t-2")])
        assert caught.value.code == "RW-EVAL-050"
        with pytest.raises(Conflict) as caught, store.write() as tx:
            store.evaluations.finish(tx, id_at(1), at=AT, digest=digest(b"2"), body={})
        assert caught.value.code == "RW-EVAL-050"
        with store.read() as tx:
            finished = an_evaluation(finished_at=AT, digest=digest(b"1"), body={"n": 1, "x": None})
            assert store.evaluations.get(tx, id_at(1)) == finished
            assert store.evaluations.answered(tx, id_at(1)) == {("t-1", 1)}

    def test_an_evaluation_that_never_began_takes_nothing(self, store: Store) -> None:
        with pytest.raises(NotFound) as caught, store.write() as tx:
            store.evaluations.add_results(tx, id_at(1), [a_result()])
        assert caught.value.code == "RW-EVAL-051"

    def test_evaluations_are_listed_newest_first_page_by_page(self, store: Store) -> None:
        with store.write() as tx:
            for number in (2, 4, 1, 3):
                store.evaluations.begin(tx, an_evaluation(number, seed=number))
            store.evaluations.begin(tx, an_evaluation(5, use_case="invoices"))
            store.evaluations.begin(tx, an_evaluation(6, suite="facts", release=""))
            store.evaluations.finish(tx, id_at(3), at=AT, digest=digest(b"3"), body={})
        with store.read() as tx:
            listed = store.evaluations.list
            first = listed(tx, "support", limit=3)
            assert [one.id for one in first.rows] == [id_at(6), id_at(4), id_at(3)]
            rest = listed(tx, "support", limit=3, after=first.after)
            assert [one.id for one in rest.rows] == [id_at(2), id_at(1)]
            assert rest.after == ""
            assert [one.id for one in listed(tx, "support", suite="facts").rows] == [id_at(6)]
            assert len(listed(tx, "support", release=RELEASE).rows) == 4
            assert [one.id for one in listed(tx, "support", finished=True).rows] == [id_at(3)]
            assert len(listed(tx, "support", finished=False).rows) == 4

    def test_a_result_comes_back_without_words(self, store: Store) -> None:
        worded = replace(
            a_result(),
            grades=(
                Grade("exact", 0.5, False, "Anna", {"found": "Anna"}),
                Grade("judge", 1.0, True, "Anna", {"advisory": True, "votes": ["Anna"]}),
            ),
        )
        with store.write() as tx:
            store.evaluations.begin(tx, an_evaluation())
            assert store.evaluations.add_results(tx, id_at(1), [a_result(), a_result(attempt=2)]) == 2
            assert store.evaluations.add_results(tx, id_at(1), [replace(worded, test="t-2")]) == 1
        with store.read() as tx:
            assert store.evaluations.result(tx, id_at(1), "t-1", attempt=1) == a_result()
            assert store.evaluations.result(tx, id_at(1), "t-1", attempt=2) == a_result(attempt=2)
            assert store.evaluations.result(tx, id_at(1), "t-1", attempt=3) is None
            bare = store.evaluations.result(tx, id_at(1), "t-2", attempt=1)
        assert bare is not None
        assert bare.grades == (
            Grade("exact", 0.5, False, ""),
            Grade("judge", 1.0, True, "", {"advisory": True}),
        )

    def test_the_first_result_of_an_attempt_stays(self, store: Store) -> None:
        with store.write() as tx:
            store.evaluations.begin(tx, an_evaluation())
            store.evaluations.add_results(tx, id_at(1), [a_result()])
            later = [a_result(came="failed"), a_result("t-2")]
            assert store.evaluations.add_results(tx, id_at(1), later) == 1
            assert store.evaluations.add_results(tx, id_at(1), []) == 0
            assert store.evaluations.result(tx, id_at(1), "t-1", attempt=1) == a_result()

    def test_results_come_worst_first_page_by_page(self, store: Store) -> None:
        came: tuple[Came, ...] = ("passed", "ungraded", "error", "failed")
        with store.write() as tx:
            store.evaluations.begin(tx, an_evaluation())
            results = [a_result(f"t-{n}", attempt=a, came=came[n]) for n in range(4) for a in (2, 1, 10)]
            store.evaluations.add_results(tx, id_at(1), results)
        seen: list[tuple[str, int]] = []
        after = ""
        with store.read() as tx:
            while True:
                found = store.evaluations.results(tx, id_at(1), after=after, limit=5)
                seen += [(one.test, one.attempt) for one in found.rows]
                after = found.after
                if not after:
                    break
            errors = store.evaluations.results(tx, id_at(1), came="error").rows
            with pytest.raises(InputProblem) as caught:
                store.evaluations.results(tx, id_at(1), after="nonsense")
        assert seen == [(f"t-{n}", a) for n in (3, 2, 1, 0) for a in (1, 2, 10)]
        assert [one.test for one in errors] == ["t-2"] * 3
        assert caught.value.code == "RW-STORE-006"

    def test_answers_are_kept_for_the_next_time(self, store: Store) -> None:
        first = AnswerKey(digest(b"target"), "in-1", 1, 7)
        others = {
            replace(first, attempt=2): Placed(id_at(3), 0),
            replace(first, input="in-2"): Placed(id_at(3), 1),
            replace(first, target=digest(b"other")): Placed(id_at(3), 2),
        }
        with store.write() as tx:
            store.evaluations.keep_answers(tx, {}, at=AT)
            store.evaluations.keep_answers(tx, {first: Placed(id_at(1), 4), **others}, at=AT)
            store.evaluations.keep_answers(tx, {first: Placed(id_at(2), 5)}, at=AT)
        with store.read() as tx:
            assert store.evaluations.kept_answers(tx, first.target, {"in-1", "in-9"}) == {
                first: Placed(id_at(2), 5),
                replace(first, attempt=2): Placed(id_at(3), 0),
            }
            many = {f"in-{number}" for number in range(1, 2_000)}
            assert len(store.evaluations.kept_answers(tx, first.target, many)) == 3
            assert store.evaluations.kept_answers(tx, first.target, set()) == {}

    def test_grades_are_kept_for_the_next_time(self, store: Store) -> None:
        kept = KeptGrade("k-1", Grade("judge", 0.5, True, "", {}, Cost(9, "EUR")), Placed(id_at(1), 2))
        worded = replace(kept, grade=replace(kept.grade, reason="Anna is right"))
        newer = replace(kept, words=Placed(id_at(2), 0))
        with store.write() as tx:
            store.evaluations.keep_grades(tx, [], at=AT)
            store.evaluations.keep_grades(tx, [worded], at=AT)
            assert store.evaluations.kept_grade(tx, "k-1") == kept
            store.evaluations.keep_grades(tx, [newer], at=AT)
        with store.read() as tx:
            assert store.evaluations.kept_grade(tx, "k-1") == newer
            assert store.evaluations.kept_grade(tx, "k-2") is None

    def test_a_case_becomes_a_test_of_a_suite_once(self, store: Store) -> None:
        with store.write() as tx:
            assert store.evaluations.add_reference(tx, a_reference("t-2", 2))
            assert store.evaluations.add_reference(tx, a_reference())
            assert not store.evaluations.add_reference(tx, a_reference("other id"))
            assert not store.evaluations.add_reference(tx, a_reference("t-2", 3))
            assert store.evaluations.add_reference(tx, a_reference(suite="facts"))
            assert store.evaluations.add_reference(tx, a_reference(use_case="invoices"))
        with store.read() as tx:
            references = store.evaluations.references
            assert references(tx, "support", "tone") == (a_reference(), a_reference("t-2", 2))
            assert [one.suite for one in references(tx, "support")] == ["facts", "tone", "tone"]
            assert references(tx, "nothing") == ()

    def test_a_dropped_case_is_in_no_suite(self, store: Store) -> None:
        with store.write() as tx:
            store.evaluations.add_reference(tx, a_reference())
            store.evaluations.add_reference(tx, a_reference(suite="facts"))
            store.evaluations.add_reference(tx, a_reference("t-2", 2))
            assert store.evaluations.drop_references(tx, id_at(1)) == 2
            assert store.evaluations.drop_references(tx, id_at(1)) == 0
            assert store.evaluations.references(tx, "support") == (a_reference("t-2", 2),)
