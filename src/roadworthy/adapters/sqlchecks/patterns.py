"""Regular expressions of a contract (RE2) in the words of other engines, as far as both mean the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import re2  # type: ignore[import-untyped, unused-ignore]

from roadworthy.adapters.sqlchecks.quoting import Inexpressible

if TYPE_CHECKING:
    from roadworthy.ports.tables import Dialect

LONGEST = 2000
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": r"\t\n\f\r "}
_NAMED = {
    "alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "upper": "A-Z", "lower": "a-z",
    "xdigit": "0-9A-Fa-f", "space": r"\t\n\v\f\r ", "word": "A-Za-z0-9_", "blank": r"\t ",
}  # fmt: skip
_CONTROLS = {"n": r"\n", "t": r"\t", "r": r"\r", "f": r"\f", "v": r"\v"}
_SPECIAL = set(r".^$*+?()[]{}|\/-&~#@!%\"'`<>:;,= ")
_MOST_REPEATS = 255


def spelled(pattern: str, dialect: Dialect) -> str:
    """The pattern for the dialect's engine: found anywhere, ``.`` is no line break, ``$`` is the very end.

    DuckDB and the ``regexp`` of our SQLite are RE2 themselves. For Postgres and MySQL a subset is
    translated in which classes are ASCII, as in RE2.

    Errors: ``Inexpressible`` for what RE2 does not know (lookaround, back references) and for what
    cannot be said in the dialect.
    """
    if len(pattern) > LONGEST:
        raise Inexpressible(f"the pattern has {len(pattern)} characters, at most {LONGEST} are tried")
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as problem:
        why = str(problem.args[0].decode() if isinstance(problem.args[0], bytes) else problem.args[0])
        told = f"the pattern is none that an engine of linear time knows: {why[:120]}"
        raise Inexpressible(told) from None
    return (
        pattern
        if dialect in ("duckdb", "sqlite")
        else _Translation(pattern, end=r"\z" if dialect == "mysql" else "$").text()
    )


class _Translation:
    """From left to right; whatever is not known to mean the same stops it."""

    def __init__(self, pattern: str, *, end: str) -> None:
        # MySQL's `$` also stands before a line break at the end.
        self._pattern, self._end, self._at = pattern, end, 0

    def text(self) -> str:
        parts = []
        while self._at < len(self._pattern):
            parts.append(self._next())
        return "".join(parts)

    def _next(self) -> str:
        letter = self._pattern[self._at]
        self._at += 1
        if letter == "\\":
            return self._escaped()
        if letter == "[":
            return self._set()
        if letter == ".":
            return r"[^\n]"
        if letter == "$":
            return self._end
        if letter == "(":
            return self._group()
        if letter == "{":
            return self._repeats()
        if not letter.isascii() and not letter.isprintable():
            raise Inexpressible("the pattern holds a character that is not printed")
        return letter

    def _group(self) -> str:
        if not self._pattern.startswith("?", self._at):
            return "(?:"  # nobody asks for what a group caught
        if self._pattern.startswith("?:", self._at):
            self._at += 2
            return "(?:"
        raise Inexpressible("only this engine's own dialect knows groups such as `(?i)` and `(?P<name>`")

    def _repeats(self) -> str:
        end = self._pattern.find("}", self._at)
        inside = self._pattern[self._at : end] if end >= 0 else ""
        parts = inside.split(",")
        if not (
            1 <= len(parts) <= 2
            and parts[0].isdecimal()
            and (len(parts) == 1 or parts[1].isdecimal() or not parts[1])
        ):
            return r"\{"
        if any(part and int(part) > _MOST_REPEATS for part in parts):
            raise Inexpressible(f"more than {_MOST_REPEATS} repeats are beyond other engines")
        self._at = end + 1
        return f"{{{inside}}}"

    def _escaped(self) -> str:
        letter = self._taken()
        if letter in _CLASSES:
            return f"[{_CLASSES[letter]}]"
        if letter.lower() in _CLASSES:
            return f"[^{_CLASSES[letter.lower()]}]"
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter == "A":
            return "^"
        if letter == "z":
            return self._end
        return self._literal(letter)

    def _literal(self, letter: str) -> str:
        if letter in _SPECIAL:
            return f"\\{letter}" if letter in r".^$*+?()[]{}|\-&~#" else letter
        raise Inexpressible(f"`\\{letter}` means something else in other engines")

    def _taken(self) -> str:
        if self._at >= len(self._pattern):
            raise Inexpressible("the pattern ends in a backslash")
        self._at += 1
        return self._pattern[self._at - 1]

    def _set(self) -> str:
        result = "["
        if self._pattern.startswith("^", self._at):
            self._at += 1
            result = "[^"
        first = True
        while True:
            letter = self._taken()
            if letter == "]" and not first:
                return result + "]"
            first = False
            if letter == "[" and self._pattern.startswith(":", self._at):
                result += self._named()
            elif letter == "\\":
                inner = self._taken()
                if inner in _CLASSES:
                    result += _CLASSES[inner]
                elif inner in _CONTROLS:
                    result += _CONTROLS[inner]
                elif inner in _SPECIAL:
                    result += self._member(inner)
                else:
                    raise Inexpressible(
                        f"`\\{inner}` within brackets means something else in other engines"
                    )
            elif letter == "-" and not self._is_range(result):
                result += r"\-"
            else:
                result += letter if letter == "-" else self._member(letter)

    def _is_range(self, before: str) -> bool:
        return before not in ("[", "[^") and self._pattern[self._at : self._at + 1] not in ("]", "")

    def _member(self, letter: str) -> str:
        return letter if letter.isalnum() or not letter.isascii() or letter in " _" else f"\\{letter}"

    def _named(self) -> str:
        end = self._pattern.find(":]", self._at)
        name = self._pattern[self._at + 1 : end]
        if end < 0 or name not in _NAMED:
            raise Inexpressible("a named class that only this engine's own dialect knows")
        self._at = end + 2
        return _NAMED[name]
