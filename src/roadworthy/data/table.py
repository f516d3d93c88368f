"""A table of rows as its readers see it: columns, how it was understood, what it consisted of when it was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from roadworthy.quantities import Digest, digest_of

Texts = Mapping[str, Sequence[str | None]]
"""Columns of equal length by name, every cell as the text that stands in the source, None where there is none."""


class ColumnType(StrEnum):
    """What the values of a column are, in the words of the Open Data Contract Standard's ``logicalType``."""

    TEXT = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    OBJECT = "object"
    ARRAY = "array"
    BINARY = "binary"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Column:
    """``native`` is the type's name in the source itself."""

    name: str
    type: ColumnType
    native: str = ""
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed while reading that is no reason to stop: a ragged row, a repeated header, a formula.

    ``code`` is stable (RW-DATA-1xx), ``rows`` counts how often it was seen (0: not countable).
    """

    code: str
    message: str
    place: str = ""
    hint: str = ""
    rows: int = 0

    def as_json(self) -> dict[str, object]:
        """The finding as every door shows it."""
        return {
            "code": self.code,
            "message": self.message,
            "place": self.place,
            "hint": self.hint,
            "rows": self.rows,
        }


@dataclass(frozen=True, slots=True)
class Guess:
    """How a file was understood where it does not say so itself; every part can be overridden by its reader.

    Parts that do not apply to a format (a delimiter of Parquet) are empty.
    """

    format: str
    encoding: str = ""
    delimiter: str = ""
    quote: str = ""
    header: bool | None = None
    sheet: str = ""
    certain: bool = True
    """False where another reading would have been nearly as good."""

    def as_json(self) -> dict[str, object]:
        """The guess as every door shows it."""
        return {
            "format": self.format,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "quote": self.quote,
            "header": self.header,
            "sheet": self.sheet,
            "certain": self.certain,
        }


@dataclass(frozen=True, slots=True)
class Partition:
    """A part of a source that changes as a whole: a file, or a table.

    ``mark`` changes whenever the content may have changed and costs no reading: size and time of a
    file, an object's ETag. Empty: nothing short of reading tells whether it changed.
    """

    name: str
    mark: str = ""
    size: int = 0
    """Bytes; 0 where it is not known."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which partitions a source consisted of when it was looked at."""

    partitions: tuple[Partition, ...]

    @property
    def digest(self) -> Digest:
        """The same for the same partitions with the same marks."""
        return digest_of([[one.name, one.mark, one.size] for one in self.partitions])

    @property
    def tellable(self) -> bool:
        """Whether an unchanged snapshot proves an unchanged content."""
        return bool(self.partitions) and all(one.mark for one in self.partitions)


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of opening a source: how it was understood, and what was noticed."""

    guess: Guess
    findings: tuple[Finding, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
