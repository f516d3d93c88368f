"""Two spellings of one value in one column: capitals, punctuation, spaces, units."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from roadworthy.data.suspects.columns import Column
from roadworthy.data.suspects.suspect import ValueHit

_NOISE = re.compile(r"[\W_]+")
_AMOUNT = re.compile(r"([+-]?\d[\d,]*(?:\.\d+)?)(\s*)([^\d\s][^\d]{0,24})?")
_CURRENCY = re.compile(r"([$€£¥]\s?)([+-]?\d[\d,]*(?:\.\d+)?)")
_FEWEST = 20
_SAME_UNIT = {
    "ounce": "oz", "ounces": "oz", "pound": "lb", "pounds": "lb", "lbs": "lb", "gram": "g", "grams": "g", "gr": "g",
    "kilogram": "kg", "kilograms": "kg", "kgs": "kg", "kilo": "kg", "liter": "l", "litre": "l", "liters": "l", "litres": "l",
    "minute": "min", "minutes": "min", "mins": "min", "second": "s", "seconds": "s", "sec": "s", "secs": "s",
    "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "percent": "%", "pct": "%", "inch": "in", "inches": "in",
    "meter": "m", "metre": "m", "meters": "m", "metres": "m", "pieces": "pcs", "piece": "pcs", "pc": "pcs",
}  # fmt: skip


def spelling_hits(column: Column) -> Iterator[ValueHit]:
    """Rare spellings of values that the column mostly spells another way."""
    if column.filled < _FEWEST or column.is_prose:
        return
    yield from _variants(column)
    yield from _units(column)


def _variants(column: Column) -> Iterator[ValueHit]:
    """Edge: where both spellings are about as frequent neither is the wrong one."""
    if column.number_share > 0.5 or column.letter_share < 0.5:
        return
    groups: dict[str, list[int]] = defaultdict(list)
    for code in np.flatnonzero(column.solid).tolist():
        key = _NOISE.sub("", column.trimmed[code].casefold())
        if len(key) >= 3 and not key.isdigit():
            groups[key].append(int(code))
    for codes in groups.values():
        if len(codes) < 2:
            continue
        by_text: Counter[str] = Counter()
        for code in codes:
            by_text[column.trimmed[code]] += int(column.counts[code])
        (usual, most), *others = by_text.most_common()
        if not others:
            continue
        for code in codes:
            text = column.trimmed[code]
            rows = by_text[text]
            if text == usual or most < 3 * rows or most < 3:
                continue
            confidence = float(np.interp(np.log(most / rows), np.log((3, 10, 100)), (0.55, 0.78, 0.9)))
            yield ValueHit(
                column.index, code, "spelling", confidence, f"another spelling of `{usual[:60]}`", usual
            )


@dataclass(frozen=True, slots=True)
class _Amount:
    number: str
    gap: str
    unit: str
    before: str = ""

    @property
    def style(self) -> str:
        return f"{self.before}|{self.gap and ' '}{self.unit}"


def _units(column: Column) -> Iterator[ValueHit]:
    """Amounts with a unit among bare ones, bare ones among amounts with a unit, and units spelled in two ways."""
    amounts: dict[int, _Amount] = {}
    for code in np.flatnonzero(column.solid).tolist():
        text = column.trimmed[code]
        if text[0] in "$€£¥" and (match := _CURRENCY.fullmatch(text)):
            amounts[int(code)] = _Amount(match[2], "", "", match[1])
        elif (text[0].isdigit() or text[0] in "+-") and (match := _AMOUNT.fullmatch(text)):
            amounts[int(code)] = _Amount(match[1], match[2], (match[3] or "").rstrip())
    rows = sum(int(column.counts[code]) for code in amounts)
    styles: Counter[str] = Counter()
    for code, one in amounts.items():
        styles[one.style] += int(column.counts[code])
    if rows < 0.8 * column.filled or len(styles) < 2 or (len(amounts) < 5 and len(styles) > len(amounts)):
        return
    usual, most = styles.most_common(1)[0]
    # A code that begins with digits (`12A`, `7B`) has as many units as values.
    if most < 0.5 * rows or len(styles) > 0.3 * len(amounts) + 12:
        return
    like = next(one for one in amounts.values() if one.style == usual)
    strength = float(np.interp(most / rows, (0.5, 0.7, 0.9), (0.6, 0.75, 0.9)))
    for code, one in amounts.items():
        if one.style == usual:
            continue
        same = _unit(one.unit) == _unit(like.unit) or not one.unit or not like.unit
        # Two currencies are two amounts; one that is left out is the column's own.
        same = same and (one.before.strip() == like.before.strip() or not (one.before and like.before))
        repair = f"{like.before}{one.number}{like.gap}{like.unit}" if same else None
        reason = f"written with {_said(one)}, the column mostly with {_said(like)}"
        often = styles[one.style] / rows
        confidence = strength * (1.0 if same else 0.75) * float(np.interp(often, (0.1, 0.45), (1.0, 0.8)))
        yield ValueHit(column.index, code, "unit", confidence, reason, repair)


def _unit(text: str) -> str:
    plain = text.casefold().strip(" .")
    return _SAME_UNIT.get(plain, plain)


def _said(amount: _Amount) -> str:
    found = (amount.before + amount.unit).strip()
    return f"`{found}`" if found else "no unit"
