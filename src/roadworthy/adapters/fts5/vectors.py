"""Comparing by meaning: rows of small whole numbers, exactly, one thread."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from roadworthy.errors import InputProblem

_LEVELS = 127
_AT_ONCE = 10_000

Runs = Sequence[tuple[int, int]]
"""Parts of rows: where each begins and ends."""


def quantized(rows: NDArray[np.floating]) -> NDArray[np.int8]:
    """Each row scaled so that its largest number is 127, and rounded: angles stay, within about half a degree.

    Edge: a row of zeros, or one that holds a number that is none, gives zeros.
    """
    finite = np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, 0.0)
    largest = np.abs(finite).max(axis=1, keepdims=True, initial=0.0)
    scaled = finite * (_LEVELS / np.where(largest > 0, largest, 1.0))
    quantized_rows: NDArray[np.int8] = np.rint(scaled).astype(np.int8)
    return quantized_rows


def lengths(rows: NDArray[np.int8]) -> NDArray[np.float64]:
    """How long each row is."""
    squares = np.empty(len(rows), np.float64)
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE].astype(np.float32)
        # Whole numbers below 2^24 times a few thousand: exact in doubles.
        squares[start : start + _AT_ONCE] = np.einsum("ij,ij->i", part, part, dtype=np.float64)
    return np.sqrt(squares)


def runs_of(allowed: NDArray[np.bool_]) -> Runs:
    """The stretches of rows that are allowed."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], allowed, [False])).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def products(rows: NDArray[np.int8], runs: Runs, query: NDArray[np.int8]) -> NDArray[np.float64]:
    """The scalar product of the query with each row of the runs, one run after another; no other row is looked at.

    Whole numbers, so every machine finds the same. Errors: ``InputProblem`` RW-KNOWLEDGE-032 where the package is missing.
    """
    compare = _numkong().cdist
    asked = np.ascontiguousarray(query.reshape(1, -1))
    found = [
        np.asarray(compare(asked, rows[start:end], "dot"), np.float64).reshape(-1) for start, end in runs
    ]
    return np.concatenate(found) if found else np.empty(0)


def best_of(scores: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The places of the best, best first, without those that have no score (NaN); of equal ones the first come first,
    at the end of the list, too."""
    some: NDArray[np.int64] = np.flatnonzero(~np.isnan(scores))
    told = scores[some]
    if len(told) > count:
        # Everything as good as the last of the best: who is left out among equals is not up to the partition.
        last = np.partition(told, len(told) - count)[len(told) - count]
        some = some[told >= last]
    return some[np.argsort(-scores[some], kind="stable")][:count]


def _numkong() -> ModuleType:
    try:
        return importlib.import_module("numkong")
    except ImportError:
        raise InputProblem(
            "RW-KNOWLEDGE-032",
            "searching by meaning needs `numkong`, which is not installed",
            hint="pip install 'roadworthy[local]', or search by words alone",
        ) from None
