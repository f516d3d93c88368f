"""Facts about spot checks for the gate."""

from __future__ import annotations

import pytest
from tests.operate.office import RITA, Office
from tests.operate.spot import EVERY, TWICE, WILL, asked, checked_office, office_in_memory, run, say

from roadworthy.measure.fact import Fact
from roadworthy.measure.spotchecks import spot_checks
from roadworthy.operate.spotchecks.planting import plant
from roadworthy.release import Release


@pytest.fixture
def office() -> Office:
    return office_in_memory()


def facts(office: Office, release: Release) -> dict[str, Fact]:
    return {fact.kind: fact for fact in spot_checks(office.deployment, release)}


def test_without_a_case_nothing_is_known_and_nothing_counts_as_good(office: Office) -> None:
    found = facts(office, checked_office(office))
    error, reviewers = found["trust.spot_checks"], found["trust.reviewer_error"]
    assert (error.subject, error.value, error.n) == ("intent", 1.0, 0)
    assert (error.interval.low, error.interval.high) == (0.0, 1.0)
    assert (reviewers.value, reviewers.n, reviewers.interval.high) == (1.0, 0, 1.0)
    assert found["trust.spot_checks_running"].n == 0


def test_the_error_is_told_at_the_upper_end_of_its_range(office: Office) -> None:
    release = checked_office(office)
    keys = [f"K-{number}" for number in range(30)]
    run(office, *keys)
    for key in keys[:-1]:
        say(office, asked(office, key)[0], "refund")
    error = facts(office, release)["trust.spot_checks"]
    assert error.n == 29
    assert 0.05 < error.value < 0.25
    assert error.value <= error.interval.high
    assert error.detail["estimate"] == 0.0
    assert error.detail["pending"] == 1
    assert error.detail["cases"] == 30
    assert error.detail["q"] == [1.0, 1.0]
    # Nothing is known of the reviewers' own errors: then nothing is known at all.
    assert error.detail["with_reviewers_errors"] == [0.0, 1.0]
    assert error.of_release


def test_an_alarm_is_a_fact(office: Office) -> None:
    release = checked_office(office, EVERY.replace("hours_per_week", "patience: 20, hours_per_week"))
    run(office, *[f"K-{number}" for number in range(5)])
    for number in range(5):
        say(office, asked(office, f"K-{number}")[0], "something else")
    alarm = facts(office, release)["trust.spot_check_alarm"]
    assert (alarm.value, alarm.unit) == (1.0, "alarms")
    assert "the alarm rang" in str(alarm.detail["sentence"])


def test_checks_run_while_every_case_has_its_draw_and_none_is_forgotten(office: Office) -> None:
    release = checked_office(office)
    run(office, "K-1", "K-2")
    running = facts(office, release)["trust.spot_checks_running"]
    assert (running.value, running.n) == (1.0, 2)
    office.later(hours=3)
    late = facts(office, release)["trust.spot_checks_running"]
    assert (late.value, late.detail["overdue"]) == (0.0, 2)
    for key in ("K-1", "K-2"):
        office.work()
        (review,) = asked(office, key)
        from tests.operate.office import OLGA

        say(office, review, "refund", OLGA)
    assert facts(office, release)["trust.spot_checks_running"].value == 1.0


def test_a_case_without_its_draw_is_noticed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    release = checked_office(office)
    with monkeypatch.context() as patched:
        patched.setattr(type(office.store.spot_checks), "add", lambda self, tx, check: False)
        run(office, "K-1")
    running = facts(office, release)["trust.spot_checks_running"]
    assert (running.value, running.detail["without_draw"]) == (0.0, 1)
    office.later(days=8)
    assert facts(office, release)["trust.spot_checks_running"].n == 0


def test_erased_cases_are_counted_and_no_longer_owed(office: Office) -> None:
    release = checked_office(office)
    run(office, "K-1")
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, office.case("K-1").subject, at=office.clock.now())
    office.later(days=1)
    found = facts(office, release)
    assert found["trust.spot_checks"].detail["erased"] == 1
    assert found["trust.spot_checks_running"].value == 1.0


def test_reviewers_are_measured_by_planted_cases_and_by_pairs(office: Office) -> None:
    release = checked_office(office, TWICE.replace("share: 1.0, least: 1.0", "share: 1.0, least: 0.000001"))
    run(office, "K-1", "K-2")
    for key, second in (("K-1", "refund"), ("K-2", "something else")):
        first, other = asked(office, key)
        say(office, first, "refund")
        say(office, other, second, WILL)
    error = facts(office, release)["trust.reviewer_error"]
    assert (error.n, error.value, error.detail["undecided"]) == (4, 0.0, 2)
    assert error.interval.high > 0.9
    assert error.detail["reviewers"] == 2


def test_a_planted_case_counts_for_the_reviewer(office: Office) -> None:
    none = EVERY.replace("share: 1.0, least: 1.0", "share: 0.000001, least: 0.000001")
    release = checked_office(office, none)
    run(office, *[f"K-{number}" for number in range(4)])
    for number in range(4):
        planted = plant(office.deployment, RITA, "desk", f"K-{number}", truth="refund")
        say(office, planted, "refund" if number else "something else")
    error = facts(office, release)["trust.reviewer_error"]
    assert (error.n, error.value) == (4, 0.25)
