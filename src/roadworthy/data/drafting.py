"""A first contract for a table nobody has promised anything about: what its profile shows, as rules to edit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from roadworthy.data.contract import PERSONAL, Contract, contract_of
from roadworthy.data.profile import ColumnProfile, Profile
from roadworthy.data.table import ColumnType

API_VERSION = "v3.1.0"
FEWEST_ROWS = 50
"""Rows from which a regularity is believed to be more than chance."""
_MANY_ROWS = 1000
_MOST_LISTED = 20
_ROWS_PER_VALUE = 10
_LONGEST_LISTED = 40
_MOST_SHAPES, _LONGEST_SHAPE = 3, 40
_NO_LONGER_FED = timedelta(days=31)
_TYPES = {one for one in ColumnType if one not in (ColumnType.UNKNOWN, ColumnType.BINARY)}
_MOMENTS = (ColumnType.TIMESTAMP, ColumnType.DATE)
_NUMBERS = (ColumnType.INTEGER, ColumnType.NUMBER)
_NAMED_KEY = re.compile(
    r"(^|[^a-z])(id|key|nr|no|num|number|code|uuid|guid|sku)$|(?<=[a-z])(Id|ID|Key|Nr|No)$"
)
_ENDING = re.compile(
    r"(?<=.)(\.(csv|tsv|psv|txt|json|jsonl|ndjson|parquet|xlsx|xlsm|xlsb|xls|ods|gz|bz2|xz|zst|zip))+$",
    re.IGNORECASE,
)
_RUNS = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}


def draft(
    profile: Profile,
    personal: Mapping[str, Sequence[str]],
    now: datetime,
    *,
    owner: str = "",
) -> Contract:
    """A contract that suggests what the profile shows; the data it was made from keep every rule of it.

    ``personal`` are the classes of personal data by column. ``owner`` answers for the table, by user name.
    The same arguments make the same contract. What only a sample was looked at for is not promised:
    of a column whose facts do not cover all rows nothing but the type is drafted.

    Errors: ``ValueError`` for a ``now`` without a zone.
    """
    if now.tzinfo is None:
        raise ValueError("the moment of a draft names its zone")
    name = _table_name(profile.name)
    table: dict[str, Any] = {"name": name, "logicalType": "object"}
    if name != profile.name:
        table["physicalName"] = profile.name
    key = _key(profile)
    columns = [_column(one, profile, key, personal.get(one.column.name, ())) for one in profile.columns]
    if columns:
        table["properties"] = columns
    if profile.rows > 0:
        bounds = [_rounded(profile.rows / 2, up=False), _rounded(profile.rows * 2, up=True)]
        table["quality"] = [{"metric": "rowCount", "mustBeBetween": bounds, "dimension": "completeness"}]
    document: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "contract",
        "name": name,
        "version": "0.1.0",
        "status": "draft",
        "contractCreatedTs": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "schema": [table],
    }
    if fresh := _freshness(profile, name, now):
        document["slaProperties"] = [fresh]
    if owner:
        document["team"] = {"members": [{"username": owner, "role": "owner"}]}
    return contract_of(document)


def _table_name(source: str) -> str:
    """What references can name: a file without its ending, and no dot."""
    return _ENDING.sub("", source.strip()).replace(".", "_") or "table"


def _covers(column: ColumnProfile, profile: Profile) -> bool:
    return column.rows == profile.rows > 0 and profile.sampled >= profile.rows


def _key(profile: Profile) -> str:
    """The column that tells rows apart: the first key of a key's name, else the first of a plain type."""
    keys = [
        one.column.name
        for one in profile.columns
        if one.is_key
        and _covers(one, profile)
        and one.column.type in (ColumnType.INTEGER, ColumnType.TEXT)
        and not one.personal
    ]
    named = [name for name in keys if _NAMED_KEY.search(name) or _NAMED_KEY.search(name.lower())]
    if named:
        return named[0]
    return keys[0] if keys and profile.rows >= FEWEST_ROWS else ""


def _column(column: ColumnProfile, profile: Profile, key: str, personal: Sequence[str]) -> dict[str, Any]:
    name, kind = column.column.name, column.column.type
    found: dict[str, Any] = {"name": name}
    if kind in _TYPES:
        found["logicalType"] = kind.value
    if column.column.native:
        found["physicalType"] = column.column.native
    if personal:
        found["classification"] = "personal"
        found["customProperties"] = [{"property": PERSONAL, "value": sorted(personal)}]
    if not _covers(column, profile):
        return found
    if name == key:
        found["primaryKey"] = True
        found["primaryKeyPosition"] = 1
    if column.nulls == 0:
        found["required"] = True
    if name != key and column.is_key and _is_key_by_intent(column, profile):
        found["unique"] = True
    rules = []
    if listed := _listed(column, personal):
        rules.append({"metric": "invalidValues", "arguments": {"validValues": listed}, "mustBe": 0})
    options = _options(column, is_key=name == key or "unique" in found, is_free=bool(listed or personal))
    if options:
        found["logicalTypeOptions"] = options
    if 0 < column.nulls <= column.rows / 2 and column.rows >= FEWEST_ROWS:
        share = 100 * column.nulls / column.rows
        most = min(100, math.ceil(share * 1.5 + 1))
        rules.append({"metric": "nullValues", "mustBeLessOrEqualTo": most, "unit": "percent"})
    if rules:
        found["quality"] = rules
    return found


def _is_key_by_intent(column: ColumnProfile, profile: Profile) -> bool:
    # Measurements and moments differ from row to row by chance, as does anything in a few hundred rows.
    plain = column.column.type in (ColumnType.TEXT, ColumnType.INTEGER)
    return plain and (profile.rows >= _MANY_ROWS or bool(_NAMED_KEY.search(column.column.name)))


def _listed(column: ColumnProfile, personal: Sequence[str]) -> list[str]:
    """The values of a small closed set, in the order of the alphabet; none of free text."""
    there = column.rows - column.nulls
    closed = (
        column.column.type is ColumnType.TEXT
        and not personal
        and column.distinct_exact
        and 0 < column.distinct <= _MOST_LISTED
        and there >= max(FEWEST_ROWS, _ROWS_PER_VALUE * column.distinct)
        and len(column.frequent) == column.distinct
        and sum(count for _, count in column.frequent) == there
        # A value seen once in a while may be one of many more.
        and min(count for _, count in column.frequent) >= 2
        and all(len(value) <= _LONGEST_LISTED for value, _ in column.frequent)
    )
    return sorted(value for value, _ in column.frequent) if closed else []


def _options(column: ColumnProfile, *, is_key: bool, is_free: bool) -> dict[str, Any]:
    if column.rows - column.nulls < FEWEST_ROWS:
        return {}
    kind = column.column.type
    if kind is ColumnType.TEXT and not is_free:
        pattern = _pattern(column)
        return {"pattern": pattern} if pattern else {}
    if kind in _NUMBERS and not is_key:
        return _range(column)
    if kind in _MOMENTS and column.minimum is not None and (first := _moment(column.minimum)) is not None:
        year = f"{first.year:04d}-01-01"
        return {"minimum": year if kind is ColumnType.DATE else f"{year}T00:00:00"}
    return {}


def _pattern(column: ColumnProfile) -> str:
    """A regular expression of the shapes that every value has; empty where they say nothing.

    Words are free text whatever their shape, and a shape of few values is chance.
    """
    there = column.rows - column.nulls
    masks = column.masks
    if not 0 < len(masks) <= _MOST_SHAPES or sum(count for _, count in masks) != there:
        return ""
    if any(count < max(5, there / 100) or not 0 < len(mask) <= _LONGEST_SHAPE for mask, count in masks):
        return ""
    # Without a digit it is a word or a sentence, with several spaces a sentence.
    if any("9" not in mask or mask.count(" ") > 1 or not mask.isprintable() for mask, _ in masks):
        return ""
    fixed = column.shortest is not None and column.shortest == column.longest
    forms = []
    for mask, _ in sorted(masks):
        runs = sum(letter in _RUNS for letter in mask)
        size = f"{{{(column.longest or 0) - (len(mask) - 1)}}}" if fixed and runs == 1 else "+"
        forms.append("".join(f"{_RUNS[one]}{size}" if one in _RUNS else re.escape(one) for one in mask))
    return f"^{forms[0]}$" if len(forms) == 1 else f"^({'|'.join(forms)})$"


def _range(column: ColumnProfile) -> dict[str, Any]:
    low, high = _number(column.minimum), _number(column.maximum)
    if low is None or high is None:
        return {}
    slack = (high - low) / 4 or abs(high) / 4 or 1.0
    whole = column.column.type is ColumnType.INTEGER
    least = 0.0 if low >= 0 and low - slack <= 0 else _rounded(low - slack, up=False, whole=whole)
    most = 0.0 if high <= 0 <= high + slack else _rounded(high + slack, up=True, whole=whole)
    # Rounding in floating point must not shut out what is there.
    options = {"minimum": min(least, low), "maximum": max(most, high)}
    return {name: int(value) if value == int(value) else value for name, value in options.items()}


def _rounded(value: float, *, up: bool, whole: bool = True) -> Any:
    """Two digits, away from the data: 1234 becomes 1300 or 1200."""
    if value == 0:
        return 0
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    if whole and step < 1:
        step = 1.0
    result = (math.ceil if up else math.floor)(value / step) * step
    return int(result) if result == int(result) else float(f"{result:.12g}")


def _freshness(profile: Profile, table: str, now: datetime) -> dict[str, Any] | None:
    """How old the newest moment may get, where one column's newest is recent: the data are still fed."""
    ages = []
    for number, column in enumerate(profile.columns):
        if column.column.type not in _MOMENTS or not _covers(column, profile) or column.maximum is None:
            continue
        newest = _moment(column.maximum)
        if newest is None or column.distinct < 2 or "." in column.column.name:
            continue
        age = now - newest
        if timedelta() <= age <= _NO_LONGER_FED:
            ages.append((age, number, column.column.name))
    if not ages:
        return None
    age, _, name = min(ages)
    days = max(1, math.ceil(2 * age / timedelta(days=1)))
    return {"property": "freshness", "value": days, "unit": "d", "element": f"{table}.{name}"}


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 2**53 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            day = date.fromisoformat(text.strip())
        except ValueError:
            return None
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
