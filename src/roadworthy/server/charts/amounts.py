"""Amounts beside one another: how many lie where, which is the largest, what a whole is made of."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from roadworthy.server.charts import drawing
from roadworthy.server.charts.drawing import rect
from roadworthy.server.charts.figures import (
    edge,
    finite,
    legible,
    number,
    part_of,
    percent,
    place_of,
    with_unit,
)

MOST_BINS = 40
MOST_BARS = 8
LEAST = 0.75
"""Height below which a bar that stands for something would vanish."""

_WIDE, _HIGH, _BOX = 300.0, 60.0, 72.0
_LOOKS = ("full", "missing", "disguised", "good", "wait", "bad")


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
    counted = [(str(label), finite(rows)) for label, rows in bins]
    kept = [(label, max(0.0, rows)) for label, rows in counted if rows is not None]
    left_out = len(counted) - len(kept)
    kept = list(_merged(kept))
    tallest = max((rows for _, rows in kept), default=0.0)
    if not tallest:
        return drawing.nothing(name)
    wide = _WIDE / len(kept)
    gap = min(1.5, wide * 0.15)
    shapes = [
        rect(place * wide + gap / 2, _HIGH - high, wide - gap, high)
        for place, (_, rows) in enumerate(kept)
        if (high := _high(rows, tallest))
    ]
    ends = (edge(kept[0][0]), edge(highest if highest is not None else kept[-1][0]))
    busiest = max(kept, key=lambda pair: pair[1])
    described = f"{ends[0]} to {ends[1]}; most {unit}, {number(busiest[1])}, from {edge(busiest[0])}."
    marks = _quantile_marks(kept, quantiles, highest)
    if marks:
        shapes += marks
        five, quarter, half, three, most = (number(one) for one in quantiles)
        described += f" Median {half}, middle half {quarter} to {three}, 90 % from {five} to {most}."
    if left_out:
        described += f" {left_out} bins without a number are left out."
    drawn = drawing.svg("dist", _WIDE, _BOX if marks else _HIGH, name, described, shapes)
    told = drawing.table(name, ("from", unit), [(edge(label), number(rows)) for label, rows in kept])
    return drawing.figure(drawn + drawing.ends(*ends) + told)


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
    counted = [(str(label), finite(figure)) for label, figure in rows]
    kept = [(label, figure) for label, figure in counted if figure is not None]
    if not kept:
        return drawing.nothing(name)
    whole, shown = finite(total) or 0.0, kept[:most]
    low, high = min(0.0, *(one for _, one in shown)), max(0.0, *(one for _, one in shown))
    lines = [_bar(label, figure, low, high, part_of(figure, whole)) for label, figure in shown]
    others = [figure for _, figure in kept[most:]]
    if rest is None and others:
        rest = (f"{len(others):,} others", math.fsum(one / len(others) for one in others) * len(others))
    if rest:
        lines.append(
            Markup(
                '<tr class="others"><th scope="row">{}</th><td class="bar"></td><td class="number">{}</td></tr>'
            ).format(legible(rest[0], 40), part_of(rest[1], whole))
        )
    left_out = len(counted) - len(kept)
    caption = f"{legible(name)}, {unit}" + (
        f"; {left_out} without a number are left out" if left_out else ""
    )
    return Markup(
        '<table class="bars"><caption class="unseen">{}</caption><tbody>{}</tbody></table>'
    ).format(caption, Markup("").join(lines))


def _bar(label: str, figure: float, low: float, high: float, told: str) -> Markup:
    zero = place_of(0.0, low, high) if low < high else 0.0
    end = place_of(figure, low, high) if low < high else 0.0
    width = max(abs(end - zero) * 100, LEAST if figure else 0.0)
    drawn = rect(min(min(zero, end) * 100, 100 - width), 0, width, 8) if figure else ""
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
    kept = [(label, max(0.0, finite(amount) or 0.0), look) for label, amount, look in parts]
    largest = max((amount for _, amount, _ in kept), default=0.0)
    if not largest:
        return drawing.nothing(name)
    # By the largest first: the sum of huge amounts is no number any more.
    whole = math.fsum(amount / largest for _, amount, _ in kept)
    shapes: list[Markup] = []
    legend: list[tuple[str, object]] = []
    left = 0.0
    for label, amount, look in kept:
        if not amount:
            continue
        part = amount / largest / whole
        shown = look if look in _LOOKS else "missing"
        shapes.append(rect(left, 0, part * 100, 8, shown))
        left += part * 100
        legend.append((shown, f"{percent(part)} {legible(label)}"))
    said = ", ".join(f"{percent(amount / largest / whole)} {legible(label)}" for label, amount, _ in kept)
    drawn = drawing.svg("share", 100, 8, name, said, shapes)
    return drawing.figure(drawn + drawing.legend(legend))


def _merged(bins: Sequence[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    size = math.ceil(len(bins) / MOST_BINS) or 1
    for start in range(0, len(bins), size):
        part = bins[start : start + size]
        # Counts of 10^300 each would add up to no number.
        yield part[0][0], min(math.fsum(rows / size for _, rows in part), 1e300 / size) * size


def _quantile_marks(
    bins: Sequence[tuple[str, float]], quantiles: Sequence[float], highest: str | None
) -> list[Markup]:
    found = [finite(one) for one in quantiles]
    read = [finite(label) for label, _ in bins] + [finite(highest)]
    edges = [one for one in read if one is not None]
    at = [one for one in found if one is not None]
    if len(at) != 5 or len(edges) != len(read) or sorted(set(edges)) != edges or sorted(at) != at:
        return []
    spots = []
    for one in at:
        place = min(max(bisect_right(edges, one) - 1, 0), len(bins) - 1)
        inside = place_of(one, edges[place], edges[place + 1])
        spots.append((place + inside) / len(bins) * _WIDE)
    five, quarter, half, three, most = spots
    return [
        rect(five, _HIGH + 6.5, most - five, 2, "whisker"),
        rect(quarter, _HIGH + 4, three - quarter, 7, "box"),
        rect(min(half, _WIDE - 2), _HIGH + 3, 2, 9, "median"),
    ]


def _high(rows: float, tallest: float) -> float:
    return max(LEAST, rows / tallest * _HIGH) if rows else 0.0


def bullet(
    now: float | None,
    *,
    baseline: float | None = None,
    target: float | None = None,
    name: str,
    unit: str = "",
) -> Markup:
    """One figure on its way from where it began to where it shall be: a bar, and a mark for each of the two.

    The scale holds all figures that are given; it begins at zero unless one of them is negative.
    """
    figures = [
        (said, finite(value)) for said, value in (("now", now), ("baseline", baseline), ("target", target))
    ]
    known = {said: value for said, value in figures if value is not None}
    if not known:
        return drawing.nothing(name)
    low, high = min(0.0, *known.values()), max(0.0, *known.values())
    if low == high:
        high = low + 1
    zero = place_of(0.0, low, high) * 100
    shapes = [rect(0, 3, 100, 6, "track")]
    if "now" in known:
        end = place_of(known["now"], low, high) * 100
        width = max(abs(end - zero), LEAST if known["now"] else 0.0)
        shapes.append(rect(min(zero, end, 100 - width), 3, width, 6))
    shapes += [
        rect(min(place_of(known[said], low, high) * 100, 99.2), 0, 0.8, 12, said)
        for said in ("baseline", "target")
        if said in known
    ]
    said = " · ".join(f"{word} {with_unit(unit, value)}" for word, value in known.items())
    drawn = drawing.svg("bullet", 100, 12, name, said, shapes)
    return drawing.figure(drawn + Markup('<p class="quiet">{}</p>').format(said))
