"""Variables of a prompt: their types, and what a value of each looks like in a message."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

TYPES: Final = ("text", "number", "integer", "boolean", "list", "object")
NONE: Final = "(none)"
_HARMLESS: Final = frozenset({"number", "integer", "boolean"})


class Missing:
    """Stands where no value is: None is one."""


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared variable. ``default`` are the prompt's own words; ``one_of`` the only texts it may be."""

    name: str
    type: str
    optional: bool = False
    default: object = MISSING
    one_of: tuple[str, ...] = ()

    @property
    def inline(self) -> bool:
        """Its values may stand among the company's own words: nobody can write an instruction with them."""
        return self.type in _HARMLESS or bool(self.one_of)

    def wrong(self, value: object) -> str:
        """What is wrong with a value, without repeating it; empty where nothing is."""
        if value is None:
            return "" if self.optional else f"expected {self.said}, found none"
        if not _is(value, self.type):
            return f"expected {self.said}, found {_kind(value)}"
        if self.one_of and value not in self.one_of:
            return f"expected one of {', '.join(self.one_of)}, found another text"
        if self.type in {"list", "object"}:
            try:
                shown(value)
            except (ValueError, TypeError, RecursionError):
                return "found a value in it that JSON cannot carry"
        return ""

    @property
    def said(self) -> str:
        """Its type as the front of a prompt file says it."""
        return f"{self.type}|none" if self.optional else self.type


def shown(value: object) -> str:
    """A value as text: a text as it is, anything else as JSON. Errors: ``ValueError``, ``TypeError``."""
    if value is None:
        return NONE
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)


def _is(value: object, type_: str) -> bool:
    if type_ == "text":
        return isinstance(value, str)
    if type_ == "boolean":
        return isinstance(value, bool)
    if type_ == "list":
        return isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if type_ == "object":
        return isinstance(value, Mapping)
    if isinstance(value, bool):
        return False
    if type_ == "integer":
        return isinstance(value, int)
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _kind(value: object) -> str:
    found = ("boolean", "integer", "number", "text", "list", "object")
    return next((type_ for type_ in found if _is(value, type_)), "something else")
