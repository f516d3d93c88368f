"""A source of data as a page shows it: what was found in it, and its columns drawn side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from roadworthy.data.readiness.schema import CheckSection, ColumnSection, FreshnessSection, SourceSection
from roadworthy.server import charts
from roadworthy.server.charts import legible
from roadworthy.server.looks import WORDS, share

# What a page shows at most of all its sources together; the rest is counted.
_CARDS = 480
_OTHERS = 4_000
_CHECKS = 800
_FINDINGS = 200
# And of each one.
_CELLS = 20
_BARS = 5

_CHECK_MARKS = {"pass": "pass", "fail": "fail"}
_ORDERED = frozenset(("integer", "number", "date", "time", "timestamp"))
_SPANS = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"))


def source_view(source: SourceSection, number: int, *, of: int) -> dict[str, Any]:
    """What a page says of one source, the ``number``-th of so many; the more there are, the less of each."""
    columns, freshness = source["columns"], source["freshness"]
    checks = source["checks"]
    cells = sum(one["rows"] for one in columns)
    filled = share(1 - sum(one["nulls"] for one in columns) / cells) if cells else "–"
    passing = sum(one["verdict"] == "pass" for one in checks)
    stale, age = _age(freshness)
    found = source["duplicates"]
    made = {
        "anchor": f"source-{number}",
        "name": source["name"],
        "owner": source["owner"],
        "summary": _summary(source),
        "rows": source["rows"],
        "columns": len(columns),
        "filled": filled,
        "passing": f"{passing} of {len(checks)}" if checks else "none declared",
        "duplicates": f"{charts.number(found['rows'])} ({share(_finite(found['share']))})" if found else "–",
        "pairs": _pairs(source),
        "age": Markup('<span class="mark bad"><span aria-hidden="true">✗</span> {}</span>').format(age) if stale else age,
        "findings": source["findings"][: max(3, _FINDINGS // of)],
        "more_findings": max(0, len(source["findings"]) - max(3, _FINDINGS // of)),
        "suspects": _suspects(source),
        "looked_at": _looked_at(source),
        "reading": _reading(source),
    }  # fmt: skip
    return made | _checks(checks, of) | _columns(columns, checks, of)


def _summary(source: SourceSection) -> str:
    people = [f"owner {legible(source['owner'])}"] if source["owner"] else ["no owner"]
    if source["steward"]:
        people.append(f"steward {legible(source['steward'])}")
    if source["system_of_record"]:
        people.append(f"right where systems disagree: {legible(', '.join(source['system_of_record']))}")
    return " · ".join(people)


def _looked_at(source: SourceSection) -> str:
    if source["sampled"] < source["rows"]:
        return f"{len(source['columns'])}, drawn from {source['sampled']:,} of {source['rows']:,} rows"
    return f"{len(source['columns'])}, all {source['rows']:,} rows"


def _pairs(source: SourceSection) -> str:
    found = source["duplicates"]
    if not found:
        return ""
    if not found["rows"] and not found["unclear_pairs"]:
        return "None found."
    return (
        f"{found['rows']:,} rows ({share(_finite(found['share']))}) are another row's duplicate, in {found['clusters']:,} "
        f"groups; {found['unclear_pairs']:,} pairs wait for a person's decision."
    )


def _age(freshness: FreshnessSection | None) -> tuple[bool, str]:
    if freshness is None or (age := _finite(freshness["age_seconds"])) is None:
        return False, "–"
    promised = _finite(freshness["promised_seconds"])
    if promised is None:
        return False, _span(age)
    return age > promised, f"{_span(age)}, {_span(promised)} promised"


def _span(seconds: float) -> str:
    for size, word in _SPANS:
        if abs(seconds) >= size:
            figure = charts.number(round(seconds / size, 1))
            return f"{figure} {word}{'' if figure == '1' else 's'}"
    return f"{charts.number(round(seconds))} seconds"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _suspects(source: SourceSection) -> dict[str, Any]:
    found = source["suspects"]
    return {
        "cells": found["cells"],
        "rules": charts.bars(found["by_rule"], name="Suspect cells by reason", unit="cells"),
        "sample": [
            one | {"confidence": charts.number(one["confidence"])} for one in found["sample"][:_CELLS]
        ],
    }  # fmt: skip


def _reading(source: SourceSection) -> list[tuple[str, str]]:
    guess = source["guess"]
    header = {True: "first row", False: "none", None: ""}[guess["header"]]
    told = [
        ("Place", source["location"]), ("Format", guess["format"]), ("Encoding", guess["encoding"]),
        ("Delimiter", guess["delimiter"]), ("Quote", guess["quote"]), ("Header", header), ("Sheet", guess["sheet"]),
        ("Certain", "" if guess["certain"] else "no: another reading would have been nearly as good"),
        ("Snapshot", source["snapshot"][:23]),
    ]  # fmt: skip
    return [(label, value) for label, value in told if value]


def _checks(checks: Sequence[CheckSection], of: int) -> dict[str, Any]:
    most = max(5, _CHECKS // of // 2)
    open_ones = sorted(
        (one for one in checks if one["verdict"] != "pass"), key=lambda one: (one["verdict"] != "fail", -one["failing_rows"])
    )  # fmt: skip
    held = [one for one in checks if one["verdict"] == "pass"]
    return {
        "open_checks": [_check(one) for one in open_ones[:most]],
        "more_open": max(0, len(open_ones) - most),
        "held_checks": [_check(one) for one in held[:most]],
        "held": len(held),
        "more_held": max(0, len(held) - most),
    }


def _check(check: CheckSection) -> dict[str, Any]:
    mark = _CHECK_MARKS.get(check["verdict"], "not evaluated")
    about = [check["column"] or check["table"], check["kind"], check["dimension"], check["severity"]]
    failing = f"{check['failing_rows']:,}"
    if check["rows"]:
        failing += f" of {check['rows']:,}"
    shown = [_example(one) for one in check["sample"][:3]] if mark == "fail" else []
    return {
        "id": check["id"],
        "mark": mark,
        "about": " · ".join(part for part in about if part),
        "reason": check["reason"] or (f"asked {check['bound']}" if check["bound"] else WORDS[mark].lower()),
        "sample": "; ".join(shown),
        "failing": failing if mark != "not evaluated" else "–",
    }


def _example(row: object) -> str:
    """A failing row in few words: its number, and its values by column."""
    if isinstance(row, Mapping):
        number = row.get("row")
        values = ", ".join(
            f"{legible(name, 24)}: {seen(value, 40)}"
            for name, value in list(row.items())[:5]
            if name != "row"
        )
        return f"row {seen(number, 20)} {values}".strip() if number is not None else values
    return f"row {row:,}" if isinstance(row, int) and not isinstance(row, bool) else seen(row)


def _columns(columns: Sequence[ColumnSection], checks: Sequence[CheckSection], of: int) -> dict[str, Any]:
    """As many columns as cards as the page bears, those that need attention first; the others as rows."""
    cards, others = max(8, _CARDS // of), max(20, _OTHERS // of)
    worst: dict[str, str] = {}
    for one in checks:
        if one["verdict"] != "pass" and worst.get(one["column"]) != "fail":
            worst[one["column"]] = one["verdict"]

    def calm(place: int) -> tuple[bool, bool, int]:
        one = columns[place]
        return (one["name"] not in worst, not one["personal"] and one["declared"] is not False, place)

    first = sorted(sorted(range(len(columns)), key=calm)[:cards])
    rest = sorted(set(range(len(columns))) - set(first))
    return {
        "cards": [_card(columns[place], worst.get(columns[place]["name"], "")) for place in first],
        "others": [_row(columns[place]) for place in rest[:others]],
        "more_columns": max(0, len(rest) - others),
    }


def _row(column: ColumnSection) -> dict[str, str]:
    low, high = column["minimum"], column["maximum"]
    return {
        "name": column["name"],
        "type": column["type"],
        "share": share(1 - column["nulls"] / column["rows"]) if column["rows"] else "–",
        "distinct": _distinct(column),
        "range": f"{legible(low, 24)} to {legible(high, 24)}"
        if low is not None and high is not None
        else "–",
    }


def _distinct(column: ColumnSection) -> str:
    return f"{'' if column['distinct_exact'] else 'about '}{column['distinct']:,}"


def _card(column: ColumnSection, verdict: str) -> dict[str, Any]:
    name, there = column["name"], column["rows"] - column["nulls"]
    chips = [("bad", "fails a check") if verdict == "fail" else ("", "not checked")] if verdict else []
    for kind, part in sorted(column["personal"].items(), key=lambda pair: -pair[1]):
        chips.append(("demo", f"{kind} {share(_finite(part), 0)}"))
    if column["declared"] is False:
        chips.append(("bad", "not declared"))
    facts = [f"{_distinct(column)} distinct"]
    if there and column["distinct_exact"] and column["distinct"] == there:
        facts = ["every value differs"]
    if column["mean"] is not None:
        facts.append(f"mean {charts.number(column['mean'])}")
    if column["personal"]:
        facts.append("values masked")
    filled = charts.share_bar(
        [("filled", there, "full"), ("empty", column["nulls"], "missing")], name=f"Filled cells of {legible(name, 40)}"
    )  # fmt: skip
    return {
        "name": name,
        "type": column["type"],
        "chips": chips,
        "filled": filled if column["rows"] else "",
        "chart": _chart(column, there),
        "facts": " · ".join(facts),
    }


def _chart(column: ColumnSection, there: int) -> Markup | str:
    """What shows most of a column: how its figures lie, its frequent values, or the shapes of its values."""
    name, frequent, shapes = legible(column["name"], 40), column["frequent"], column["masks"]
    if not there:
        return ""
    if column["type"] in _ORDERED and column["histogram"] and not column["personal"]:
        return charts.distribution(
            column["histogram"], name=f"Distribution of {name}", quantiles=column["quantiles"], highest=column["maximum"]
        )  # fmt: skip
    # Values that hardly repeat tell less than the shapes they have; masked ones tell nothing else.
    repeats = bool(frequent) and int(frequent[0][1]) > max(1, there // 200)
    by_shape = bool(shapes) and (bool(column["personal"]) or not repeats)
    shown = (shapes if by_shape else frequent)[:_BARS]
    if not shown:
        return ""
    left = there - sum(int(rows) for _, rows in shown)
    many = 0 if by_shape else column["distinct"] - len(shown)
    label = (
        "other shapes"
        if by_shape
        else f"{many:,} others"
        if many > 0 and column["distinct_exact"]
        else "others"
    )
    of = "Shapes" if by_shape else "Frequent values"
    return charts.bars(shown, name=f"{of} of {name}", total=there, rest=(label, left) if left > 0 else None)


def seen(value: object, most: int = 60) -> str:
    """Text from outside as a page shows it; what is not there says so."""
    if value is None:
        return "–"
    return legible(value, most) if value != "" else "(empty)"
