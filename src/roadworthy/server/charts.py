"""Charts as inline SVG: they take the page's colours, print, and need no script.

Each carries a name and a description for those who do not see it, and its numbers as a table. Shapes
stretch with the page and hold no text; what is to be read stands beside them as text. Whatever comes
in, a figure that is no finite number is left out and said to be, and nothing becomes markup.
"""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

MOST_BINS = 40
MOST_POINTS = 200
MOST_BARS = 8
LEAST = 0.75
"""Height below which a bar that stands for something would vanish."""

_HIDDEN = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_WIDE, _HIGH, _BOX = 300.0, 60.0, 72.0
_LOOKS = ("full", "missing", "disguised", "good", "wait", "bad")


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a line, and the interval around it if there is one. No value: the line has a gap."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None


def legible(value: object, most: int = 60) -> str:
    """Text from outside so that all of it can be seen: on one line, cut, and nothing in it hidden.

    Controls, marks that turn the direction of writing and characters without a width are shown by their
    number (`⟨202E⟩`): they are found in bad data, and must not rearrange the page.
    """
    text = str(value)
    short = text if len(text) <= most else text[: most - 1] + "…"
    return short if short.isprintable() else "".join(_seen(one) for one in short)


def _seen(one: str) -> str:
    if one in "\n\r\t":
        return "⏎" if one == "\n" else "⇥" if one == "\t" else "␍"
    if (
        one in _HIDDEN
        or unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"}
        or ord(one) & 0xFFFE == 0xFFFE
    ):
        return f"⟨{ord(one):04X}⟩"
    return one


def number(value: float | None) -> str:
    """A figure with four digits that count: `12,340`, `0.01235`, `1.2e+300`; `–` for none."""
    figure = _finite(value)
    if figure is None:
        return "–"
    if figure == 0:
        return "0"
    size = math.floor(math.log10(abs(figure)))
    if size >= 15 or size < -4:
        return f"{figure:.3g}"
    if isinstance(value, int) or figure == int(figure):
        return f"{int(figure):,}"
    text = f"{figure:,.{max(0, 3 - size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def distribution(
    bins: Sequence[Sequence[object]],
    *,
    name: str,
    quantiles: Sequence[float] = (),
    highest: str | None = None,
    unit: str = "rows",
) -> Markup:
    """How many rows lie where: a bar for each bin, and under it where the middle half and 90 % of them lie.

    ``bins`` are pairs of lower edge (or the value itself) and rows, in order; ``highest`` is the upper end
    of the last. ``quantiles`` at 5, 25, 50, 75 and 95 % are drawn if there are five and all edges are
    numbers. Beyond 40 bins neighbours are put together; a negative number of rows is drawn as none.
    """
    counted = [(str(label), _finite(rows)) for label, rows in bins]
    kept = [(label, max(0.0, rows)) for label, rows in counted if rows is not None]
    left_out = len(counted) - len(kept)
    kept = list(_merged(kept))
    tallest = max((rows for _, rows in kept), default=0.0)
    if not tallest:
        return _nothing(name)
    wide = _WIDE / len(kept)
    gap = min(1.5, wide * 0.15)
    shapes = [
        _rect(place * wide + gap / 2, _HIGH - high, wide - gap, high)
        for place, (_, rows) in enumerate(kept)
        if (high := _high(rows, tallest))
    ]
    ends = (_edge(kept[0][0]), _edge(highest if highest is not None else kept[-1][0]))
    busiest = max(kept, key=lambda pair: pair[1])
    described = f"{ends[0]} to {ends[1]}; most {unit}, {number(busiest[1])}, from {_edge(busiest[0])}."
    marks = _quantile_marks(kept, quantiles, highest)
    if marks:
        shapes += marks
        five, quarter, half, three, most = (number(one) for one in quantiles)
        described += f" Median {half}, middle half {quarter} to {three}, 90 % from {five} to {most}."
    if left_out:
        described += f" {left_out} bins without a number are left out."
    svg = _svg("dist", _WIDE, _BOX if marks else _HIGH, name, described, shapes)
    axis = Markup('<p class="axis" aria-hidden="true"><span>{}</span><span>{}</span></p>').format(*ends)
    table = _table(name, ("from", unit), [(_edge(label), number(rows)) for label, rows in kept])
    return _figure(svg + axis + table)


def bars(
    rows: Sequence[Sequence[object]],
    *,
    name: str,
    unit: str = "rows",
    total: float | None = None,
    rest: tuple[str, float] | None = None,
    most: int = MOST_BARS,
) -> Markup:
    """Categories as horizontal bars, in the order given: a table whose cells are drawn.

    The first ``most`` are shown, the others in one row without a bar: as ``rest`` says (its label and its
    figure, which then stand for all that is not shown), or as their number and their sum. Bars of negative
    figures go to the left of the zero. ``total`` adds each figure's share of it.
    """
    counted = [(str(label), _finite(figure)) for label, figure in rows]
    kept = [(label, figure) for label, figure in counted if figure is not None]
    if not kept:
        return _nothing(name)
    whole, shown = _finite(total) or 0.0, kept[:most]
    low, high = min(0.0, *(one for _, one in shown)), max(0.0, *(one for _, one in shown))
    lines = [_bar(label, figure, low, high, _of(figure, whole)) for label, figure in shown]
    others = [figure for _, figure in kept[most:]]
    if rest is None and others:
        rest = (f"{len(others):,} others", math.fsum(one / len(others) for one in others) * len(others))
    if rest:
        lines.append(
            Markup(
                '<tr class="others"><th scope="row">{}</th><td class="bar"></td><td class="number">{}</td></tr>'
            ).format(legible(rest[0], 40), _of(rest[1], whole))
        )
    left_out = len(counted) - len(kept)
    caption = f"{legible(name)}, {unit}" + (
        f"; {left_out} without a number are left out" if left_out else ""
    )
    return Markup(
        '<table class="bars"><caption class="unseen">{}</caption><tbody>{}</tbody></table>'
    ).format(caption, Markup("").join(lines))


def _bar(label: str, figure: float, low: float, high: float, told: str) -> Markup:
    zero = _place(0.0, low, high) if low < high else 0.0
    end = _place(figure, low, high) if low < high else 0.0
    width = max(abs(end - zero) * 100, LEAST if figure else 0.0)
    drawn = _rect(min(min(zero, end) * 100, 100 - width), 0, width, 8) if figure else ""
    return Markup(
        '<tr><th scope="row"><bdi>{}</bdi></th><td class="bar">'
        '<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
        '</td><td class="number">{}</td></tr>'
    ).format(legible(label, 40) or "(empty)", drawn, told)


def share_bar(parts: Sequence[tuple[str, float, str]], *, name: str) -> Markup:
    """Parts of a whole as one bar with its legend: label, amount, and look.

    A look is full, missing, disguised, good, wait or bad; another one is drawn as missing. What is
    negative or no number counts as nothing.
    """
    kept = [(label, max(0.0, _finite(amount) or 0.0), look) for label, amount, look in parts]
    largest = max((amount for _, amount, _ in kept), default=0.0)
    if not largest:
        return _nothing(name)
    # By the largest first: the sum of huge amounts is no number any more.
    whole = math.fsum(amount / largest for _, amount, _ in kept)
    shapes, legend, left = [], [], 0.0
    for label, amount, look in kept:
        if not amount:
            continue
        part = amount / largest / whole
        shown = look if look in _LOOKS else "missing"
        shapes.append(_rect(left, 0, part * 100, 8, shown))
        left += part * 100
        legend.append(
            Markup('<li><i class="key {}"></i>{} {}</li>').format(shown, _percent(part), legible(label))
        )
    said = ", ".join(f"{_percent(amount / largest / whole)} {legible(label)}" for label, amount, _ in kept)
    svg = _svg("share", 100, 8, name, said, shapes)
    return _figure(svg + Markup('<ul class="legend">{}</ul>').format(Markup("").join(legend)))


def sparkline(values: Sequence[float | None], *, name: str) -> Markup:
    """How a figure went, as small as a word; where a value is missing the line has a gap."""
    points = [Point(str(place + 1), value) for place, value in enumerate(values)]
    return _line(points, name=name, kind="spark", wide=100, high=24, unit="", bound=None)


def line(points: Sequence[Point], *, name: str, unit: str = "", bound: float | None = None) -> Markup:
    """How a figure went over time, the interval around it as a band, and the bound it is held to.

    Beyond 200 points neighbours are put together: the mean of their values, the widest of their intervals.
    """
    return _line(points, name=name, kind="line", wide=600, high=160, unit=unit, bound=bound)


def _line(
    points: Sequence[Point],
    *,
    name: str,
    kind: str,
    wide: float,
    high: float,
    unit: str,
    bound: float | None,
) -> Markup:
    kept = list(_thinned(points))
    values = [one.value for one in kept if one.value is not None]
    if not values:
        return _nothing(name)
    limit = _finite(bound)
    edges = [end for one in kept for end in (one.low, one.high) if end is not None]
    all_of = [*values, *edges, *([] if limit is None else [limit])]
    low, top = min(all_of), max(all_of)
    step = wide / max(1, len(kept) - 1)

    def at(place: int, value: float) -> str:
        x = place * step if len(kept) > 1 else wide / 2
        return f"{_trim(x)} {_trim(high - _place(value, low, top) * high)}"

    shapes: list[Markup] = []
    places = list(enumerate(kept))
    for there, run in groupby(
        places, key=lambda pair: pair[1].low is not None and pair[1].high is not None
    ):
        if there:
            held = list(run)
            up = [at(place, one.high) for place, one in held if one.high is not None]
            down = [at(place, one.low) for place, one in reversed(held) if one.low is not None]
            shapes.append(Markup('<path class="band" d="M{}Z"/>').format("L".join(up + down)))
    if limit is not None:
        y = _trim(high - _place(limit, low, top) * high)
        shapes.append(Markup('<path class="bound" d="M0 {}H{}"/>').format(y, _trim(wide)))
    for there, run in groupby(places, key=lambda pair: pair[1].value is not None):
        if there:
            path = "L".join(at(place, one.value) for place, one in run if one.value is not None)
            # A line of one point: a length of nothing with round ends is a dot.
            shapes.append(Markup('<path class="value" d="M{}h0"/>').format(path))
    gone = len(kept) - len(values)
    described = (
        f"{len(kept)} points, first {_with(unit, values[0])}, last {_with(unit, values[-1])}, "
        f"lowest {_with(unit, min(values))}, highest {_with(unit, max(values))}."
        + (f" Held to {_with(unit, limit)}." if limit is not None else "")
        + (f" {gone} have no value." if gone else "")
    )
    svg = _svg(kind, wide, high, name, described, shapes)
    table = _table(
        name,
        ("at", "value", "interval"),
        [(legible(one.label), _with(unit, one.value), _between(one)) for one in kept],
    )
    if kind == "spark":
        return _figure(svg + table)
    axes = Markup(
        '<p class="axis" aria-hidden="true"><span>{}</span><span>lowest {}, highest {}</span><span>{}</span></p>'
    ).format(legible(kept[0].label, 24), _with(unit, low), _with(unit, top), legible(kept[-1].label, 24))
    return _figure(svg + axes + table)


def _thinned(points: Sequence[Point]) -> Iterator[Point]:
    """Points with finite figures only, at most ``MOST_POINTS`` of them."""
    size = math.ceil(len(points) / MOST_POINTS) or 1
    for start in range(0, len(points), size):
        part = points[start : start + size]
        values = [found for one in part if (found := _finite(one.value)) is not None]
        pairs = [(_finite(one.low), _finite(one.high)) for one in part]
        ends = [(low, high) for low, high in pairs if low is not None and high is not None]
        yield Point(
            part[0].label,
            math.fsum(one / len(values) for one in values) if values else None,
            min((low for low, _ in ends), default=None),
            max((high for _, high in ends), default=None),
        )


def _merged(bins: Sequence[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    size = math.ceil(len(bins) / MOST_BINS) or 1
    for start in range(0, len(bins), size):
        part = bins[start : start + size]
        # Counts of 10^300 each would add up to no number.
        yield part[0][0], min(math.fsum(rows / size for _, rows in part), 1e300 / size) * size


def _quantile_marks(
    bins: Sequence[tuple[str, float]], quantiles: Sequence[float], highest: str | None
) -> list[Markup]:
    found = [_finite(one) for one in quantiles]
    read = [_finite(label) for label, _ in bins] + [_finite(highest)]
    edges = [one for one in read if one is not None]
    at = [one for one in found if one is not None]
    if len(at) != 5 or len(edges) != len(read) or sorted(set(edges)) != edges or sorted(at) != at:
        return []
    spots = []
    for one in at:
        place = min(max(bisect_right(edges, one) - 1, 0), len(bins) - 1)
        inside = _place(one, edges[place], edges[place + 1])
        spots.append((place + inside) / len(bins) * _WIDE)
    five, quarter, half, three, most = spots
    return [
        _rect(five, _HIGH + 6.5, most - five, 2, "whisker"),
        _rect(quarter, _HIGH + 4, three - quarter, 7, "box"),
        _rect(min(half, _WIDE - 2), _HIGH + 3, 2, 9, "median"),
    ]


def _finite(value: object) -> float | None:
    """A figure as a finite float; text is read, and what is none gives None."""
    if value is None or isinstance(value, bool):
        return None
    try:
        figure = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return figure if math.isfinite(figure) else None


def _place(value: float, low: float, high: float) -> float:
    """Where a value lies between two others, 0 to 1; in the middle if they are one. Halved: no overflow."""
    span = high / 2 - low / 2
    return min(1.0, max(0.0, (value / 2 - low / 2) / span)) if span > 0 else 0.5


def _high(rows: float, tallest: float) -> float:
    return max(LEAST, rows / tallest * _HIGH) if rows else 0.0


def _edge(label: str) -> str:
    figure = _finite(label)
    # A year or a code is written as it is: 2019, not 2,019.
    plain = figure is None or (len(label) <= 6 and label.lstrip("-").isdecimal())
    return legible(label, 24) if plain else number(figure)


def _of(figure: float, whole: float) -> str:
    return f"{number(figure)} ({_percent(figure / whole)})" if whole > 0 else number(figure)


def _percent(part: float) -> str:
    """`43.2 %`; what is not all, or not nothing, is never shown as if it were."""
    if 0 < part < 0.001:
        return "< 0.1 %"
    if 0.999 < part < 1:
        return "> 99.9 %"
    return f"{part * 100:.1f} %".replace(".0 %", " %")


def _with(unit: str, value: float | None) -> str:
    return f"{number(value)} {unit}".strip() if value is not None else "–"


def _between(one: Point) -> str:
    return (
        f"{number(one.low)} to {number(one.high)}" if one.low is not None and one.high is not None else "–"
    )


def _trim(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _rect(x: float, y: float, width: float, height: float, look: str = "") -> Markup:
    kind = Markup(' class="{}"').format(look) if look else Markup("")
    return Markup('<rect{} x="{}" y="{}" width="{}" height="{}"/>').format(
        kind, _trim(x), _trim(y), _trim(width), _trim(height)
    )


def _svg(
    kind: str, wide: float, high: float, name: str, described: str, shapes: Sequence[Markup]
) -> Markup:
    return Markup(
        '<svg class="{}" role="img" viewBox="0 0 {} {}" preserveAspectRatio="none">'
        "<title>{}</title><desc>{}</desc>{}</svg>"
    ).format(kind, _trim(wide), _trim(high), legible(name), described, Markup("").join(shapes))


def _table(name: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(one) for one in heads)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row))
        for row in rows
    )
    return Markup(
        '<details><summary>As a table</summary><table><caption class="unseen">{}</caption>'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></details>"
    ).format(legible(name), head, body)


def _figure(inner: Markup) -> Markup:
    return Markup('<figure class="chart">{}</figure>').format(inner)


def _nothing(name: str) -> Markup:
    return Markup('<p class="quiet">No data to draw: {}.</p>').format(legible(name))
