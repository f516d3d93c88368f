"""What a contract of the right form must also keep to make sense: names, references, bounds that can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from roadworthy.adapters.odcs.yamltext import Path, Report
from roadworthy.data.bound import Operator, bound_of
from roadworthy.data.contract import (
    AT_MOST,
    OPEN_SCHEMA,
    PERSONAL,
    SURVIVORSHIP,
    SYSTEM_OF_RECORD,
    VOLUME,
    reference,
)
from roadworthy.placed import near

TYPES = (
    "string",
    "date",
    "timestamp",
    "time",
    "number",
    "integer",
    "object",
    "array",
    "boolean",
    "map",
    "vector",
)
DIMENSIONS = (
    "accuracy",
    "completeness",
    "conformity",
    "consistency",
    "coverage",
    "timeliness",
    "uniqueness",
)
RULES = ("text", "library", "sql", "custom")
_MEASURED = ("freshness", "latency", "frequency", "retention")
_PAIRS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _percents(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_number(one) and 0 <= one <= 100 for one in value.values())


OWN_FORMS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    PERSONAL: (_words, "a list of classes such as `[email]`"),
    SURVIVORSHIP: (lambda value: isinstance(value, str | Mapping), "a rule's name or a mapping"),
    SYSTEM_OF_RECORD: (lambda value: isinstance(value, str), "the name of a system"),
    AT_MOST: (_percents, "percentages from 0 to 100 by kind of check, such as `{pattern: 0.5}`"),
    VOLUME: (lambda value: isinstance(value, bool | Mapping), "`true`, or `{runs: 8, width: 4}`"),
    OPEN_SCHEMA: (lambda value: isinstance(value, bool), "true or false"),
}


def look(data: Mapping[str, Any], report: Report) -> None:
    """Add a problem for each thing of the document that cannot be meant."""
    for name in ("apiVersion", "kind", "id", "version"):
        if not data.get(name):
            report.at((), f"`{name}` is missing")
    if data.get("kind") not in (None, "", "DataContract"):
        report.at(("kind",), f"`kind` is `{data['kind']}`, expected `DataContract`")
    if data.get("apiVersion") and not str(data["apiVersion"]).startswith("v3."):
        report.at(
            ("apiVersion",), f"`apiVersion` is `{data['apiVersion']}`, expected `v3.1.0` or another of v3"
        )
    _own(data, (), report)
    names = _named(data.get("schema"), ("schema",), report)
    for number, table in enumerate(data.get("schema") or ()):
        path: Path = ("schema", number)
        _element(table, path, report)
        _relations(table, path, report, whole=True)
        _properties(table, path, report)
    _levels(data, names, report)


def _properties(owner: Mapping[str, Any], path: Path, report: Report) -> None:
    _named(owner.get("properties"), (*path, "properties"), report)
    for number, column in enumerate(owner.get("properties") or ()):
        _column(column, (*path, "properties", number), report)
    if owner.get("items"):
        _column(owner["items"], (*path, "items"), report)


def _column(column: Mapping[str, Any], path: Path, report: Report) -> None:
    kind = column.get("logicalType")
    if kind is not None and kind not in TYPES:
        report.at((*path, "logicalType"), f"there is no logical type `{kind}`", near(str(kind), TYPES))
    options = column.get("logicalTypeOptions") or {}
    for low, high in _PAIRS:
        least, most = options.get(low, 0), options.get(high, 0)
        if low not in options or high not in options:
            continue
        if _number(least) and _number(most) and least > most:
            report.at((*path, "logicalTypeOptions", low), f"`{low}` {least} is above `{high}` {most}")
    _element(column, path, report)
    _relations(column, path, report, whole=False)
    _properties(column, path, report)


def _element(element: Mapping[str, Any], path: Path, report: Report) -> None:
    _own(element, path, report)
    for number, rule in enumerate(element.get("quality") or ()):
        _rule(rule, (*path, "quality", number), report)


def _rule(rule: Mapping[str, Any], path: Path, report: Report) -> None:
    kind = rule.get("type") or "library"
    if kind not in RULES:
        report.at((*path, "type"), f"there is no type of rule `{kind}`", near(str(kind), RULES))
        return
    dimension = rule.get("dimension")
    if dimension is not None and dimension not in DIMENSIONS:
        report.at(
            (*path, "dimension"), f"there is no dimension `{dimension}`", near(str(dimension), DIMENSIONS)
        )
    if kind == "library" and not (rule.get("metric") or rule.get("rule")):
        report.at(path, "the rule names no `metric`", "such as nullValues, or say `type: text` for words")
        return
    if kind == "sql" and not rule.get("query"):
        report.at(path, "the rule has no `query`")
    if kind not in ("library", "sql"):
        return
    operators = [operator.value for operator in Operator if operator.value in rule]
    if len(operators) > 1:
        report.at(
            (*path, operators[1]),
            f"`{operators[0]}` and `{operators[1]}` stand in one rule",
            "make two rules",
        )
    elif operators and bound_of(rule) is None:
        report.at((*path, operators[0]), f"`{operators[0]}` takes a number, or two of them for a range")
    elif operators and isinstance(rule[operators[0]], list):
        low, high = rule[operators[0]]
        if low > high:
            report.at((*path, operators[0]), f"`{operators[0]}` begins with {low}, which is above {high}")


def _relations(owner: Mapping[str, Any], path: Path, report: Report, *, whole: bool) -> None:
    for number, one in enumerate(owner.get("relationships") or ()):
        here = (*path, "relationships", number)
        ends = [("to", _listed(one.get("to")))]
        if whole:
            ends.append(("from", _listed(one.get("from"))))
        for end, texts in ends:
            if not texts:
                report.at(here, f"the relationship has no `{end}`")
            for text in texts:
                if reference(text) == ("", ""):
                    hint = "write `table.column`, or `/schema/table/properties/column`"
                    report.at((*here, end), f"`{text[:80]}` names no table and column", hint)
        if len({len(texts) for _, texts in ends}) > 1:
            report.at(here, "`from` and `to` name different numbers of columns")


def _listed(value: Any) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value or ()


def _levels(data: Mapping[str, Any], tables: set[str], report: Report) -> None:
    fallback = data.get("slaDefaultElement") or ""
    for number, level in enumerate(data.get("slaProperties") or ()):
        path = ("slaProperties", number)
        if not level.get("property"):
            report.at(path, "the service level names no `property`")
        if level.get("property") not in _MEASURED:
            continue
        element = level.get("element") or fallback
        for one in map(str.strip, element.split(",")):
            table = reference(one)[0] or one
            if table not in tables:
                told = (
                    f"`element` is `{one[:80]}`, which is no table of this contract"
                    if one
                    else "`element` is missing"
                )
                report.at((*path, "element"), told, "name the column whose values tell, as `table.column`")


def _named(elements: Any, path: Path, report: Report) -> set[str]:
    """Names of tables or columns, business and physical; each business name stands once."""
    seen: set[str] = set()
    for number, element in enumerate(elements or ()):
        name = element.get("name")
        if not name:
            report.at((*path, number), "`name` is missing")
        elif name in seen:
            report.at((*path, number, "name"), f"the name `{name}` stands twice")
        seen.add(name)
    return {str(name) for name in seen} | {str(one.get("physicalName")) for one in elements or ()}


def _own(owner: Mapping[str, Any], path: Path, report: Report) -> None:
    for number, one in enumerate(owner.get("customProperties") or ()):
        fits, expected = OWN_FORMS.get(one.get("property") or "", (None, ""))
        if fits is not None and not fits(one.get("value")):
            report.at((*path, "customProperties", number), f"`{one['property']}`: expected {expected}")
