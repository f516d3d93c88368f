"""The hold-out on real cases: who drew what, whose figure came, and what it shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.measure.value.measured import Books, kpi_charter, with_books
from tests.operate.flows import reply
from tests.operate.office import BEN, OLGA, VERA, Office
from tests.operate.spot import office_in_memory

from roadworthy.casework.review import Verdict
from roadworthy.errors import Corrupt, InputProblem, Refused, Unavailable
from roadworthy.measure.value.arms import arms_of
from roadworthy.measure.value.holdout import measure_holdout
from roadworthy.measure.value.kpi import HOLDOUT, NOT_CAUSAL, kpi_history
from roadworthy.operate.intake import held_out
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.rollout import abort_release
from roadworthy.quantities import Interval
from roadworthy.stage import Stage

ASKED = "unit: share, holdout: 0.5, per_case: {source: books, sql: each}"
DAY = Interval(0.0, 100.0)


@pytest.fixture
def office() -> Office:
    return office_in_memory()


@pytest.fixture
def books(office: Office) -> Books:
    books, _ = with_books(office, kpi_charter(ASKED))
    books.answers = {"each": []}
    return books


def take_in(office: Office, number: int, start: int = 0) -> dict[str, bool]:
    """Cases by key, and whether they stay with people."""
    return {
        case.key: held_out(case)
        for case in (office.submit(f"K-{one}") for one in range(start, start + number))
    }


def rows(cases: dict[str, bool], release: float, people: float) -> list[dict[str, Any]]:
    """Figures that differ a little from case to case."""
    return [
        {"key": key, "value": (people if stays else release) + 0.001 * (number % 7)}
        for number, (key, stays) in enumerate(cases.items())
    ]


def look(office: Office, **more: Any):
    return measure_holdout(office.deployment, OLGA, "desk", **more)


def kept(office: Office) -> int:
    with office.store.read() as tx:
        return sum(one.kind == HOLDOUT for one in office.store.evidence.measurements(tx, "desk"))


def test_a_better_release_is_found_improved(office: Office, books: Books) -> None:
    cases = take_in(office, 200)
    books.answers["each"] = rows(cases, release=0.8, people=0.4)
    told = look(office)
    assert (told.finding, told.causal, told.more) == ("improved", True, 0)
    assert told.cases == {"release": 200 - sum(cases.values()), "people": sum(cases.values())}
    assert told.counted == told.cases
    assert told.difference == pytest.approx(0.4, abs=0.01)
    assert 0.4 in told.interval
    assert told.interval.low > 0
    assert told.sentence.startswith("improved: +0.4")


def test_looking_again_counts_nothing_twice(office: Office, books: Books) -> None:
    books.answers["each"] = rows(take_in(office, 40), release=0.8, people=0.4)
    first, again = look(office), look(office)
    assert (first.new, again.new) == (40, 0)
    assert again.as_json() == {**first.as_json(), "new": 0}
    assert kept(office) == 1


def test_figures_that_come_late_count_when_they_come(office: Office, books: Books) -> None:
    cases = take_in(office, 60)
    every = rows(cases, release=0.7, people=0.5)
    books.answers["each"] = [*every[30:], {"key": every[0]["key"], "value": None}]
    assert look(office).new == 30
    books.answers["each"] = every
    told = look(office)
    assert (told.new, sum(told.counted.values())) == (30, 60)
    # What was counted stays, also where the source thinks better of it later.
    books.answers["each"] = [{"key": row["key"], "value": 0.0} for row in every]
    assert look(office).means == told.means


def test_where_less_is_better_the_difference_keeps_its_sign(office: Office) -> None:
    books, _ = with_books(
        office, kpi_charter(ASKED.replace("unit: share", "unit: minutes, direction: down"))
    )
    books.answers = {"each": rows(take_in(office, 200), release=20, people=60)}
    told = look(office, span=DAY)
    assert told.finding == "improved"
    assert told.difference == pytest.approx(-40, abs=1)
    assert told.interval.high < 0
    assert (told.means["release"], told.means["people"]) == (
        pytest.approx(20, abs=0.1), pytest.approx(60, abs=0.1),
    )  # fmt: skip


def test_a_worse_release_is_not_improved(office: Office, books: Books) -> None:
    books.answers["each"] = rows(take_in(office, 200), release=0.3, people=0.8)
    assert look(office).finding == "not improved"


def test_few_cases_cannot_tell_and_say_how_many_more(office: Office, books: Books) -> None:
    books.answers["each"] = rows(take_in(office, 20), release=0.6, people=0.5)
    told = look(office)
    assert told.finding == "cannot tell yet"
    assert told.more > 0
    assert f"about {told.more} more cases" in told.sentence


def test_without_a_hold_out_nothing_is_called_a_cause(office: Office) -> None:
    books, _ = with_books(office, kpi_charter(ASKED.replace("holdout: 0.5, ", "")))
    books.answers = {"each": rows(take_in(office, 20), release=0.9, people=0.1)}
    told = look(office)
    assert (told.causal, told.difference, told.interval, told.finding) == (
        False,
        None,
        None,
        "cannot tell yet",
    )
    assert any("holdout" in finding for finding in told.findings)
    assert kept(office) == 0


def test_a_unit_without_ends_needs_them_said_and_keeps_them(office: Office) -> None:
    books, _ = with_books(office, kpi_charter(ASKED.replace("unit: share", "unit: minutes")))
    books.answers = {"each": rows(take_in(office, 20), release=20, people=60)}
    with pytest.raises(InputProblem) as found:
        look(office)
    assert found.value.code == "RW-KPI-007"
    assert look(office, span=DAY).new == 20
    assert look(office).new == 0


def test_figures_beyond_the_ends_count_as_the_ends_and_are_told(office: Office, books: Books) -> None:
    cases = take_in(office, 20)
    books.answers["each"] = [{"key": key, "value": 5.0 if stays else -3} for key, stays in cases.items()]
    told = look(office)
    assert told.means == {"release": 0.0, "people": 1.0}
    assert any("20 figures lie beyond" in finding for finding in told.findings)


def test_other_ends_begin_anew_and_that_is_told(office: Office, books: Books) -> None:
    books.answers["each"] = rows(take_in(office, 20), release=0.6, people=0.5)
    look(office)
    told = look(office, span=Interval(0.0, 2.0))
    assert told.new == 20
    assert any("counted anew" in finding for finding in told.findings)


def test_odd_rows_are_left_out_and_told(office: Office, books: Books) -> None:
    cases = list(take_in(office, 6))
    books.answers["each"] = [
        {"key": cases[0], "value": 0.5},
        {"key": cases[1], "value": "0.5"},
        {"key": cases[2], "value": float("nan")},
        {"key": cases[3], "value": 0.1},
        {"key": cases[3], "value": 0.2},
        {"key": cases[4], "value": None},
        {"key": "nobody", "value": 0.9},
    ]
    told = look(office)
    assert told.new == 1
    assert any("2 rows" in finding for finding in told.findings)
    assert any("1 keys have two" in finding for finding in told.findings)


def test_a_query_without_its_columns_is_refused(office: Office, books: Books) -> None:
    books.answers["each"] = [{"id": "K-1", "minutes": 3}]
    with pytest.raises(InputProblem) as found:
        look(office)
    assert found.value.code == "RW-KPI-008"


def test_keys_that_are_no_cases_are_told(office: Office, books: Books) -> None:
    take_in(office, 4)
    books.answers["each"] = [{"key": "other", "value": 0.5}]
    assert any("external keys" in finding for finding in look(office).findings)


def test_everything_missing_is_told_at_once(office: Office) -> None:
    with_books(office, kpi_charter("unit: minutes"))
    with pytest.raises(InputProblem) as found:
        look(office, least=-1.0)
    assert [problem.place for problem in found.value.problems] == ["kpi.per_case", "span", "least"]


def test_a_source_that_is_gone_changes_nothing(office: Office, books: Books) -> None:
    books.answers["each"] = Unavailable("RW-SQL-005", "gone", retry_is_safe=True)
    with pytest.raises(Unavailable):
        look(office)
    assert kept(office) == 0


def test_reviewers_do_not_measure(office: Office, books: Books) -> None:
    with pytest.raises(Refused):
        measure_holdout(office.deployment, VERA, "desk")


def test_a_case_that_a_release_gave_up_stays_the_release_s(office: Office) -> None:
    """What people finish after the release failed counts for the release: it was given to it."""
    with_books(office, kpi_charter(ASKED), threshold=None)
    cases = take_in(office, 20)
    office.work()
    for key, stays in cases.items():
        if not stays:
            assert office.case(key).handled_by == "person"
    arms = arms_of(office.deployment, "desk")
    assert (arms.released, arms.stayed) == (20 - sum(cases.values()), sum(cases.values()))


def test_a_case_that_began_anew_counts_as_it_was_drawn(office: Office) -> None:
    """Its release was halted, another with another share goes on with it, or people do."""
    with_books(office, kpi_charter(ASKED), threshold=None)
    cases = take_in(office, 12)
    office.work()
    abort_release(office.deployment, BEN, "desk", "r1", reason="drill")
    office.work()
    given = [key for key, stays in cases.items() if not stays]
    assert all(office.case(key).run == 2 for key in given)
    arms = arms_of(office.deployment, "desk")
    assert (arms.released, arms.stayed, arms.unknown) == (len(given), 12 - len(given), 0)
    assert {one.share for one in arms.drawn} == {0.5}


def test_rehearsals_and_cases_before_the_hold_out_take_no_part(office: Office) -> None:
    with_books(office, kpi_charter("unit: share"))
    take_in(office, 5)
    office.later(hours=1)
    with office.store.write() as tx:
        (old,) = office.store.releases.rollout(tx, "desk").releases
        office.store.releases.save(tx, replace(old, stage=Stage.RETIRED))
    with_books(office, kpi_charter(ASKED), number=2)
    office.release(reply, charter=kpi_charter(ASKED), stage=Stage.SHADOW, number=3)
    take_in(office, 7, start=100)
    office.work()
    assert len(arms_of(office.deployment, "desk").drawn) == 7


def test_people_who_finish_their_case_stay_people_s(office: Office, books: Books) -> None:
    cases = take_in(office, 10)
    for key, stays in cases.items():
        if stays:
            (review,) = office.reviews(key)
            decide_review(office.deployment, VERA, review.id, Verdict.DONE, seen=review.proposal)
    assert arms_of(office.deployment, "desk").stayed == sum(cases.values())


@pytest.mark.parametrize("stored", ["{}", "[]", "x", '{"asked": 1}'])
def test_a_damaged_count_is_told_as_damaged(office: Office, books: Books, stored: str) -> None:
    with office.store.write() as tx:
        office.store.evidence.save_watch(tx, "desk", "", "holdout", stored)
    with pytest.raises(Corrupt) as found:
        look(office)
    assert found.value.code == "RW-KPI-002"


def test_figures_that_come_from_one_part_only_tell_nothing(office: Office, books: Books) -> None:
    cases = take_in(office, 120)
    books.answers["each"] = [
        row for row in rows(cases, release=0.9, people=0.2)
        if not cases[row["key"]] or int(row["key"][2:]) % 10 == 0
    ]  # fmt: skip
    told = look(office)
    assert told.finding == "cannot tell yet"
    assert any("another proportion" in finding for finding in told.findings)


def test_the_history_of_the_kpi_tells_what_the_hold_out_shows(office: Office, books: Books) -> None:
    books.answers["each"] = rows(take_in(office, 200), release=0.8, people=0.4)
    told = look(office)
    history = kpi_history(office.deployment, OLGA, "desk")
    assert any(told.sentence in finding for finding in history.findings)
    assert history.causal == NOT_CAUSAL
