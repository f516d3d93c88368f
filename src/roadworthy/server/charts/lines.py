"""How figures went over time: one line, a line as small as a word, or several beside one another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from roadworthy.server.charts import drawing
from roadworthy.server.charts.figures import finite, legible, number, place_of, trim, with_unit

MOST_POINTS = 200
MOST_LINES = 4

_WIDE, _HIGH = 600.0, 160.0


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a line, and the interval around it if there is one. No value: the line has a gap."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None


def sparkline(values: Sequence[float | None], *, name: str) -> Markup:
    """How a figure went, as small as a word; where a value is missing the line has a gap."""
    points = list(_thinned([Point(str(place + 1), value) for place, value in enumerate(values)]))
    scale = _Scale.over([points], None, wide=100, high=24)
    if scale is None:
        return drawing.nothing(name)
    drawn = drawing.svg("spark", 100, 24, name, _told(points, "", None), scale.drawn(points))
    return drawing.figure(drawn + _as_table(name, points, ""))


def line(points: Sequence[Point], *, name: str, unit: str = "", bound: float | None = None) -> Markup:
    """How a figure went over time, the interval around it as a band, and the bound it is held to.

    Beyond 200 points neighbours are put together: the mean of their values, the widest of their intervals.
    """
    kept, limit = list(_thinned(points)), finite(bound)
    scale = _Scale.over([kept], limit, wide=_WIDE, high=_HIGH)
    if scale is None:
        return drawing.nothing(name)
    shapes = [*scale.bound(limit), *scale.drawn(kept)]
    drawn = drawing.svg("line", _WIDE, _HIGH, name, _told(kept, unit, limit), shapes)
    axes = drawing.ends(legible(kept[0].label, 24), legible(kept[-1].label, 24), scale.said(unit))
    return drawing.figure(drawn + axes + _as_table(name, kept, unit))


def several(
    labels: Sequence[str],
    lines: Sequence[tuple[str, Sequence[Point]]],
    *,
    name: str,
    unit: str = "",
    bound: float | None = None,
) -> Markup:
    """Up to four figures over the same time, each with its interval, and the bound they are held to.

    ``labels`` name the places on the way, in order; a point lies at the place of its own label, or is left out.
    Lines differ in stroke as well as in colour. Errors: ``ValueError`` for more than four.
    """
    if len(lines) > MOST_LINES:
        raise ValueError(f"{len(lines)} lines; at most {MOST_LINES} can be told apart")
    limit = finite(bound)
    found = [(label, _placed(labels, points)) for label, points in lines]
    scale = _Scale.over([points for _, points in found], limit, wide=_WIDE, high=_HIGH)
    if scale is None:
        return drawing.nothing(name)
    shapes = scale.bound(limit)
    for place, (_, points) in enumerate(found):
        shapes.append(
            Markup('<g class="line-{}">{}</g>').format(place + 1, Markup("").join(scale.drawn(points)))
        )
    said = " ".join(f"{legible(label)}: {_told(points, unit, None)}" for label, points in found)
    drawn = drawing.svg("line", _WIDE, _HIGH, name, said + _held(unit, limit), shapes)
    first = found[0][1]
    axes = drawing.ends(legible(first[0].label, 24), legible(first[-1].label, 24), scale.said(unit))
    keys = drawing.legend([(f"line-{place + 1}", legible(label)) for place, (label, _) in enumerate(found)])
    told = drawing.table(
        name,
        ("at", *(legible(label) for label, _ in found)),
        [
            (legible(at.label), *(_cell(points[place], unit) for _, points in found))
            for place, at in enumerate(first)
        ],
    )
    return drawing.figure(drawn + axes + keys + told)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where on a drawing a place and a value lie."""

    low: float
    top: float
    places: int
    wide: float
    high: float

    @classmethod
    def over(
        cls, lines: Sequence[Sequence[Point]], limit: float | None, *, wide: float, high: float
    ) -> _Scale | None:
        """A scale that holds all these points; None if there is nothing to draw."""
        points = [one for line in lines for one in line]
        values = [one.value for one in points if one.value is not None]
        if not values:
            return None
        edges = [end for one in points for end in (one.low, one.high) if end is not None]
        all_of = [*values, *edges, *([] if limit is None else [limit])]
        return cls(min(all_of), max(all_of), max(len(line) for line in lines), wide, high)

    def at(self, place: int, value: float) -> str:
        x = place * self.wide / (self.places - 1) if self.places > 1 else self.wide / 2
        return f"{trim(x)} {trim(self._height(value))}"

    def said(self, unit: str) -> str:
        return f"lowest {with_unit(unit, self.low)}, highest {with_unit(unit, self.top)}"

    def bound(self, limit: float | None) -> list[Markup]:
        if limit is None:
            return []
        return [
            Markup('<path class="bound" d="M0 {}H{}"/>').format(trim(self._height(limit)), trim(self.wide))
        ]

    def drawn(self, points: Sequence[Point]) -> list[Markup]:
        """The band around the points, then the line through them; a gap wherever something is missing."""
        shapes, places = [], list(enumerate(points))
        for there, run in groupby(places, key=lambda pair: None not in (pair[1].low, pair[1].high)):
            if there:
                held = list(run)
                up = [self.at(place, one.high) for place, one in held if one.high is not None]
                down = [self.at(place, one.low) for place, one in reversed(held) if one.low is not None]
                shapes.append(Markup('<path class="band" d="M{}Z"/>').format("L".join(up + down)))
        for there, run in groupby(places, key=lambda pair: pair[1].value is not None):
            if there:
                path = "L".join(self.at(place, one.value) for place, one in run if one.value is not None)
                # A line of one point: a length of nothing with round ends is a dot.
                shapes.append(Markup('<path class="value" d="M{}h0"/>').format(path))
        return shapes

    def _height(self, value: float) -> float:
        return self.high - place_of(value, self.low, self.top) * self.high


def _told(points: Sequence[Point], unit: str, limit: float | None) -> str:
    values = [one.value for one in points if one.value is not None]
    if not values:
        return "no value."
    gone = len(points) - len(values)
    return (
        f"{len(points)} points, first {with_unit(unit, values[0])}, last {with_unit(unit, values[-1])}, "
        f"lowest {with_unit(unit, min(values))}, highest {with_unit(unit, max(values))}."
        + _held(unit, limit)
        + (f" {gone} have no value." if gone else "")
    )


def _held(unit: str, limit: float | None) -> str:
    return f" Held to {with_unit(unit, limit)}." if limit is not None else ""


def _as_table(name: str, points: Sequence[Point], unit: str) -> Markup:
    rows = [(legible(one.label), with_unit(unit, one.value), _between(one)) for one in points]
    return drawing.table(name, ("at", "value", "interval"), rows)


def _placed(labels: Sequence[str], points: Sequence[Point]) -> list[Point]:
    """The points at their labels, gaps where there is none, thinned alike for every line."""
    known = {one.label: one for one in points}
    return list(_thinned([known.get(label, Point(label, None)) for label in labels]))


def _thinned(points: Sequence[Point]) -> Iterator[Point]:
    """Points with finite figures only, at most ``MOST_POINTS`` of them."""
    size = math.ceil(len(points) / MOST_POINTS) or 1
    for start in range(0, len(points), size):
        part = points[start : start + size]
        values = [found for one in part if (found := finite(one.value)) is not None]
        pairs = [(finite(one.low), finite(one.high)) for one in part]
        ends = [(low, high) for low, high in pairs if low is not None and high is not None]
        yield Point(
            part[0].label,
            math.fsum(one / len(values) for one in values) if values else None,
            min((low for low, _ in ends), default=None),
            max((high for _, high in ends), default=None),
        )


def _between(one: Point) -> str:
    if one.low is None or one.high is None:
        return "–"
    return f"{number(one.low)} to {number(one.high)}"


def _cell(one: Point, unit: str) -> str:
    between = "" if one.low is None or one.high is None else f" ({_between(one)})"
    return f"{with_unit(unit, one.value)}{between}"
