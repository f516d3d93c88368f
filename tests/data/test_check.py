"""Verdicts, usual ranges and what may be shown of a value."""

from datetime import timedelta
from statistics import mean, stdev

import numpy as np
import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data.bound import Bound, Operator
from roadworthy.data.check import (
    FEWEST_RUNS,
    Asks,
    Check,
    History,
    Missing,
    Verdict,
    judge,
    judge_figure,
    judge_volume,
    shape,
    unevaluated,
    usual,
)
from roadworthy.data.contract import contract_of
from roadworthy.data.declared import FORMATS, checks_of, dates_spelled, duration


def check(bound: Bound | None, **more: object) -> Check:
    return Check(
        "t.a.x", "t", ("a",), "x", Asks.FLAWS, "completeness", "error", bound, flaw=Missing(), **more
    )  # type: ignore[arg-type]


def test_a_percentage_of_no_rows_is_nobodys_figure() -> None:
    percent = check(Bound(Operator.AT_MOST, 5, percent=True))
    assert judge(percent, 0, rows=0).verdict is Verdict.NOT_EVALUATED
    assert judge(percent, 5, rows=100).verdict is Verdict.PASS
    assert judge(percent, 6, rows=100).value == 6.0


def test_a_rule_without_a_bound_is_no_success() -> None:
    assert judge(check(None), 0, rows=1).verdict is Verdict.NOT_EVALUATED
    assert judge_figure(check(None), 0).verdict is Verdict.NOT_EVALUATED


def test_what_is_not_evaluated_says_why() -> None:
    with pytest.raises(AssertionError):
        unevaluated(check(None), "")


def test_a_result_has_a_version_and_plain_values() -> None:
    told = judge(check(Bound(Operator.IS, 0)), 2, rows=3, sql="select 1").as_json()
    assert (told["schema_version"], told["verdict"], told["failing"], told["bound"]) == (
        1,
        "fail",
        2,
        "exactly 0",
    )


def test_the_usual_range_is_that_of_a_normal_sample() -> None:
    figures = np.random.default_rng(3).normal(10_000, 300, 2_000).tolist()
    low, high = usual(figures, width=4)
    assert low == pytest.approx(mean(figures) - 4 * stdev(figures), rel=0.02)
    assert high == pytest.approx(mean(figures) + 4 * stdev(figures), rel=0.02)


def test_one_strange_day_does_not_widen_the_usual_range() -> None:
    assert usual([100, 101, 99, 100, 5_000_000, 100], width=4)[1] < 110


def test_figures_that_never_vary_leave_a_little_room() -> None:
    assert usual([100] * 6, width=4) == (96.0, 104.0)
    assert usual([0] * 6, width=4) == (0.0, 2.0)


@given(st.lists(st.integers(0, 10**6), min_size=FEWEST_RUNS, max_size=30))
def test_the_median_is_always_usual(figures: list[int]) -> None:
    low, high = usual(figures, width=4)
    assert 0 <= low <= float(np.median(figures)) <= high


@pytest.mark.parametrize("runs", range(FEWEST_RUNS))
def test_too_few_runs_prove_nothing(runs: int) -> None:
    with pytest.raises(ValueError, match="earlier figures"):
        usual([1] * runs, width=4)
    volume = Check("t.volume", "t", (), "volume", Asks.USUAL, "completeness", "error", runs=30, width=4)
    assert judge_volume(volume, 1, [1.0] * runs).verdict is Verdict.NOT_EVALUATED


def test_only_the_last_runs_count() -> None:
    volume = Check("t.volume", "t", (), "volume", Asks.USUAL, "completeness", "error", runs=2, width=4)
    assert History({"t.volume": [1, 2, 3]}).of(volume) == (2, 3)
    assert History().of(volume) == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ada Lovelace", "Aa Aa"),
        ("AB-1234", "A-9"),
        ("ada@x.org", "a@a.a"),
        ("", ""),
        ("Zoë 漢字", "Aa a"),
        ("a\x00b\u202e", "a�a�"),
    ],
)
def test_a_shape_shows_the_form_and_not_the_content(text: str, shown: str) -> None:
    assert shape(text) == shown


@given(st.text())
def test_a_shape_never_holds_a_letter_or_digit_of_the_text(text: str) -> None:
    found = shape(text)
    assert len(found) <= 60
    assert {one for one in found if one.isalnum()} <= {"9", "A", "a"}


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(1, "d", timedelta(days=1)), (4, "hours", timedelta(hours=4)), ("90m", "", timedelta(minutes=90)), ("1.5 h", "", timedelta(hours=1.5)),
     (2, "W", timedelta(weeks=2)), ("3", "d", timedelta(days=3)), (30, "s", timedelta(seconds=30)), (1, "", None), ("soon", "d", None),
     (True, "d", None), (-1, "d", None), (1, "parsec", None), (None, "d", None), (1e300, "d", None), (float("nan"), "d", None)],
)  # fmt: skip
def test_a_span_of_time_is_read_or_refused(value: object, unit: str, expected: timedelta | None) -> None:
    assert duration(value, unit) == expected


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "email",
            ["a@b.org", "x.y+z@sub.example.com"],
            ["a@b", "@b.org", "a b@c.org", "a@b.org\n", "a@-b.org"],
        ),
        (
            "uuid",
            ["123e4567-e89b-12d3-a456-426614174000"],
            ["123e4567", "123e4567-e89b-12d3-a456-42661417400g"],
        ),
        ("ipv4", ["0.0.0.0", "255.255.255.255"], ["256.1.1.1", "1.1.1", "01.1.1.1.1"]),
        ("uri", ["https://a.b/c?d=e#f", "urn:x:y"], ["no scheme", "//a.b", "http://a b"]),
        ("hostname", ["a", "a-b.example.org"], ["-a", "a..b", "a_b"]),
        ("date", ["2024-02-29"], ["2024-13-01", "24-01-01", "2024-1-1"]),
        ("time", ["23:59:60", "00:00:00.5Z"], ["24:00:00", "1:00:00"]),
        (
            "date-time",
            ["2024-01-01T00:00:00Z", "2024-01-01 00:00:00+01:00"],
            ["2024-01-01T00:00:00", "2024-01-01"],
        ),
    ],
)
def test_a_format_takes_what_it_should_and_nothing_else(name: str, good: list[str], bad: list[str]) -> None:
    assert [one for one in good if not re2.search(FORMATS[name], one)] == []
    assert [one for one in bad if re2.search(FORMATS[name], one)] == []


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("yyyy-MM-dd", "2024-01-31", "2024-1-31"),
        ("d.M.yyyy", "1.12.2024", "1.12.24"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2024-01-31T10:00:00.123+01:00", "2024-01-31 10:00:00.123Z"),
        ("HHmm", "2359", "23:59"),
        ("dd''yy", "31'24", "3124"),
    ],
)
def test_a_date_format_becomes_a_pattern(form: str, good: str, bad: str) -> None:
    assert re2.search(dates_spelled(form), good)
    assert not re2.search(dates_spelled(form), bad)


@pytest.mark.parametrize("form", ["", "EEEE", "yyyy-MMM-dd", "'open", "Q"])
def test_a_date_format_that_is_not_known_is_no_pattern(form: str) -> None:
    assert dates_spelled(form) == ""


def test_ids_are_the_same_in_every_run_and_never_repeat() -> None:
    rules = [{"metric": "nullValues", "mustBe": 0}] * 3 + [
        {"id": "t", "metric": "nullValues", "mustBe": 0}
    ] * 2
    document = {
        "schema": [{"name": "t", "properties": [{"name": "a", "required": True, "quality": rules}] * 2}]
    }
    ids = [one.id for one in checks_of(contract_of(document).tables[0])]
    assert len(set(ids)) == len(ids)
    assert ids == [one.id for one in checks_of(contract_of(document).tables[0])]
    assert "t.a.nullValues.2" in ids
