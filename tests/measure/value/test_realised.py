"""The value month by month."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.measure.value.measured import kpi_charter
from tests.operate.flows import reply
from tests.operate.office import OLGA, SHOP, START, VERA, Office
from tests.operate.spot import asked, checked_office, office_in_memory, say

from roadworthy.casework.review import Review, ReviewKind, Verdict
from roadworthy.errors import InputProblem, Refused
from roadworthy.measure.value.forecast import Band, Forecast
from roadworthy.measure.value.months import Month, Realised
from roadworthy.measure.value.realised import realised
from roadworthy.measure.value.reviewing import review_minutes
from roadworthy.operate.intake import held_out
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.rating import rate_case
from roadworthy.operate.reviewing import decide_review
from roadworthy.quantities import Money

# Before, a case took 30 minutes at 60.00 an hour; a wrong one costs 5.00; a review takes 2 minutes.
DESK = {
    "minutes_per_case: 1": "minutes_per_case: 30",
    "cost_per_hour: 1.00": "cost_per_hour: 60.00",
    "cost_of_error: 1.00": "cost_of_error: 5.00",
    "minutes_per_review: 1": "minutes_per_review: 2",
}


@pytest.fixture
def office() -> Office:
    return office_in_memory()


def desk(kpi: str = "unit: share", **more: str) -> str:
    text = kpi_charter(kpi)
    for before, after in {**DESK, **more}.items():
        text = text.replace(before, after)
    return text


def look(office: Office, **more: Any) -> Realised:
    return realised(office.deployment, OLGA, "desk", **more)


def this(office: Office, **more: Any) -> Month:
    return look(office, **more).months[-1]


def forecast(low: int, middle: int, high: int, month: str = "2026-05") -> Forecast:
    band = Band(month, *(Money(end * 100, "EUR") for end in (low, middle, high)))
    return Forecast("EUR", {month: band})


def truth(office: Office, key: str, label: str) -> None:
    record_outcome(office.deployment, SHOP, "desk", key, truth=label, source="crm")


def test_automatic_cases_save_what_people_spent_before(office: Office) -> None:
    office.release(reply, charter=desk())
    for number in range(4):
        office.submit(f"K-{number}")
    office.work()
    for number in range(4):
        truth(office, f"K-{number}", "refund" if number else "other")
    month = this(office)
    assert (month.cases, month.automatic, month.by_person, month.adoption) == (4, 4, 0, 1.0)
    assert (month.minutes_saved, month.saved) == (120.0, Money(12_000, "EUR"))
    assert (month.errors.source, month.errors.share, month.harm) == ("outcomes", 0.25, Money(500, "EUR"))
    usage = sum(round(cost.nano / 10**7) for cost in month.usage)
    assert month.net == Money(12_000 - 500 - usage, "EUR")
    assert month.net_range[0] < month.net < month.net_range[1]
    assert month.cost_per_outcome.nano == round(month.usage[0].nano / 4)


def test_what_people_look_at_saves_the_rest_of_their_time(office: Office) -> None:
    office.release(reply, charter=desk(), threshold=None)
    office.submit("K-1")
    office.work()
    (review,) = office.reviews("K-1")
    decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    office.work()
    month = this(office)
    assert (month.by_person, month.adoption, month.reviews) == (1, 0.0, 1)
    assert month.minutes_saved == 28.0
    assert (month.errors, month.harm) == (None, Money(0, "EUR"))


def test_what_people_do_whole_saves_nothing(office: Office) -> None:
    office.release(reply, charter=desk(), threshold=None)
    office.submit("K-1")
    office.work()
    (review,) = office.reviews("K-1")
    assert this(office).findings == ("1 cases are not concluded yet",)
    with office.store.write() as tx:
        office.store.reviews.save(tx, replace(review, kind=ReviewKind.WORK), expected=review.version)
    decide_review(office.deployment, VERA, review.id, Verdict.DONE, seen=review.proposal)
    assert this(office).minutes_saved == 0.0


def test_cases_kept_by_lot_take_no_part(office: Office) -> None:
    office.release(reply, charter=desk("unit: share, holdout: 0.5"))
    cases = [office.submit(f"K-{number}") for number in range(12)]
    office.work()
    stayed = sum(held_out(case) for case in cases)
    month = this(office)
    assert (month.cases, month.stayed, month.automatic) == (12, stayed, 12 - stayed)
    assert month.adoption == 1.0
    assert month.minutes_saved == 30.0 * (12 - stayed)


def test_unknown_errors_make_no_net_value(office: Office) -> None:
    office.release(reply, charter=desk())
    office.submit("K-1")
    office.work()
    month = this(office)
    assert (month.errors, month.harm, month.net, month.inside) == (None, None, None, None)
    assert "unknown" in month.findings[0]


def test_spot_checks_tell_the_errors_and_cost_time(office: Office) -> None:
    checked_office(office)
    for number in range(10):
        office.submit(f"K-{number}")
    office.work()
    for number in range(10):
        say(office, asked(office, f"K-{number}")[0], "refund" if number else "something else")
    month = this(office, people_errors=0.3)
    assert (month.errors.source, month.errors.checked, month.errors.share) == ("spot checks", 10, 0.1)
    assert 0.1 in month.errors.interval
    assert month.errors_avoided == pytest.approx(2.0)
    assert (month.reviews, month.minutes_saved) == (10, 0.0)


def test_months_stand_side_by_side_and_the_one_under_way_is_not_judged(office: Office) -> None:
    office.release(reply, charter=desk())
    office.submit("K-1")
    office.work()
    truth(office, "K-1", "refund")
    assert look(office, forecast=forecast(0, 20, 40)).months[0].inside is None
    office.later(days=31)
    office.submit("K-2")
    office.work()
    told = look(office, forecast=forecast(0, 20, 40))
    assert [(month.month, month.over, month.inside) for month in told.months] == [
        ("2026-05", True, True), ("2026-06", False, None),
    ]  # fmt: skip
    assert (told.calibration.months, told.calibration.inside) == (1, 1)
    assert look(office, forecast=forecast(100, 200, 300)).months[0].inside is False
    assert [month.month for month in look(office, months=1).months] == ["2026-06"]


def test_running_costs_count_where_they_are_known(office: Office) -> None:
    office.release(reply, charter=desk())
    office.submit("K-1")
    office.work()
    truth(office, "K-1", "refund")
    without = this(office)
    with_them = this(office, running=Money(1_000, "EUR"))
    assert with_them.net == without.net - Money(1_000, "EUR")
    assert any("running costs" in finding for finding in look(office).findings)


def test_everything_that_cannot_be_is_told_at_once(office: Office) -> None:
    office.release(reply, charter=desk(**{"cost_of_error: 5.00 EUR": "cost_of_error: 5.00 USD"}))
    with pytest.raises(InputProblem) as found:
        look(
            office,
            months=0,
            forecast=Forecast("JPY", {}),
            people_errors=1.5,
            running=Money(-1, "CHF"),
        )
    assert found.value.code == "RW-KPI-010"
    assert [problem.place for problem in found.value.problems] == [
        "value.cost_of_error", "forecast", "running cost", "months", "people's errors", "running cost",
    ]  # fmt: skip


def test_usage_in_another_currency_makes_no_sum(office: Office) -> None:
    dollars = {
        "cost_per_hour: 1.00 EUR": "cost_per_hour: 1.00 USD",
        "cost_of_error: 1.00 EUR": "cost_of_error: 1.00 USD",
    }
    text = kpi_charter("unit: share")
    for before, after in dollars.items():
        text = text.replace(before, after)
    office.release(reply, charter=text)
    office.submit("K-1")
    office.work()
    truth(office, "K-1", "refund")
    month = this(office)
    assert (month.saved.currency, month.net) == ("USD", None)
    assert any("counted in EUR" in finding for finding in month.findings)


def test_an_empty_use_case_has_no_months(office: Office) -> None:
    office.release(reply, charter=desk())
    assert look(office).months == ()


def test_clients_do_not_read_it(office: Office) -> None:
    office.release(reply, charter=desk())
    with pytest.raises(Refused):
        realised(office.deployment, SHOP, "desk")


def test_it_is_json_with_money_as_text(office: Office) -> None:
    office.release(reply, charter=desk())
    office.submit("K-1")
    office.work()
    truth(office, "K-1", "refund")
    told = look(office, forecast=forecast(0, 20, 40)).as_json()
    assert told["causal"].startswith("not causal")
    assert told["months"][0]["saved"] == "30.00 EUR"
    assert told["months"][0]["forecast"] == {"p10": "0.00 EUR", "p50": "20.00 EUR", "p90": "40.00 EUR"}


def review(minutes: float, who: str = "vera", asked: float = -600) -> Review:
    """Decided so many minutes after the start, asked so many."""
    empty: Any = ""
    return Review(
        empty, empty, "desk", empty, "", -1, "", (), "", empty, empty, 1, START, "done", who,
        START + timedelta(minutes=minutes), "", START + timedelta(minutes=asked),
    )  # fmt: skip


def test_time_from_answer_to_answer_is_what_a_review_takes() -> None:
    found = review_minutes([review(3.0 * number) for number in range(30)], usual=9)
    assert (found.measured, found.each) == (29, pytest.approx(3.0))


def test_pauses_and_the_waiting_of_a_review_are_no_work() -> None:
    answers = [review(2.0 * number + (600 if number >= 15 else 0)) for number in range(30)]
    assert review_minutes(answers, usual=9).each == pytest.approx(2.0)
    late = [review(100.0 + 5 * number, asked=100 + 5 * number - 1) for number in range(30)]
    assert review_minutes(late, usual=9).each == pytest.approx(1.0)


def test_few_answers_leave_what_the_charter_expects() -> None:
    found = review_minutes([review(3.0 * number) for number in range(10)], usual=9)
    assert (found.each, found.measured, found.source) == (9, 0, "as the charter expects")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5000), st.sampled_from("ab"), st.floats(-100, 5000)), max_size=60))
def test_minutes_are_never_negative_and_never_beyond_a_pause(times: list[tuple[float, str, float]]) -> None:
    found = review_minutes([review(*one) for one in times], usual=5)
    assert 0 <= found.each <= 30


def test_ratings_are_told_per_case_with_what_they_may_be(office: Office) -> None:
    office.release(reply, charter=desk())
    for number in range(4):
        office.submit(f"K-{number}")
    office.work()
    assert this(office).rated is None
    for key, who, stars in (("K-0", SHOP, 5), ("K-0", OLGA, 1), ("K-1", SHOP, 4), ("K-2", SHOP, 5)):
        rate_case(office.deployment, who, "desk", key, stars=stars)
    rated = this(office).rated
    assert rated is not None
    assert (rated.cases, rated.mean, rated.satisfied) == (3, 4.0, pytest.approx(2 / 3))
    assert rated.interval.low < 2 / 3 < rated.interval.high
    assert this(office).as_json()["rated"]["cases"] == 3
