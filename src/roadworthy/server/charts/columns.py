"""What a total is made of, day by day."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from roadworthy.server.charts import drawing
from roadworthy.server.charts.figures import finite, legible, trim, with_unit

MOST_COLUMNS = 120
MOST_SERIES = 6

_WIDE, _HIGH = 600.0, 160.0


def stacked(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    name: str,
    unit: str = "",
) -> Markup:
    """One column for each label, built of the series in the order given; their sums decide its height.

    Beyond 120 columns neighbours are added up; beyond six series the others are one, `other`. What is negative or no
    number counts as nothing and is said to be left out. Errors: ``ValueError`` if a series has not one value a label.
    """
    for label, values in series:
        if len(values) != len(labels):
            raise ValueError(f"`{label}` has {len(values)} values for {len(labels)} columns")
    left_out = sum(not _counts(value) for _, values in series for value in values if value is not None)
    kept = _few([(label, [_amount(value) for value in values]) for label, values in series])
    size = math.ceil(len(labels) / MOST_COLUMNS) or 1
    shown = [str(label) for label in labels[::size]]
    kept = [
        (label, [math.fsum(values[at : at + size]) for at in range(0, len(values), size)])
        for label, values in kept
    ]
    sums = [math.fsum(values[at] for _, values in kept) for at in range(len(shown))]
    tallest = max(sums, default=0.0)
    if not tallest or not math.isfinite(tallest):
        return drawing.nothing(name)
    wide = _WIDE / len(shown)
    gap = min(3.0, wide * 0.2)
    shapes, tops = [], [_HIGH] * len(shown)
    for place, (_, values) in enumerate(kept):
        paths = []
        for at, value in enumerate(values):
            if not value:
                continue
            foot = tops[at]
            tops[at] = max(0.0, foot - value / tallest * _HIGH)
            left, right = at * wide + gap / 2, (at + 1) * wide - gap / 2
            paths.append(f"M{trim(left)} {trim(foot)}V{trim(tops[at])}H{trim(right)}V{trim(foot)}Z")
        if paths:
            shapes.append(Markup('<path class="part part-{}" d="{}"/>').format(place + 1, "".join(paths)))
    highest = sums.index(tallest)
    said = (
        f"{len(shown)} columns from {legible(shown[0])} to {legible(shown[-1])}; "
        f"the highest, {with_unit(unit, tallest)}, is {legible(shown[highest])}."
        + (f" {left_out} without an amount are left out." if left_out else "")
    )
    drawn = drawing.svg("line", _WIDE, _HIGH, name, said, shapes)
    axes = drawing.ends(
        legible(shown[0], 24), legible(shown[-1], 24), f"highest {with_unit(unit, tallest)}"
    )
    whole = math.fsum(sums)
    keys = drawing.legend(
        [
            (f"part-{place + 1}", f"{legible(label)} {with_unit(unit, _rounded(math.fsum(values), whole))}")
            for place, (label, values) in enumerate(kept)
        ]
    )
    told = drawing.table(
        name,
        ("at", *(legible(label) for label, _ in kept), "sum"),
        [
            (
                legible(label),
                *(with_unit(unit, values[at]) for _, values in kept),
                with_unit(unit, sums[at]),
            )
            for at, label in enumerate(shown)
        ],
    )
    return drawing.figure(drawn + axes + keys + told)


def _few(series: list[tuple[str, list[float]]]) -> list[tuple[str, list[float]]]:
    if len(series) <= MOST_SERIES:
        return series
    rest = [values for _, values in series[MOST_SERIES - 1 :]]
    other = [math.fsum(column) for column in zip(*rest, strict=True)]
    return [*series[: MOST_SERIES - 1], ("other", other)]


def _counts(value: object) -> bool:
    figure = finite(value)
    return figure is not None and figure >= 0


def _amount(value: object) -> float:
    figure = finite(value)
    return min(figure, 1e290) if figure is not None and figure > 0 else 0.0


def _rounded(value: float, whole: float) -> float:
    # Sums of parts such as 0.1 end in digits that nobody counted.
    return float(f"{value:.12g}") if whole else value
