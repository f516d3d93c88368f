"""From the text of a charter to a typed value, with every problem at its line and column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from roadworthy.charter.model import LOOSE_END, Charter, loose_ends
from roadworthy.errors import InputProblem
from roadworthy.placed import Page, Path, near

MAX_BYTES = 200_000
"""A long charter has ten thousand; reading this many takes two seconds."""
MOST_PROBLEMS = 200


def read(text: str | bytes, *, file: str) -> Charter:
    """Parse and validate. ``file`` is only named in problems.

    Errors: ``InputProblem`` RW-CHARTER-001 (no YAML mapping) or RW-CHARTER-002 (wrong content),
    carrying all problems at once (the first MOST_PROBLEMS of a flood), each with line and column.
    """
    page = Page(file)
    data = page.read(
        text,
        expected="expected a mapping with `use_case`, `title` and so on",
        called="a charter",
        most_bytes=MAX_BYTES,
    )
    if data is None:
        raise InputProblem("RW-CHARTER-001", page.problems)
    loose = list(islice(loose_ends(data), MOST_PROBLEMS))
    for path, what in loose:
        page.say(f"`{_name(path)}`: {what}", path)
    charter: Charter | None = None
    try:
        charter = Charter.model_validate(data)
    except ValidationError as invalid:
        # What the model says of loose ends was said above, with a place.
        told = (error for error in invalid.errors() if not (loose and error["type"] == LOOSE_END))
        for error in islice(told, MOST_PROBLEMS):
            _tell(dict(error), page)
    if page.problems or charter is None:
        raise InputProblem(
            "RW-CHARTER-002",
            page.in_order(MOST_PROBLEMS),
            hint="`roadworthy charter lint` shows them all again",
        )
    return charter


def _tell(error: Mapping[str, Any], page: Page) -> None:
    path: Path = tuple(part for part in error["loc"] if part != "[key]")
    name = _name(path)
    if error["type"] == "extra_forbidden":
        page.say(f"unknown field `{name}`", path, hint=near(str(path[-1]), _fields_at(path[:-1])))
        return
    if error["type"] == "missing":
        page.say(f"`{name}` is missing", path)
        return
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    found = error.get("input")
    shown = f", found `{str(found)[:60]}`" if isinstance(found, str | int | float | bool) else ""
    page.say(f"`{name}`: {message}{shown}", path)


def _name(path: Path) -> str:
    return ".".join(str(part) for part in path) or "charter"


def _fields_at(path: Path) -> Iterable[str]:
    """Field names of the model that a path of a charter leads to."""
    annotation: Any = Charter
    for part in path:
        model = _model_in(annotation)
        if model is None:
            return ()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            if field is None:
                return ()
            annotation = field.annotation
        else:
            annotation = model  # a key of a mapping or an index of a list
    model = _model_in(annotation)
    return model.model_fields if model is not None else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
