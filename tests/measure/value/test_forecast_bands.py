"""Forecasts as files, and how often they held."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from roadworthy.errors import InputProblem
from roadworthy.measure.value.forecast import calibration, following, minor_of, read_forecast
from roadworthy.quantities import Money


def read(document: object, **more: str):
    return read_forecast(json.dumps(document).encode(), file="f.json", **more)


def month(low: object, middle: object, high: object, **more: object) -> dict[str, object]:
    return {"p10": low, "p50": middle, "p90": high, **more}


def places(document: object) -> list[str]:
    with pytest.raises(InputProblem) as found:
        read(document)
    assert found.value.code == "RW-KPI-009"
    return [problem.place for problem in found.value.problems]


def test_months_name_themselves_or_follow_one_another() -> None:
    named = read({"currency": "EUR", "months": [month(1, 2, 3, month="2026-12")]})
    assert named.bands["2026-12"].low == Money(100, "EUR")
    told = {"currency": "EUR", "months": [month(1.255, 2, 3), month("-4.50 EUR", 0, 10)]}
    for forecast in (read(told, starts="2026-12"), read({**told, "starts": "2026-12"})):
        assert list(forecast.bands) == ["2026-12", "2027-01"]
        assert forecast.bands["2026-12"].low == Money(126, "EUR")
        assert forecast.bands["2027-01"].low == Money(-450, "EUR")


def test_the_value_of_an_assessment_is_read_where_it_stands() -> None:
    forecast = read(
        {"idea": "x", "value": {"currency": "JPY", "months": [month(10, 20, 30)]}}, starts="2026-01"
    )
    assert forecast.bands["2026-01"].high == Money(30, "JPY")


def test_everything_wrong_is_told_at_once() -> None:
    found = places(
        {
            "currency": "euro",
            "starts": "soon",
            "months": [
                month(1, 2, 3, month="2026-13"),
                month(3, 2, 1, month="2026-01"),
                "no",
                month(1, True, None, month="2026-02"),
                month("1.00 USD", 2, 3, month="2026-03"),
                month(1, 2, 3, month="2026-04"),
                month(1, 2, 3, month="2026-04"),
            ],
        }
    )
    assert found == [
        "f.json: currency",
        "f.json: starts",
        "f.json: months[0].month",
        "f.json: months[1]",
        "f.json: months[2]",
        "f.json: months[3].p50",
        "f.json: months[3].p90",
        "f.json: months[4].p10",
        "f.json: months[6]",
    ]


@pytest.mark.parametrize("document", [[], 3, None, {}, {"currency": "EUR", "months": []}, {"value": {}}])
def test_what_is_no_forecast_is_refused(document: object) -> None:
    assert places(document)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"months": NaN}', b" " * 1_000_001,
     b'{"currency": "EUR", "months": [{"month": "2026-01", "p10": 1e999999999, "p50": 1, "p90": 2}]}',
     b'{"currency": "EUR", "months": [{"month": "2026-01", "p10": ' + b"9" * 5000 + b"}]}"],
)  # fmt: skip
def test_hostile_files_are_refused(content: bytes) -> None:
    with pytest.raises(InputProblem) as found:
        read_forecast(content, file="f.json")
    assert found.value.code == "RW-KPI-009"


@settings(max_examples=50, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["currency", "months", "p10", "p50", "p90", "month", "value", "starts"]), inner, max_size=5), max_leaves=12))  # fmt: skip
def test_any_json_is_a_forecast_or_refused(document: object) -> None:
    with suppress(InputProblem):
        assert read(document).bands


def test_money_is_rounded_to_its_coins_halves_to_the_even() -> None:
    assert minor_of(Decimal("1.005"), "EUR") == Money(100, "EUR")
    assert minor_of(Decimal("1.015"), "EUR") == Money(102, "EUR")
    assert minor_of(Decimal("1.5"), "JPY") == Money(2, "JPY")


def test_months_follow_over_the_turn_of_a_year() -> None:
    assert [following("2026-11", by) for by in (-11, 0, 1, 2, 14)] == [
        "2025-12", "2026-11", "2026-12", "2027-01", "2028-01",
    ]  # fmt: skip


def test_calibration_is_a_count_with_its_range() -> None:
    found = calibration([True] * 7 + [False] * 2)
    expected = stats.binomtest(7, 9).proportion_ci(method="exact")
    assert (found.months, found.inside) == (9, 7)
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))
    assert "7 of 9" in found.sentence
    assert "too" not in found.sentence


def test_forecasts_that_are_too_sure_or_too_wide_are_told_so() -> None:
    assert "too sure" in calibration([False] * 9 + [True] * 3).sentence
    assert "too wide" in calibration([True] * 40).sentence
    assert "nothing is known" in calibration([]).sentence
