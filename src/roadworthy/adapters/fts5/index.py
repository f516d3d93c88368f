"""The index: one version of one knowledge source in a SQLite file that may hold several."""

# ruff: noqa: S608 - names of tables and columns are those of this package; every value is bound
from __future__ import annotations

import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roadworthy.adapters.fts5 import writing
from roadworthy.adapters.fts5.database import NOWHERE, Database, Home, ensure_home, home_of
from roadworthy.adapters.fts5.readable import ALL_POSTINGS, Readable
from roadworthy.adapters.fts5.rows import Rows, read_rows
from roadworthy.adapters.fts5.vectors import best_of, quantized
from roadworthy.adapters.fts5.words import Remembered, Stems
from roadworthy.errors import InputProblem
from roadworthy.knowledge import Chunk, Document, Finding, Reader, may_read
from roadworthy.knowledge.ranking import Ranked, joined
from roadworthy.knowledge.records import DOCUMENT_COLUMNS, OF_DOCUMENT, read_access, read_day, read_document
from roadworthy.ports.hits import HIT_COLUMNS, read_hit
from roadworthy.ports.knowledge import Forgotten, Hit, IndexState, Query, Vectors, Waiting
from roadworthy.quantities import Digest

MOST_CHUNKS = 500_000
"""Chunks of one index: their vectors lie in memory, 384 bytes each, and every one is compared."""
READERS = 16
"""Sets of accesses whose readable part stays in memory: 16 MB of postings each, at most."""
_HIT = (
    f"SELECT chunk.id, access, {HIT_COLUMNS} FROM chunk JOIN document ON document.id = chunk.document"
    " WHERE chunk.id IN (SELECT value FROM json_each(?))"
)


class Fts5Index:
    """A ``KnowledgeIndex`` in one file: full text by FTS5, vectors as rows of bytes, searched exactly.

    Threads and processes may share it. Vectors of the models asked for stay in memory, and what another process
    changed is read before the next search. Errors: ``Unavailable`` RW-KNOWLEDGE-030, ``Corrupt`` 031.
    """

    def __init__(self, path: Path, *, use_case: str, source: str, version: str) -> None:
        self._database = Database(path)
        self._key = (use_case, source, version)
        self._known: Rows | None = None
        self._known_of = NOWHERE
        self._stems = Stems()
        self._postings = Remembered(ALL_POSTINGS)
        self._readers: OrderedDict[frozenset[int], Readable] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Fts5Index({str(self._database.path)!r}, {'/'.join(self._key)!r})"

    def close(self) -> None:
        self._database.close()

    # ── changing ─────────────────────────────────────────────────────────────────────────────────

    def put(self, documents: Sequence[tuple[Document, str, Sequence[Chunk]]]) -> None:
        """As the port says. Errors: ``InputProblem`` RW-KNOWLEDGE-034 for more chunks than one index holds."""
        with self._writing() as (connection, (home, _)):
            for document, stamp, chunks in documents:
                writing.put(connection, home, document, stamp, chunks)
            _check_size(connection, home)

    def restamp(self, stamps: Mapping[str, str]) -> None:
        with self._writing() as (connection, (home, _)):
            connection.executemany(
                "UPDATE document SET stamp = ? WHERE home = ? AND name = ?",
                [(stamp, home, name) for name, stamp in stamps.items()],
            )

    def remove(self, names: Sequence[str]) -> Forgotten:
        with self._writing() as (connection, (home, _)):
            gone, chunks = writing.remove(connection, home, names)
        return Forgotten(gone, chunks)

    def erase(self, subject: str) -> Forgotten:
        """As the port says; the file is written anew, which takes about a second for 100 MB.

        Errors: ``Unavailable`` RW-KNOWLEDGE-033 where the file is in use for too long: nothing is found any more,
        but bytes may stand in it until the erasure is run again.
        """
        with self._writing() as (connection, (home, mark)):
            gone, chunks = writing.remove(connection, home, writing.about(connection, home, subject))
            writing.forget_findings_about(connection, home, subject)
            due = writing.not_rewritten(connection)
            for other, _ in due:
                writing.merge_words(connection, other)
        with self._lock:
            self._known = None
            self._postings = Remembered(ALL_POSTINGS)
            self._readers.clear()
        if due:
            self._database.rewrite()
            with self._writing() as (connection, (_, now)):
                if now == mark:
                    writing.mark_rewritten(connection, due)
        return Forgotten(gone, chunks)

    def note(self, findings: Sequence[Finding], *, listed: bool) -> None:
        with self._writing() as (connection, (home, _)):
            writing.note(connection, home, findings, listed=listed)

    def keep_vectors(self, embedder: Digest, chunks: Sequence[str], rows: Vectors) -> None:
        if len(chunks) != len(rows):
            raise ValueError(f"{len(chunks)} chunks and {len(rows)} rows")
        packed = {key: row.tobytes() for key, row in zip(chunks, quantized(rows), strict=True)}
        with self._writing() as (connection, (home, _)):
            writing.keep_vectors(connection, home, embedder, packed)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def stamps(self) -> Iterator[tuple[str, str, Digest]]:
        after = ""
        while True:
            with self._reading() as (connection, (home, _)):
                rows = connection.execute(
                    "SELECT name, stamp, version FROM document WHERE home = ? AND name > ? ORDER BY name LIMIT 1000",
                    (home, after),
                ).fetchall()
                _check_texts(rows)
            if not rows:
                return
            for name, stamp, version in rows:
                yield name, stamp, Digest(version)
            after = rows[-1][0]

    def subjects(self) -> Iterator[tuple[str, date | None, frozenset[str]]]:
        with self._reading() as (connection, (home, _)):
            found = writing.subjects(connection, home)
        return ((name, read_day(updated), people) for name, updated, people in found)

    def waiting(self, embedder: Digest, *, limit: int) -> Sequence[Waiting]:
        with self._reading() as (connection, (home, _)):
            rows = connection.execute(
                "SELECT key, headings, text FROM document JOIN chunk ON chunk.document = document.id"
                " WHERE document.home = ? AND NOT EXISTS"
                " (SELECT 1 FROM vector WHERE vector.model = ? AND vector.chunk = chunk.id)"
                " ORDER BY document.name, ordinal LIMIT ?",
                (home, embedder, limit),
            ).fetchall()
            _check_texts(rows)
            return [Waiting(key, writing.indexed(headings, text)) for key, headings, text in rows]

    def documents(
        self, reader: Reader, *, after: str = "", limit: int = 100
    ) -> tuple[Sequence[Document], str]:
        with self._reading() as (connection, (home, _)):
            allowed = {
                number: access
                for number, written in connection.execute(
                    "SELECT id, demands FROM access WHERE home = ?", (home,)
                )
                if may_read(reader, access := read_access(written))
            }
            rows = connection.execute(
                f"SELECT {DOCUMENT_COLUMNS} FROM document WHERE home = ? AND name > ?"
                " AND access IN (SELECT value FROM json_each(?)) ORDER BY name LIMIT ?",
                (home, after, json.dumps(list(allowed)), limit + 1),
            ).fetchall()
            _check_texts([row[:11] for row in rows])
            found = [
                read_document(row, allowed[row[11]], _told_by_document(connection, home, row[0]))
                for row in rows[:limit]
            ]
        return found, found[-1].name if found and len(rows) > limit else ""

    def findings(self, *, after: int = 0, limit: int = 100) -> tuple[Sequence[Finding], int]:
        with self._reading() as (connection, (home, _)):
            rows = connection.execute(
                "SELECT id, kind, document, detail, place FROM finding WHERE home = ? AND id > ? ORDER BY id LIMIT ?",
                (home, after, limit + 1),
            ).fetchall()
        shown = rows[:limit]
        return [Finding(*row[1:]) for row in shown], shown[-1][0] if shown and len(rows) > limit else 0

    def state(self) -> IndexState:
        """As the port says; ``bytes`` are those of the whole file, other indexes in it included."""
        with self._reading() as (connection, (home, _)):

            def count(table: str) -> int:
                asked = f"SELECT count(*) FROM {table} WHERE home = ?"
                return int(connection.execute(asked, (home,)).fetchone()[0])

            embedded = connection.execute(
                "SELECT model, count(*) FROM vector JOIN chunk ON chunk.id = vector.chunk WHERE home = ?"
                " GROUP BY model",
                (home,),
            ).fetchall()
            _check_texts([row[:1] for row in embedded])
            documents, chunks, findings = count("document"), count("chunk"), count("finding")
        return IndexState(
            documents,
            chunks,
            {Digest(model): number for model, number in embedded},
            self._database.size(),
            findings,
        )

    def search(self, query: Query) -> tuple[Hit, ...]:
        if query.top_k <= 0:
            return ()
        found = max(query.candidates, query.top_k)
        with self._reading() as (connection, whose):
            if whose == NOWHERE:
                return ()
            home = whose.number
            rows, readable = self._readable(connection, whose, query)
            words = meaning = np.full(len(rows.chunks), np.nan)
            places = np.empty(0, np.int64)
            if query.means != "meaning" and len(readable):
                words = readable.by_words(connection, home, self._stems.of(query.text))
                places = best_of(words, found)
            if query.means != "words" and len(readable):
                meaning = readable.by_meaning(query.vectors)
                places = np.union1d(places, best_of(meaning, found))
            best = joined(
                _known(places, words),
                _known(places, meaning),
                stale=rows.outdated(places, query.today),
                top_k=query.top_k,
                candidates=found,
            )
            return _hits(connection, rows, best)

    def _readable(self, connection: sqlite3.Connection, home: Home, query: Query) -> tuple[Rows, Readable]:
        """The rows as they are now, and what of them the reader may read, remembered for the latest few readers."""
        models = [] if query.means == "words" else [(str(name), row.size) for name, row in query.vectors]
        with self._lock:
            if self._known_of != home:
                self._known, self._known_of = None, home
            rows = read_rows(connection, home.number, models, self._known)
            if self._known is None or rows.chunks is not self._known.chunks:
                self._postings = Remembered(ALL_POSTINGS)
            if rows is not self._known:
                self._known = rows
                self._readers.clear()
            allowed = rows.allowed(query.reader)
            readable = self._readers.get(allowed)
            if readable is None:
                readable = self._readers[allowed] = Readable(rows, allowed, self._postings)
            self._readers.move_to_end(allowed)
            if len(self._readers) > READERS:
                self._readers.popitem(last=False)
            return rows, readable

    @contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, Home]]:
        with self._database.reading() as connection:
            yield connection, home_of(connection, self._key)

    @contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, Home]]:
        with self._database.writing() as connection:
            yield connection, ensure_home(connection, self._key)


def _known(places: NDArray[np.int64], scores: NDArray[np.float64]) -> dict[int, float]:
    told = scores[places]
    there = ~np.isnan(told)
    return dict(zip(places[there].tolist(), told[there].tolist(), strict=True))


def _hits(connection: sqlite3.Connection, rows: Rows, best: Sequence[Ranked[int]]) -> tuple[Hit, ...]:
    numbers = [int(rows.chunks[one.place]) for one in best]
    found = {row[0]: row[1:] for row in connection.execute(_HIT, (json.dumps(numbers),))}
    hits = []
    for one, number in zip(best, numbers, strict=True):
        access, *row = found[number]
        _check_texts([(*row[:2], *row[3:5], *row[8:])])
        hits.append(read_hit(row, one, rows.demands[access].marking))
    return tuple(hits)


def _told_by_document(connection: sqlite3.Connection, home: int, name: str) -> list[Finding]:
    return [
        Finding(*row)
        for row in connection.execute(
            "SELECT kind, document, detail, place FROM finding"
            " WHERE home = ? AND document = ? AND told_by = ? ORDER BY id",
            (home, name, OF_DOCUMENT),
        )
    ]


def _check_size(connection: sqlite3.Connection, home: int) -> None:
    chunks = connection.execute("SELECT count(*) FROM chunk WHERE home = ?", (home,)).fetchone()[0]
    if chunks > MOST_CHUNKS:
        raise InputProblem(
            "RW-KNOWLEDGE-034",
            f"the source has more than {MOST_CHUNKS:,} passages, the most that an index in a file holds",
            hint="keep the index in Postgres, or split the source",
        )


def _check_texts(rows: Sequence[Sequence[object]]) -> None:
    """In a damaged file a number or bytes may stand where a text was written: the border tells it."""
    if not all(one is None or isinstance(one, str) for row in rows for one in row):
        raise TypeError("no text")
