"""What a person types for one field of an answer, as the file would hold it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roadworthy.business.questions import Field, Kind

_YES_NO = {"yes": True, "y": True, "no": False, "n": False}


def spoken(one: Field, line: str) -> Any:
    """The value of a line. What cannot be understood stays as it was typed: the reader says what is wrong.

    A range is three figures, `4 6 10`; an amount names its currency after each or after the last one;
    a list has commas. Edge: rows have no line; see the doors.
    """
    if line == "unknown":
        return line
    if one.kind in {Kind.TICKS, Kind.TEXTS}:
        return (
            "none"
            if line == "none"
            else [word.strip() for word in line.strip("[]").split(",") if word.strip()]
        )
    if one.kind is Kind.YES_NO:
        return _YES_NO.get(line.lower(), line)
    if one.ranged:
        return _ranged(one, line)
    return _number(line) if one.kind is Kind.NUMBER else line


def written(value: Any) -> str:
    """A held value as a person would type it; empty for none. Rows: their names."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(str(value[name]) for name in ("p10", "p50", "p90") if name in value)
    if isinstance(value, list | tuple):
        return ", ".join(
            str(each.get("name", "")) if isinstance(each, Mapping) else str(each) for each in value
        )
    return str(value)


def form_of_field(one: Field) -> str:
    """How a field is answered, in a few words."""
    if one.kind in {Kind.CHOICE, Kind.YES_NO}:
        return ", ".join(one.options) or "yes or no"
    shown = {
        Kind.MONEY: "such as 1200 EUR",
        Kind.SHARE: "such as 0.3 or 30%",
        Kind.DATE: "a day such as 2027-06-30",
    }
    told = shown.get(one.kind, one.kind.value)
    return f"{told}; or low middle high" if one.ranged else told


def _number(text: str) -> Any:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _ranged(one: Field, line: str) -> Any:
    """One figure or three, with a currency after each amount or after the last one."""
    words = line.strip("{}").replace("%", " % ").replace(";", " ").split()
    words = [word.removesuffix(",") for word in words if word.rstrip(":") not in ("p10", "p50", "p90")]
    figures = [word for word in words if word[:1].isdigit() or word[:1] in "-.+"]
    units = [word for word in words if word not in figures and word != "%"]
    if len(figures) not in (1, 3) or len(set(units)) > 1 or (units and one.kind is not Kind.MONEY):
        return line
    if "%" in words and one.kind is not Kind.SHARE:
        return line
    if one.kind is Kind.MONEY:
        ends: list[Any] = [
            f"{figure.replace(',', '')} {units[0]}" if units else figure for figure in figures
        ]
    else:
        ends = [_number(figure) for figure in figures]
        if "%" in words and all(isinstance(end, int | float) for end in ends):
            ends = [end / 100 for end in ends]
    return ends[0] if len(ends) == 1 else dict(zip(("p10", "p50", "p90"), ends, strict=True))
