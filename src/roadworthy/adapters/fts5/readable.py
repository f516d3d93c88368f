"""What one reader may read of an index, made ready for comparing: nothing else is scored, counted or averaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadworthy.adapters.fts5.rows import Rows
from roadworthy.adapters.fts5.vectors import Runs, products, quantized, runs_of
from roadworthy.adapters.fts5.words import Postings, Remembered, read_postings
from roadworthy.ports.knowledge import Vectors
from roadworthy.quantities import Digest

_K1: Final = 1.2
_B: Final = 0.75
"""As Robertson and Zaragoza 2009 and most search engines have them."""
ALL_POSTINGS: Final = 64_000_000
"""Bytes of postings of an index that are remembered; those of 50,000 passages of 55 words take 22 MB."""
_READABLE_POSTINGS: Final = 16_000_000


class Readable:
    """The part of an index, at one moment, whose demands a set of accesses meets. Threads may share it."""

    def __init__(self, rows: Rows, allowed: frozenset[int], postings: Remembered) -> None:
        self._rows = rows
        self._all = postings
        self._mine = Remembered(_READABLE_POSTINGS)
        self._mask = rows.of_accesses(allowed)
        self._size = int(np.count_nonzero(self._mask))
        mean = float(rows.words[self._mask].mean()) if self._size else 1.0
        self._norm = (_K1 * (1 - _B + _B * rows.words / max(mean, 1.0))).astype(np.float32)
        self._runs: dict[tuple[str, ...], tuple[Runs, NDArray[np.int64]]] = {}

    def __len__(self) -> int:
        return self._size

    def by_words(
        self, connection: sqlite3.Connection, home: int, stems: Sequence[str]
    ) -> NDArray[np.float64]:
        """BM25 of every chunk, NaN for one that holds no word of the question or may not be read: shape (chunks,).

        How telling a word is, and how long a passage is on average, is counted among readable chunks alone.
        """
        total = np.zeros(len(self._rows.chunks))
        make = partial(self._postings, connection, home)
        for stem in stems:
            chunks, points = self._mine.of(stem, make)
            total[chunks] += points
        total[total == 0] = np.nan
        return total

    def by_meaning(self, vectors: Sequence[tuple[Digest, Vectors]]) -> NDArray[np.float64]:
        """The cosine of every chunk by the best model that has it, NaN without a vector or right: shape (chunks,)."""
        cosines = np.full(len(self._rows.chunks), np.nan)
        for number, (model, vector) in enumerate(vectors):
            known = self._rows.vectors[model]
            asked = quantized(vector.reshape(1, -1))[0]
            length = float(np.linalg.norm(asked.astype(np.float64)))
            runs, compared = self._compared([name for name, _ in vectors[: number + 1]])
            if length and len(compared):
                found = products(known.rows, runs, asked) / (length * known.lengths[compared])
                cosines[known.places[compared]] = found
        return cosines

    def _postings(self, connection: sqlite3.Connection, home: int, stem: str) -> Postings:
        chunks, times = self._all.of(stem, partial(self._all_postings, connection, home))
        mine = self._mask[chunks]
        chunks, times = chunks[mine], times[mine]
        telling = np.log1p((self._size - len(chunks) + 0.5) / (len(chunks) + 0.5))
        return Postings(
            chunks, (telling * (_K1 + 1) * times / (times + self._norm[chunks])).astype(np.float32)
        )

    def _all_postings(self, connection: sqlite3.Connection, home: int, stem: str) -> Postings:
        numbers, times = read_postings(connection, home, stem)
        places = self._rows.positions(numbers)
        there = places >= 0
        return Postings(places[there].astype(np.int32), times[there].astype(np.float32))

    def _compared(self, models: Sequence[str]) -> tuple[Runs, NDArray[np.int64]]:
        """Which rows of the last model are compared: readable, and of chunks that no better model has."""
        key = tuple(models)
        if key not in self._runs:
            open_ = self._mask.copy()
            for better in models[:-1]:
                open_[self._rows.vectors[better].places] = False
            known = self._rows.vectors[models[-1]]
            runs = runs_of(open_[known.places] & (known.lengths > 0))
            parts = [np.arange(start, end) for start, end in runs]
            self._runs[key] = (runs, np.concatenate(parts) if parts else np.empty(0, np.int64))
        return self._runs[key]
