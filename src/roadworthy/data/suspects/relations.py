"""Rules between columns that the rows keep nearly always: order, sums, products, texts put together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from roadworthy.data.suspects.columns import Codes, Column, Table
from roadworthy.data.suspects.dates import Written
from roadworthy.data.suspects.suspect import RowHits

Floats = NDArray[np.float64]

_FEWEST = 60
_SAMPLE = 4000
_MOST_COLUMNS = 14
_EXCEPTIONS = 0.1
# Two texts put together to a third do not meet by chance, whatever the dirt on all three.
_COMPOSED_EXCEPTIONS = 0.3


@dataclass(slots=True)
class Relations:
    """Rows that break a rule, and per column how many rules each row keeps."""

    hits: list[RowHits] = field(default_factory=list)
    kept: dict[int, NDArray[np.float32]] = field(default_factory=dict)

    def keep(self, columns: Sequence[int], rows: Codes, number: int) -> None:
        """A rule that hardly fits unless all its cells are right vouches for them more than a group does."""
        for index in columns:
            self.kept.setdefault(index, np.zeros(number, dtype=np.float32))[rows] += np.float32(2.0)


def relations(table: Table, dates: Mapping[int, dict[int, Written]]) -> Relations:
    """Rules that at least nine of ten rows keep and chance would not, and the rows that break them.

    ``dates`` has per column what ``dates_of`` gave.
    """
    found = Relations()
    amounts, days = _measures(table, dates)
    found.hits.extend(_orders(table, days))
    found.hits.extend(_orders(table, amounts))
    _sums(table, amounts, found)
    _composed(table, found)
    return found


def _measures(
    table: Table, dates: Mapping[int, dict[int, Written]]
) -> tuple[dict[int, Floats], dict[int, Floats]]:
    """Columns of amounts and of days, per row; NaN where a cell holds neither."""
    amounts: dict[int, Floats] = {}
    days: dict[int, Floats] = {}
    for column in table.columns:
        if column.filled < _FEWEST:
            continue
        if column.is_quantity or (column.number_share > 0.9 and 1 < column.distinct < 8):
            amounts[column.index] = column.numbers[column.codes]
        elif written := dates.get(column.index):
            by_code = np.full(len(column.values), np.nan)
            for code, one in written.items():
                day = one.day_of_time
                by_code[code] = np.nan if day is None else day
            days[column.index] = by_code[column.codes]
    return dict(list(amounts.items())[:_MOST_COLUMNS]), days


def _orders(table: Table, measures: dict[int, Floats]) -> Iterator[RowHits]:
    """One column never below another, though their ranges overlap widely."""
    for one, other in itertools.permutations(measures, 2):
        low, high = measures[one], measures[other]
        both = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
        if len(both) < _FEWEST:
            continue
        broken = low[both] > high[both]
        share = float(broken.mean())
        if not 0 < share <= 0.03:
            continue
        # Against another row's value the order would be broken how often?
        chance = float((low[both] > np.roll(high[both], len(both) // 3 + 1)).mean())
        equal = float((low[both] == high[both]).mean())
        if chance < 0.2 or equal > 0.9 or share > 0.1 * chance:
            continue
        rows = both[broken]
        reason = f"`{table.columns[one].name}` lies above `{table.columns[other].name}`, elsewhere never"
        # One of the two is wrong, and nothing here says which.
        confidence = 0.42
        for index in (one, other):
            yield RowHits(
                index, "cross-column", rows, np.full(len(rows), confidence), [None] * len(rows), [reason]
            )


def _sums(table: Table, amounts: dict[int, Floats], found: Relations) -> None:
    """a + b = c and a * b = c, to the precision in which c is written."""
    done: set[tuple[int, ...]] = set()
    for one, other in itertools.combinations(amounts, 2):
        for third, made in amounts.items():
            if third in (one, other) or tuple(sorted((one, other, third))) in done:
                continue
            for sign, word in (("+", "sum"), ("*", "product")):
                split = _split(amounts[one], amounts[other], made, sign)
                if split is None:
                    continue
                done.add(tuple(sorted((one, other, third))))
                found.keep((one, other, third), split[0], table.rows)
                found.hits.extend(_blamed(table, amounts, (one, other, third), split[1], sign, word))
                break


def _made(a: Floats, b: Floats, sign: str) -> Floats:
    return a + b if sign == "+" else a * b


def _split(a: Floats, b: Floats, c: Floats, sign: str) -> tuple[Codes, Codes] | None:
    """Rows that keep the rule and rows that break it; None where it is no rule. Trivial ones (a zero, a one) prove nothing."""
    known = np.flatnonzero(np.isfinite(a) & np.isfinite(b) & np.isfinite(c))
    if len(known) < _FEWEST:
        return None
    neutral = 0.0 if sign == "+" else 1.0
    look = known[:: max(1, len(known) // _SAMPLE)]
    for rows in (look, known):
        telling = rows[(a[rows] != neutral) & (b[rows] != neutral) & (a[rows] != 0) & (b[rows] != 0)]
        if len(telling) < 0.1 * len(rows) or len(telling) < 30:
            return None
        made = _made(a[telling], b[telling], sign)
        if float((~_near(made, c[telling])).mean()) > _EXCEPTIONS or len(np.unique(np.round(made, 2))) < 10:
            return None
    near = _near(_made(a[known], b[known], sign), c[known])
    return known[near], known[~near]


def _near(made: Floats, written: Floats) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.abs(made - written) <= 0.011 + 1e-6 * np.abs(written)
    return near


def _blamed(
    table: Table, amounts: dict[int, Floats], three: tuple[int, int, int], rows: Codes, sign: str, word: str
) -> Iterator[RowHits]:
    """Each of the three could be wrong: the one whose repair is a value that its column often has is blamed."""
    if not len(rows):
        return
    a, b, c = (amounts[index] for index in three)
    names = [f"`{table.columns[index].name}`" for index in three]
    reason = f"{names[2]} is not the {word} of {names[0]} and {names[1]}, elsewhere it is"
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = (
            [c[rows] - b[rows], c[rows] - a[rows], a[rows] + b[rows]]
            if sign == "+"
            else [c[rows] / b[rows], c[rows] / a[rows], a[rows] * b[rows]]
        )
    weights = np.column_stack(
        [_plausible(table.columns[index], values) for index, values in zip(three, wanted, strict=True)]
    )
    # What is computed from the others is not typed in, but it is not always a value seen elsewhere either.
    weights[:, 2] = np.maximum(weights[:, 2], 0.25)
    shares = weights / np.maximum(1e-9, weights.sum(axis=1, keepdims=True))
    for place, index in enumerate(three):
        column = table.columns[index]
        repairs = [_written(column, value) for value in wanted[place].tolist()]
        yield RowHits(index, "cross-column", rows, 0.93 * shares[:, place], repairs, [reason])


def _plausible(column: Column, values: Floats) -> Floats:
    """How well a value would fit its column: known ones well, ones of the column's precision within its range
    somewhat, others hardly."""
    numbers = column.numbers[column.solid & np.isfinite(column.numbers)]
    known = {round(one, 4) for one in numbers.tolist()}
    low, high = float(numbers.min()), float(np.quantile(numbers, 0.99)) * 2 + 1
    whole = bool((numbers == np.round(numbers)).mean() > 0.99)
    places = 0 if whole else 2
    fits = np.full(len(values), 0.02)
    for at, value in enumerate(values.tolist()):
        if not np.isfinite(value):
            continue
        if round(value, 4) in known:
            fits[at] = 1.0
        elif low <= value <= high and abs(value - round(value, places)) < 1e-6:
            fits[at] = 0.3
    return fits


def _written(column: Column, value: float) -> str | None:
    if not np.isfinite(value):
        return None
    example = next(
        (column.trimmed[code] for code in np.flatnonzero(column.solid & np.isfinite(column.numbers))), "0"
    )
    decimals = len(example.partition(".")[2])
    if abs(value - round(value, max(decimals, 2))) > 1e-6:
        return None
    return f"{value:.{decimals}f}"


def _composed(table: Table, found: Relations) -> None:
    """A text put together from two other columns, or beginning with one."""
    texts = [
        column for column in table.columns
        if column.distinct >= 2 and column.filled >= _FEWEST and not column.is_prose and not column.is_quantity
    ][: 2 * _MOST_COLUMNS]  # fmt: skip
    for whole in texts:
        look = np.flatnonzero(whole.solid[whole.codes])
        look = look[:: max(1, len(look) // 300)]
        starts = [one for one in texts if one is not whole and _begins(one, whole, look)]
        for first in starts:
            for last in texts:
                if last in (first, whole):
                    continue
                between = _between(first, last, whole, look)
                if between is not None:
                    _judge_composed(table, (first, last, whole), between, found)


def _begins(first: Column, whole: Column, rows: Codes) -> bool:
    kept = 0
    for row in rows.tolist():
        start = first.trimmed[first.codes[row]]
        kept += bool(start) and whole.trimmed[whole.codes[row]].startswith(start)
    return kept >= (1 - _COMPOSED_EXCEPTIONS) * len(rows)


def _between(first: Column, last: Column, whole: Column, rows: Codes) -> str | None:
    """What stands between the two parts in nine of ten rows."""
    seen: dict[str, int] = {}
    for row in rows.tolist():
        text = whole.trimmed[whole.codes[row]]
        start, end = first.trimmed[first.codes[row]], last.trimmed[last.codes[row]]
        if (
            start
            and end
            and len(text) >= len(start) + len(end)
            and text.startswith(start)
            and text.endswith(end)
        ):
            middle = text[len(start) : len(text) - len(end)]
            seen[middle] = seen.get(middle, 0) + 1
    if not seen:
        return None
    middle, most = max(seen.items(), key=lambda item: item[1])
    return middle if most >= (1 - _COMPOSED_EXCEPTIONS) * len(rows) and len(middle) <= 5 else None


def _judge_composed(
    table: Table, three: tuple[Column, Column, Column], between: str, found: Relations
) -> None:
    """Any of the three may be wrong: the one whose repair its column knows best is blamed most."""
    first, last, whole = three
    rows = np.flatnonzero(whole.solid[whole.codes] & first.solid[first.codes] & last.solid[last.codes])
    texts = [[column.trimmed[code] for code in column.codes[rows].tolist()] for column in three]
    keeps = np.array([a + between + b == c for a, b, c in zip(*texts, strict=True)], dtype=np.bool_)
    if keeps.mean() < 1 - _COMPOSED_EXCEPTIONS:
        return
    found.keep([column.index for column in three], rows[keeps], table.rows)
    known = [_rows_of_text(column) for column in three]
    at = np.flatnonzero(~keeps)
    wanted: tuple[list[str | None], ...] = ([], [], [])
    weights = np.zeros((len(at), 3))
    for place, index in enumerate(at.tolist()):
        a, b, c = (texts[part][index] for part in range(3))
        repairs = (
            c[: len(c) - len(b) - len(between)] if c.endswith(between + b) else None,
            c[len(a) + len(between) :] if c.startswith(a + between) else None,
            a + between + b,
        )
        for part, repair in enumerate(repairs):
            wanted[part].append(repair or None)
            often = known[part].get(repair, 0) if repair else 0
            weights[place, part] = np.log1p(often) if often else (0.15 if part == 2 else 0.02)
            # A value that stands nowhere else is doubtful by itself.
            weights[place, part] *= 1.0 if known[part].get((a, b, c)[part], 0) <= 2 else 0.6
    shares = weights / weights.sum(axis=1, keepdims=True)
    reason = f"elsewhere `{first.name}` and `{last.name}` put together make `{whole.name}`"
    for part, column in enumerate(three):
        found.hits.append(
            RowHits(column.index, "cross-column", rows[at], 0.93 * shares[:, part], wanted[part], [reason])
        )


def _rows_of_text(column: Column) -> dict[str, int]:
    rows: dict[str, int] = {}
    for text, count in zip(column.trimmed, column.counts.tolist(), strict=True):
        rows[text] = rows.get(text, 0) + count
    return rows
