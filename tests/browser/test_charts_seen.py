"""Charts as they are drawn: every kind of mark stands out from its panel by 3:1 at least, by day and by night."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import Browser
from tests.browser.conftest import Furnished
from tests.server.furnished import EVERY

from roadworthy.server import charts

DAYS = [f"2026-05-{day:02}" for day in range(1, 13)]
ENOUGH = 3.0
"""WCAG 2.2, success criterion 1.4.11."""
# What colours the picture of one chart holds, each with how many pixels.
COLOURS = """async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height), at = canvas.getContext('2d');
    at.drawImage(image, 0, 0);
    const data = at.getImageData(0, 0, image.width, image.height).data, found = {};
    for (let i = 0; i < data.length; i += 4) {
        const key = `${data[i]},${data[i + 1]},${data[i + 2]}`;
        found[key] = (found[key] || 0) + 1;
    }
    return found;
}"""
# Marks that carry a figure: not the ground they stand on, nor bands, whose edge is a line.
MARKS = """(svg) => [...svg.querySelectorAll('rect, path, circle, line')].flatMap((at) => {
    const look = getComputedStyle(at), box = at.getBoundingClientRect();
    if (at.closest('.track, .band, .whisker') || (!box.width && !box.height)) return [];
    return [[look.fill, look.fillOpacity], [look.stroke, look.strokeOpacity]]
        .filter(([colour, share]) => colour !== 'none' && Number(share) === 1 && !at.matches('.part, .median') || colour !== 'none' && colour === look.fill)
        .map(([colour]) => colour);
})"""
GROUND = "(svg) => { let at = svg; while (/, 0\\)$|transparent/.test(getComputedStyle(at).backgroundColor)) at = at.parentElement; return getComputedStyle(at).backgroundColor; }"


def every_kind() -> dict[str, Any]:
    rising = [charts.Point(str(day), float(day), day - 0.5, day + 0.5) for day in range(1, 13)]
    series = [(f"series {one}", [float(one + day % 3) for day in range(12)]) for one in range(1, 7)]
    return {
        "line": charts.line(rising, name="line", bound=6.0),
        "several": charts.several(DAYS, [(f"line {one}", rising) for one in range(1, 5)], name="several"),
        "stacked": charts.stacked(DAYS, series, name="stacked"),
        "bars": charts.bars([("a", 5), ("b", 3)], name="bars"),
        "bullet": charts.bullet(5.0, baseline=3.0, target=8.0, name="bullet"),
        "sparkline": charts.sparkline([1.0, 3.0, 2.0, 5.0], name="sparkline"),
    }


def channel(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""
    bright, dark = sorted(
        (0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]) for c in (one, other)),
        reverse=True,
    )
    return (bright + 0.05) / (dark + 0.05)


def rgb(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text[text.index("(") + 1 : -1].split(",")[:3])


def check(page: Any, reader: Any, svg: Any, name: str) -> None:
    """Its marks are in the picture, and far enough from its ground."""
    ground = rgb(svg.evaluate(GROUND))
    found = reader.evaluate(COLOURS, base64.b64encode(svg.screenshot()).decode())
    seen = {tuple(int(part) for part in key.split(",")): count for key, count in found.items()}
    marks = {rgb(colour) for colour in svg.evaluate(MARKS)}
    assert marks, f"{name}: no marks"
    assert len(seen) > 1, f"{name}: blank"
    strong = sum(count for colour, count in seen.items() if contrast(colour, ground) >= ENOUGH)
    assert strong >= 8, f"{name}: nothing stands out"
    weak = {
        colour: round(contrast(colour, ground), 2) for colour in marks if contrast(colour, ground) < ENOUGH
    }
    assert weak == {}, f"{name}: marks too near to {ground}"
    near = {
        mark
        for mark in marks
        if any(max(abs(a - b) for a, b in zip(mark, one, strict=True)) <= 3 for one in seen)
    }
    assert near, f"{name}: none of {marks} is in the picture"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_kind_of_chart_is_seen(chromium: Browser, furnished: Furnished, theme: Any) -> None:
    page = furnished.site.page(EVERY, color_scheme=theme, viewport={"width": 900, "height": 900})
    page.goto("/operations")
    page.evaluate("(html) => { document.querySelector('main').innerHTML = html; }", "".join(
        f'<section class="panel" id="chart-{name}">{chart}</section>' for name, chart in every_kind().items()
    ))  # fmt: skip
    reader = chromium.new_page()
    for name in every_kind():
        for svg in page.locator(f"#chart-{name} svg").all():
            check(page, reader, svg, f"{name} {theme}")
    reader.close()


def nothing_to_see() -> dict[str, Any]:
    """Charts of no value, of one, and of what is no number."""
    nan, inf = float("nan"), float("inf")
    one, strange = [charts.Point("1", 2.0)], [charts.Point("1", nan), charts.Point("2", inf, nan, inf)]
    return {
        "line-none": charts.line([], name="n"),
        "line-one": charts.line(one, name="n"),
        "line-nan": charts.line(strange, name="n", bound=nan),
        "several-none": charts.several([], [], name="n"),
        "several-one": charts.several(["1"], [("a", one)], name="n"),
        "several-nan": charts.several(["1", "2"], [("a", strange)], name="n"),
        "stacked-none": charts.stacked([], [], name="n"),
        "stacked-one": charts.stacked(["1"], [("a", [3.0])], name="n"),
        "stacked-nan": charts.stacked(["1", "2"], [("a", [nan, None])], name="n"),
        "bars-none": charts.bars([], name="n"),
        "bullet-none": charts.bullet(None, name="n"),
        "bullet-nan": charts.bullet(nan, baseline=inf, target=1.0, name="n"),
        "sparkline-none": charts.sparkline([], name="n"),
        "sparkline-one": charts.sparkline([1.0], name="n"),
        "sparkline-nan": charts.sparkline([nan, inf], name="n"),
    }


def test_a_chart_of_nothing_of_one_point_or_of_no_number_is_drawn_or_said(furnished: Furnished) -> None:
    page = furnished.site.page(EVERY, viewport={"width": 320, "height": 900})
    told: list[str] = []
    page.on("console", lambda said: told.append(said.text) if said.type == "error" else None)
    page.goto("/operations")
    page.evaluate("(html) => { document.querySelector('main').innerHTML = html; }", "".join(
        f'<section class="panel" id="chart-{name}">{chart}</section>' for name, chart in nothing_to_see().items()
    ))  # fmt: skip
    for name in nothing_to_see():
        at = page.locator(f"#chart-{name}")
        assert at.bounding_box() is not None
        assert at.locator("svg:visible").count() or at.inner_text().strip(), f"{name}: an empty box"
        assert not re.search(r"\b(nan|inf)\b", at.inner_text(), re.IGNORECASE), name
    assert told == [], "an attribute that is no number is complained about"
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_on_the_pages_are_seen(chromium: Browser, furnished: Furnished, theme: Any) -> None:
    page = furnished.site.page(EVERY, color_scheme=theme, viewport={"width": 1280, "height": 900})
    reader, looked_at = chromium.new_page(), 0
    for address in ("/operations", "/cost", "/quality"):
        page.goto(address)
        for number, svg in enumerate(page.locator(".chart svg:visible").all()[:6]):
            if svg.evaluate(MARKS):
                check(page, reader, svg, f"{address} {number} {theme}")
                looked_at += 1
    reader.close()
    assert looked_at >= 2
