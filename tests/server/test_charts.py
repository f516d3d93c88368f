"""Charts: whatever comes in, what goes out is a drawing of it inside its frame, and text stays text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from importlib import resources
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from roadworthy.server import charts
from roadworthy.server.charts import Point

HOSTILE = '"><script>alert(1)</script>\u202e\x00&lt;'
FIGURES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-(10**6), 10**6),
    st.none(),
    st.sampled_from([0, 1e300, -1e300, 1.7e308, -1.7e308, 5e-324, 10**400, math.nan, math.inf]),
)
TEXTS = st.one_of(st.text(max_size=30), st.sampled_from([HOSTILE, "", "\n", "\ud800", "1e300", "nan"]))
BINS = st.lists(st.tuples(TEXTS, FIGURES), max_size=80)
FAST = settings(max_examples=60, deadline=None)


def parsed(markup: str) -> Xml.Element:
    """The chart as XML: it is well formed, or this fails. (Half a surrogate pair is never sent as such.)"""
    return Xml.fromstring(f"<chart>{markup}</chart>")


def rects(chart: Xml.Element, look: str = "") -> list[tuple[float, float, float, float]]:
    return [
        tuple(float(one.get(name, "nan")) for name in ("x", "y", "width", "height"))  # type: ignore[misc]
        for one in chart.iter("rect")
        if one.get("class", "") == look
    ]


def frame(svg: Xml.Element) -> tuple[float, float]:
    left, top, wide, high = map(float, svg.get("viewBox", "").split())
    assert (left, top) == (0, 0)
    return wide, high


def assert_inside(chart: Xml.Element) -> None:
    """Every mark lies in its frame; what is drawn is a figure."""
    for svg in chart.iter("svg"):
        wide, high = frame(svg)
        for one in svg.iter("rect"):
            x, y, width, height = (float(one.get(name, "nan")) for name in ("x", "y", "width", "height"))
            assert -0.011 <= x <= x + width <= wide + 0.011, one.attrib
            assert -0.011 <= y <= y + height <= high + 0.011, one.attrib
        for path in svg.iter("path"):
            numbers = [float(found) for found in re.findall(r"-?[\d.]+(?:e[+-]?\d+)?", path.get("d", ""))]
            assert all(-0.011 <= found <= max(wide, high) + 0.011 for found in numbers), path.attrib


def assert_told(chart: Xml.Element) -> None:
    """Every drawing has a name and a description, or is hidden beside its numbers."""
    for svg in chart.iter("svg"):
        if svg.get("aria-hidden") != "true":
            assert svg.get("role") == "img"
            assert svg.findtext("title")
            assert svg.findtext("desc")


# Distributions --------------------------------------------------------------------------------


@FAST
@given(BINS, st.lists(FIGURES, max_size=6), TEXTS)
@example([], [], "")
@example([("1", 5)], [1, 1, 1, 1, 1], "1")
@example([("-1e308", 1e300), ("0", 1e300), ("1e308", 1)], [-1e308, -1, 0, 1, 1e308], "1.7e308")
@example([(str(n), 1e300) for n in range(80)], [], "80")
@example([("1", -5), ("2", 0)], [], "3")
def test_any_distribution_is_drawn_inside_its_frame(
    bins: Sequence[tuple[str, float]], quantiles: list[float], highest: str
) -> None:
    chart = parsed(charts.distribution(bins, name="Amounts", quantiles=quantiles, highest=highest))
    assert_inside(chart)
    assert_told(chart)
    assert len(rects(chart)) <= charts.MOST_BINS
    if not rects(chart):
        assert "".join(chart.itertext()) == "No data to draw: Amounts."


@FAST
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=charts.MOST_BINS).filter(any))
def test_bars_of_a_distribution_are_as_high_as_their_rows(rows: list[int]) -> None:
    chart = parsed(charts.distribution([(str(n), count) for n, count in enumerate(rows)], name="Amounts"))
    drawn = rects(chart)
    wide, high = frame(next(chart.iter("svg")))
    counted = [(place, count) for place, count in enumerate(rows) if count]
    assert len(drawn) == len(counted)
    for (place, count), (x, y, width, height) in zip(counted, drawn, strict=True):
        assert height == pytest.approx(max(charts.LEAST, high * count / max(rows)), abs=0.01)
        assert y + height == pytest.approx(high, abs=0.02)
        assert place / len(rows) * wide - 0.01 <= x <= x + width <= (place + 1) / len(rows) * wide + 0.01


def test_neighbours_are_put_together_and_no_row_is_lost() -> None:
    chart = parsed(charts.distribution([(str(n), n) for n in range(1_000)], name="Amounts"))
    assert len(rects(chart)) == 40
    table = [[cell.text for cell in row.iter("td")] for row in chart.iter("tr")][1:]
    assert sum(int(str(rows).replace(",", "")) for _, rows in table) == sum(range(1_000))


def test_quantiles_lie_where_the_bins_say() -> None:
    bins = [("0", 50), ("10", 30), ("20", 20)]
    chart = parsed(
        charts.distribution(bins, name="Amounts", quantiles=[1, 5, 10, 25, 30], highest="30", unit="orders")
    )
    ((five, _, whisker, _),) = rects(chart, "whisker")
    ((quarter, _, box, _),) = rects(chart, "box")
    assert (five, five + whisker) == (pytest.approx(10), pytest.approx(300))
    assert (quarter, quarter + box) == (pytest.approx(50), pytest.approx(250))
    assert rects(chart, "median")[0][0] == pytest.approx(100)
    assert (
        chart.findtext(".//desc")
        == "0 to 30; most orders, 50, from 0. Median 10, middle half 5 to 25, 90 % from 1 to 30."
    )


@pytest.mark.parametrize(
    "quantiles",
    [[], [1, 2, 3], [5, 4, 3, 2, 1], [1, 2, math.nan, 4, 5]],
    ids=["none", "three", "falling", "no number"],
)
def test_quantiles_that_make_no_sense_are_not_drawn(quantiles: list[float]) -> None:
    chart = parsed(charts.distribution([("0", 5), ("10", 3)], name="x", quantiles=quantiles, highest="20"))
    assert rects(chart)
    assert not rects(chart, "median")


def test_dates_are_drawn_in_order_and_years_are_written_as_years() -> None:
    told = str(charts.distribution([("2019", 5), ("2020", 3)], name="Orders", highest="2021"))
    assert "2019 to 2021" in told
    assert "2,019" not in told


# Categories and shares ------------------------------------------------------------------------


@FAST
@given(BINS, FIGURES)
@example([(f"value {n}", n) for n in range(1_000)], 5)
@example([("a", -1.7e308), ("b", 1.7e308)], None)
@example([("a", 5e-324)], 5e-324)
def test_any_categories_are_drawn_inside_their_frame(rows: list[tuple[str, float]], total: float) -> None:
    chart = parsed(charts.bars(rows, name="Cities", total=total))
    assert_inside(chart)
    assert len(list(chart.iter("svg"))) <= charts.MOST_BARS
    assert "Cities" in "".join(chart.itertext())


@FAST
@given(st.lists(st.integers(-1_000, 1_000), min_size=1, max_size=8))
def test_bars_are_as_long_as_their_figures_from_one_common_zero(figures: list[int]) -> None:
    chart = parsed(charts.bars([("x", one) for one in figures], name="Cities"))
    low, high = min(0, *figures), max(0, *figures)
    drawn = iter(rects(chart))
    for one in figures:
        if one:
            x, _, width, _ = next(drawn)
            expected = abs(one) / (high - low) * 100
            assert width == pytest.approx(max(charts.LEAST, expected), abs=0.01)
            if expected > charts.LEAST:
                zero = -low / (high - low) * 100
                assert (x if one > 0 else x + width) == pytest.approx(zero, abs=0.02)
    assert next(drawn, None) is None


def test_what_is_not_shown_stands_in_one_row() -> None:
    thousand = [(f"city {n}", 1_000 - n) for n in range(1_000)]
    rows = [
        "".join(row.itertext()) for row in parsed(charts.bars(thousand, name="x", total=500_500)).iter("tr")
    ]
    assert rows[0] == "city 01,000 (0.2 %)"
    assert rows[8] == "992 others492,528 (98.4 %)"
    told = parsed(charts.bars([("a", 3)], name="x", total=10, rest=("6 others", 7)))
    assert ["".join(row.itertext()) for row in told.iter("tr")] == ["a3 (30 %)", "6 others7 (70 %)"]


@FAST
@given(st.lists(st.tuples(TEXTS, FIGURES, st.sampled_from(["full", "missing", 'x"y'])), max_size=6))
@example([("a", 1.7e308, "full"), ("b", 1.7e308, "missing")])
def test_parts_of_a_whole_fill_it(parts: list[tuple[str, float, str]]) -> None:
    chart = parsed(charts.share_bar(parts, name="Filled"))
    assert_inside(chart)
    assert_told(chart)
    drawn = [float(one.get("width", "nan")) for one in chart.iter("rect")]
    if drawn:
        assert sum(drawn) == pytest.approx(100, abs=0.05)
        assert {one.get("class") for one in chart.iter("rect")} <= {"full", "missing"}
    else:
        assert "".join(chart.itertext()) == "No data to draw: Filled."


def test_a_share_is_never_rounded_to_all_or_to_nothing() -> None:
    told = str(charts.share_bar([("filled", 99_999, "full"), ("empty", 1, "missing")], name="x"))
    assert "&gt; 99.9 % filled" in told
    assert "&lt; 0.1 % empty" in told


# Lines ----------------------------------------------------------------------------------------

POINTS = st.lists(st.builds(Point, TEXTS, FIGURES, FIGURES, FIGURES), max_size=30)


@FAST
@given(POINTS, FIGURES)
@example([Point("a", 5)], None)
@example([Point("a", 5, 5, 5), Point("b", 5, 5, 5)], 5)
@example([Point("a", -1.7e308, -1.7e308, 1.7e308), Point("b", None), Point("c", 1.7e308)], 0)
def test_any_line_is_drawn_inside_its_frame(points: list[Point], bound: float) -> None:
    chart = parsed(charts.line(points, name="Error rate", bound=bound, unit="%"))
    assert_inside(chart)
    assert_told(chart)
    if not list(chart.iter("path")):
        assert "".join(chart.itertext()) == "No data to draw: Error rate."
    spark = parsed(charts.sparkline([one.value for one in points], name="Error rate"))
    assert_inside(spark)
    assert_told(spark)


def test_a_line_has_a_gap_where_there_is_no_value_and_says_so() -> None:
    chart = parsed(
        charts.line([Point("Mo", 1), Point("Tu", None), Point("We", 3), Point("Th", 2)], name="x")
    )
    assert [one.get("d") for one in chart.iter("path")] == ["M0 160h0", "M400 0L600 80h0"]
    assert chart.findtext(".//desc") == "4 points, first 1, last 2, lowest 1, highest 3. 1 have no value."


def test_a_long_line_is_thinned_and_its_extremes_stay_in_the_band() -> None:
    points = [Point(str(n), 1.0, 0.5, 9.0 if n == 777 else 1.5) for n in range(5_000)]
    chart = parsed(charts.line(points, name="x"))
    (value,) = [one for one in chart.iter("path") if one.get("class") == "value"]
    assert value.get("d", "").count("L") < charts.MOST_POINTS
    assert "0.5 to 9" in "".join(chart.itertext())


# Text and looks -------------------------------------------------------------------------------


SERIES = st.integers(0, 140).flatmap(
    lambda size: st.tuples(
        st.lists(TEXTS, min_size=size, max_size=size),
        st.lists(st.tuples(TEXTS, st.lists(FIGURES, min_size=size, max_size=size)), max_size=8),
    )
)


@given(SERIES)
@FAST
def test_any_columns_are_drawn_inside_their_frame(
    drawn: tuple[list[str], list[tuple[str, list[float]]]],
) -> None:
    labels, series = drawn
    assert_inside(parsed(charts.stacked(labels, series, name=HOSTILE, unit="EUR")))


def test_the_highest_column_is_as_high_as_the_drawing_and_parts_stand_on_one_another() -> None:
    chart = parsed(
        charts.stacked(
            ["Mon", "Tue"], [("by people", [1, 2]), ("alone", [1, 6])], name="Cases", unit="cases"
        )
    )
    below, above = [one.get("d", "") for one in chart.iter("path")]
    assert below.split("Z")[1].startswith("M301.5 160V120H")
    assert above.split("Z")[1].startswith("M301.5 120V0H")
    assert "the highest, 8 cases, is Tue" in "".join(chart.itertext())


def test_more_series_than_can_be_told_apart_are_one_and_nothing_is_lost() -> None:
    chart = parsed(charts.stacked(["a"], [(f"s{at}", [at]) for at in range(9)], name="x"))
    assert len(list(chart.iter("li"))) == charts.MOST_SERIES
    assert "other 26" in "".join(chart.itertext())
    assert "36" in "".join(chart.itertext())


def test_what_is_no_amount_is_left_out_and_said_to_be() -> None:
    told = charts.stacked(["a", "b"], [("s", [math.nan, -3]), ("t", [1, None])], name="x")
    assert "2 without an amount are left out" in told


def test_a_series_with_a_value_too_few_is_a_fault() -> None:
    with pytest.raises(ValueError, match="1 values for 2 columns"):
        charts.stacked(["a", "b"], [("s", [1])], name="x")


@given(st.lists(POINTS, max_size=4), FIGURES)
@FAST
def test_any_lines_are_drawn_inside_their_frame(lines: list[list[Point]], bound: float) -> None:
    labels = sorted({one.label for points in lines for one in points})
    assert_inside(parsed(charts.several(labels, [("l", one) for one in lines], name=HOSTILE, bound=bound)))


def test_lines_beside_one_another_share_a_scale_and_differ_in_stroke() -> None:
    chart = parsed(
        charts.several(
            ["1", "2", "3"],
            [("stable", [Point("1", 0), Point("3", 10)]), ("canary", [Point("2", 5, 4, 6)])],
            name="Wrong answers",
        )
    )
    groups = {one.get("class"): [path.get("d") for path in one.iter("path")] for one in chart.iter("g")}
    assert groups["line-1"] == ["M0 160h0", "M600 0h0"]
    assert groups["line-2"] == ["M300 64L300 96Z", "M300 80h0"]
    with pytest.raises(ValueError, match="5 lines"):
        charts.several(["1"], [("l", [Point("1", 1)])] * 5, name="x")


@given(FIGURES, FIGURES, FIGURES)
@FAST
def test_any_figure_on_its_way_is_drawn_inside_its_frame(
    now: float, baseline: float, target: float
) -> None:
    assert_inside(parsed(charts.bullet(now, baseline=baseline, target=target, name=HOSTILE)))


def test_a_figure_on_its_way_lies_between_its_beginning_and_its_target() -> None:
    chart = parsed(charts.bullet(50, baseline=25, target=100, name="KPI", unit="%"))
    assert rects(chart) == [(0, 3, 50, 6)]
    assert rects(chart, "baseline") == [(25, 0, 0.8, 12)]
    assert rects(chart, "target") == [(99.2, 0, 0.8, 12)]
    assert "now 50 % · baseline 25 % · target 100 %" in "".join(chart.itertext())


@pytest.mark.parametrize(
    "chart",
    [
        charts.distribution([(HOSTILE, 3)], name=HOSTILE, highest=HOSTILE, unit=HOSTILE),
        charts.bars([(HOSTILE, 3)], name=HOSTILE, unit=HOSTILE, rest=(HOSTILE, 1)),
        charts.share_bar([(HOSTILE, 3, HOSTILE)], name=HOSTILE),
        charts.line([Point(HOSTILE, 3)], name=HOSTILE, unit=HOSTILE),
        charts.sparkline([3, 4], name=HOSTILE),
        charts.bars([], name=HOSTILE),
    ],
    ids=["distribution", "bars", "share", "line", "sparkline", "nothing"],
)
def test_text_from_outside_stays_text(chart: str) -> None:
    tree = parsed(chart.replace("\x00", ""))
    assert not list(tree.iter("script"))
    assert "<script" not in chart
    assert not any(
        name.startswith("on") or name in {"style", "href"} for one in tree.iter() for name in one.attrib
    )


def test_what_is_hidden_in_a_text_is_shown() -> None:
    assert charts.legible("a\u202eb\u200bc\x00d\ud800e\uffff") == "a⟨202E⟩b⟨200B⟩c⟨0000⟩d⟨D800⟩e⟨FFFF⟩"
    assert charts.legible("a\nb\tc") == "a⏎b⇥c"
    assert charts.legible("x" * 100, 10) == "x" * 9 + "…"
    assert charts.legible("Zoë 李 👩\u200d🔬") == "Zoë 李 👩\u200d🔬"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0, "0"), (12_340, "12,340"), (-3, "-3"), (0.012345, "0.01235"), (1.2e300, "1.2e+300"), (1234.5, "1,234"),
        (99.99, "99.99"), (0.00001, "1e-05"), (None, "–"), (math.nan, "–"), (math.inf, "–"), (10**400, "–"), (2.5, "2.5"),
    ],
)  # fmt: skip
def test_figures_are_written_with_the_digits_that_count(value: float | None, told: str) -> None:
    assert charts.number(value) == told


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_marks_and_words_stand_out_from_the_panel_in_both_themes(theme: int) -> None:
    """WCAG 2.2: 3:1 for what is drawn (1.4.11), 4.5:1 for what is read (1.4.3)."""
    static = resources.files("roadworthy.server") / "static"
    pairs = re.findall(
        r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", (static / "style.css").read_text(encoding="utf-8")
    )
    colours = {name: (light, dark)[theme] for name, light, dark in pairs}
    drawn = set()
    for rule in re.findall(r"\{([^}]*)\}", (static / "charts.css").read_text(encoding="utf-8")):
        drawn |= set(re.findall(r"(?:fill|stroke|border(?:-color)?): [^;]*?var\(--([a-z-]+)\)", rule))
        for word in re.findall(r"(?<![a-z-])color: var\(--([a-z-]+)\)", rule):
            assert contrast(colours[word], colours["panel"]) >= 4.5, word
    assert drawn >= {"accent", "strong-line", "soft", "ink"}
    for name in drawn - {"panel"}:
        assert contrast(colours[name], colours["panel"]) >= 3, name


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
