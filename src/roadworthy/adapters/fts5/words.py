"""Searching by words: which words a question asks for, and where each stands."""

# ruff: noqa: S608 - names of tables and columns are those of this package; every value is bound
from __future__ import annotations

import re
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.adapters.fts5.database import TOKENIZER, words_table

QUERY_CHARS: Final = 10_000
"""Characters of a question that are looked at."""
QUERY_WORDS: Final = 64
"""Different words of it that are looked up, the first ones."""

_WORD = re.compile(r"\w+")


class Stems:
    """What the tokenizer of the index makes of words."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._memory.execute(
            f"CREATE VIRTUAL TABLE word USING fts5(text, content='', tokenize='{TOKENIZER}')"
        )
        self._memory.execute("CREATE VIRTUAL TABLE stem USING fts5vocab(word, instance)")

    def of(self, query: str) -> list[str]:
        """The different stems of a question. Words that are no text to the index are left out."""
        words = list(dict.fromkeys(_WORD.findall(query[:QUERY_CHARS].casefold())))[:QUERY_WORDS]
        with self._lock:
            try:
                self._memory.execute("BEGIN")
                self._memory.executemany("INSERT INTO word (rowid, text) VALUES (?, ?)", enumerate(words))
                found = self._memory.execute("SELECT term FROM stem ORDER BY doc, offset").fetchall()
            finally:
                self._memory.execute("ROLLBACK")
        return list(dict.fromkeys(term for (term,) in found))


class Postings(NamedTuple):
    """Of one stem: the chunks that hold it, and a number for each of them, such as how often."""

    chunks: NDArray[np.signedinteger]
    values: NDArray[np.floating]


class Remembered:
    """Postings that were asked for lately, up to so many bytes. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[str, Postings] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, stem: str, make: Callable[[str], Postings]) -> Postings:
        """Those of a stem, made where they are not remembered; two threads may both make them."""
        with self._lock:
            found = self._kept.get(stem)
            if found is not None:
                self._kept.move_to_end(stem)
                return found
        made = make(stem)
        with self._lock:
            if stem not in self._kept:
                self._kept[stem] = made
                self._bytes += _size(made)
            while self._bytes > self._most and len(self._kept) > 1:
                self._bytes -= _size(self._kept.popitem(last=False)[1])
        return made


def read_postings(
    connection: sqlite3.Connection, home: int, stem: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(numbers of the chunks that hold the stem, in order, and how often each does)."""
    # One string is read three times as fast as a row for every place.
    (written,) = connection.execute(
        f"SELECT group_concat(doc) FROM {words_table(home)}_places WHERE term = ?", (stem,)
    ).fetchone()
    if not written:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    places = np.fromstring(written, np.int64, sep=",")
    # The table is in order of chunks: equal numbers stand together.
    first = np.flatnonzero(np.diff(places, prepend=-1))
    return places[first], np.diff(first, append=len(places))


def read_lengths(connection: sqlite3.Connection, home: int) -> dict[int, int]:
    """How many words each chunk has, by its number, as full-text search counted them."""
    return {
        number: _varint(packed)
        for number, packed in connection.execute(f"SELECT id, sz FROM {words_table(home)}_docsize")
    }


def _varint(packed: bytes) -> int:
    """A whole number as SQLite packs it: seven bits a byte, highest first (SQLite file format, 1.6)."""
    value = 0
    for byte in packed:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value


def _size(postings: Postings) -> int:
    return postings.chunks.nbytes + postings.values.nbytes + 200
