"""Cases, rejects, steps and outcomes."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import TrueOutcome
from roadworthy.errors import Conflict, InputProblem
from roadworthy.ports import Store
from roadworthy.quantities import Cost
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import (
    AT,
    RELEASE,
    UNKNOWN,
    a_case,
    a_rating,
    a_reject,
    a_step,
    an_opening,
    an_outcome,
    id_at,
)


def _same(found: CaseRecord | None, expected: CaseRecord) -> bool:
    """Equality in which no confidence equals no confidence."""
    return found is not None and repr(asdict(found)) == repr(asdict(expected))


class CasesConformance:
    """What ``Cases`` promises."""

    # ── cases ──

    def test_a_case_comes_back_as_it_was_stored(self, store: Store) -> None:
        first = a_case(key="Größe 😀 % _ ' \" \\", slice="", reason="x" * 500)
        second = a_case(
            2, confidence=0.1 + 0.2, cost=Cost(2**62, "USD"), twin=RELEASE, probability=1e-300, state=State.PARKED,
            created_at=AT.replace(microsecond=0), updated_at=AT.replace(year=9999),
        )  # fmt: skip
        with store.write() as tx:
            assert store.cases.add(tx, first)
            assert store.cases.add(tx, second)
        with store.read() as tx:
            found = store.cases.get(tx, first.id)
            assert _same(found, first)
            assert found is not None
            assert math.isnan(found.confidence)
            assert found.created_at.utcoffset() == timedelta(0)
            assert _same(store.cases.get(tx, second.id), second)
            assert store.cases.get(tx, id_at(99)) is None

    def test_a_key_is_taken_once_per_use_case_and_twin(self, store: Store) -> None:
        with store.write() as tx:
            assert store.cases.add(tx, a_case(key="T"))
            assert not store.cases.add(tx, a_case(2, key="T"))
            assert store.cases.add(tx, a_case(3, key="T", twin=RELEASE))
            assert not store.cases.add(tx, a_case(4, key="T", twin=RELEASE))
            assert store.cases.add(tx, a_case(5, key="T", use_case="invoices"))
        with store.read() as tx:
            assert [case.id for case in store.cases.list(tx, "").rows] == [id_at(5), id_at(3), id_at(1)]
            plain, twin = (store.cases.by_key(tx, "support", "T", twin=twin) for twin in ("", RELEASE))
            assert plain is not None
            assert twin is not None
            assert (plain.id, twin.id) == (id_at(1), id_at(3))
            assert store.cases.by_key(tx, "support", "other") is None
            assert store.cases.by_keys(tx, "support", ["T", "other", "T"]) == {"T": plain}
            assert store.cases.by_keys(tx, "support", []) == {}

    def test_saving_replaces_the_version_that_was_read(self, store: Store) -> None:
        case = a_case()
        later = replace(
            case, state=State.CLOSED, version=2, confidence=0.5, cost=Cost(7), handled_by="automatic"
        )
        with store.write() as tx:
            store.cases.add(tx, case)
            store.cases.save(tx, later, expected=1)
        with store.read() as tx:
            assert store.cases.get(tx, case.id) == later

    def test_whoever_saves_second_learns_who_was_first(self, store: Store) -> None:
        case = a_case()
        with store.write() as tx:
            store.cases.add(tx, case)
            store.cases.save(tx, replace(case, state=State.PARKED, version=2), expected=1)
        with pytest.raises(Conflict, match="parked at version 2") as caught, store.write() as tx:
            store.cases.save(tx, replace(case, state=State.CLOSED, version=2), expected=1)
        assert caught.value.code == "RW-STORE-001"
        with store.read() as tx:
            found = store.cases.get(tx, case.id)
            assert found is not None
            assert found.state is State.PARKED

    def test_what_was_never_stored_cannot_be_saved(self, store: Store) -> None:
        with pytest.raises(Conflict) as caught, store.write() as tx:
            store.cases.save(tx, a_case(), expected=1)
        assert caught.value.code == "RW-STORE-001"

    # ── lists ──

    def test_pages_are_complete_and_newest_first(self, store: Store) -> None:
        with store.write() as tx:
            for number in (4, 1, 3, 7, 2, 6, 5):
                store.cases.add(tx, a_case(number))
        found, after = [], ""
        for _ in range(4):
            with store.read() as tx:
                page = store.cases.list(tx, "support", after=after, limit=3)
            found.append([case.key for case in page.rows])
            after = page.after
            if not after:
                break
        assert found == [["T-7", "T-6", "T-5"], ["T-4", "T-3", "T-2"], ["T-1"]]

    def test_a_page_that_ends_with_the_last_row_has_no_next_one(self, store: Store) -> None:
        with store.write() as tx:
            for number in range(1, 5):
                store.cases.add(tx, a_case(number))
        with store.read() as tx:
            assert store.cases.list(tx, "support", limit=4).after == ""
            assert len(store.cases.list(tx, "support", limit=0).rows) == 1
            assert len(store.cases.list(tx, "support", limit=10**9).rows) == 4

    def test_pages_do_not_shift_under_new_and_changed_rows(self, store: Store) -> None:
        with store.write() as tx:
            for number in range(1, 6):
                store.cases.add(tx, a_case(number))
        with store.write() as tx:
            first = store.cases.list(tx, "support", limit=2)
            store.cases.add(tx, a_case(9))
            store.cases.save(tx, a_case(3, version=2, state=State.CLOSED), expected=1)
            second = store.cases.list(tx, "support", after=first.after, limit=9)
        assert [case.key for case in second.rows] == ["T-3", "T-2", "T-1"]

    def test_lists_are_narrowed_by_state_stage_and_release(self, store: Store) -> None:
        with store.write() as tx:
            store.cases.add(tx, a_case(1, state=State.WAITING))
            store.cases.add(tx, a_case(2, stage=Stage.SHADOW))
            store.cases.add(tx, a_case(3, release=UNKNOWN))
            store.cases.add(tx, a_case(4, use_case="invoices", state=State.WAITING))
        with store.read() as tx:

            def keys(use_case: str, **wanted: object) -> list[str]:
                return [case.key for case in store.cases.list(tx, use_case, **wanted).rows]  # type: ignore[arg-type]

            assert keys("support", state=State.WAITING) == ["T-1"]
            assert keys("", state=State.WAITING) == ["T-4", "T-1"]
            assert keys("support", stage=Stage.SHADOW) == ["T-2"]
            assert keys("support", release=UNKNOWN) == ["T-3"]
            assert keys("support", state=State.OPEN, stage=Stage.CANARY, release=RELEASE) == []
            assert keys("nothing") == []

    @pytest.mark.parametrize("after", ["x", "T-1", "AAAA", "%00", "é", "=", " ", "a" * 5_000, id_at(1)])
    def test_a_cursor_that_no_page_gave_is_refused(self, store: Store, after: str) -> None:
        with store.read() as tx:
            for read in (store.cases.list, store.cases.rejects, store.reviews.open):
                with pytest.raises(InputProblem) as caught:
                    read(tx, "support", after=after)
                assert caught.value.code == "RW-STORE-006"

    def test_counts_are_by_stage_state_and_who_handled(self, store: Store) -> None:
        with store.write() as tx:
            store.cases.add(tx, a_case(1, handled_by="automatic", state=State.CLOSED))
            store.cases.add(tx, a_case(2, handled_by="automatic", state=State.CLOSED, twin=RELEASE))
            store.cases.add(tx, a_case(3, handled_by="person", state=State.WAITING, release=""))
            store.cases.add(tx, a_case(4, use_case="invoices"))
        with store.read() as tx:
            assert store.cases.counts(tx, "support") == {
                ("canary", "closed", "automatic"): 2,
                ("canary", "waiting", "person"): 1,
            }
            assert store.cases.counts(tx, "support", release=RELEASE) == {
                ("canary", "closed", "automatic"): 2
            }
            assert store.cases.counts(tx, "nothing") == {}

    def test_rejects_are_kept_and_paged(self, store: Store) -> None:
        with store.write() as tx:
            for number in range(1, 6):
                store.cases.reject(tx, a_reject(number))
            store.cases.reject(tx, a_reject(9, use_case="invoices"))
        with store.read() as tx:
            first = store.cases.rejects(tx, "support", limit=3)
            second = store.cases.rejects(tx, "support", after=first.after, limit=3)
        assert [*first.rows, *second.rows] == [a_reject(number) for number in (5, 4, 3, 2, 1)]
        assert second.after == ""

    # ── steps ──

    def test_recorded_steps_come_in_the_order_of_the_run(self, store: Store) -> None:
        with store.write() as tx:
            for ordinal in (2, 0, 10, 1):
                store.cases.record_step(tx, a_step(ordinal))
            store.cases.record_step(tx, a_step(0, run=2, name="ask"))
            store.cases.record_step(tx, a_step(0, case=id_at(2)))
            store.cases.open_step(tx, an_opening(3))
        with store.read() as tx:
            assert store.cases.steps(tx, id_at(1), run=1) == tuple(
                a_step(number) for number in (0, 1, 2, 10)
            )
            assert store.cases.steps(tx, id_at(1), run=2) == (a_step(0, run=2, name="ask"),)
            assert store.cases.steps(tx, id_at(3), run=1) == ()

    def test_a_step_is_recorded_once(self, store: Store) -> None:
        with store.write() as tx:
            store.cases.open_step(tx, an_opening())
            store.cases.record_step(tx, a_step())
        for again in (a_step(), a_step(result=id_at(78))):
            with pytest.raises(Conflict) as caught, store.write() as tx:
                store.cases.record_step(tx, again)
            assert caught.value.code == "RW-STORE-001"
        with pytest.raises(Conflict), store.write() as tx:
            store.cases.open_step(tx, an_opening())
        with store.read() as tx:
            assert store.cases.steps(tx, id_at(1), run=1) == (a_step(),)

    def test_an_interrupted_attempt_is_billed_at_its_reserve(self, store: Store) -> None:
        with store.write() as tx:
            store.cases.add(tx, a_case())
            store.cases.open_step(tx, an_opening(reserved=Cost(1_000), segment=1))
        with store.write() as tx:
            store.cases.open_step(tx, an_opening(reserved=Cost(500), segment=2))
        with store.write() as tx:
            store.cases.open_step(tx, an_opening(reserved=Cost(90), segment=3))
            assert store.cases.spent(tx, id_at(1)) == Cost(1_590)
            store.cases.record_step(tx, a_step(cost=Cost(250), segment=3))
            (step,) = store.cases.steps(tx, id_at(1), run=1)
            assert (step.attempts, step.cost, step.segment) == (3, Cost(1_750), 3)
            assert store.cases.spent(tx, id_at(1)) == Cost(1_750)

    def test_an_attempt_that_failed_is_billed_at_what_it_cost(self, store: Store) -> None:
        with store.write() as tx:
            store.cases.add(tx, a_case())
            store.cases.open_step(tx, an_opening(reserved=Cost(1_000), segment=1))
            store.cases.bill_attempt(tx, an_opening(reserved=Cost(30), segment=1))
            assert store.cases.spent(tx, id_at(1)) == Cost(30)
            store.cases.open_step(tx, an_opening(reserved=Cost(500), segment=2))
            assert store.cases.spent(tx, id_at(1)) == Cost(530)
            store.cases.record_step(tx, a_step(cost=Cost(250), segment=2))
            (step,) = store.cases.steps(tx, id_at(1), run=1)
            assert (step.attempts, step.cost) == (2, Cost(280))
        for wrong in (an_opening(reserved=Cost(5)), an_opening(9, reserved=Cost(5))):
            with pytest.raises(Conflict), store.write() as tx:
                store.cases.bill_attempt(tx, wrong)

    def test_an_uninterrupted_step_costs_what_it_says(self, store: Store) -> None:
        with store.write() as tx:
            store.cases.open_step(tx, an_opening(reserved=Cost(1_000)))
            store.cases.record_step(tx, a_step(cost=Cost(3)))
            store.cases.record_step(tx, a_step(1, cost=Cost(4)))
            steps = store.cases.steps(tx, id_at(1), run=1)
        assert [(step.attempts, step.cost) for step in steps] == [(1, Cost(3)), (1, Cost(4))]

    def test_the_attempts_of_all_runs_are_added_up(self, store: Store) -> None:
        with store.write() as tx:
            store.cases.add(tx, a_case(cost=Cost(0, "USD")))
            assert store.cases.spent(tx, id_at(1)) == Cost(0, "USD")
            store.cases.open_step(tx, an_opening(0, reserved=Cost(1, "USD")))
            store.cases.open_step(tx, an_opening(1, reserved=Cost(2, "USD")))
            store.cases.open_step(tx, an_opening(0, run=2, reserved=Cost(4, "USD")))
            store.cases.open_step(tx, an_opening(0, case=id_at(2), reserved=Cost(8, "USD")))
            assert store.cases.spent(tx, id_at(1)) == Cost(7, "USD")
            assert store.cases.spent(tx, id_at(99)) == Cost(0)

    def test_costs_in_two_currencies_are_never_added(self, store: Store) -> None:
        with store.write() as tx:
            store.cases.open_step(tx, an_opening(reserved=Cost(1_000)))
        with pytest.raises(ValueError, match="cannot be added"), store.write() as tx:
            store.cases.open_step(tx, an_opening(reserved=Cost(1_000, "USD")))

    # ── ratings ──

    def test_the_newest_rating_of_somebody_counts_and_cases_are_asked_for_together(
        self, store: Store
    ) -> None:
        with store.write() as tx:
            store.cases.rate(tx, a_rating(1, stars=2))
            store.cases.rate(tx, a_rating(1, stars=4, at=AT + timedelta(hours=1)))
            store.cases.rate(tx, a_rating(1, stars=1, principal="olga"))
            store.cases.rate(tx, a_rating(2))
            store.cases.rate(tx, a_rating(3))
        with store.read() as tx:
            found = store.cases.ratings(tx, [id_at(1), id_at(2), id_at(9)])
            assert store.cases.ratings(tx, []) == ()
        assert found == (
            a_rating(1, stars=4, at=AT + timedelta(hours=1)),
            a_rating(1, stars=1, principal="olga"),
            a_rating(2),
        )

    # ── outcomes ──

    def test_a_source_speaks_once_about_a_case(self, store: Store) -> None:
        with store.write() as tx:
            assert store.cases.add_outcome(tx, an_outcome(1))
            assert not store.cases.add_outcome(tx, an_outcome(2, truth="other"))
            assert store.cases.add_outcome(tx, an_outcome(3, source="survey"))
            assert store.cases.add_outcome(tx, an_outcome(4, case=id_at(2)))
        with store.read() as tx:
            assert store.cases.outcomes(tx, id_at(1)) == (an_outcome(1), an_outcome(3, source="survey"))
            assert store.cases.outcomes(tx, id_at(9)) == ()

    def test_automatic_cases_are_judged_by_stage_each_once(self, store: Store) -> None:
        right, wrong = TrueOutcome.RIGHT, TrueOutcome.WRONG
        cases = [
            a_case(1, handled_by="automatic"),
            a_case(2, handled_by="automatic"),
            a_case(3, handled_by="automatic", stage=Stage.SHADOW),
            a_case(4, handled_by="person"),
            a_case(5, handled_by="automatic", release=UNKNOWN),
            a_case(6, handled_by="automatic"),
            a_case(7, handled_by="automatic", use_case="invoices"),
        ]
        with store.write() as tx:
            for case in cases:
                store.cases.add(tx, case)
            for number, (of, judgement, source) in enumerate(
                [(1, right, "crm"), (1, wrong, "survey"), (2, right, "crm"), (3, wrong, "crm"), (4, wrong, "crm"),
                 (5, wrong, "crm"), (7, wrong, "crm")], start=1
            ):  # fmt: skip
                store.cases.add_outcome(
                    tx, an_outcome(number, case=id_at(of), judgement=judgement, source=source)
                )
        with store.read() as tx:
            assert store.cases.judged(tx, "support", release=RELEASE) == {
                "canary": (2, 1),
                "shadow": (1, 1),
            }
            assert store.cases.judged(tx, "support", release="") == {}
