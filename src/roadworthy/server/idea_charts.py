"""Charts about ideas as inline SVG: the portfolio picture, ranges on a common scale, the tornado.

Verdicts differ by shape and word as well as by colour. What stands in a chart stands beside it as text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from roadworthy.server.charts import legible

LOOKS = {"fund": "fund", "govern first": "govern", "wait": "wait", "refuse": "refuse"}
_WIDE, _HIGH = 960.0, 430.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 96.0, 936.0, 18.0, 330.0
_BAND = 118.0
_STRIP = 44.0
_APART = 17.0
_LINES = 9.0
_SHAPES = {
    "fund": Markup('<circle cx="0" cy="0" r="7"/>'),
    "govern": Markup('<path d="M0-9L9 0L0 9L-9 0Z"/>'),
    "wait": Markup('<path d="M0-8.5L8.5 6.5H-8.5Z"/>'),
    "refuse": Markup('<path class="open" d="M-6-6L6 6M6-6L-6 6"/>'),
}


@dataclass(frozen=True, slots=True)
class Spot:
    """One idea of the picture: its number in the list, its verdict, and its two ranges.

    ``value`` is p10, p50, p90, None where none can be computed; ``weeks`` the least and the most until
    nothing stands in the way, None where nobody can say or it is refused.
    """

    number: int
    name: str
    verdict: str
    value: tuple[float, float, float] | None
    weeks: tuple[float, float] | None


class Scale:
    """From figures to places between two ends. Linear; where sizes differ much, by their order of size.

    What is far apart is drawn by asinh, which is straight around zero and logarithmic beyond: gains of
    a million and of a thousand are both seen, and losses too.
    """

    def __init__(self, figures: Sequence[float], start: float, end: float) -> None:
        kept = sorted(abs(one) for one in figures if one)
        middle = kept[len(kept) // 2] if kept else 1.0
        self.bent = bool(kept) and kept[-1] > 12 * middle
        self.unit = middle / 2
        low, high = min(0.0, *figures, 0.0), max(0.0, *figures, 0.0)
        self.low, self.high = (low, high) if low < high else (0.0, 1.0)
        self._from, self._to = self._bend(self.low), self._bend(self.high)
        pad = (self._to - self._from) * 0.04
        self._from, self._to = self._from - (pad if low < 0 else 0), self._to + pad
        self.start, self.end = start, end

    def _bend(self, figure: float) -> float:
        return math.asinh(figure / self.unit) if self.bent else figure

    def at(self, figure: float) -> float:
        """The place of a figure, never beyond the ends."""
        part = (self._bend(figure) - self._from) / (self._to - self._from)
        return self.start + (self.end - self.start) * min(1.0, max(0.0, part))

    def ticks(self, most: int = 6) -> list[float]:
        """Round figures within the scale, zero among them."""
        if not self.bent:
            step = _round_up((self.high - self.low) / most)
            first = math.ceil(self.low / step - 1e-9)
            return [one * step for one in range(first, math.floor(self.high / step + 1e-9) + 1)]
        found = [0.0]
        for power in range(math.floor(math.log10(self.unit)), 16):
            for sign in (1, -1):
                figure = sign * 10.0**power
                if self.low <= figure <= self.high:
                    found.append(figure)
        found.sort()
        kept: list[float] = []
        for figure in found:
            if figure == 0 or all(abs(self.at(figure) - self.at(one)) > 18 for one in (*kept, 0.0)):
                kept.append(figure)
        return kept


def _round_up(step: float) -> float:
    size = 10.0 ** math.floor(math.log10(step))
    return next(each * size for each in (1, 2, 5, 10) if each * size >= step)


def money(amount: float | None, currency: str = "") -> str:
    """An amount as a board reads it, three figures that count: `1.24 M EUR`, `86,300 EUR`."""
    if amount is None or not math.isfinite(amount):
        return "–"
    size = abs(amount)
    if size >= 999_500:
        power, unit = (1e9, "bn") if size >= 999.5e6 else (1e6, "M")
        text = f"{amount / power:.3g} {unit}"
    else:
        # 86,312 is 86,300: nobody knows the last figures of a range.
        digits = max(0, math.floor(math.log10(size)) - 2) if size >= 1 else 0
        text = f"{round(amount / 10**digits) * 10**digits:,.0f}"
    return f"{text} {currency}".strip().replace("-", "−")


def sign(verdict: str) -> Markup:
    """The shape of a verdict, to stand before its word."""
    look = LOOKS.get(verdict, "wait")
    return Markup(
        '<svg class="sign {}" viewBox="-10 -10 20 20" width="13" height="13" aria-hidden="true">{}</svg>'
    ).format(look, _SHAPES[look])


def picture(spots: Sequence[Spot], *, currency: str, pace: float) -> Markup:
    """Value against how soon it can begin, both as ranges; further right is sooner, higher is worth more."""
    priced = [one for one in spots if one.value]
    figures = [end for one in priced for end in (one.value or ())]
    unpriced = len(priced) < len(spots)
    scale = Scale(figures or [0.0, 1.0], _BOTTOM if unpriced else _BOTTOM + 14 + _STRIP, _TOP)
    most = max((one.weeks[1] for one in spots if one.weeks), default=0.0)
    most = max(4.0, math.ceil(most))
    undated = any(one.weeks is None for one in spots)
    left, right = _LEFT + (_BAND if undated else 0), _RIGHT - _BAND

    def across(weeks: float) -> float:
        return right - 14 - (right - left - 28) * weeks / most

    shapes = [*_grid(scale, currency), *_weeks(across, most, left, right, undated), *_strip(spots)]
    places: list[tuple[float, float, float, float]] = []
    marks: list[Markup] = []
    for one in sorted(spots, key=lambda spot: -(spot.value[1] if spot.value else -math.inf)):
        high = scale.at(one.value[1]) if one.value else _BOTTOM + 14 + _STRIP / 2
        if one.weeks is None:
            wanted, room = _LEFT + 24, (_LEFT + 14, _LEFT + _BAND - 26)
        elif one.weeks[1] < 0.05:
            wanted, room = right + 22, (right + 14, _RIGHT - 26)
        else:
            wanted, room = across((one.weeks[0] + one.weeks[1]) / 2), (left + 14, right - 26)
        reach = (scale.at(one.value[2]), scale.at(one.value[0])) if one.value else (high, high)
        place = _free(wanted, high, reach, room, places)
        places.append((place, high, *reach))
        marks += _spot(one, place, high, scale, across)
    described = "; ".join(_said(one, currency) for one in spots)
    title = f"Value in {currency or 'money'} against weeks of work at {pace:g} hours a week"
    return Markup(
        '<figure class="chart picture"><svg role="img" viewBox="0 0 {:g} {:g}"><title>{}</title><desc>{}</desc>{}</svg></figure>'
    ).format(_WIDE, _HIGH, title, described, Markup("").join(shapes + marks))


def _grid(scale: Scale, currency: str) -> Iterator[Markup]:
    for tick in scale.ticks():
        high = scale.at(tick)
        look = "zero" if tick == 0 else "grid"
        yield Markup('<path class="{}" d="M{:g} {:.1f}H{:g}"/>').format(look, _LEFT, high, _RIGHT)
        told = money(tick, currency) if tick else "0"
        yield Markup('<text class="tick" x="{:g}" y="{:.1f}" text-anchor="end">{}</text>').format(
            _LEFT - 8, high + 4, told
        )


def _weeks(
    across: Callable[[float], float], most: float, left: float, right: float, undated: bool
) -> Iterator[Markup]:
    base = _BOTTOM + 14 + _STRIP
    yield Markup('<rect class="ready" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>').format(
        right, _TOP, _RIGHT - right, base - _TOP
    )
    label = Markup('<text class="tick" x="{:.1f}" y="{:g}" text-anchor="middle">{}</text>')
    yield label.format((right + _RIGHT) / 2, base + 16, "ready now")
    if undated:
        yield Markup('<rect class="undated" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>').format(
            _LEFT, _TOP, _BAND, base - _TOP
        )
        yield label.format(_LEFT + _BAND / 2, base + 16, "refused, or no day")
    step = _round_up(most / 5)
    for number in range(1, int(most / step) + 1):
        place = across(number * step)
        if place > left + 60:
            yield Markup('<path class="grid" d="M{:.1f} {:g}V{:g}"/>').format(place, base, base + 5)
            yield label.format(place, base + 16, f"{number * step:g} weeks")
    yield Markup('<text class="axis-name" x="{:g}" y="{:g}" text-anchor="middle">{}</text>').format(
        (left + right) / 2, base + 36, "work until nothing stands in the way; further right is sooner"
    )


def _strip(spots: Sequence[Spot]) -> Iterator[Markup]:
    if all(one.value for one in spots):
        return
    yield Markup('<path class="grid" d="M{:g} {:g}H{:g}"/>').format(_LEFT, _BOTTOM + 14, _RIGHT)
    yield Markup('<text class="tick" x="{:g}" y="{:g}" text-anchor="end">no value</text>').format(
        _LEFT - 8, _BOTTOM + 18 + _STRIP / 2
    )


def _free(
    wanted: float,
    high: float,
    reach: tuple[float, float],
    room: tuple[float, float],
    taken: Sequence[tuple[float, float, float, float]],
) -> float:
    """The place nearest to the wanted one where neither marks nor lines of others are covered."""

    low, top = room
    # Room for mark and number if there is, then for the mark alone, then for a part of it.
    for apart in (_APART * 1.9, _APART, _APART / 2):
        for step in range(int((top - low) / 4) + 1):
            for place in (wanted + step * 4, wanted - step * 4):
                if low <= place <= top and all(
                    (abs(place - x) > apart or abs(high - y) > _APART)
                    and (abs(place - x) > _LINES or reach[1] < upper or reach[0] > lower)
                    for x, y, upper, lower in taken
                ):
                    return place
    return min(top, max(low, wanted))


def _spot(
    one: Spot, place: float, high: float, scale: Scale, across: Callable[[float], float]
) -> Iterator[Markup]:
    look = LOOKS.get(one.verdict, "wait")
    lines = ""
    if one.value:
        lines += f"M{place:.1f} {scale.at(one.value[0]):.1f}V{scale.at(one.value[2]):.1f}"
    if one.weeks and one.weeks[1] - one.weeks[0] > 0.05:
        lines += f"M{across(one.weeks[1]):.1f} {high:.1f}H{across(one.weeks[0]):.1f}"
    if lines:
        yield Markup('<path class="reach {}" d="{}"/>').format(look, lines)
    yield Markup(
        '<g class="spot {}" transform="translate({:.1f} {:.1f})">{}<text x="11" y="-5">{}</text></g>'
    ).format(look, place, high, _SHAPES[look], one.number)


def _said(one: Spot, currency: str) -> str:
    value = (
        "no value" if one.value is None else f"{money(one.value[0])} to {money(one.value[2])} {currency}"
    )
    weeks = "no day" if one.weeks is None else f"{one.weeks[0]:g} to {one.weeks[1]:g} weeks"
    return f"{one.number} {legible(one.name, 40)}: {one.verdict}, {value}, {weeks}"


def span(low: float, middle: float, high: float, scale: Scale, *, look: str, mark: float = 0.0) -> Markup:
    """A range with its middle on a scale from 0 to 100, and a line at ``mark``, usually zero."""
    start, end = sorted((scale.at(low), scale.at(high)))
    wide = max(end - start, 0.8)
    return Markup(
        '<svg class="span {}" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="zero" d="M{:.2f} 0V10"/><rect x="{:.2f}" y="3" width="{:.2f}" height="4"/>'
        '<rect class="middle" x="{:.2f}" y="1" width="0.9" height="8"/></svg>'
    ).format(look, scale.at(mark), min(start, 100 - wide), wide, min(max(scale.at(middle) - 0.45, 0), 99.1))
