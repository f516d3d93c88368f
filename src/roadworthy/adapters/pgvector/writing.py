"""What changes an index: documents come, are replaced and go; every function runs inside one write."""

# ruff: noqa: S608 - names of tables and columns are those of this package; every value is bound
from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence

from roadworthy.adapters.pgvector.database import Session
from roadworthy.knowledge import Access, Chunk, Document, Finding
from roadworthy.knowledge.records import (
    OF_DOCUMENT,
    OF_READING,
    WRITTEN_COLUMNS,
    read_access,
    whole,
    written_access,
    written_document,
)

_WORD = re.compile(r"\w+")
_LONGEST_WORD = 200


def fit(text: str) -> str:
    """The text as Postgres can keep it: whole characters, none of them NUL."""
    return whole(text).replace("\0", "\ufffd")


def words_of(text: str) -> list[str]:
    """Words in lower case and without accents, as both texts and questions are given to full-text search.

    Its parser would take `fee/charge` for a path and `a@b` for an address, and find neither part.
    """
    bare = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return [word for word in _WORD.findall(letters.replace("_", " ")) if len(word) <= _LONGEST_WORD]


def vector_table(home: int, model: int) -> str:
    """The table of the vectors that one model made for one index."""
    return f"knowledge.vector_{home:d}_{model:d}"


def models(session: Session, home: int) -> dict[str, tuple[int, int]]:
    """(number, dimensions) of each model that the index has a table of."""
    found = session.rows("SELECT digest, id, dimensions FROM knowledge.model WHERE home = %s", home)
    return {row[0]: (row[1], row[2]) for row in found}


def put(session: Session, home: int, document: Document, stamp: str, chunks: Sequence[Chunk]) -> None:
    """The document in place of the one of its name; what is the same already is not touched."""
    name = fit(document.name)
    found = session.one(
        "SELECT id, stamp, version, access FROM knowledge.document WHERE home = %s AND name = %s",
        home,
        name,
    )
    forget_findings(session, home, [document.name], told_by=OF_READING)
    if found and found[2] == document.version and _is_cut_alike(session, found[0], chunks):
        if found[1] != stamp:
            session.run("UPDATE knowledge.document SET stamp = %s WHERE id = %s", fit(stamp), found[0])
        return
    access = _access_number(session, home, document.access)
    values = written_document(document, access=access, stamp=fit(stamp), fit=fit)
    if found:
        number = int(found[0])
        changed = ", ".join(f"{column.strip()} = %s" for column in WRITTEN_COLUMNS.split(","))
        session.run(f"UPDATE knowledge.document SET {changed} WHERE id = %s", *values, number)
        _drop_idle_accesses(session, home, {found[3]})
    else:
        marks = ", ".join(["%s"] * (len(values) + 1))
        inserted = session.one(
            f"INSERT INTO knowledge.document (home, {WRITTEN_COLUMNS}) VALUES ({marks}) RETURNING id",
            home,
            *values,
        )
        assert inserted is not None
        number = int(inserted[0])
    _replace_chunks(session, home, (number, access), chunks)
    forget_findings(session, home, [document.name], told_by=OF_DOCUMENT)
    keep_findings(session, home, document.findings, told_by=OF_DOCUMENT)


def _replace_chunks(
    session: Session, home: int, document: tuple[int, int], chunks: Sequence[Chunk]
) -> None:
    """A chunk of the same id and headings stays, with its vectors: what is searched and embedded is the same."""
    number, access = document
    kept = {
        (row[1], row[2]): row[0]
        for row in session.rows("SELECT id, key, headings FROM knowledge.chunk WHERE document = %s", number)
    }
    wanted = {(chunk.id, json.dumps(chunk.headings)): chunk for chunk in chunks}
    drop_chunks(session, home, [chunk for name, chunk in kept.items() if name not in wanted])
    for name, chunk in wanted.items():
        place = (access, chunk.ordinal, chunk.start, chunk.end, chunk.page)
        if name in kept:
            session.run(
                "UPDATE knowledge.chunk SET access = %s, ordinal = %s, start = %s, until = %s, page = %s"
                " WHERE id = %s",
                *place,
                kept[name],
            )
            continue
        session.run(
            "INSERT INTO knowledge.chunk (home, document, access, ordinal, start, until, page, key, headings, text,"
            " words) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, to_tsvector('knowledge.words', %s))",
            home, number, *place, chunk.id, name[1], fit(chunk.text), " ".join(words_of(chunk.indexed_text)),
        )  # fmt: skip


def remove(session: Session, home: int, names: Iterable[str]) -> tuple[tuple[str, ...], int]:
    """(documents that were there and are gone, how many chunks went with them)."""
    gone, chunks, accesses = [], 0, set()
    for name in sorted(set(names)):
        forget_findings(session, home, [name], told_by=OF_DOCUMENT)
        forget_findings(session, home, [name], told_by=OF_READING)
        found = session.one(
            "DELETE FROM knowledge.document WHERE home = %s AND name = %s RETURNING id, access",
            home,
            fit(name),
        )
        if not found:
            continue
        numbers = [
            row[0] for row in session.rows("SELECT id FROM knowledge.chunk WHERE document = %s", found[0])
        ]
        drop_chunks(session, home, numbers)
        gone.append(name)
        chunks += len(numbers)
        accesses.add(found[1])
    _drop_idle_accesses(session, home, accesses)
    return tuple(gone), chunks


def about(session: Session, home: int, subject: str) -> list[str]:
    """The documents about a data subject."""
    numbers = [
        row[0]
        for row in session.rows("SELECT id, demands FROM knowledge.access WHERE home = %s", home)
        if subject in read_access(row[1]).marking.subjects
    ]
    found = session.rows("SELECT name FROM knowledge.document WHERE access = ANY(%s)", numbers)
    return [row[0] for row in found]


def subjects(session: Session, home: int) -> list[tuple[str, str | None, frozenset[str]]]:
    """(name, day of its last change, whom it is about) of every document about somebody, by name."""
    stated = {
        row[0]: people
        for row in session.rows("SELECT id, demands FROM knowledge.access WHERE home = %s", home)
        if (people := read_access(row[1]).marking.subjects)
    }
    rows = session.rows(
        "SELECT name, updated, access FROM knowledge.document WHERE home = %s AND access = ANY(%s) ORDER BY name",
        home,
        list(stated),
    )
    return [(row[0], row[1], stated[row[2]]) for row in rows]


def drop_chunks(session: Session, home: int, numbers: Sequence[int]) -> None:
    """Delete chunks and their vectors of every model."""
    if not numbers:
        return
    for model, _ in models(session, home).values():
        session.run(f"DELETE FROM {vector_table(home, model)} WHERE chunk = ANY(%s)", list(numbers))
    session.run("DELETE FROM knowledge.chunk WHERE id = ANY(%s)", list(numbers))


def forget_findings(session: Session, home: int, names: Iterable[str], *, told_by: str) -> None:
    """Delete the findings of documents that were told by the listing or by the reading."""
    session.run(
        "DELETE FROM knowledge.finding WHERE home = %s AND told_by = %s AND document = ANY(%s)",
        home,
        told_by,
        [fit(name) for name in names],
    )


def keep_findings(session: Session, home: int, findings: Sequence[Finding], *, told_by: str) -> None:
    """Add findings as told by the listing or by the reading."""
    for one in findings:
        session.run(
            "INSERT INTO knowledge.finding (home, told_by, document, kind, detail, place, subjects)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            home, told_by, fit(one.document), one.kind, fit(one.detail), fit(one.place), sorted(one.subjects),
        )  # fmt: skip


def _is_cut_alike(session: Session, document: int, chunks: Sequence[Chunk]) -> bool:
    kept = session.rows(
        "SELECT ordinal, key, headings FROM knowledge.chunk WHERE document = %s ORDER BY ordinal", document
    )
    wanted = sorted((one.ordinal, one.id, json.dumps(one.headings)) for one in chunks)
    return [tuple(row) for row in kept] == wanted


def _access_number(session: Session, home: int, access: Access) -> int:
    session.run(
        "INSERT INTO knowledge.access (home, digest, demands) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        home,
        access.digest,
        fit(written_access(access)),
    )
    found = session.one(
        "SELECT id FROM knowledge.access WHERE home = %s AND digest = %s", home, access.digest
    )
    assert found is not None
    return int(found[0])


def _drop_idle_accesses(session: Session, home: int, numbers: Iterable[int]) -> None:
    """An access names data subjects: it goes with the last document that demands it."""
    session.run(
        "DELETE FROM knowledge.access WHERE home = %s AND id = ANY(%s)"
        " AND NOT EXISTS (SELECT 1 FROM knowledge.document WHERE document.access = access.id)",
        home,
        list(numbers),
    )
