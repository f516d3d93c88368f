"""What each kind of database calls its types, how its names are quoted, and how a cell becomes text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from roadworthy.data import Column, ColumnType

Kind = Literal["sqlite", "postgres", "mysql"]

_BOOLEANS = {"boolean", "bool"}
_INTEGERS = {
    "integer", "int", "bigint", "smallint", "tinyint", "mediumint", "int2", "int4", "int8", "serial", "bigserial",
    "year", "oid",
}  # fmt: skip
_NUMBERS = {"real", "double precision", "double", "float", "float4", "float8"}
_EXACT = {"numeric", "decimal", "dec", "number"}
_TEXTS = {
    "text", "character varying", "varchar", "character", "char", "bpchar", "name", "citext", "uuid", "enum", "set",
    "tinytext", "mediumtext", "longtext", "nvarchar", "nchar", "clob", "inet", "cidr", "macaddr", "xml", "inet6", "inet4",
    "varying character", "native character", "uniqueidentifier",
}  # fmt: skip
_BLOBS = {"bytea", "blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary"}
_JSON = {"json", "jsonb"}
_ENDINGS = (" unsigned", " unsigned zerofill", " zerofill", " without time zone", " with time zone")
MOST_DIGITS = 38


@dataclass(frozen=True, slots=True)
class Shape:
    """A column as it is read: what it is, what Arrow keeps it in, and whether the server sends it as text."""

    column: Column
    arrow: pa.DataType
    as_text: bool = False
    loose: bool = False
    """An exact number of which only the values tell how many digits it needs."""


def quoted(name: str, kind: Kind) -> str:
    """An identifier as it stands in a question. Errors: ``ValueError`` for a NUL, which no name can hold."""
    if "\0" in name:
        raise ValueError("a name holds no NUL")
    mark = "`" if kind == "mysql" else '"'
    return mark + name.replace(mark, mark * 2) + mark


def shape(name: str, native: str, kind: Kind, *, nullable: bool) -> Shape:
    """How a column of this native type is read."""
    plain = " ".join(native.lower().split())
    word, _, tail = plain.partition("(")
    inside, _, rest = tail.partition(")")
    for ending in _ENDINGS:
        if word.strip().endswith(ending):
            word, rest = word.strip().removesuffix(ending), ending
    word, rest = word.strip(), rest.strip()
    found, arrow, as_text = _known(word, inside, rest, kind)
    if native.endswith("[]"):
        found, arrow, as_text = ColumnType.ARRAY, pa.string(), True
    loose = kind != "sqlite" and word in _EXACT and pa.types.is_floating(arrow)
    return Shape(Column(name, found, native, nullable), arrow, as_text, loose)


def digits(cell: str, shape: Shape, kind: Kind) -> tuple[str, str]:
    """SQL for how many digits before and after the point the values of a column have at most."""
    if kind == "postgres":
        finite = f"filter (where cast({cell} as text) not in ('NaN', 'Infinity', '-Infinity'))"
        return f"max(length(cast(trunc(abs({cell})) as text))) {finite}", f"max(scale({cell})) {finite}"
    scale = shape.column.native.partition(",")[2].partition(")")[0].strip()
    return f"max(length(cast(truncate(abs({cell}), 0) as char)))", f"max({int(scale or 0)})"


def _known(word: str, inside: str, rest: str, kind: Kind) -> tuple[ColumnType, pa.DataType, bool]:
    if word == "bit":
        # A row of bits; of one bit it is a number in all three.
        return (
            (ColumnType.INTEGER, pa.int64(), False)
            if kind == "sqlite"
            else (ColumnType.TEXT, pa.string(), True)
        )
    if word in _BOOLEANS:
        return ColumnType.BOOLEAN, pa.bool_(), False
    if word in _INTEGERS or word.startswith("unsigned") or (kind == "sqlite" and "int" in word):
        wide = "unsigned" in rest and word == "bigint"
        return ColumnType.INTEGER, pa.decimal128(20, 0) if wide else pa.int64(), False
    if word in _NUMBERS:
        return ColumnType.NUMBER, pa.float64(), False
    if word in _EXACT:
        return _exact(inside, kind)
    if word in _TEXTS:
        # Drivers make objects of some of them.
        return (
            ColumnType.TEXT,
            pa.string(),
            word in {"uuid", "inet", "cidr", "macaddr", "xml", "inet4", "inet6"},
        )
    if word in _BLOBS:
        return ColumnType.BINARY, pa.binary(), False
    if word in _JSON:
        return ColumnType.OBJECT, pa.string(), True
    if word == "date":
        return ColumnType.DATE, pa.date32(), False
    if word in ("timestamp", "datetime", "timestamptz"):
        zoned = "with time zone" in rest or word == "timestamptz"
        return ColumnType.TIMESTAMP, pa.timestamp("us", tz="UTC" if zoned else None), False
    if word == "time":
        # MySQL's time is a duration of up to 838 hours, Postgres has one with a zone.
        if kind == "mysql" or "with time zone" in rest:
            return (ColumnType.TIME if kind == "mysql" else ColumnType.TEXT), pa.string(), True
        return ColumnType.TIME, pa.time64("us"), False
    return ColumnType.UNKNOWN, pa.string(), True


def _exact(inside: str, kind: Kind) -> tuple[ColumnType, pa.DataType, bool]:
    digits = [part.strip() for part in inside.split(",")] if inside else []
    if kind == "sqlite" or not digits or not all(part.lstrip("-").isdigit() for part in digits):
        # Without a scale no Arrow type holds all values; SQLite keeps doubles whatever was declared.
        return ColumnType.NUMBER, pa.float64(), False
    precision, scale = int(digits[0]), int(digits[1]) if len(digits) > 1 else 0
    if not 1 <= precision <= MOST_DIGITS or not 0 <= scale <= precision:
        return ColumnType.NUMBER, pa.float64(), False
    return (ColumnType.NUMBER if scale else ColumnType.INTEGER), pa.decimal128(precision, scale), False


def spelled(cell: str, column: Column, kind: Kind) -> str:
    """SQL for a cell as text. Blobs are spelled in hexadecimal digits."""
    if column.type is ColumnType.BINARY:
        return {
            "postgres": f"encode({cell}, 'hex')",
            "mysql": f"lower(hex({cell}))",
            "sqlite": f"lower(hex({cell}))",
        }[kind]
    if kind == "mysql":
        if column.native.lower().startswith("bit"):
            return f"cast({cell} + 0 as char)"
        return f"cast({cell} as char)"
    return f"cast({cell} as text)"
