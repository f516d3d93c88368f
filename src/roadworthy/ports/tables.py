"""What questions about data are put to: datasets wherever they lie, and the engines that look at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

from roadworthy.data import Column, Profile, Reading, Snapshot, Texts

Dialect = Literal["duckdb", "sqlite", "postgres", "mysql"]


class ArrowStream(Protocol):
    """Record batches in the Arrow C stream interface: every engine for tables reads it, none is named."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class Dataset(Protocol):
    """One table of rows, wherever it lies. Its form is understood when first asked for, which may read all
    of a text file; nothing more is read than that.

    Errors of every call: ``InputProblem`` where the content cannot be read as what it claims to be,
    ``Unavailable`` where the place cannot be reached or went away in the middle.
    """

    @property
    def name(self) -> str:
        """What it is called in results: the file's or the table's name, without secrets."""

    @property
    def columns(self) -> tuple[Column, ...]: ...

    @property
    def reading(self) -> Reading: ...

    @property
    def dialect(self) -> Dialect: ...

    @property
    def place(self) -> str:
        """Two datasets with the same place are reached by one question; empty: no other is. Opaque, no secret."""

    @property
    def relation(self) -> str:
        """What stands after ``from`` in a question to it, quoted for its dialect."""

    def snapshot(self) -> Snapshot:
        """What it consists of at this moment. Reads no rows."""

    def only(self, partitions: Sequence[str]) -> Dataset:
        """The same table with these partitions alone, by name."""

    def rows(self, sql: str, *, limit: int = 100_000) -> list[dict[str, Any]]:
        """The answer to one read-only question in its dialect, at most ``limit`` rows."""

    def stream(
        self, columns: Sequence[str] = (), *, limit: int | None = None, numbered: bool = False
    ) -> ArrowStream:
        """Rows as record batches, with memory bounded by a batch; no columns named means all of them.

        ``numbered`` adds a column ``__row`` (0-based, in the order of the source) in front.
        """

    def texts(self, columns: Sequence[str] = (), *, limit: int | None = None) -> Texts:
        """Every cell as the text that stands in the source, in the order of the source.

        Edge: in a file a number keeps its spelling (``007``), an empty cell is the empty text, and
        None stands only where the format itself has a null.
        """

    def close(self) -> None: ...


class Workbench(Protocol):
    """Looks at tables with an engine of its own, in bounded memory."""

    def open(self, location: str, **reading: object) -> Dataset:
        """A file, a folder or a glob of files, or an object store's address."""

    def land(self, name: str, stream: ArrowStream) -> Dataset:
        """Take rows in, so that questions in this engine's own dialect can be put to them."""

    def profile(self, dataset: Dataset, *, sample: int | None = None) -> Profile:
        """What the table looks like; of at most ``sample`` rows, spread over the table."""

    def close(self) -> None: ...


class Names(Protocol):
    """An optional model that finds people's names and places in running text."""

    def find(self, texts: Sequence[str]) -> Iterator[Sequence[tuple[int, int, str, float]]]:
        """Per text: start, end, class, confidence."""


class Progress(Protocol):
    """Told about long work: part of it that is done (0 to 1, or None where that is unknown), and what it does."""

    def __call__(self, part: float | None, doing: str) -> None: ...
