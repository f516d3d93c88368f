"""What a search needs of every chunk, kept in memory: where it stands, who may read it, its vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from roadworthy.adapters.fts5.vectors import lengths
from roadworthy.adapters.fts5.words import read_lengths
from roadworthy.knowledge import Access, Reader, may_read
from roadworthy.knowledge.records import read_access, read_day

_NEVER = date.max.toordinal()
_ALWAYS = 0


@dataclass(frozen=True, slots=True)
class VectorRows:
    """Vectors of one model, those of the same access side by side."""

    numbers: NDArray[np.int64]
    """Of the vectors, which only grow, in order; and at which row each stands."""
    at: NDArray[np.int64]
    rows: NDArray[np.int8]
    lengths: NDArray[np.float64]
    """Of the rows; 0 for a blank text, which lies close to nothing."""
    places: NDArray[np.int64]
    """Where the chunks stand among all."""


@dataclass(frozen=True, slots=True)
class Rows:
    """All chunks of an index at one moment, by document name and ordinal: shape (chunks,) each.

    A chunk's position in these arrays is its place among equals.
    """

    chunks_changed: int
    vectors_changed: int
    chunks: NDArray[np.int64]
    accesses: NDArray[np.int64]
    valid_from: NDArray[np.int32]
    valid_until: NDArray[np.int32]
    numbers: NDArray[np.int64]
    places: NDArray[np.int64]
    """Numbers of the chunks in order, and the position of each."""
    words: NDArray[np.float32]
    """How many words each chunk has."""
    demands: Mapping[int, Access]
    vectors: Mapping[str, VectorRows] = field(default_factory=dict)

    def allowed(self, reader: Reader) -> frozenset[int]:
        """The accesses whose documents the reader may read: the rule is asked once for each."""
        return frozenset(number for number, access in self.demands.items() if may_read(reader, access))

    def of_accesses(self, allowed: frozenset[int]) -> NDArray[np.bool_]:
        """Which chunks demand one of these accesses."""
        if len(allowed) == len(self.demands):
            return np.ones(len(self.chunks), np.bool_)
        return np.isin(self.accesses, np.fromiter(allowed, np.int64, len(allowed)))

    def outdated(self, places: NDArray[np.int64], today: date) -> set[int]:
        """Those of the places whose document is outside its validity."""
        day = today.toordinal()
        late = (self.valid_until[places] < day) | (self.valid_from[places] > day)
        return set(places[late].tolist())

    def positions(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where chunks stand; -1 for those that are not there."""
        if not len(self.numbers):
            return np.full(len(numbers), -1, np.int64)
        found = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        return np.where(self.numbers[found] == numbers, self.places[found], -1)


def read_rows(
    connection: sqlite3.Connection, home: int, models: Sequence[tuple[str, int]], known: Rows | None
) -> Rows:
    """The rows as they are now. Only what changed is read; ``models`` are digests with their dimensions."""
    chunks_changed, vectors_changed = connection.execute(
        "SELECT chunks_changed, vectors_changed FROM home WHERE id = ?", (home,)
    ).fetchone()
    same_chunks = known is not None and known.chunks_changed == chunks_changed
    same_vectors = same_chunks and known is not None and known.vectors_changed == vectors_changed
    if known is not None and same_vectors and all(model in known.vectors for model, _ in models):
        return known
    base = known if known is not None and same_chunks else _read_chunks(connection, home)
    vectors = dict(known.vectors) if known is not None else {}
    for model, dimensions in [*models, *((name, vectors[name].rows.shape[1]) for name in tuple(vectors))]:
        if not (same_vectors and model in vectors):
            vectors[model] = _read_vectors(connection, home, base, model, dimensions, vectors.get(model))
    return Rows(
        chunks_changed, vectors_changed, base.chunks, base.accesses, base.valid_from, base.valid_until,
        base.numbers, base.places, base.words, base.demands, vectors,
    )  # fmt: skip


def _read_chunks(connection: sqlite3.Connection, home: int) -> Rows:
    demands = {
        int(number): read_access(written)
        for number, written in connection.execute("SELECT id, demands FROM access WHERE home = ?", (home,))
    }
    documents = connection.execute(
        "SELECT id, access, valid_from, valid_until FROM document WHERE home = ? ORDER BY name", (home,)
    ).fetchall()
    order = {row[0]: place for place, row in enumerate(documents)}
    found = connection.execute("SELECT id, document, ordinal FROM chunk WHERE home = ?", (home,)).fetchall()
    table = np.array(found, np.int64).reshape(-1, 3)
    places = np.array([order[document] for document in table[:, 1].tolist()], np.int64)
    table, places = (part[np.lexsort((table[:, 0], table[:, 2], places))] for part in (table, places))
    accesses = np.array([row[1] for row in documents], np.int64)
    if not demands.keys() >= set(accesses.tolist()):
        raise LookupError("a document demands what is not there")
    starts = np.array([_ordinal(row[2], _ALWAYS) for row in documents], np.int32)
    ends = np.array([_ordinal(row[3], _NEVER) for row in documents], np.int32)
    by_number = np.argsort(table[:, 0], kind="stable")
    counted = read_lengths(connection, home)
    words = np.array([counted.get(number, 0) for number in table[:, 0].tolist()], np.float32)
    return Rows(
        0, 0, table[:, 0], accesses[places], starts[places], ends[places],
        table[by_number, 0], by_number, words, demands,
    )  # fmt: skip


def _read_vectors(
    connection: sqlite3.Connection,
    home: int,
    chunks: Rows,
    model: str,
    dimensions: int,
    known: VectorRows | None,
) -> VectorRows:
    """Numbers are never used twice: what is known and still there is kept, what is newer is read."""
    newest = int(known.numbers[-1]) if known is not None and len(known.numbers) else 0
    table = np.array(
        connection.execute(
            "SELECT vector.id, chunk FROM vector JOIN chunk ON chunk.id = vector.chunk"
            " WHERE model = ? AND home = ? ORDER BY vector.id",
            (model, home),
        ).fetchall(),
        np.int64,
    ).reshape(-1, 2)
    rows = np.empty((len(table), dimensions), np.int8)
    old = int(np.searchsorted(table[:, 0], newest, side="right"))
    if known is not None and old:
        rows[:old] = known.rows[known.at[np.searchsorted(known.numbers, table[:old, 0])]]
    fresh = connection.execute(
        "SELECT row FROM vector JOIN chunk ON chunk.id = vector.chunk"
        " WHERE model = ? AND home = ? AND vector.id > ? ORDER BY vector.id",
        (model, home, newest),
    )
    for place, (row,) in enumerate(fresh, start=old):
        # Of another length it would be spread over the row.
        rows[place] = np.frombuffer(row, np.int8).reshape(dimensions)
    places = chunks.positions(table[:, 1])
    order = np.argsort(chunks.accesses[places], kind="stable")
    at = np.empty(len(order), np.int64)
    at[order] = np.arange(len(order))
    rows = rows[order]
    return VectorRows(table[:, 0], at, rows, lengths(rows), places[order])


def _ordinal(written: str | None, otherwise: int) -> int:
    day = read_day(written)
    return otherwise if day is None else day.toordinal()
