"""Unusual days ring, clean ones hardly ever, and missing data are an alarm of their own."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from roadworthy.business.costs.anomalies import unusual_days
from roadworthy.business.costs.forecast import DayTotal

FIRST = date(2026, 6, 1)


def clean(count: int, seed: int = 1) -> list[DayTotal]:
    rng = np.random.default_rng(seed)
    found = []
    for at in range(count):
        day = FIRST + timedelta(days=at)
        cases = int(rng.poisson(200 if day.weekday() < 5 else 60))
        found.append(DayTotal(day, cases, int(cases * 2e6 * np.exp(rng.normal(0, 0.05)))))
    return found


def test_a_day_that_costs_double_rings_and_says_what_is_usual() -> None:
    days = clean(60)
    days[50] = DayTotal(days[50].day, days[50].cases, days[50].nano * 2)
    (found,) = unusual_days(days).alarms
    assert (found.day, found.figure) == (days[50].day, "cost per case")
    assert found.low is not None
    assert found.high is not None
    assert found.found is not None
    assert found.low < 2e6 < found.high < found.found
    assert "usual are" in found.sentence


def test_a_day_with_three_times_the_cases_rings() -> None:
    days = clean(60)
    days[50] = DayTotal(days[50].day, days[50].cases * 3, days[50].nano * 3)
    assert [(one.day, one.figure) for one in unusual_days(days).alarms] == [(days[50].day, "volume")]


def test_a_day_of_nothing_is_missing_and_not_cheap() -> None:
    days = clean(60)
    days[50] = DayTotal(days[50].day, 0, 0)
    days[52] = DayTotal(days[52].day, days[52].cases, 0)
    found = unusual_days(days).alarms
    assert [(one.day, one.figure) for one in found] == [
        (days[50].day, "missing"),
        (days[52].day, "missing"),
    ]
    assert "intake" in found[0].sentence
    assert "nothing was paid for" in found[1].sentence


def test_an_alarm_does_not_make_the_next_day_usual() -> None:
    days = clean(60)
    for at in (50, 51, 52):
        days[at] = DayTotal(days[at].day, days[at].cases, days[at].nano * 3)
    assert len([one for one in unusual_days(days).alarms if one.figure == "cost per case"]) == 3


def test_costs_that_creep_up_are_found_though_no_day_is_unusual() -> None:
    days = clean(150)
    for at in range(90, 150):
        days[at] = DayTotal(days[at].day, days[at].cases, int(days[at].nano * 1.08))
    found = [one for one in unusual_days(days).alarms if one.figure == "drift"]
    assert found
    assert found[0].day >= days[90].day
    assert "rising" in found[0].sentence


def test_clean_days_ring_no_more_often_than_stated() -> None:
    looked = rang = 0
    for seed in range(12):
        found = unusual_days(clean(150, seed), rate=0.02)
        looked += found.looked
        rang += len(found.alarms)
    assert looked > 1_000
    assert rang <= 0.02 * looked + 3 * (0.02 * looked) ** 0.5


def test_too_few_days_are_not_looked_at_and_the_note_says_so() -> None:
    found = unusual_days(clean(20))
    assert (found.alarms, found.looked) == ((), 0)
    assert "too little" in found.note
    assert unusual_days([]).looked == 0
