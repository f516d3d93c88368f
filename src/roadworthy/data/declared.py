"""Which checks a table's contract declares: every constraint, rule, relation and service level, each once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from roadworthy.data.bound import NONE_AT_ALL, Bound, Operator
from roadworthy.data.check import (
    AnyOf,
    Asks,
    Check,
    Flaw,
    Length,
    Missing,
    Outside,
    Repeating,
    Uneven,
    Unlisted,
    Unmatched,
)
from roadworthy.data.contract import (
    AT_MOST,
    OPEN_SCHEMA,
    VOLUME,
    ContractColumn,
    ContractTable,
    Promise,
    QualityRule,
    Relation,
)

USUAL_RUNS, USUAL_WIDTH = 30, 4.0
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
FORMATS: Mapping[str, str] = {
    "email": rf"^[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(\.{_LABEL})+$",
    "uuid": r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:[^ \t\r\n<>\"{}|\\^`]*$",
    "hostname": rf"^{_LABEL}(\.{_LABEL})*$",
    "ipv4": rf"^{_OCTET}(\.{_OCTET}){{3}}$",
    "date": rf"^{_DAY}$",
    "time": rf"^{_CLOCK}{_ZONE}?$",
    "date-time": rf"^{_DAY}[Tt ]{_CLOCK}{_ZONE}$",
}
"""Formats of a text that a regular expression tells, by the name the standard suggests."""
_LETTERS = {"y": "[0-9]", "M": "[0-9]", "d": "[0-9]", "H": "[0-9]", "h": "[0-9]", "m": "[0-9]", "s": "[0-9]",
            "S": "[0-9]"}  # fmt: skip
_ZONES = {
    "X": _ZONE,
    "XX": _ZONE.replace(":", ":?"),
    "XXX": _ZONE,
    "Z": r"[+-][0-9]{4}",
    "a": "([AaPp][Mm])",
}
_UNITS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600,
          "d": 86400, "day": 86400, "w": 604800, "week": 604800, "mo": 2592000, "month": 2592000,
          "y": 31557600, "yr": 31557600, "year": 31557600}  # fmt: skip
_RANGES = {
    "minimum": (False, False), "exclusiveMinimum": (False, True),
    "maximum": (True, False), "exclusiveMaximum": (True, True),
}  # fmt: skip
_FOREIGN = "a program of another kind has to evaluate rules of"


def checks_of(table: ContractTable) -> tuple[Check, ...]:
    """Every check that a table's contract declares, in the order of its columns.

    Edge: what cannot be evaluated is a check too, with the reason. Ids repeat in no table: the second
    rule of a kind on a column ends in ``.2``.
    """
    found: list[Check] = []
    for column in table.columns:
        found += _of_column(table, column)
    keyed = table.key
    if keyed:
        found.append(_check(table, keyed, "primaryKey", Asks.REPEATS, "uniqueness"))
    for rule in table.rules:
        found.append(_of_rule(table, None, rule))
    for relation in table.relations:
        found.append(_of_relation(table, relation))
    for promise in table.promises:
        found.append(_of_promise(table, promise))
    if volume := table.own.get(VOLUME):
        found.append(_volume(table, volume))
    if table.columns and table.own.get(OPEN_SCHEMA) is not True:
        found.append(_check(table, (), "undeclared", Asks.UNDECLARED, "conformity", severity="warning"))
    return _numbered(found)


def _numbered(checks: list[Check]) -> tuple[Check, ...]:
    seen: set[str] = set()
    result = []
    for check in checks:
        name, number = check.id, 1
        while name in seen:
            number += 1
            name = f"{check.id}.{number}"
        seen.add(name)
        result.append(check if number == 1 else replace(check, id=name))
    return tuple(result)


def _check(
    table: ContractTable,
    columns: tuple[str, ...],
    kind: str,
    asks: Asks,
    dimension: str,
    *,
    name: str = "",
    severity: str = "error",
    bound: Bound | None = NONE_AT_ALL,
    **more: Any,
) -> Check:
    place = ".".join(part for part in (table.name, "+".join(columns), name or kind) if part)
    if bound is NONE_AT_ALL:
        bound = _tolerated(table, columns, kind)
    return Check(place, table.name, columns, kind, asks, dimension, severity, bound, **more)


def _tolerated(table: ContractTable, columns: tuple[str, ...], kind: str) -> Bound:
    column = table.column(columns[0]) if len(columns) == 1 else None
    for own in (column.own if column else {}, table.own):
        stated = own.get(AT_MOST)
        percent = stated.get(kind) if isinstance(stated, Mapping) else None
        if isinstance(percent, int | float) and not isinstance(percent, bool) and 0 <= percent <= 100:
            return Bound(Operator.AT_MOST, percent, percent=True)
    return NONE_AT_ALL


def _of_column(table: ContractTable, column: ContractColumn) -> Iterator[Check]:
    here = (column.name,)
    yield _check(table, here, "column", Asks.COLUMN, "conformity")
    if column.type:
        yield _check(table, here, "type", Asks.TYPE, "conformity", type=column.type)
    if column.required or column.key_position is not None:
        yield _check(table, here, "required", Asks.FLAWS, "completeness", flaw=Missing())
    if column.unique and table.key != here:
        yield _check(table, here, "unique", Asks.REPEATS, "uniqueness")
    if column.allowed:
        yield _check(table, here, "enum", Asks.FLAWS, "conformity", flaw=Unlisted(column.allowed))
    for option, value in column.options.items():
        yield from _of_option(table, column, option, value)
    for rule in column.rules:
        yield _of_rule(table, column, rule)
    for relation in column.relations:
        yield _of_relation(table, relation)
    for inner in column.nested:
        for check in _of_column(table, inner):
            told = "it lies inside of another column, which is not looked into"
            yield replace(check, asks=Asks.NOTHING, reason=told)


def _of_option(table: ContractTable, column: ContractColumn, option: str, value: Any) -> Iterator[Check]:
    here = (column.name,)
    if option == "defaultTimezone" or (option == "timezone" and value is not True):
        return  # says how to read, promises nothing
    if option == "timezone":
        yield _check(table, here, option, Asks.ZONE, "conformity", type="with a time zone")
        return
    flaw = _flaw(column.type, option, value)
    if isinstance(flaw, str):
        yield _check(table, here, option, Asks.NOTHING, "conformity", reason=flaw)
    else:
        yield _check(table, here, option, Asks.FLAWS, "conformity", flaw=flaw)


def _flaw(type: str, option: str, value: Any) -> Flaw | str:
    """What an option of a logical type forbids, or why that cannot be told."""
    if option in _RANGES and isinstance(value, int | float | str) and not isinstance(value, bool):
        above, exclusive = _RANGES[option]
        return Outside(value, above, exclusive)
    if option == "pattern" and isinstance(value, str):
        return Unmatched(value)
    if option in ("minLength", "minItems") and isinstance(value, int):
        return Length(fewest=value, items=option == "minItems")
    if option in ("maxLength", "maxItems") and isinstance(value, int):
        return Length(most=value, items=option == "maxItems")
    if option == "multipleOf" and isinstance(value, int | float) and value > 0:
        return Uneven(value)
    if option == "uniqueItems" and value is True:
        return Repeating()
    if option == "format" and isinstance(value, str):
        return _format(type, value)
    return f"nothing here knows how to check `{option}` of the type `{type or 'none'}`"


def _format(type: str, name: str) -> Flaw | str:
    if sized := re.fullmatch(r"([iu])(8|16|32|64|128)", name):
        signed, bits = sized[1] == "i", int(sized[2])
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        return AnyOf((Outside(low, above=False), Outside(high, above=True)))
    if name in ("f32", "f64"):
        most = 3.4028234663852886e38 if name == "f32" else 1.7976931348623157e308
        return AnyOf((Outside(-most, above=False), Outside(most, above=True)))
    if type in ("date", "timestamp", "time"):
        pattern = dates_spelled(name)
        return Unmatched(pattern, spelling=True) if pattern else f"the date format `{name}` is not known"
    if name in FORMATS:
        return Unmatched(FORMATS[name])
    return f"the format `{name}` is not known"


def dates_spelled(form: str) -> str:
    """A regular expression for dates in a form such as ``yyyy-MM-dd'T'HH:mm:ss``; empty for other letters."""
    result, at = "^", 0
    while at < len(form):
        letter = form[at]
        end = at
        while end < len(form) and form[end] == letter:
            end += 1
        if letter == "'":
            end = form.find("'", at + 1)
            if end < 0:
                return ""
            result += re.escape(form[at + 1 : end] or "'")
            end += 1
        elif letter in _LETTERS:
            count = end - at
            # One letter is a number of one or two digits, three or more of a month are its name.
            if letter == "M" and count > 2:
                return ""
            result += "[0-9]{1,2}" if count == 1 and letter not in "yS" else f"[0-9]{{{count}}}"
        elif form[at:end] in _ZONES:
            result += _ZONES[form[at:end]]
        elif letter.isalpha():
            return ""
        else:
            result += re.escape(form[at:end])
        at = end
    return result + "$" if form else ""


def _of_rule(table: ContractTable, column: ContractColumn | None, rule: QualityRule) -> Check:
    here = (column.name,) if column else ()
    kind = rule.metric if rule.type == "library" and rule.metric else rule.type
    stated: dict[str, Any] = {
        "name": rule.id or rule.name or kind,
        "severity": rule.severity or "error",
        "bound": rule.bound,
    }
    dimension = rule.dimension or {
        "nullValues": "completeness", "missingValues": "completeness", "rowCount": "completeness",
        "duplicateValues": "uniqueness", "invalidValues": "conformity",
    }.get(rule.metric, "accuracy")  # fmt: skip

    def nothing(reason: str) -> Check:
        return _check(table, here, kind, Asks.NOTHING, dimension, reason=reason, **stated)

    if rule.type == "text":
        return nothing("a rule in words is for people to check")
    if rule.type == "custom":
        return nothing(f"{_FOREIGN} `{rule.engine or 'an unnamed engine'}`")
    if rule.bound is None:
        return nothing("the rule names no bound that a program could compare with")
    if rule.type == "sql":
        if not rule.query:
            return nothing("the rule has no query")
        return _check(table, here, kind, Asks.ANSWER, dimension, query=rule.query, **stated)
    if rule.type != "library":
        return nothing(f"the type of rule `{rule.type}` is not known")
    if rule.metric == "rowCount":
        return _check(table, here, kind, Asks.ROWS, dimension, **stated)
    if rule.metric == "duplicateValues":
        columns = here or _properties(rule.arguments)
        if not columns:
            return nothing("`arguments.properties` names no columns whose values together must not repeat")
        return _check(table, columns, kind, Asks.REPEATS, dimension, **stated)
    columns = here or _properties(rule.arguments)
    flaw = _library(rule)
    if flaw is None:
        return nothing(f"the metric `{rule.metric}` is not known, or its arguments say nothing to check")
    if len(columns) != 1:
        return nothing("the rule belongs to a column")
    return _check(table, columns, kind, Asks.FLAWS, dimension, flaw=flaw, **stated)


def _properties(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    named = arguments.get("properties")
    return tuple(one for one in named if isinstance(one, str)) if isinstance(named, list | tuple) else ()


def _library(rule: QualityRule) -> Flaw | None:
    arguments = rule.arguments
    if rule.metric == "nullValues":
        return Missing()
    if rule.metric == "missingValues":
        values = arguments.get("missingValues", ())
        return Missing(tuple(values)) if isinstance(values, list | tuple) else None
    if rule.metric != "invalidValues":
        return None
    flaws: list[Flaw] = []
    for name, value in arguments.items():
        option = {"min": "minimum", "max": "maximum"}.get(name, name)
        if name == "validValues" and isinstance(value, list | tuple):
            flaws.append(Unlisted(tuple(value)))
            continue
        flaw = _flaw("string", option, value)
        if isinstance(flaw, str):
            return None  # half a rule would be another rule
        flaws.append(flaw)
    return (flaws[0] if len(flaws) == 1 else AnyOf(tuple(flaws))) if flaws else None


def _of_relation(table: ContractTable, relation: Relation) -> Check:
    whole = relation.table and len(relation.columns) == len(relation.targets) and all(relation.targets)
    target = f"{relation.table}.{'+'.join(relation.targets)}" if whole else "?"
    reason = (
        "" if whole and all(relation.columns) else "the relationship does not name its columns pair by pair"
    )
    return _check(
        table, relation.columns, "relationship", Asks.NOTHING if reason else Asks.ORPHANS, "consistency",
        name=relation.id or f"relationship.{target}", relation=relation, reason=reason,
    )  # fmt: skip


def _of_promise(table: ContractTable, promise: Promise) -> Check:
    columns = (promise.element[1],) if promise.element[1] else ()
    within = duration(promise.value, promise.unit)
    asks = {"retention": Asks.OLDEST}.get(promise.property, Asks.NEWEST)
    reason = ""
    if promise.property not in ("freshness", "latency", "frequency", "retention"):
        reason = f"rows do not tell whether `{promise.property}` is kept"
    elif within is None:
        reason = "`value` and `unit` are no span of time, expected such as 1 and `d`"
    elif not columns:
        reason = "`element` names no column whose newest value would tell"
    return _check(
        table, columns, promise.property or "slaProperty", Asks.NOTHING if reason else asks, "timeliness",
        name=promise.id or promise.property, bound=None, within=within, reason=reason,
    )  # fmt: skip


def duration(value: Any, unit: str) -> timedelta | None:
    """A span of time such as 4 and ``h``; ``24h`` as one text. None for what is none."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", value)
        if not match:
            return None
        value, unit = float(match[1]), match[2] or unit
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e9:
        return None
    word = unit.strip().casefold()
    seconds = _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))
    return timedelta(seconds=value * seconds) if seconds and value * seconds < 1e13 else None


def _volume(table: ContractTable, stated: Any) -> Check:
    options = stated if isinstance(stated, Mapping) else {}
    runs, width = options.get("runs", USUAL_RUNS), options.get("width", USUAL_WIDTH)
    sound = isinstance(runs, int) and runs > 0 and isinstance(width, int | float) and width > 0
    return _check(
        table, (), "volume", Asks.USUAL if sound else Asks.NOTHING, "completeness", bound=None,
        runs=runs if sound else 0, width=width if sound else 0.0,
        reason="" if sound else "`runs` and `width` are numbers above 0",
    )  # fmt: skip
