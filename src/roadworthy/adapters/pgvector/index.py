"""The index: one version of one knowledge source in the schema `knowledge` of a Postgres database."""

# ruff: noqa: S608 - names of tables and columns are those of this package; every value is bound
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

import numpy as np

from roadworthy.adapters.pgvector import writing
from roadworthy.adapters.pgvector.database import Row, Server, Session
from roadworthy.adapters.pgvector.searching import by_meaning, by_words, similarities, written
from roadworthy.adapters.pgvector.writing import fit, models, vector_table
from roadworthy.knowledge import Access, Chunk, Document, Finding, Reader, may_read
from roadworthy.knowledge.ranking import Ranked, joined
from roadworthy.knowledge.records import (
    DOCUMENT_COLUMNS,
    OF_DOCUMENT,
    OF_LISTING,
    OF_READING,
    read_access,
    read_day,
    read_document,
)
from roadworthy.ports.hits import HIT_COLUMNS, read_hit
from roadworthy.ports.knowledge import Forgotten, Hit, IndexState, Query, Vectors, Waiting
from roadworthy.quantities import Digest

GRAPH_FROM = 20_000
"""Vectors of one model from which on a graph (HNSW) finds the near ones; below, all are compared, exactly."""
_HIT = (
    f"SELECT chunk.id, chunk.access, valid_from, {HIT_COLUMNS} FROM knowledge.chunk"
    " JOIN knowledge.document ON document.id = chunk.document WHERE chunk.id = ANY(%s)"
)
_NOWHERE = 0
"""The index is not made yet: no row has this number."""
Place = tuple[str, int]


class PgvectorIndex:
    """A ``KnowledgeIndex`` in Postgres. The schema is made on first use, and needs pgvector 0.8 or newer.

    Rights are a condition of every statement that ranks. What is erased leaves the tables and their indexes; the
    server's write-ahead log, its copies and backups keep it until they are recycled.
    Errors: ``Unavailable`` RW-KNOWLEDGE-030, ``InputProblem`` RW-KNOWLEDGE-040 without pgvector.
    """

    def __init__(self, address: str, *, use_case: str, source: str, version: str) -> None:
        self._server = Server(address)
        self._key = (use_case, source, version)

    def __repr__(self) -> str:
        return f"PgvectorIndex({'/'.join(self._key)!r})"

    def close(self) -> None:
        self._server.close()

    # ── changing ─────────────────────────────────────────────────────────────────────────────────

    def put(self, documents: Sequence[tuple[Document, str, Sequence[Chunk]]]) -> None:
        with self._writing() as (session, home):
            _alone(session, home)
            for document, stamp, chunks in documents:
                writing.put(session, home, document, stamp, chunks)

    def restamp(self, stamps: Mapping[str, str]) -> None:
        with self._writing() as (session, home):
            for name, stamp in stamps.items():
                session.run(
                    "UPDATE knowledge.document SET stamp = %s WHERE home = %s AND name = %s",
                    fit(stamp),
                    home,
                    fit(name),
                )

    def remove(self, names: Sequence[str]) -> Forgotten:
        with self._writing() as (session, home):
            _alone(session, home)
            gone, chunks = writing.remove(session, home, names)
        return Forgotten(gone, chunks)

    def erase(self, subject: str) -> Forgotten:
        """As the port says; tables are written anew, and searches wait for it."""
        with self._writing() as (session, home):
            _alone(session, home)
            gone, chunks = writing.remove(session, home, writing.about(session, home, subject))
            session.run(
                "DELETE FROM knowledge.finding WHERE home = %s AND %s = ANY(subjects)", home, fit(subject)
            )
            tables = [vector_table(home, model) for model, _ in models(session, home).values()]
        # Pages of a table keep the bytes of deleted rows until something else takes their place.
        self._server.alone(
            *(
                f"VACUUM (FULL, ANALYZE) {table}"
                for table in (
                    "knowledge.chunk", "knowledge.document", "knowledge.access", "knowledge.finding", *tables
                )
            )
        )  # fmt: skip
        return Forgotten(gone, chunks)

    def note(self, findings: Sequence[Finding], *, listed: bool) -> None:
        with self._writing() as (session, home):
            _alone(session, home)
            if listed:
                session.run(
                    "DELETE FROM knowledge.finding WHERE home = %s AND told_by = %s",
                    home,
                    OF_LISTING,
                )
                writing.keep_findings(session, home, findings, told_by=OF_LISTING)
            else:
                named = {finding.document for finding in findings}
                writing.forget_findings(session, home, named, told_by=OF_READING)
                writing.keep_findings(session, home, findings, told_by=OF_READING)

    def keep_vectors(self, embedder: Digest, chunks: Sequence[str], rows: Vectors) -> None:
        if len(chunks) != len(rows):
            raise ValueError(f"{len(chunks)} chunks and {len(rows)} rows")
        with self._writing() as (session, home):
            _alone(session, home)
            table = _vectors_of(session, home, embedder, rows.shape[1])
            for key, row in zip(chunks, _finite(rows), strict=True):
                session.run(
                    f"INSERT INTO {table} (chunk, row) SELECT id, %s::halfvec FROM knowledge.chunk"
                    " WHERE home = %s AND key = %s ON CONFLICT (chunk) DO NOTHING",
                    written(row),
                    home,
                    key,
                )
            session.run(f"ANALYZE {table}")
            kept = session.one(f"SELECT count(*) FROM {table}")
            if kept and kept[0] >= GRAPH_FROM:
                name = f"{table.partition('.')[2]}_near"
                session.run(
                    f"CREATE INDEX IF NOT EXISTS {name} ON {table} USING hnsw (row halfvec_cosine_ops)"
                )

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def stamps(self) -> Iterator[tuple[str, str, Digest]]:
        after = ""
        while True:
            with self._reading() as (session, home):
                rows = session.rows(
                    "SELECT name, stamp, version FROM knowledge.document WHERE home = %s AND name > %s"
                    " ORDER BY name LIMIT 1000",
                    home,
                    after,
                )
            if not rows:
                return
            for name, stamp, version in rows:
                yield name, stamp, Digest(version)
            after = rows[-1][0]

    def subjects(self) -> Iterator[tuple[str, date | None, frozenset[str]]]:
        with self._reading() as (session, home):
            found = writing.subjects(session, home)
        return ((name, read_day(updated), people) for name, updated, people in found)

    def waiting(self, embedder: Digest, *, limit: int) -> Sequence[Waiting]:
        with self._reading() as (session, home):
            known = models(session, home).get(embedder)
            lacking = (
                f" AND NOT EXISTS (SELECT 1 FROM {vector_table(home, known[0])} v WHERE v.chunk = chunk.id)"
                if known
                else ""
            )
            rows = session.rows(
                "SELECT key, headings, text FROM knowledge.chunk JOIN knowledge.document"
                f" ON document.id = chunk.document WHERE chunk.home = %s{lacking} ORDER BY name, ordinal LIMIT %s",
                home,
                limit,
            )
        return [
            Waiting(key, Chunk("", "", 0, tuple(json.loads(headings)), text, 0, 0).indexed_text)
            for key, headings, text in rows
        ]

    def documents(
        self, reader: Reader, *, after: str = "", limit: int = 100
    ) -> tuple[Sequence[Document], str]:
        with self._reading() as (session, home):
            allowed = _allowed(session, home, reader)
            rows = session.rows(
                f"SELECT {DOCUMENT_COLUMNS} FROM knowledge.document WHERE home = %s AND name > %s AND access = ANY(%s)"
                " ORDER BY name LIMIT %s",
                home,
                fit(after),
                list(allowed),
                limit + 1,
            )
            found = [
                read_document(row, allowed[row[11]], _told_by_document(session, home, row[0]))
                for row in rows[:limit]
            ]
        return found, found[-1].name if found and len(rows) > limit else ""

    def findings(self, *, after: int = 0, limit: int = 100) -> tuple[Sequence[Finding], int]:
        with self._reading() as (session, home):
            rows = session.rows(
                "SELECT id, kind, document, detail, place FROM knowledge.finding WHERE home = %s AND id > %s"
                " ORDER BY id LIMIT %s",
                home,
                after,
                limit + 1,
            )
        shown = rows[:limit]
        return [Finding(*row[1:]) for row in shown], shown[-1][0] if shown and len(rows) > limit else 0

    def state(self) -> IndexState:
        """As the port says; ``bytes`` are those of the whole schema, other indexes in it included."""
        with self._reading() as (session, home):

            def count(table: str, where: str = " WHERE home = %s", *values: object) -> int:
                found = session.one(f"SELECT count(*) FROM {table}{where}", *(values or (home,)))
                return int(found[0]) if found else 0

            embedded = {
                Digest(model): int(
                    (session.one(f"SELECT count(*) FROM {vector_table(home, number)}") or (0,))[0]
                )
                for model, (number, _) in models(session, home).items()
            }
            size = session.one(
                "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class"
                " WHERE relnamespace = 'knowledge'::regnamespace AND relkind = 'r'"
            )
            return IndexState(
                count("knowledge.document"),
                count("knowledge.chunk"),
                {model: number for model, number in embedded.items() if number},
                int(size[0]) if size else 0,
                count("knowledge.finding"),
            )

    def search(self, query: Query) -> tuple[Hit, ...]:
        """As the port says. Words are scored by BM25 with the statistics of what the reader may read."""
        if query.top_k <= 0:
            return ()
        found = max(query.candidates, query.top_k)
        with self._reading() as (session, home):
            allowed = _allowed(session, home, query.reader)
            if not allowed:
                return ()
            readable = list(allowed)
            words: dict[int, float] = {}
            near: list[int] = []
            vectors = query.vectors if query.means != "words" else ()
            if vectors:
                near = by_meaning(session, home, readable, vectors, found)
            if query.means != "meaning":
                words = by_words(session, home, readable, query.text, found, also=near)
            numbers = list({*words, *near})
            cosines = similarities(session, home, numbers, vectors)
            rows = {(row[4], row[5]): row for row in session.rows(_HIT, numbers)}
            today = query.today.isoformat()
            best = joined(
                {place: words[row[0]] for place, row in rows.items() if row[0] in words},
                {place: cosines[row[0]] for place, row in rows.items() if row[0] in cosines},
                stale={place for place, row in rows.items() if _is_outdated(row, today)},
                top_k=query.top_k,
                candidates=found,
            )
            return tuple(_hit(rows[one.place], allowed, one) for one in best)

    @contextmanager
    def _reading(self) -> Iterator[tuple[Session, int]]:
        with self._server.reading() as session:
            yield session, self._home(session) or _NOWHERE

    @contextmanager
    def _writing(self) -> Iterator[tuple[Session, int]]:
        with self._server.writing() as session:
            home = self._home(session)
            if home is None:
                session.run(
                    "INSERT INTO knowledge.home (use_case, source, version) VALUES (%s, %s, %s)"
                    " ON CONFLICT DO NOTHING",
                    *self._key,
                )
                home = self._home(session)
                assert home is not None
            yield session, home

    def _home(self, session: Session) -> int | None:
        """Asked in every transaction: in a schema that was made anew its number means another index."""
        found = session.one(
            "SELECT id FROM knowledge.home WHERE use_case = %s AND source = %s AND version = %s", *self._key
        )
        return int(found[0]) if found else None


def _alone(session: Session, home: int) -> None:
    """One writer of an index at a time."""
    session.run("SELECT 1 FROM knowledge.home WHERE id = %s FOR UPDATE", home)


def _allowed(session: Session, home: int, reader: Reader) -> dict[int, Access]:
    """The accesses of the index that the reader has: the rule is asked once for each."""
    return {
        row[0]: access
        for row in session.rows("SELECT id, demands FROM knowledge.access WHERE home = %s", home)
        if may_read(reader, access := read_access(row[1]))
    }


def _vectors_of(session: Session, home: int, model: Digest, dimensions: int) -> str:
    known = models(session, home).get(model)
    if known is None:
        made = session.one(
            "INSERT INTO knowledge.model (home, digest, dimensions) VALUES (%s, %s, %s) RETURNING id",
            home,
            model,
            dimensions,
        )
        assert made is not None
        table = vector_table(home, made[0])
        session.run(
            f"CREATE TABLE {table} (chunk bigint PRIMARY KEY, row halfvec({dimensions:d}) NOT NULL)"
        )
        session.run(f"ALTER TABLE {table} ALTER row SET STATISTICS 0")
        return table
    if known[1] != dimensions:
        raise ValueError(f"rows of {dimensions} numbers, those kept have {known[1]}")
    return vector_table(home, known[0])


def _finite(rows: Vectors) -> Vectors:
    kept: Vectors = np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, 0).astype(np.float32)
    return kept


def _is_outdated(row: Row, today: str) -> bool:
    # Days as text of the form 2026-03-01 sort as days do.
    valid_from, valid_until = row[2], row[16]
    return bool((valid_until and valid_until < today) or (valid_from and valid_from > today))


def _hit(row: Row, allowed: Mapping[int, Access], one: Ranked[Place]) -> Hit:
    return read_hit(row[3:], one, allowed[row[1]].marking)


def _told_by_document(session: Session, home: int, name: str) -> list[Finding]:
    return [
        Finding(*row)
        for row in session.rows(
            "SELECT kind, document, detail, place FROM knowledge.finding"
            " WHERE home = %s AND document = %s AND told_by = %s ORDER BY id",
            home,
            name,
            OF_DOCUMENT,
        )
    ]
