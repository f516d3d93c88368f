"""Flaws as conditions that a failing row meets. A row without a value meets none of them but "missing"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from roadworthy.adapters.sqlchecks.patterns import spelled
from roadworthy.adapters.sqlchecks.quoting import (
    Inexpressible,
    binary_text,
    identifier,
    moment,
    number,
    text,
)
from roadworthy.data.check import (
    AnyOf,
    Flaw,
    Length,
    Missing,
    Outside,
    Repeating,
    Uneven,
    Unlisted,
    Unmatched,
)
from roadworthy.data.table import Column, ColumnType

if TYPE_CHECKING:
    from roadworthy.ports.tables import Dialect

_NUMBERS = (ColumnType.INTEGER, ColumnType.NUMBER)
_MOMENTS = (ColumnType.DATE, ColumnType.TIMESTAMP, ColumnType.TIME)
_TRUTH = {"true": True, "false": False, "1": True, "0": False}
NUMBER = r"^\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
WHOLE = r"^\s*[+-]?[0-9]+\s*$"
TRUTH = r"^\s*([Tt]rue|[Ff]alse|TRUE|FALSE|[01])\s*$"
NEVER = "1 = 0"


def is_zoned(column: Column) -> bool:
    """Whether its moments are the same everywhere, whoever reads them."""
    native = column.native.casefold()
    return ("zone" in native and "without" not in native) or "timestamptz" in native or "timetz" in native


def may_hide(column: Column) -> bool:
    """Whether a Parquet file's statistics may lie about it: those of floating point leave out what is no number.

    DuckDB 2.0 believes them, and `where` then finds no NaN; an aggregate's own `filter` does.
    """
    return column.type is ColumnType.NUMBER and not column.native.upper().startswith(("DECIMAL", "NUMERIC"))


def laid_open(column: Column) -> str:
    """A column of DuckDB as an expression of the same value, about which statistics tell nothing."""
    name = identifier(column.name, "duckdb")
    return f"case when random() < 2 then {name} end as {name}"


class Conditions:
    """Conditions on one column. ``declared`` is its logical type in the contract, ``prefix`` a table and a dot.

    Errors of every call: ``Inexpressible``.
    """

    def __init__(self, column: Column, dialect: Dialect, *, declared: str = "", prefix: str = "") -> None:
        self._column, self._dialect, self._declared = column, dialect, declared
        self.name = prefix + identifier(column.name, dialect)

    def of(self, flaw: Flaw) -> str:
        """What a row with the flaw meets."""
        if isinstance(flaw, Missing):
            also = self._among(flaw.values)
            return f"({self.name} is null or {also})" if also else f"{self.name} is null"
        if isinstance(flaw, Unlisted):
            listed = self._among(flaw.values)
            return f"({self.name} is not null and not {listed})" if listed else f"{self.name} is not null"
        if isinstance(flaw, Unmatched):
            if flaw.spelling and self._column.type in _MOMENTS and self._dialect != "sqlite":
                return NEVER
            return self.unmatched(flaw.pattern)
        if isinstance(flaw, Length):
            return self._length(flaw)
        if isinstance(flaw, Repeating):
            if self._dialect != "duckdb" or self._column.type is not ColumnType.ARRAY:
                raise Inexpressible("only lists are looked into, and only by DuckDB")
            return (
                f"len(list_distinct({self.name})) < len(list_filter({self.name}, lambda x: x is not null))"
            )
        if isinstance(flaw, Outside):
            return self._outside(flaw)
        if isinstance(flaw, Uneven):
            return self._uneven(flaw)
        if isinstance(flaw, AnyOf):
            return "(" + " or ".join(self.of(one) for one in flaw.flaws) + ")"
        return self._untyped(flaw.type)

    def text(self) -> str:
        """The column as a text that is compared character by character.

        Edge: of other types only whole numbers and dates have one spelling in every database.
        """
        if self._column.type not in (ColumnType.TEXT, ColumnType.INTEGER, ColumnType.DATE):
            raise Inexpressible(
                f"the column holds {self._column.type.value}, which has no spelling of its own"
            )
        plain = self._column.type is ColumnType.TEXT
        if self._dialect == "duckdb":
            # An ENUM or a UUID would have to take a literal for one of its own.
            return (
                self.name
                if plain and self._column.native.upper() in ("VARCHAR", "")
                else f"cast({self.name} as varchar)"
            )
        if self._dialect == "sqlite":
            # A cast keeps the collation of its column, and `nocase` takes A for a.
            return f"cast({self.name} as text) collate binary"
        if self._dialect == "postgres":
            return f'cast({self.name} as text) collate "C"'
        return f"convert({self.name if plain else f'cast({self.name} as char)'} using utf8mb4)"

    def key(self) -> str:
        """The column as what tells two rows apart: by bytes, not by a collation that takes A for a."""
        if self._column.type is ColumnType.TEXT:
            return f"cast({self.text()} as binary)" if self._dialect == "mysql" else self.text()
        if self._column.type in (ColumnType.OBJECT, ColumnType.ARRAY) and self._dialect != "duckdb":
            raise Inexpressible("values with parts are not compared here")
        return self.name

    def unmatched(self, pattern: str) -> str:
        """Texts in which the regular expression does not occur."""
        value, literal = self.text(), text(spelled(pattern, self._dialect), self._dialect)
        if self._dialect == "duckdb":
            return f"not regexp_matches({value}, {literal})"
        if self._dialect == "sqlite":
            return f"({self.name} is not null and not ({value} regexp {literal}))"
        if self._dialect == "postgres":
            return f"{value} !~ {literal}"
        # The collation decides about capitals, in MySQL as in MariaDB, which has no `regexp_like`.
        return f"not ({value} collate utf8mb4_bin regexp {literal})"

    def moment(self) -> str:
        """The column as a moment that others are compared with."""
        kind = self._moment_kind()
        if self._dialect == "sqlite":
            shown = {
                "date": f"date({self.name})",
                "time": f"time({self.name})",
                "timestamp": f"strftime('%Y-%m-%d %H:%M:%f', {self.name})",
            }[kind]
            # A bare number would be taken for a Julian day.
            return f"case when typeof({self.name}) = 'text' then {shown} end"
        if self._column.type in _MOMENTS:
            return self.name
        if self._dialect == "duckdb":
            return f"try_cast({self.name} as {kind})"
        raise Inexpressible(f"the column holds text, which {self._dialect} cannot try to read as a {kind}")

    def epoch(self, of: str) -> str:
        """Seconds from 1970 to the newest (``max``) or oldest (``min``) moment, of one without a zone as if in UTC."""
        kind = self._moment_kind()
        if kind == "time":
            raise Inexpressible("a time of day has no age")
        value = f"{of}({self.moment()})"
        if self._dialect == "duckdb":
            return f"epoch({value})"
        if self._dialect == "sqlite":
            return f"(julianday({value}) - 2440587.5) * 86400.0"
        if self._dialect == "postgres":
            return f"extract(epoch from {value})"
        return f"timestampdiff(microsecond, '1970-01-01', {value}) / 1000000"

    def _moment_kind(self) -> str:
        if self._column.type in _MOMENTS:
            return self._column.type.value
        if self._column.type is ColumnType.TEXT and self._declared in ("date", "timestamp", "time"):
            return self._declared
        raise Inexpressible(f"the column holds {self._column.type.value}, no dates or times")

    def _among(self, values: Sequence[Any]) -> str:
        """That the column equals one of the values; empty where none of them could ever be equal."""
        column, dialect = self._column.type, self._dialect
        if column is ColumnType.TEXT:
            literals = [binary_text(_as_text(one), dialect) for one in values if one is not None]
            where = self.key()
        elif column in _NUMBERS:
            literals = [number(one, dialect) for one in map(_as_number, values) if one is not None]
            where = self.name
        elif column is ColumnType.BOOLEAN:
            truths = {_TRUTH.get(_as_text(one).casefold()) for one in values} - {None}
            literals = [("true", "false")[not one] for one in sorted(truths, key=bool)]
            where = self.name
        elif column in _MOMENTS:
            literals, where = self._moments(values), self.moment()
        else:
            raise Inexpressible(f"the column holds {column.value}, whose values are not compared here")
        return f"{where} in ({', '.join(dict.fromkeys(literals))})" if literals else ""

    def _moments(self, values: Sequence[Any]) -> list[str]:
        literals = []
        for one in values:
            try:
                literals.append(
                    moment(str(one), self._column.type.value, self._dialect, zoned=is_zoned(self._column))
                )
            except Inexpressible:
                continue  # what is no moment is never equal to one
        return literals

    def _length(self, flaw: Length) -> str:
        if flaw.items:
            if self._column.type is not ColumnType.ARRAY or self._dialect != "duckdb":
                raise Inexpressible("items are counted in lists, and only by DuckDB")
            size = f"len({self.name})"
        else:
            size = f"{'length' if self._dialect in ('duckdb', 'sqlite') else 'char_length'}({self.text()})"
        limits = [f"{size} < {flaw.fewest}"] if flaw.fewest is not None else []
        limits += [f"{size} > {flaw.most}"] if flaw.most is not None else []
        return limits[0] if len(limits) == 1 else f"({' or '.join(limits)})"

    def _outside(self, flaw: Outside) -> str:
        sign = (">" if flaw.above else "<") + ("=" if flaw.exclusive else "")
        limit, kind = flaw.limit, self._column.type
        as_number = _as_number(limit)
        numeric = kind in _NUMBERS or (
            kind is ColumnType.TEXT
            and as_number is not None
            and self._declared not in ("date", "timestamp", "time")
        )
        if numeric:
            if as_number is None:
                raise Inexpressible("a number is not compared with what is none")
            return f"{self._figure()} {sign} {number(as_number, self._dialect)}"
        if not isinstance(limit, str):
            raise Inexpressible(f"the column holds {kind.value}, which is not compared with a number")
        column_kind = self._moment_kind()
        value = self.moment()
        try:
            literal = moment(limit, column_kind, self._dialect, zoned=is_zoned(self._column))
        except Inexpressible:
            if column_kind != "date" or self._dialect not in ("duckdb", "postgres"):
                raise
            # A day is compared with a moment as its own midnight.
            value, literal = (
                f"cast({value} as timestamp)",
                moment(limit, "timestamp", self._dialect, zoned=False),
            )
        return f"{value} {sign} {literal}"

    def _figure(self) -> str:
        """The column as a number; nothing where a text is none."""
        if self._dialect == "sqlite":
            # Any column of SQLite may hold a text, which is above every number there.
            return f"case when typeof({self.name}) in ('integer', 'real') then {self.name} end"
        if self._column.type in _NUMBERS:
            return self.name
        if self._dialect == "duckdb" and self._column.type is ColumnType.TEXT:
            name, literal = self.text(), text(NUMBER, "duckdb")
            return f"case when regexp_matches({name}, {literal}) then try_cast(trim({name}) as double) end"
        raise Inexpressible(f"the column holds {self._column.type.value}, no numbers")

    def _uneven(self, flaw: Uneven) -> str:
        value = self._figure()
        whole = isinstance(flaw.step, int) and self._column.type is ColumnType.INTEGER
        if whole and self._dialect != "sqlite":
            return f"{value} % {number(flaw.step, self._dialect)} <> 0"
        double = {"postgres": "double precision", "sqlite": "real"}.get(self._dialect, "double")
        parts = f"cast({value} as {double}) / {number(float(flaw.step), self._dialect)}"
        return f"abs({parts} - round({parts})) > 1e-9"

    def _untyped(self, wanted: ColumnType) -> str:
        if self._dialect == "sqlite":
            return self._untyped_in_sqlite(wanted)
        actual = self._column.type
        if actual is ColumnType.NUMBER and wanted is ColumnType.INTEGER:
            return f"{self.name} <> round({self.name})"
        if actual is ColumnType.TIMESTAMP and wanted is ColumnType.DATE:
            return f"cast({self.name} as date) <> {self.name}"
        if actual is ColumnType.INTEGER and wanted is ColumnType.BOOLEAN:
            return f"{self.name} not in (0, 1)"
        forms = {ColumnType.INTEGER: WHOLE, ColumnType.NUMBER: NUMBER, ColumnType.BOOLEAN: TRUTH}
        if actual is ColumnType.TEXT and wanted in forms:
            return self.unmatched(forms[wanted])
        if actual is ColumnType.TEXT and wanted in _MOMENTS and self._dialect == "duckdb":
            return f"({self.name} is not null and try_cast({self.name} as {wanted.value}) is null)"
        raise Inexpressible(f"whether {actual.value} can be read as {wanted.value} is not known here")

    def _untyped_in_sqlite(self, wanted: ColumnType) -> str:
        kind, name = f"typeof({self.name})", self.name
        if wanted is ColumnType.INTEGER:
            return f"({kind} in ('text', 'blob') or ({kind} = 'real' and {name} <> round({name})))"
        if wanted is ColumnType.NUMBER:
            return f"{kind} in ('text', 'blob')"
        if wanted is ColumnType.BOOLEAN:
            return f"({name} is not null and {name} not in (0, 1))"
        if wanted is ColumnType.TEXT:
            return f"{kind} = 'blob'"
        function = {ColumnType.DATE: "date", ColumnType.TIMESTAMP: "datetime", ColumnType.TIME: "time"}.get(
            wanted
        )
        if function is None:
            raise Inexpressible(f"SQLite has no values of the type {wanted.value}")
        return f"({name} is not null and ({kind} <> 'text' or {function}({name}) is null))"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value
    try:
        return int(value) if str(value).strip().lstrip("+-").isdecimal() else float(value)
    except (TypeError, ValueError):
        return None
