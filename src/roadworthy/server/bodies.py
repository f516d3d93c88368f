"""Reading what was sent: JSON, forms and queries, strictly, every problem named at once."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, ValidationError

from roadworthy.errors import InputProblem, Problem

MAX_DEPTH = 32
MAX_FORM_FIELDS = 200
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"


class Body(BaseModel):
    """A request's body: no conversion, no unknown field."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


B = TypeVar("B", bound=Body)


def read_json(raw: bytes, *, content_type: str) -> dict[str, Any]:
    """The JSON object of a body.

    Errors: ``InputProblem`` RW-SERVER-003 for another content type, RW-SERVER-004 for anything but
    one JSON object: bad UTF-8, lone surrogates, NaN, repeated names, nesting beyond 32.
    """
    _require_type(content_type, JSON_TYPE)
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_exact,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError as problem:
        raise _unreadable(f"not UTF-8 at byte {problem.start}") from None
    except json.JSONDecodeError as problem:
        message = f"not JSON: {problem.msg[:1].lower()}{problem.msg[1:]}"
        raise _unreadable(message, line=problem.lineno, column=problem.colno) from None
    except RecursionError:
        raise _unreadable(f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as problem:
        raise _unreadable(f"not JSON: {problem}") from None
    if not isinstance(value, dict):
        raise _unreadable("expected a JSON object")
    _check(value)
    return value


def check_body(shape: type[B], value: Mapping[str, object]) -> B:
    """The body as its declared shape. Errors: ``InputProblem`` RW-SERVER-005 naming every field."""
    try:
        return shape.model_validate(value)
    except ValidationError as problem:
        known = ", ".join(shape.model_fields)
        raise InputProblem(
            "RW-SERVER-005", [_problem(error, known) for error in problem.errors()]
        ) from None


def read_form(raw: bytes, *, content_type: str) -> dict[str, str]:
    """The fields of a submitted form; line ends as they were before the browser changed them."""
    _require_type(content_type, FORM_TYPE)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS
        )
    except ValueError:
        raise _unreadable("not a form") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _unreadable("a field stands twice")
    # Browsers send every line end of a text field as CR LF.
    return {name: value.replace("\r\n", "\n") for name, value in fields.items()}


def read_query(raw: str, *, known: Collection[str], strict: bool = True) -> dict[str, str]:
    """Query parameters that are not empty.

    Errors: ``InputProblem`` RW-SERVER-005 for repeated ones, and where ``strict`` for unknown ones.
    Otherwise these are passed over: mail programs add their own to links that people open.
    """
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise _unreadable("the query is not UTF-8") from None
    if not strict:
        pairs = [(name, value) for name, value in pairs if name in known]
    names = [name for name, _ in pairs]
    problems = [
        Problem("unknown parameter", place=name, hint=f"known: {', '.join(known) or 'none'}")
        for name in dict.fromkeys(names)
        if name not in known
    ]
    problems += [
        Problem("stands twice", place=name) for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if problems:
        raise InputProblem("RW-SERVER-005", problems)
    return {name: value for name, value in pairs if value}


def _require_type(found: str, wanted: str) -> None:
    kind, _, parameters = found.partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != wanted or charset not in {"", "utf-8"}:
        raise InputProblem(
            "RW-SERVER-003",
            Problem(f"found `{found[:100] or 'no content type'}`, expected `{wanted}`"),
            hint=f"send the header `Content-Type: {wanted}`",
        )


def _check(value: object) -> None:
    """Depth and text of everything inside. Iterative: depth is what is being limited."""
    waiting: list[tuple[object, int]] = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _unreadable(f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(item, dict):
            waiting += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list):
            waiting += [(part, depth + 1) for part in item]
        elif isinstance(item, str) and not item.isascii():
            try:
                item.encode()
            except UnicodeEncodeError:
                raise _unreadable("holds half a character (a lone surrogate)") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"`{name}` is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _exact(digits: str) -> int:
    # Beyond this readers of JSON disagree about the value, and it has no canonical form.
    if len(digits) > 17 or abs(number := int(digits)) > 2**53 - 1:
        raise ValueError("a whole number lies beyond 2^53 - 1")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _problem(error: Any, known: str) -> Problem:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return Problem("is missing", place=place)
    if error["type"] == "extra_forbidden":
        return Problem("unknown field", place=place, hint=f"known: {known}")
    message = str(error["msg"])
    return Problem(message[:1].lower() + message[1:], place=place)


def _unreadable(message: str, *, line: int = 0, column: int = 0) -> InputProblem:
    return InputProblem(
        "RW-SERVER-004", Problem(message, place="body" if line else "", line=line, column=column)
    )
