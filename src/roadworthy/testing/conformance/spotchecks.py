"""Draws for spot checks, and what was found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from roadworthy.casework.effect import Outcome, TrueOutcome
from roadworthy.errors import Conflict
from roadworthy.ports import Store
from roadworthy.ports.spotchecks import ERASED, CheckState, Part, SpotAnswer, SpotCheck
from roadworthy.testing.conformance.examples import (
    AT,
    RELEASE,
    ChangeOfMind,
    a_case,
    begin_and_roll_back,
    id_at,
)


def a_check(number: int = 1, **changes: object) -> SpotCheck:
    """A case that was drawn and waits."""
    check = SpotCheck(
        case=id_at(number),
        use_case="support",
        release=RELEASE,
        certificates=(id_at(90), id_at(91)),
        kinds=("intent", "wörter"),
        slice="de",
        q=0.1,
        floor=0.05,
        rule="2026-11",
        state=CheckState.PENDING,
        version=1,
        double=True,
        judgement=None,
        why="",
        closed_at=AT + timedelta(minutes=number),
        judged_at=None,
    )
    return replace(check, **changes)  # type: ignore[arg-type]


def an_answer(number: int = 1, **changes: object) -> SpotAnswer:
    """A person who is asked and has not answered."""
    answer = SpotAnswer(
        review=id_at(100 + number),
        case=id_at(1),
        use_case="support",
        part=Part.FIRST,
        known="",
        planted_by="",
        answer="",
        answered_by="",
        void=False,
        asked_at=AT + timedelta(minutes=number),
        answered_at=None,
    )
    return replace(answer, **changes)  # type: ignore[arg-type]


class SpotChecksConformance:
    """What ``SpotChecks`` promises."""

    def test_a_draw_comes_back_as_it_was_stored(self, store: Store) -> None:
        judged = a_check(
            2, state=CheckState.JUDGED, judgement=TrueOutcome.WRONG, judged_at=AT, double=False, kinds=()
        )
        with store.write() as tx:
            assert store.spot_checks.add(tx, a_check())
            assert store.spot_checks.add(tx, judged)
        with store.read() as tx:
            assert store.spot_checks.get(tx, id_at(1)) == a_check()
            assert store.spot_checks.get(tx, id_at(2)) == judged
            assert store.spot_checks.get(tx, id_at(3)) is None

    def test_a_case_is_drawn_for_once(self, store: Store) -> None:
        with store.write() as tx:
            assert store.spot_checks.add(tx, a_check())
            assert not store.spot_checks.add(tx, a_check(state=CheckState.UNDRAWN))
        with store.read() as tx:
            assert store.spot_checks.get(tx, id_at(1)) == a_check()

    def test_a_draw_that_is_rolled_back_never_was(self, store: Store) -> None:
        with pytest.raises(ChangeOfMind):
            begin_and_roll_back(store, lambda tx: store.spot_checks.add(tx, a_check()))
        with store.read() as tx:
            assert store.spot_checks.get(tx, id_at(1)) is None

    def test_whoever_judges_second_learns_that_it_was_judged(self, store: Store) -> None:
        after = a_check(state=CheckState.JUDGED, judgement=TrueOutcome.RIGHT, version=2, judged_at=AT)
        with store.write() as tx:
            store.spot_checks.add(tx, a_check())
            store.spot_checks.save(tx, after, expected=1)
        with pytest.raises(Conflict, match="it is judged") as caught, store.write() as tx:
            store.spot_checks.save(tx, a_check(version=2), expected=1)
        assert caught.value.code == "RW-STORE-001"
        with pytest.raises(Conflict, match="is not stored"), store.write() as tx:
            store.spot_checks.save(tx, a_check(9), expected=1)

    def test_lists_show_the_drawn_ones_newest_first(self, store: Store) -> None:
        with store.write() as tx:
            for number in range(1, 6):
                store.spot_checks.add(tx, a_check(number))
            store.spot_checks.add(tx, a_check(6, state=CheckState.UNDRAWN))
            store.spot_checks.add(tx, a_check(7, state=CheckState.CANCELLED, why=ERASED))
            store.spot_checks.add(tx, a_check(8, use_case="invoices"))
        with store.read() as tx:
            found, after = [], "begin"
            while after:
                page = store.spot_checks.list(
                    tx, "support", after="" if after == "begin" else after, limit=2
                )
                found.append([check.case for check in page.rows])
                after = page.after
            assert found == [[id_at(7), id_at(5)], [id_at(4), id_at(3)], [id_at(2), id_at(1)]]
            cancelled = store.spot_checks.list(tx, "support", states=[CheckState.CANCELLED]).rows
            assert [check.why for check in cancelled] == [ERASED]
            undrawn = store.spot_checks.list(tx, "support", states=[CheckState.UNDRAWN]).rows
            assert [check.case for check in undrawn] == [id_at(6)]

    def test_counts_sum_up_every_automatic_case(self, store: Store) -> None:
        with store.write() as tx:
            store.spot_checks.add(tx, a_check(1, state=CheckState.UNDRAWN, q=0.25))
            store.spot_checks.add(tx, a_check(2, state=CheckState.UNDRAWN, q=0.5))
            store.spot_checks.add(tx, a_check(3, state=CheckState.JUDGED, judgement=TrueOutcome.WRONG))
            store.spot_checks.add(tx, a_check(4, state=CheckState.CANCELLED, why=ERASED, kinds=("tone",)))
            store.spot_checks.add(tx, a_check(5, use_case="invoices"))
        with store.read() as tx:
            counts = {(one.state, one.kinds): one for one in store.spot_checks.counts(tx, "support")}
        undrawn = counts[CheckState.UNDRAWN, ("intent", "wörter")]
        assert (undrawn.cases, undrawn.q_sum, undrawn.q_least, undrawn.q_most) == (2, 0.75, 0.25, 0.5)
        assert counts[CheckState.JUDGED, ("intent", "wörter")].judgement is TrueOutcome.WRONG
        assert counts[CheckState.CANCELLED, ("tone",)].erased
        assert sum(one.cases for one in counts.values()) == 4

    def test_cases_are_counted_by_the_time_they_ended(self, store: Store) -> None:
        with store.write() as tx:
            for number in range(1, 5):
                store.spot_checks.add(tx, a_check(number, state=CheckState.UNDRAWN))
        start, end = AT + timedelta(minutes=2), AT + timedelta(minutes=4)
        with store.read() as tx:
            assert store.spot_checks.closed_between(tx, "support", start, end) == 2
            assert store.spot_checks.closed_between(tx, "invoices", start, end) == 0

    def test_what_was_asked_is_answered_once(self, store: Store) -> None:
        told = an_answer(answer="refund", answered_by="vera", answered_at=AT)
        with store.write() as tx:
            store.spot_checks.ask(tx, an_answer())
            store.spot_checks.ask(tx, an_answer(2, part=Part.PLANTED, known="lost", planted_by="olga"))
            store.spot_checks.keep(tx, told)
        with store.read() as tx:
            assert store.spot_checks.asked(tx, id_at(101)) == told
            assert store.spot_checks.asked(tx, id_at(103)) is None
            assert [one.part for one in store.spot_checks.answers(tx, id_at(1))] == [
                Part.FIRST,
                Part.PLANTED,
            ]
            assert store.spot_checks.answers(tx, id_at(2)) == ()
        with pytest.raises(Conflict), store.write() as tx:
            store.spot_checks.ask(tx, an_answer())

    def test_answers_of_a_use_case_come_page_by_page_newest_first(self, store: Store) -> None:
        with store.write() as tx:
            for number in range(1, 4):
                store.spot_checks.ask(tx, an_answer(number))
            store.spot_checks.ask(tx, an_answer(4, use_case="invoices"))
        with store.read() as tx:
            first = store.spot_checks.answers_of(tx, "support", limit=2)
            rest = store.spot_checks.answers_of(tx, "support", after=first.after, limit=2)
        assert [one.review for one in (*first.rows, *rest.rows)] == [id_at(103), id_at(102), id_at(101)]
        assert rest.after == ""

    def test_what_reviewers_said_of_planted_cases_and_together_is_told(self, store: Store) -> None:
        def given(number: int, case: int, part: Part, answer: str, by: str) -> None:
            asked = an_answer(number, case=id_at(case), part=part)
            store.spot_checks.ask(tx, asked)
            store.spot_checks.keep(tx, replace(asked, answer=answer, answered_by=by, answered_at=AT))

        with store.write() as tx:
            for number in (1, 2, 3):
                store.cases.add(tx, a_case(number, answer=f"left {number}"))
            given(1, 1, Part.FIRST, "alone", "vera")
            given(2, 2, Part.FIRST, "one", "vera")
            given(3, 2, Part.SECOND, "other", "rita")
            given(4, 3, Part.PLANTED, "seen", "vera")
            store.spot_checks.ask(tx, an_answer(5, case=id_at(1), part=Part.SECOND))
        with store.read() as tx:
            looked = store.spot_checks.looked(tx, "support")
            assert [(one.case, one.left, one.part, one.answer, one.by) for one in looked] == [
                (id_at(3), "left 3", Part.PLANTED, "seen", "vera"),
                (id_at(2), "left 2", Part.SECOND, "other", "rita"),
                (id_at(2), "left 2", Part.FIRST, "one", "vera"),
            ]
            assert len(store.spot_checks.looked(tx, "support", limit=2)) == 1
            assert store.spot_checks.looked(tx, "invoices") == ()

    def test_a_check_is_overdue_once_however_many_were_asked(self, store: Store) -> None:
        with store.write() as tx:
            for number, state in enumerate(CheckState, start=1):
                store.spot_checks.add(tx, a_check(number, state=state))
                store.spot_checks.ask(tx, an_answer(2 * number, case=id_at(number), asked_at=AT))
                store.spot_checks.ask(tx, an_answer(2 * number + 1, case=id_at(number), asked_at=AT))
        with store.read() as tx:
            assert store.spot_checks.overdue(tx, "support", AT + timedelta(seconds=1)) == 2
            assert store.spot_checks.overdue(tx, "support", AT) == 0
            assert store.spot_checks.overdue(tx, "invoices", AT + timedelta(seconds=1)) == 0

    def test_what_was_asked_since_is_counted_no_further_than_needed(self, store: Store) -> None:
        with store.write() as tx:
            for number in range(1, 6):
                store.spot_checks.ask(tx, an_answer(number))
        with store.read() as tx:
            since = AT + timedelta(minutes=2)
            assert store.spot_checks.asked_since(tx, "support", since, most=100) == 4
            assert store.spot_checks.asked_since(tx, "support", since, most=3) == 3
            assert store.spot_checks.asked_since(tx, "invoices", since, most=3) == 0

    def test_an_answer_is_known_where_two_other_sources_agree(self, store: Store) -> None:
        told = {
            1: ["crm:refund", "agent:refund"],
            2: ["crm:refund", "agent:lost"],
            3: ["crm:refund"],
            4: ["crm:lost", "spot-check:lost"],
            5: ["crm:refund", "agent:refund"],
            6: ["crm:lost", "agent:lost"],
            7: ["crm:lost", "agent:lost", "phone:lost"],
            8: ["crm:lost", "crm of the shop:lost"],
        }
        with store.write() as tx:
            for number, sources in told.items():
                state = CheckState.PENDING if number == 5 else CheckState.UNDRAWN
                store.spot_checks.add(tx, a_check(number, state=state))
                for place, source in enumerate(sources):
                    name, _, truth = source.partition(":")
                    store.cases.add_outcome(
                        tx,
                        Outcome(
                            id=id_at(200 + 10 * number + place), case=id_at(number), use_case="support",
                            truth=truth, judgement=TrueOutcome.RIGHT, source=name, principal=name[:3], at=AT,
                        ),
                    )  # fmt: skip
            store.spot_checks.ask(tx, an_answer(6, case=id_at(6), part=Part.PLANTED))
        with store.read() as tx:
            assert store.spot_checks.known(tx, "support") == ((id_at(7), "lost"), (id_at(1), "refund"))
            assert store.spot_checks.known(tx, "support", limit=1) == ((id_at(7), "lost"),)
            assert store.spot_checks.known(tx, "invoices") == ()

    def test_a_share_only_falls_within_its_hour(self, store: Store) -> None:
        with store.write() as tx:
            assert store.spot_checks.share(tx, "support", AT) is None
            store.spot_checks.set_share(tx, "support", AT, 0.05)
            store.spot_checks.set_share(tx, "support", AT, 0.1)
            assert store.spot_checks.share(tx, "support", AT) == 0.05
            store.spot_checks.set_share(tx, "support", AT, 0.01)
        with store.read() as tx:
            assert store.spot_checks.share(tx, "support", AT) == 0.01
            assert store.spot_checks.share(tx, "support", AT + timedelta(hours=1)) is None
            assert store.spot_checks.share(tx, "invoices", AT) is None
