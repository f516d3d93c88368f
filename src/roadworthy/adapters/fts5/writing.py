"""What changes an index: documents come, are replaced and go; every function runs inside one write."""

# ruff: noqa: S608 - names of tables and columns are those of this package; every value is bound
from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from roadworthy.adapters.fts5.database import words_table
from roadworthy.knowledge import Access, Chunk, Document, Finding
from roadworthy.knowledge.records import (
    OF_DOCUMENT,
    OF_LISTING,
    OF_READING,
    WRITTEN_COLUMNS,
    read_access,
    whole,
    written_access,
    written_document,
)

_SUBJECTS = (
    """CREATE TABLE IF NOT EXISTS finding_subject (
      subject TEXT NOT NULL, finding INTEGER NOT NULL, PRIMARY KEY (subject, finding)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS finding_subject_finding ON finding_subject (finding)",
    """CREATE TRIGGER IF NOT EXISTS finding_gone AFTER DELETE ON finding
      BEGIN DELETE FROM finding_subject WHERE finding = OLD.id; END""",
)
"""Whom findings are about; made with the first one, so that a file made before has it too."""
_CHUNK = "home, document, ordinal, key, start, until, page, headings, text"


def put(
    connection: sqlite3.Connection, home: int, document: Document, stamp: str, chunks: Sequence[Chunk]
) -> None:
    """The document in place of the one of its name; what is the same already is not touched."""
    found = connection.execute(
        "SELECT id, stamp, version FROM document WHERE home = ? AND name = ?", (home, whole(document.name))
    ).fetchone()
    _forget_findings(connection, home, [document.name], told_by=OF_READING)
    if found and found[2] == document.version and _is_cut_alike(connection, found[0], chunks):
        if found[1] != stamp:
            connection.execute("UPDATE document SET stamp = ? WHERE id = ?", (stamp, found[0]))
        return
    access = _access_number(connection, home, document.access)
    values = written_document(document, access=access, stamp=stamp, fit=whole)
    if found:
        number = int(found[0])
        before = connection.execute("SELECT access FROM document WHERE id = ?", (number,)).fetchone()[0]
        changed = ", ".join(f"{column.strip()} = ?" for column in WRITTEN_COLUMNS.split(","))
        connection.execute(f"UPDATE document SET {changed} WHERE id = ?", (*values, number))
        _drop_idle_accesses(connection, home, {before})
    else:
        marks = ", ".join("?" * (len(values) + 1))
        inserted = connection.execute(
            f"INSERT INTO document (home, {WRITTEN_COLUMNS}) VALUES ({marks})",
            (home, *values),
        ).lastrowid
        assert inserted is not None
        number = inserted
    _replace_chunks(connection, home, number, chunks)
    _forget_findings(connection, home, [document.name], told_by=OF_DOCUMENT)
    keep_findings(connection, home, document.findings, told_by=OF_DOCUMENT)
    _mark(connection, home, "chunks_changed")


def _replace_chunks(
    connection: sqlite3.Connection, home: int, document: int, chunks: Sequence[Chunk]
) -> None:
    """A chunk of the same id and headings stays, with its vectors: what is searched and embedded is the same."""
    kept = {
        (key, headings): number
        for number, key, headings in connection.execute(
            "SELECT id, key, headings FROM chunk WHERE document = ?", (document,)
        )
    }
    wanted = {(chunk.id, json.dumps(chunk.headings)): chunk for chunk in chunks}
    _drop_chunks(connection, home, [number for name, number in kept.items() if name not in wanted])
    for name, chunk in wanted.items():
        if name in kept:
            connection.execute(
                "UPDATE chunk SET ordinal = ?, start = ?, until = ?, page = ? WHERE id = ?",
                (chunk.ordinal, chunk.start, chunk.end, chunk.page, kept[name]),
            )
            continue
        row = (
            home, document, chunk.ordinal, chunk.id, chunk.start, chunk.end, chunk.page, name[1], whole(chunk.text)
        )  # fmt: skip
        number = connection.execute(
            f"INSERT INTO chunk ({_CHUNK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        ).lastrowid
        connection.execute(
            f"INSERT INTO {words_table(home)} (rowid, text) VALUES (?, ?)",
            (number, indexed(row[7], row[8])),
        )


def remove(connection: sqlite3.Connection, home: int, names: Iterable[str]) -> tuple[tuple[str, ...], int]:
    """(documents that were there and are gone, how many chunks went with them)."""
    gone, chunks, accesses = [], 0, set()
    for name in sorted(set(names)):
        found = connection.execute(
            "SELECT id, access FROM document WHERE home = ? AND name = ?", (home, whole(name))
        ).fetchone()
        _forget_findings(connection, home, [name], told_by=OF_DOCUMENT)
        _forget_findings(connection, home, [name], told_by=OF_READING)
        if not found:
            continue
        numbers = [
            row[0] for row in connection.execute("SELECT id FROM chunk WHERE document = ?", found[:1])
        ]
        _drop_chunks(connection, home, numbers)
        connection.execute("DELETE FROM document WHERE id = ?", found[:1])
        gone.append(name)
        chunks += len(numbers)
        accesses.add(found[1])
    if gone:
        _drop_idle_accesses(connection, home, accesses)
        _mark(connection, home, "chunks_changed")
    return tuple(gone), chunks


def about(connection: sqlite3.Connection, home: int, subject: str) -> list[str]:
    """The documents about a data subject."""
    found: list[str] = []
    for number, demands in connection.execute(
        "SELECT id, demands FROM access WHERE home = ?", (home,)
    ).fetchall():
        if subject in read_access(demands).marking.subjects:
            found += [
                row[0]
                for row in connection.execute("SELECT name FROM document WHERE access = ?", (number,))
            ]
    return found


def forget_findings_about(connection: sqlite3.Connection, home: int, subject: str) -> int:
    """How many findings about a data subject, whose documents are not in the index, were there and are gone."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'finding_subject'").fetchone():
        return 0
    gone = connection.execute(
        "DELETE FROM finding WHERE home = ? AND id IN (SELECT finding FROM finding_subject WHERE subject = ?)",
        (home, subject),
    ).rowcount
    if gone:
        _mark(connection, home, "dropped")
    return gone


def subjects(connection: sqlite3.Connection, home: int) -> list[tuple[str, str | None, frozenset[str]]]:
    """(name, day of its last change, whom it is about) of every document about somebody, by name."""
    stated = {
        number: people
        for number, demands in connection.execute("SELECT id, demands FROM access WHERE home = ?", (home,))
        if (people := read_access(demands).marking.subjects)
    }
    rows = connection.execute(
        "SELECT name, updated, access FROM document WHERE home = ?"
        " AND access IN (SELECT value FROM json_each(?)) ORDER BY name",
        (home, json.dumps(list(stated))),
    )
    return [(name, updated, stated[access]) for name, updated, access in rows]


def not_rewritten(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """(index, how often something was dropped) of all indexes in whose file deleted words may still stand."""
    return connection.execute("SELECT id, dropped FROM home WHERE dropped > rewritten").fetchall()


def mark_rewritten(connection: sqlite3.Connection, homes: Sequence[tuple[int, int]]) -> None:
    """Note that the file was written anew since so many chunks of each index had been dropped."""
    connection.executemany(
        "UPDATE home SET rewritten = ? WHERE id = ?", [(dropped, home) for home, dropped in homes]
    )


def merge_words(connection: sqlite3.Connection, home: int) -> None:
    """Full-text search only notes that words are deleted, until its parts are merged into one."""
    table = words_table(home)
    connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")


def keep_vectors(connection: sqlite3.Connection, home: int, model: str, rows: Mapping[str, bytes]) -> None:
    """Vectors of the chunks that are still there."""
    connection.executemany(
        "INSERT INTO vector (model, chunk, row) SELECT ?, id, ? FROM chunk WHERE home = ? AND key = ?"
        " ON CONFLICT (model, chunk) DO NOTHING",
        ((model, row, home, key) for key, row in rows.items()),
    )
    _mark(connection, home, "vectors_changed")


def note(connection: sqlite3.Connection, home: int, findings: Sequence[Finding], *, listed: bool) -> None:
    """Findings in place of those that the same listing or attempt told before."""
    if listed:
        connection.execute("DELETE FROM finding WHERE home = ? AND told_by = ?", (home, OF_LISTING))
        keep_findings(connection, home, findings, told_by=OF_LISTING)
    else:
        names = {finding.document for finding in findings}
        _forget_findings(connection, home, names, told_by=OF_READING)
        keep_findings(connection, home, findings, told_by=OF_READING)


def keep_findings(
    connection: sqlite3.Connection, home: int, findings: Sequence[Finding], *, told_by: str
) -> None:
    """Findings beside those that are there, with who told them."""
    if any(one.subjects for one in findings):
        for statement in _SUBJECTS:
            connection.execute(statement)
    for one in findings:
        number = connection.execute(
            "INSERT INTO finding (home, told_by, document, kind, detail, place) VALUES (?, ?, ?, ?, ?, ?)",
            (home, told_by, whole(one.document), one.kind, whole(one.detail), whole(one.place)),
        ).lastrowid
        for subject in sorted(one.subjects):
            connection.execute(
                "INSERT INTO finding_subject (finding, subject) VALUES (?, ?)", (number, subject)
            )


def indexed(headings: str, text: str) -> str:
    """What full-text search was given for a chunk: it has to be told again to forget it."""
    return whole(Chunk("", "", 0, tuple(json.loads(headings)), text, 0, 0).indexed_text)


def _is_cut_alike(connection: sqlite3.Connection, document: int, chunks: Sequence[Chunk]) -> bool:
    kept = connection.execute(
        "SELECT key, ordinal, headings FROM chunk WHERE document = ? ORDER BY ordinal", (document,)
    ).fetchall()
    wanted = sorted((one.ordinal, one.id, json.dumps(one.headings)) for one in chunks)
    return [(ordinal, key, headings) for key, ordinal, headings in kept] == wanted


def _drop_chunks(connection: sqlite3.Connection, home: int, numbers: Sequence[int]) -> None:
    table = words_table(home)
    if numbers:
        _mark(connection, home, "dropped")
    for number in numbers:
        headings, text = connection.execute(
            "SELECT headings, text FROM chunk WHERE id = ?", (number,)
        ).fetchone()
        connection.execute(
            f"INSERT INTO {table} ({table}, rowid, text) VALUES ('delete', ?, ?)",
            (number, indexed(headings, text)),
        )
        connection.execute("DELETE FROM vector WHERE chunk = ?", (number,))
        connection.execute("DELETE FROM chunk WHERE id = ?", (number,))


def _access_number(connection: sqlite3.Connection, home: int, access: Access) -> int:
    connection.execute(
        "INSERT INTO access (home, digest, demands) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (home, access.digest, written_access(access)),
    )
    found = connection.execute(
        "SELECT id FROM access WHERE home = ? AND digest = ?", (home, access.digest)
    ).fetchone()
    return int(found[0])


def _drop_idle_accesses(connection: sqlite3.Connection, home: int, numbers: Iterable[int]) -> None:
    """An access names data subjects: it goes with the last document that demands it."""
    connection.executemany(
        "DELETE FROM access WHERE home = ? AND id = ?"
        " AND NOT EXISTS (SELECT 1 FROM document WHERE document.access = access.id)",
        [(home, number) for number in numbers],
    )


def _forget_findings(
    connection: sqlite3.Connection, home: int, names: Iterable[str], *, told_by: str
) -> None:
    gone = connection.executemany(
        "DELETE FROM finding WHERE home = ? AND document = ? AND told_by = ?",
        [(home, whole(name), told_by) for name in names],
    ).rowcount
    if gone > 0:
        # They quote documents: an erasure that comes later has to rewrite their pages too.
        _mark(connection, home, "dropped")


def _mark(connection: sqlite3.Connection, home: int, column: str) -> None:
    connection.execute(f"UPDATE home SET {column} = {column} + 1 WHERE id = ?", (home,))
