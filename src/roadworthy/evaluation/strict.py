"""Foreign JSON read strictly: what JSON cannot carry, or what readers disagree about, is a problem."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Cost

MAX_DEPTH = 64
"""Deeper than any record of business; far from where readers run out of stack."""
LARGEST_INTEGER = 2**53 - 1
MOST_PROBLEMS = 50
LONGEST_SHOWN = 120
_LARGEST = 1e300


class NotJson(ValueError):
    """A text that is no JSON value; the message says why, ``column`` where it is known."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column


def parse_json(text: str) -> Any:
    """The JSON value of a text.

    Errors: ``NotJson`` for no JSON, NaN and infinities, whole numbers beyond ±(2^53-1), keys that stand
    twice, halves of characters (lone surrogates), and nesting deeper than 64.
    """
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as problem:
        raise NotJson(f"not JSON: {problem.msg.lower()}", problem.colno) from None
    except RecursionError:
        raise NotJson(_TOO_DEEP) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and depth(value) > MAX_DEPTH:
        raise NotJson(_TOO_DEEP)
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise NotJson("holds half of a character (a lone surrogate)") from None
    return value


_TOO_DEEP = f"nested deeper than {MAX_DEPTH}"


def depth(value: object) -> int:
    """How deep lists and objects stand in one another; looks no further than one beyond MAX_DEPTH."""
    level, here = 0, [value]
    while here and level <= MAX_DEPTH:
        inner: list[object] = []
        for one in here:
            if isinstance(one, Mapping):
                inner.extend(one.values())
            elif isinstance(one, list | tuple):
                inner.extend(one)
        if not inner and not any(isinstance(one, Mapping | list | tuple) for one in here):
            break
        level, here = level + 1, inner
    return level


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise NotJson(f"`{fit(twice)}` stands twice in one object")
    return found


def _constant(name: str) -> Any:
    raise NotJson(f"`{name}` is no number of JSON")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotJson(f"`{fit(text, 40)}` is too large for a number")
    return number


def _whole(text: str) -> int:
    if len(text) > 17 or not -LARGEST_INTEGER <= (number := int(text)) <= LARGEST_INTEGER:
        raise NotJson(f"`{fit(text, 40)}` is too large for a whole number", 0)
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_whole
)


def fit(text: str, longest: int = LONGEST_SHOWN) -> str:
    """One line of printable text, short enough to stand in a sentence."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(letter if letter.isprintable() else "�" for letter in short)


def shown(value: object, longest: int = LONGEST_SHOWN) -> str:
    """A value as it stands in a sentence: a text as it is, anything else as short JSON."""
    if isinstance(value, str):
        return fit(value, longest)
    try:
        return fit(json.dumps(value, ensure_ascii=False, default=str)[: longest + 1], longest)
    except (ValueError, RecursionError):
        return type(value).__name__


class Fields:
    """The fields of one stored object, taken one by one; what is wrong is collected.

    ``done`` adds the fields nobody took. Two readers with one list of problems report together.
    """

    def __init__(self, stored: object, place: str, problems: list[Problem], line: int = 0) -> None:
        self._place, self._problems, self._line = place, problems, line
        self._left: dict[str, Any] = {}
        if isinstance(stored, Mapping):
            self._left = dict(stored)
        else:
            self.say("expected an object")
        self._sound = isinstance(stored, Mapping)

    def say(self, message: str) -> None:
        """A problem of this object."""
        self._problems.append(Problem(message, self._place, self._line, 1 if self._line else 0))

    def has(self, name: str) -> bool:
        """Is the field there?"""
        return name in self._left

    def any(self, name: str, default: object = None) -> Any:
        """The field as it is."""
        return self._left.pop(name, default)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default it has to be there."""
        value = self._take(name, default)
        if isinstance(value, str):
            return value
        self._wrong(name, "a text", value)
        return default or ""

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        value = self._take(name, default)
        # Compared, because asking a whole number of 400 digits whether it is finite fails.
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST:
            return value
        self._wrong(name, "a number", value)
        return default or 0.0

    def maybe_number(self, name: str) -> float | None:
        """A finite number, or null, or nothing."""
        if self._left.get(name) is None:
            self._left.pop(name, None)
            return None
        return self.number(name)

    def whole(self, name: str, default: int | None = None, least: int = 0) -> int:
        """A whole number, at least ``least``."""
        value = self._take(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self._wrong(name, f"a whole number from {least}", value)
        return default or least

    def mapping(self, name: str, *, required: bool = False) -> dict[str, Any]:
        """An object; empty where it is missing."""
        value = self._take(name, None if required else {})
        if isinstance(value, Mapping):
            return dict(value)
        self._wrong(name, "an object", value)
        return {}

    def items(self, name: str) -> list[Any]:
        """A list; empty where it is missing."""
        value = self._take(name, [])
        if isinstance(value, list | tuple):
            return list(value)
        self._wrong(name, "a list", value)
        return []

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where it is missing."""
        found = self.items(name)
        if all(isinstance(one, str) for one in found):
            return tuple(found)
        self._wrong(name, "a list of texts", found)
        return ()

    def cost(self, name: str) -> Cost:
        """A cost such as `0.0031 EUR`; nothing where it is missing."""
        if not self.has(name):
            return Cost(0)
        try:
            return Cost.parse(self.text(name))
        except ValueError as problem:
            self.say(f"`{name}`: {problem}")
            return Cost(0)

    def done(self) -> None:
        """Fields that nobody took are problems."""
        for name in self._left:
            self.say(f"unknown field `{fit(name, 60)}`")

    def _take(self, name: str, default: object) -> Any:
        return self._left.pop(name, default)

    def _wrong(self, name: str, expected: str, found: object) -> None:
        if not self._sound:
            return
        told = "it is missing" if found is None else f"found `{shown(found, 60)}`"
        self.say(f"`{name}`: expected {expected}, {told}")


def refuse(code: str, problems: list[Problem], hint: str = "") -> InputProblem:
    """The error that carries the first problems of a flood, and how many there are in all."""
    told = problems[:MOST_PROBLEMS]
    if len(problems) > MOST_PROBLEMS:
        more = len(problems) - MOST_PROBLEMS
        told = [*told, Problem(f"and {more} more problems ({len(problems)} in all)", problems[0].place)]
    return InputProblem(code, told, hint=hint)
