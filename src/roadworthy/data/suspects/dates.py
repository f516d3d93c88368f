"""Dates: impossible ones, ones written another way than their column, days that no calendar of the column reaches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from roadworthy.data.suspects.columns import Column
from roadworthy.data.suspects.suspect import ValueHit
from roadworthy.data.suspects.tokens import SENTINEL_DAYS

_LONG = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_NAMES = tuple(name[:3] for name in _LONG)
_MONTHS = {name.lower(): at + 1 for at, name in enumerate(_NAMES)}
_TAIL = r"(?P<tail>[T ]\d{1,2}:\d{2}.*)?"
_FORMS = (
    ("ymd", re.compile(rf"(?P<y>\d{{4}})(?P<s>[-/.])(?P<m>\d{{1,2}})(?P=s)(?P<d>\d{{1,2}}){_TAIL}")),
    ("?", re.compile(rf"(?P<a>\d{{1,2}})(?P<s>[-/.])(?P<b>\d{{1,2}})(?P=s)(?P<y>\d{{4}}|\d{{2}}){_TAIL}")),
    (
        "dMy",
        re.compile(rf"(?P<d>\d{{1,2}})(?P<s>[- ])(?P<M>[A-Za-z]{{3,9}})\.?(?P=s)(?P<y>\d{{4}}){_TAIL}"),
    ),
    ("Mdy", re.compile(rf"(?P<M>[A-Za-z]{{3,9}})\.?(?P<s> )(?P<d>\d{{1,2}}), ?(?P<y>\d{{4}}){_TAIL}")),
    ("compact", re.compile(r"(?P<y>(?:1[89]|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})")),
)
_SPREADSHEET = re.compile(r"(\d{1,2})-([A-Za-z]{3})|([A-Za-z]{3})-\d{2}")
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class Written:
    """A date as it is written: its form with separator and padding, and its parts before they are believed."""

    form: str
    separator: str
    padded: bool
    short_year: bool
    long_month: bool
    year: int
    month: int
    day: int
    tail: str = ""

    @property
    def style(self) -> tuple[str, str, bool, bool]:
        return self.form, self.separator, self.short_year, bool(self.tail)

    @property
    def day_of_time(self) -> int | None:
        """Days since year 1; None for a day that does not exist."""
        year = self.year
        if self.short_year:
            year += 2000 if year < 50 else 1900
        try:
            return date(year, self.month, self.day).toordinal()
        except ValueError:
            return None


def date_hits(column: Column, written: dict[int, Written]) -> Iterator[ValueHit]:
    """What is wrong with the dates of a column of dates; elsewhere, what only looks like a date by mistake.

    ``written`` is what ``dates_of`` gave for the column.
    """
    if not written:
        yield from _by_spreadsheet(column)
        return
    rows = {code: int(column.counts[code]) for code in written}
    styles: Counter[tuple[str, str, bool, bool]] = Counter()
    for code, one in written.items():
        styles[one.style] += rows[code]
    usual, most = styles.most_common(1)[0]
    total = sum(styles.values())
    example = next(one for one in written.values() if one.style == usual)
    padded = (
        sum(rows[code] for code, one in written.items() if one.style == usual and one.padded) > 0.5 * most
    )
    for code, one in written.items():
        if one.day_of_time is None:
            yield ValueHit(column.index, code, "date", 0.93, "no such day")
        elif one.style != usual and most > 0.55 * total and (share := styles[one.style] / total) < 0.35:
            confidence = float(np.interp(share, (0.0, 0.1, 0.35), (0.9, 0.8, 0.5)))
            repair = None if one.form == "?" else _respelled(one, example, padded=padded)
            yield ValueHit(
                column.index, code, "date", confidence, "a date in another notation than its column", repair
            )
    yield from _far_off(column, written)


def dates_of(column: Column) -> dict[int, Written]:
    """Codes of a column of dates to what they spell; empty where the column holds something else.

    Whether 3/4 is in March or April is read from the column: one day beyond twelve decides for all.
    """
    if column.filled < _FEWEST or not any(char.isdigit() for char in column.mask_rows.most_common(1)[0][0]):
        return {}
    found: dict[int, tuple[str, re.Match[str]]] = {}
    dated = 0
    first = [column.trimmed[code] for code in np.flatnonzero(column.solid)[:200]]
    if sum(any(pattern.fullmatch(text) for _, pattern in _FORMS) for text in first) < 0.3 * len(first):
        return {}
    for code in np.flatnonzero(column.solid).tolist():
        text = column.trimmed[code]
        if not 6 <= len(text) <= 40:
            continue
        for form, pattern in _FORMS:
            if match := pattern.fullmatch(text):
                found[int(code)] = (form, match)
                dated += int(column.counts[code])
                break
    if dated < 0.6 * column.filled:
        return {}
    order = _order(found, column)
    written = {code: _written(form, match, order) for code, (form, match) in found.items()}
    kept = {code: one for code, one in written.items() if one is not None}
    real = sum(one.day_of_time is not None for one in kept.values())
    if real < 0.9 * len(kept):
        return {}
    return kept


def _order(found: dict[int, tuple[str, re.Match[str]]], column: Column) -> dict[str, str]:
    """Separator to ``dmy``, ``mdy`` or ``?``, by the days beyond twelve."""
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for code, (form, match) in found.items():
        if form == "?":
            first[match["s"]] += int(column.counts[code]) * (int(match["a"]) > 12 >= int(match["b"]))
            second[match["s"]] += int(column.counts[code]) * (int(match["b"]) > 12 >= int(match["a"]))
    order = {}
    for separator in first:
        if first[separator] > 20 * second[separator]:
            order[separator] = "dmy"
        elif second[separator] > 20 * first[separator]:
            order[separator] = "mdy"
    return order


def _written(form: str, match: re.Match[str], order: dict[str, str]) -> Written | None:
    parts = match.groupdict()
    padded = True
    if form == "?":
        first, second = int(parts["a"]), int(parts["b"])
        padded = len(parts["a"]) == 2 and len(parts["b"]) == 2
        known = order.get(parts["s"])
        if known is None and (first > 12) != (second > 12):
            known = "dmy" if first > 12 else "mdy"
        day, month = (first, second) if known == "dmy" else (second, first)
        form = known or "?"
        # No day as the column writes them, but one the other way round.
        if known is not None and month > 12 >= day:
            form, day, month = ("dmy" if form == "mdy" else "mdy"), month, day
    elif parts.get("M"):
        named = _MONTHS.get(parts["M"][:3].lower())
        if named is None:
            return None
        day, month = int(parts["d"]), named
        padded = len(parts["d"]) == 2
    else:
        day, month = int(parts["d"]), int(parts["m"])
        padded = len(parts["d"]) == 2 and len(parts["m"]) == 2
    return Written(
        form=form,
        separator=parts.get("s") or "",
        padded=padded,
        short_year=len(parts["y"]) == 2,
        long_month=len(parts.get("M") or "") > 3,
        year=int(parts["y"]),
        month=month,
        day=day,
        tail=parts.get("tail") or "",
    )


def _respelled(one: Written, like: Written, *, padded: bool) -> str | None:
    if like.form == "?" or bool(like.tail) != bool(one.tail):
        return None
    year = one.year + ((2000 if one.year < 50 else 1900) if one.short_year else 0)
    width = 2 if padded else 1
    day, month = f"{one.day:0{width}d}", f"{one.month:0{width}d}"
    spelled = f"{year % 100:02d}" if like.short_year else f"{year:04d}"
    name = (_LONG if like.long_month else _NAMES)[one.month - 1]
    s = like.separator
    text = {
        "ymd": f"{spelled}{s}{month}{s}{day}",
        "dmy": f"{day}{s}{month}{s}{spelled}",
        "mdy": f"{month}{s}{day}{s}{spelled}",
        "dMy": f"{day}{s}{name}{s}{spelled}",
        "Mdy": f"{name} {day}, {spelled}",
        "compact": f"{year:04d}{one.month:02d}{one.day:02d}",
    }[like.form]
    return text + one.tail


def _by_spreadsheet(column: Column) -> Iterator[ValueHit]:
    """`9-6` that became `6-Sep` among ranges and codes."""
    ranges = sum(rows for mask, rows in column.mask_rows.items() if mask in ("9-9", "9/9", "9.9"))
    if column.filled < _FEWEST or ranges < 0.4 * column.filled:
        return
    found = {}
    for code in np.flatnonzero(column.solid).tolist():
        if match := _SPREADSHEET.fullmatch(column.trimmed[code]):
            found[int(code)] = match
    share = sum(int(column.counts[code]) for code in found) / column.filled
    if share > 0.1:
        return
    for code, match in found.items():
        month = _MONTHS.get((match[2] or match[3]).lower())
        if month is not None:
            repair = f"{month}-{match[1]}" if match[1] else None
            yield ValueHit(column.index, code, "date", 0.85, "a spreadsheet took it for a date", repair)


def _far_off(column: Column, written: dict[int, Written]) -> Iterator[ValueHit]:
    """Days far outside the others, judged by how wide the bulk of them is spread."""
    codes = [code for code, one in written.items() if one.day_of_time is not None]
    days = np.array([written[code].day_of_time or 0 for code in codes], dtype=np.float64)
    counts = column.counts[codes]
    if counts.sum() < 50:
        return
    order = np.argsort(days)
    places = np.cumsum(counts[order]) / counts.sum()
    low, middle, high = (float(days[order][np.searchsorted(places, q)]) for q in (0.03, 0.5, 0.97))
    floor, ceiling = low - 4 * (middle - low) - 1500, high + 4 * (high - middle) + 1500
    for code, day in zip(codes, days.tolist(), strict=True):
        one = written[code]
        sentinel = (one.year, one.month, one.day) in SENTINEL_DAYS and not low <= day <= high
        outside = not floor <= day <= ceiling
        share = float(column.counts[code]) / column.filled
        if sentinel and share < 0.2:
            yield ValueHit(column.index, code, "missing", 0.85, "a day that stands for no date", "")
        elif outside and share < 0.02:
            yield ValueHit(column.index, code, "outlier", 0.85, "a day far outside those of the column")
