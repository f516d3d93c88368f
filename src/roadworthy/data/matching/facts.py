"""What is known of columns before anything is matched: how full, how distinct, how long, in which shapes."""

from __future__ import annotations

import heapq
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from roadworthy.data.matching.normal import Form, fold, normal
from roadworthy.data.profile import ColumnProfile, Profile
from roadworthy.data.table import ColumnType, Texts

LOOKED_AT = 20_000
"""Rows of a table that facts are drawn from, spread evenly."""
KEPT = 400
"""Values of a column that are kept for looking at their form."""

_ORGANISED = re.compile(
    r"\b(gmbh|mbh|ag|kg|ohg|gbr|ug|inc|llc|ltd|limited|corp|corporation|plc|sarl|srl|spa|bv|nv|sa|sas|company|"
    r"e\.? ?v|e\.? ?k|se)\b\.?"
)
_STREETED = re.compile(
    r"\b(street|st|road|rd|avenue|ave|drive|dr|lane|ln|boulevard|blvd|place|pl|court|ct|way|platz|weg|allee|gasse|"
    r"ring|rue|calle|via|plaza|crescent|close)\b|str(asse|\b)|(strasse|weg|platz|gasse|allee)\b"
)
_PHONE = re.compile(r"\+?[\d ()/.\-]{7,22}")
_DATED = re.compile(
    r"\d{4}[-./]\d{1,2}[-./]\d{1,2}([T ].*)?|\d{1,2}[-./]\d{1,2}[-./](\d{4}|\d{2})([T ].*)?"
)


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column of one table.

    Units:  ``filled``, ``distinct`` and the shares count from 0 to 1; ``distinct`` is of the filled cells looked at.
            ``agreement`` is the probability that two filled cells of two rows are the same by chance.
    """

    name: str
    rows: int
    filled: float
    distinct: float
    agreement: float
    words: float
    length: float
    shares: Mapping[str, float]
    """Of the values looked at, the share that looks like: email, phone, date, compact date, year, number, integer,
    organisation, street, digits (any digit in it)."""
    sample: tuple[str, ...] = ()
    sketch: frozenset[str] = frozenset()
    """The values with the smallest check sums: those of two tables overlap as the tables do (bottom-k, Broder 1997)."""
    dense: bool = False
    """Whole numbers that leave hardly a gap between the smallest and the largest: a counter."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table's columns, in its order."""

    name: str
    rows: int
    columns: tuple[ColumnFacts, ...]

    def column(self, name: str) -> ColumnFacts | None:
        """The facts of a column, None where the table has no such one."""
        return next((one for one in self.columns if one.name == name), None)


def of_texts(name: str, table: Texts, *, limit: int = LOOKED_AT) -> TableFacts:
    """Facts of a table whose cells are at hand; of at most ``limit`` rows, evenly spread."""
    rows = max((len(cells) for cells in table.values()), default=0)
    step = max(1, -(-rows // limit))
    found = [_column(column, rows, cells[::step]) for column, cells in table.items()]
    return TableFacts(name, rows, tuple(found))


def of_profile(profile: Profile) -> TableFacts:
    """Facts from a profile alone: what frequent values and masks tell, where the cells are not at hand.

    Holds:  ``agreement`` counts the frequent values exactly and takes the others as evenly frequent.
    """
    return TableFacts(profile.name, profile.rows, tuple(_profiled(one) for one in profile.columns))


def _column(name: str, rows: int, cells: Sequence[str | None]) -> ColumnFacts:
    values = [cell.strip() for cell in cells if cell is not None and cell.strip()]
    spelled = [one for one in (normal(value, Form.NAME) for value in values) if one]
    counts = Counter(spelled)
    n = len(spelled)
    pairs = n * (n - 1)
    return ColumnFacts(
        name=name,
        rows=rows,
        filled=n / len(cells) if cells else 0.0,
        distinct=len(counts) / n if n else 0.0,
        agreement=sum(c * (c - 1) for c in counts.values()) / pairs if pairs else 0.0,
        words=sum(one.count(" ") + 1 for one in spelled) / n if n else 0.0,
        length=sum(map(len, spelled)) / n if n else 0.0,
        shares=_shares(_spread(values, 2_000)),
        sample=tuple(_spread(values, KEPT)),
        sketch=frozenset(heapq.nsmallest(KEPT, counts, key=lambda one: zlib.crc32(one.encode()))),
        dense=_is_dense(values),
    )


def _profiled(column: ColumnProfile) -> ColumnFacts:
    filled = max(0, column.rows - column.nulls)
    seen = dict(column.frequent)
    seen.pop("", None)
    known = sum(seen.values())
    others, rest = max(0, column.distinct - len(seen)), max(0, filled - known)
    pairs = filled * (filled - 1)
    agreeing = sum(c * (c - 1) for c in seen.values()) + (
        rest * max(0.0, rest / others - 1) if others else 0.0
    )
    values = list(seen) or [mask for mask, _ in column.masks]
    shares = _shares(values)
    kind = column.column.type
    if kind in (ColumnType.DATE, ColumnType.TIMESTAMP):
        shares = {**shares, "date": 1.0}
    if kind in (ColumnType.INTEGER, ColumnType.NUMBER):
        shares = {**shares, "number": 1.0, "integer": float(kind is ColumnType.INTEGER)}
    return ColumnFacts(
        name=column.column.name,
        rows=column.rows,
        filled=filled / column.rows if column.rows else 0.0,
        distinct=min(1.0, column.distinct / filled) if filled else 0.0,
        agreement=agreeing / pairs if pairs else 0.0,
        words=_mean(len(one.split()) for one in values),
        length=_mean(len(one) for one in values) or float(column.longest or 0),
        shares=shares,
        sample=tuple(values[:KEPT]),
        sketch=frozenset(one for one in (normal(value, Form.NAME) for value in seen) if one),
        dense=_spans(column, filled),
    )


def _spans(column: ColumnProfile, filled: int) -> bool:
    if column.column.type is not ColumnType.INTEGER or column.minimum is None or column.maximum is None:
        return False
    try:
        span = int(float(column.maximum)) - int(float(column.minimum)) + 1
    except ValueError:
        return False
    return filled > 1 and column.distinct >= 0.98 * filled and span <= 1.5 * filled


def _is_dense(values: Sequence[str]) -> bool:
    """Judged on gaps, so that an even sample of a counter is one as well: its gaps are all alike."""
    if len(values) < 2 or not all(
        value.isascii() and value.isdigit() and len(value) < 16 for value in values
    ):
        return False
    numbers = sorted({int(value) for value in values})
    if len(numbers) < 0.98 * len(values):
        return False
    gaps = sorted(b - a for a, b in itertools.pairwise(numbers))
    return bool(gaps) and numbers[-1] - numbers[0] <= 1.5 * len(numbers) * max(1, gaps[len(gaps) // 2])


def _shares(values: Sequence[str]) -> dict[str, float]:
    def share(test: Iterable[bool]) -> float:
        return sum(test) / len(values) if values else 0.0

    folded = [fold(value) for value in values]
    return {
        "email": share("@" in value and "." in value.rpartition("@")[2] for value in values),
        "phone": share(
            bool(_PHONE.fullmatch(value)) and 7 <= sum(one.isdigit() for one in value) <= 15
            for value in values
        ),
        "date": share(bool(_DATED.fullmatch(value)) for value in values),
        "compact date": share(_compact(value) for value in values),
        "year": share(
            len(value) == 4 and value.isdigit() and "1500" <= value <= "2199" for value in values
        ),
        "number": share(bool(re.fullmatch(r"[-+]?[$€£]? ?\d[\d.,]*( ?[$€£])?", value)) for value in values),
        "integer": share(value.isascii() and value.isdigit() for value in values),
        "organisation": share(bool(_ORGANISED.search(value)) for value in folded),
        "street": share(bool(_STREETED.search(value)) for value in folded),
        "digits": share(any(one.isdigit() for one in value) for value in values),
    }


def _compact(value: str) -> bool:
    return (
        len(value) == 8
        and value.isascii()
        and value.isdigit()
        and "1850" <= value[:4] <= "2150"
        and "01" <= value[4:6] <= "12"
        and "01" <= value[6:] <= "31"
    )


def _spread(values: Sequence[str], most: int) -> Sequence[str]:
    return values[:: max(1, -(-len(values) // most))]


def _mean(numbers: Iterable[int]) -> float:
    found = list(numbers)
    return sum(found) / len(found) if found else 0.0
