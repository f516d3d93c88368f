"""One SQL statement: checked when it is declared, bound when it is used. Values are never formatted in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType

from roadworthy.errors import InputProblem, Problem

SHOWN = 120
"""Characters of a statement that a problem shows."""

_BLANK = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_QUESTION = re.compile(_BLANK + r"(?:select|with|values)\b", re.IGNORECASE | re.DOTALL)
# What a placeholder may not be looked for in comes first: literals, quoted names, comments, casts.
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|::"
    r"|:(?P<name>[A-Za-z_]\w*)|%",
    re.DOTALL,
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_PLAIN = (str, int, float, NoneType)
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with ``:name`` placeholders, and their names. ``place`` tells a problem's reader where it stands."""

    sql: str
    names: frozenset[str]
    place: str

    @classmethod
    def of(cls, sql: str, *, place: str) -> Statement:
        names = (match["name"] for match in _TOKEN.finditer(sql))
        return cls(sql, frozenset(name for name in names if name), place)

    def bind(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """The arguments, provided that they are what the statement takes.

        Errors: ``InputProblem`` RW-SQL-003 for missing or unknown ones and for values that are no
        text, number, truth value or None.
        """
        problems = []
        if arguments.keys() != self.names:
            problems += [
                Problem(f"the argument `{name}` is missing", place=self.place)
                for name in sorted(self.names - arguments.keys())
            ]
            expected = f"expected: {', '.join(sorted(self.names)) or 'none'}"
            problems += [
                Problem(f"there is no argument `{name}`", place=self.place, hint=expected)
                for name in sorted(arguments.keys() - self.names)
            ]
        for name, value in arguments.items():
            if not isinstance(value, _PLAIN):
                problems.append(Problem(f"`{name}` is no text, number or empty value", place=self.place))
            elif type(value) is int and not _SMALLEST <= value <= _LARGEST:
                problems.append(Problem(f"`{name}` is a number beyond 64 bits", place=self.place))
        if problems:
            raise InputProblem("RW-SQL-003", problems)
        return arguments

    def for_postgres(self) -> str:
        """The same statement with the placeholders of psycopg."""

        def spell(match: re.Match[str]) -> str:
            if match["name"]:
                return f"%({match['name']})s"
            return match[0].replace("%", "%%")

        return _TOKEN.sub(spell, self.sql)

    @property
    def shown(self) -> str:
        """The statement in one short line, for problems."""
        line = " ".join(self.sql.split())
        return f"{line[:SHOWN]}…" if len(line) > SHOWN else line


def question(sql: str, *, place: str) -> Statement:
    """A statement that asks. Whether it is one only, and really changes nothing, the database enforces.

    Errors: ``InputProblem`` RW-SQL-002 for one that begins with another word than select, with or values.
    """
    if not _QUESTION.match(sql):
        raise InputProblem(
            "RW-SQL-002",
            Problem(
                "a question begins with `select`, `with` or `values`",
                place=place,
                hint="declare a tool such as `sql.insert` for what writes",
            ),
        )
    return Statement.of(sql, place=place)


def is_identifier(text: object) -> bool:
    """Whether a text can stand for a column or an argument: letters, digits, `_`, at most 63 of them."""
    return isinstance(text, str) and _IDENTIFIER.fullmatch(text) is not None


def is_table(text: object) -> bool:
    """Whether a text can stand for a table: an identifier, or two with a dot between them."""
    return isinstance(text, str) and text.count(".") <= 1 and all(map(is_identifier, text.split(".")))


def quoted(name: str) -> str:
    """An identifier or a table as it stands in SQL, so that it may be a reserved word."""
    assert is_table(name), "names are checked where the charter is read"
    return ".".join(f'"{part}"' for part in name.split("."))
