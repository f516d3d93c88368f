"""Figures are counted once, whoever counts and however often, and agree with the cases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.operate.office import VERA, Office
from tests.operate.watching.cases import SECRET, answer, troubled_answer

from roadworthy.casework.review import Verdict
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.watching.counting import FEED, count_round
from roadworthy.operate.watching.figures import Figures
from roadworthy.stage import Stage


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


def figures(office: Office) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample of the page, read by Prometheus' own parser."""
    page = Figures(office.deployment).page()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(office: Office, name: str, **labels: str) -> float:
    """The sum of the samples of a name that have these labels."""
    return sum(
        number
        for (found, given), number in figures(office).items()
        if found == name and labels.items() <= given
    )


def test_every_closed_case_is_counted_once_however_often_it_is_looked_at(office: Office) -> None:
    office.release(answer)
    for number in range(3):
        office.submit(f"C-{number}")
    office.work()
    sequence_all(office.deployment)
    assert count_round(office.deployment) > 0
    assert count_round(office.deployment) == 0
    assert value(office, "roadworthy_cases_total", use_case="desk", handled_by="automatic") == 3
    assert value(office, "roadworthy_cases_accepted_total", use_case="desk") == 3
    assert value(office, "roadworthy_policy_decisions_total", verdict="execute", reason="covered") == 3
    assert value(office, "roadworthy_tool_effects_total", tool="mail.reply", result="confirmed") == 3
    assert value(office, "roadworthy_step_duration_seconds_count", step="predict:intent") == 3
    assert value(office, "roadworthy_case_cost_total", currency="EUR") > 0


def test_a_shadow_case_that_ends_with_its_decision_is_counted_once(office: Office) -> None:
    office.release(answer, stage=Stage.PILOT)
    office.submit("C-1")
    office.work()
    sequence_all(office.deployment)
    count_round(office.deployment)
    closed = value(office, "roadworthy_cases_total", use_case="desk")
    with office.store.read() as tx:
        cases = office.store.cases.list(tx, "desk").rows
    assert closed == sum(1 for case in cases if case.state == "closed")


def test_counting_that_dies_before_it_noted_its_place_counts_nothing_twice(office: Office) -> None:
    office.release(answer)
    office.submit("C-1")
    office.work()
    sequence_all(office.deployment)
    observed = office.store.observed
    count = observed.count

    def die(*_: object) -> None:
        raise RuntimeError("killed")

    observed.count = die  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        count_round(office.deployment)
    observed.count = count  # type: ignore[method-assign]
    with office.store.read() as tx:
        assert observed.position(tx, FEED) is None
    count_round(office.deployment)
    assert value(office, "roadworthy_cases_total") == 1


def test_what_waits_for_a_person_is_told_with_its_age(office: Office) -> None:
    office.release(answer, threshold=None)
    office.submit("C-1")
    office.work()
    office.later(minutes=30)
    assert value(office, "roadworthy_review_backlog", use_case="desk") == 1
    assert value(office, "roadworthy_review_oldest_seconds", use_case="desk") == 1800
    assert value(office, "roadworthy_review_overdue", use_case="desk") == 0
    office.later(hours=1)
    assert value(office, "roadworthy_review_overdue", use_case="desk") == 1
    assert value(office, "roadworthy_cases_open", state="waiting") == 1


def test_a_case_with_an_error_is_counted_as_troubled(office: Office) -> None:
    office.release(troubled_answer, stage=Stage.PRODUCTION)
    case = office.submit("C-1")
    office.work()
    review = office.reviews("C-1")[0]
    decide_review(office.deployment, VERA, review.id, Verdict.DONE, seen=review.proposal)
    office.work()
    sequence_all(office.deployment)
    count_round(office.deployment)
    assert case.use_case == "desk"
    assert value(office, "roadworthy_cases_troubled_total", use_case="desk") == 1
    assert value(office, "roadworthy_reviews_total", kind="work", verdict="done") == 1


def test_certificates_budgets_and_the_switch_stand_on_the_page(office: Office) -> None:
    office.release(answer)
    assert value(office, "roadworthy_certificate_remaining_days", error_kind="intent") == pytest.approx(30)
    assert value(office, "roadworthy_budget_limit_eur", budget="use_case:desk", pays="cases") == 1000
    assert value(office, "roadworthy_budget_remaining_eur", budget="use_case:desk") == 1000
    assert value(office, "roadworthy_stop_switch") == 0
    assert value(office, "roadworthy_requirement_findings", use_case="desk") > 0


def test_no_label_holds_a_case_or_its_content(office: Office) -> None:
    office.release(answer)
    office.submit("C-77", text=f"{SECRET} 0.9", sender="ada.lovelace@example.com")
    office.work()
    sequence_all(office.deployment)
    count_round(office.deployment)
    page = Figures(office.deployment).page()
    case = office.case("C-77")
    for word in ("C-77", SECRET, "ada.lovelace", case.id, case.subject):
        assert word not in page


def test_a_clock_that_jumps_back_measures_no_negative_time(office: Office) -> None:
    office.release(answer)
    office.submit("C-1")
    office.clock.advance(-timedelta(hours=1))
    office.work()
    sequence_all(office.deployment)
    count_round(office.deployment)
    assert value(office, "roadworthy_case_duration_seconds_sum", use_case="desk") == 0
