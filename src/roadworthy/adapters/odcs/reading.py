"""From the text of a data contract to a typed value, with every problem at its line and column."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from open_data_contract_standard.model import OpenDataContractStandard as Standard
from pydantic import BaseModel, ValidationError

from roadworthy.adapters.odcs.sense import OWN_FORMS, look
from roadworthy.adapters.odcs.yamltext import Path, Report, fit, parse
from roadworthy.data.contract import OWN, Contract, contract_of
from roadworthy.data.table import Finding
from roadworthy.errors import InputProblem

MOST_PROBLEMS = 200
_KINDS = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "int_from_float": "a whole number",
}
# Servers of a kind that the library does not know have fields of their own; values of these are anybody's.
_ANYTHING = {"servers", "value", "arguments", "implementation", "logicalTypeOptions", "customProperties"}


def read(text: str | bytes, *, file: str) -> Contract:
    """Parse and validate. ``file`` is only named in problems.

    A field that the standard does not know is kept and told in the contract's findings (RW-DATA-203),
    because a misspelt promise is none.

    Errors: ``InputProblem`` RW-DATA-201 (no YAML mapping) or RW-DATA-202 (wrong content), carrying all
    problems at once (the first MOST_PROBLEMS of a flood), each with line and column.
    """
    report = Report(file)
    data = parse(text, report)
    findings = _unknown(data, Standard, (), report)
    known = {name: value for name, value in data.items() if name in _names(Standard)}
    try:
        Standard.model_validate(known, strict=True)
    except ValidationError as invalid:
        _tell(invalid, data, report)
    else:
        # Sense is looked for where every value has the form it should have.
        look(data, report)
    if report.problems:
        ordered = sorted(report.problems, key=lambda problem: (problem.line, problem.column))
        raise InputProblem("RW-DATA-202", ordered[:MOST_PROBLEMS])
    return contract_of(data, findings=findings)


def _tell(invalid: ValidationError, data: Any, report: Report) -> None:
    expected: dict[Path, list[str]] = {}
    for error in invalid.errors(include_url=False):
        path = _there(error["loc"], data)
        if path is None:
            continue
        message = str(error["msg"])
        told = _KINDS.get(error["type"], message[:1].lower() + message[1:])
        if told not in expected.setdefault(path, []):
            expected[path].append(told)
    for path, kinds in expected.items():
        found = _at(data, path)
        shown = f"`{str(found)[:60]}`" if isinstance(found, str | int | float | bool) else _form(found)
        hint = "put it in quotes" if kinds == ["text"] and isinstance(found, int | float) else ""
        report.at(path, f"`{_name(path)}`: expected {' or '.join(kinds)}, found {shown}", hint)


def _there(loc: tuple[str | int, ...], data: Any) -> Path | None:
    """The path without the names of the alternatives that the validator tried; None for one that never fitted."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(data, Mapping) and part in data:
            data = data[str(part)]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            tried_list = str(part).startswith("list[")
            if (
                path == ["team"]
                and isinstance(data, list | Mapping)
                and tried_list != isinstance(data, list)
            ):
                return None
            continue
        path.append(part)
    return tuple(path)


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _form(value: Any) -> str:
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else "a mapping"


def _name(path: Path) -> str:
    return ".".join(str(part) for part in path) or "contract"


def _unknown(data: Any, model: type[BaseModel], path: Path, report: Report) -> list[Finding]:
    """Fields that neither the standard knows nor we."""
    found: list[Finding] = []
    names = _names(model)
    for name, value in data.items():
        here = (*path, name)
        if name not in names:
            close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
            hint = f"did you mean `{close[0]}`?" if close else "what is your own goes to `customProperties`"
            line, column = report.nearest(here)
            place = f"{report.file}:{line}:{column}"
            told = fit(f"the standard knows no field `{_name(here)}`, so that nothing is checked for it")
            found.append(Finding("RW-DATA-203", told, place, hint))
            continue
        if name == "customProperties" and isinstance(value, list):
            found += _unknown_own(value, here, report)
        inner = _model_in(names[name])
        if inner is None or name in _ANYTHING:
            continue
        for number, one in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(one, Mapping):
                below = here if number is None else (*here, number)
                found += _unknown(one, inner, below, report)
    return found


def _unknown_own(value: list[Any], path: Path, report: Report) -> list[Finding]:
    found = []
    for number, one in enumerate(value):
        name = one.get("property") if isinstance(one, Mapping) else None
        if isinstance(name, str) and name.startswith(OWN) and name not in OWN_FORMS:
            close = difflib.get_close_matches(name, list(OWN_FORMS), n=1, cutoff=0.6)
            line, column = report.nearest((*path, number))
            hint = f"did you mean `{close[0]}`?" if close else f"known: {', '.join(OWN_FORMS)}"
            told = fit(f"there is no property `{name}`, so that nothing reads it")
            found.append(Finding("RW-DATA-203", told, f"{report.file}:{line}:{column}", hint))
    return found


@cache
def _names(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        if (found := _model_in(argument)) is not None:
            return found
    return None
