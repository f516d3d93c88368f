"""The file of an index that is moved away, replaced or of another format while a process uses it."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.postgres import Server

from roadworthy.adapters.fts5 import Fts5Index, homes
from roadworthy.adapters.pgvector import PgvectorIndex
from roadworthy.errors import Corrupt, Unavailable
from roadworthy.knowledge import KEEPER
from roadworthy.testing.conformance.documents import BEST, a_document, about, ask, embed_all, names


def open_at(folder: Path, use_case: str = "desk") -> Fts5Index:
    return Fts5Index(folder / "knowledge.sqlite", use_case=use_case, source="help", version="1")


def delete(folder: Path) -> None:
    for file in folder.glob("knowledge.sqlite*"):
        file.unlink()


def only_the_file(folder: Path) -> None:
    (folder / "knowledge.sqlite").unlink()


def move(folder: Path) -> None:
    (folder / "knowledge.sqlite").rename(folder / "away.sqlite")


@pytest.mark.parametrize("take_away", [delete, only_the_file, move])
def test_a_file_that_is_gone_is_made_anew(tmp_path: Path, take_away: Callable[[Path], None]) -> None:
    index = open_at(tmp_path)
    index.put([a_document("a", "apples 1")])
    embed_all(index)
    assert len(index.search(ask("apples", 1))) == 1
    take_away(tmp_path)
    assert index.search(ask("apples", 1)) == ()
    assert list(index.stamps()) == []
    index.put([a_document("b", "pears"), a_document("c", "plums")])
    assert homes(tmp_path / "knowledge.sqlite") == (("desk", "help", "1"),)
    assert names(open_at(tmp_path).search(ask("pears"))) == [("b", 0)]
    assert (tmp_path / "knowledge.sqlite").stat().st_mode & 0o777 == 0o600
    index.close()


@pytest.mark.parametrize("through", ["a kept connection", "a new connection"])
def test_in_a_file_made_anew_no_index_answers_for_another(tmp_path: Path, through: str) -> None:
    index = open_at(tmp_path)
    index.put([a_document("a", "apples 1")])
    embed_all(index)
    index.search(ask("apples", 1))
    if through == "a new connection":
        index.close()  # no connection keeps the inode from being used again
    delete(tmp_path)
    other = open_at(tmp_path, "secrets")
    other.put([a_document("secret", "apples 1")])
    embed_all(other)
    assert index.search(ask("apples", 1, reader=KEEPER)) == ()
    assert index.documents(KEEPER) == ([], "")
    assert index.state().documents == 0
    assert index.erase("nobody").documents == index.remove(["secret"]).documents == ()
    index.put([a_document("b", "apples 2")])
    embed_all(index)
    assert names(index.search(ask("apples", 1, reader=KEEPER))) == [("b", 0)]
    assert names(other.search(ask("apples", 1, reader=KEEPER))) == [("secret", 0)]
    index.close()
    other.close()


def test_vectors_of_a_file_that_is_gone_are_not_compared_with_the_next(tmp_path: Path) -> None:
    index, told = open_at(tmp_path), []
    for text in ("apples 1", "apples 7"):
        index.put([a_document("a", text)])
        embed_all(index)
        told.append([hit.similarity for hit in index.search(ask("apples", 1))])
        index.close()
        delete(tmp_path)
    index.put([a_document("a", "apples 7")])
    embed_all(index)
    fresh = open_at(tmp_path)
    assert [hit.similarity for hit in fresh.search(ask("apples", 1))] == told[1] != told[0]
    index.close()
    fresh.close()


_HOLDS = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("CREATE TABLE IF NOT EXISTS kept (n)")
held.execute("DROP TABLE kept")
print(held.execute("SELECT count(*) FROM document").fetchone()[0], flush=True)
sys.stdin.readline()
print(held.execute("SELECT count(*) FROM document").fetchone()[0], flush=True)
sys.stdin.readline()
held.close()
"""


def test_a_process_that_holds_the_old_file_shares_no_log_with_the_new_one(tmp_path: Path) -> None:
    index, file = open_at(tmp_path), tmp_path / "knowledge.sqlite"
    index.put([a_document(f"{n}", "apples") for n in range(30)])
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDS, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "30\n"
    file.rename(tmp_path / "away.sqlite")
    index.put([a_document("new", "pears")])
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "30\n"
    index.put([a_document("newer", "pears")])
    process.communicate("\n")
    assert [name for name, _, _ in index.stamps()] == ["new", "newer"]
    assert [name for name, _, _ in open_at(tmp_path).stamps()] == ["new", "newer"]
    index.close()
    with sqlite3.connect(file) as found:
        assert found.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    found.close()


def test_a_second_connection_drops_no_lock_of_the_first(tmp_path: Path) -> None:
    index = open_at(tmp_path)
    index.put([a_document("a", "apples")])
    index.close()
    other = open_at(tmp_path)
    with index._database.reading(), other._database.reading():
        # Locks belong to a process: only another one sees whether they are still held.
        asked = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0);"
            " c.execute('PRAGMA locking_mode=EXCLUSIVE'); c.execute('BEGIN EXCLUSIVE')"
        )
        held = subprocess.run(
            [sys.executable, "-c", asked, str(tmp_path / "knowledge.sqlite")],
            check=False,
            capture_output=True,
            text=True,
        )
    assert "database is locked" in held.stderr
    index.close()
    other.close()


def as_of_an_older_format(file: Path) -> None:
    with sqlite3.connect(file, isolation_level=None) as found:
        found.execute("PRAGMA user_version=1")
        found.execute("ALTER TABLE home DROP COLUMN mark")
        found.execute("CREATE VIRTUAL TABLE words_1_terms USING fts5vocab(words_1, row)")
    found.close()


def test_an_older_format_is_made_anew_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index, file = open_at(tmp_path), tmp_path / "knowledge.sqlite"
    index.put([a_document("a", "zanzibar quokka", access=about("ann"))])
    index.close()
    as_of_an_older_format(file)
    with caplog.at_level(logging.WARNING, "roadworthy.knowledge"):
        assert index.state().documents == 0
        index.put([a_document("b", "pears")])
        assert names(index.search(ask("pears"))) == [("b", 0)]
        assert open_at(tmp_path).state().documents == 1
    assert len(caplog.messages) == 1
    assert "older format" in caplog.messages[0]
    assert "roadworthy knowledge build" in caplog.messages[0]
    everything = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert [word for word in (b"zanzibar", b"quokka") if word in everything] == []
    index.close()


def test_an_older_format_that_is_in_use_stays_until_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.adapters.fts5.database.BUSY_S", 0.05)
    index, file = open_at(tmp_path), tmp_path / "knowledge.sqlite"
    index.put([a_document("a", "apples")])
    index.close()
    as_of_an_older_format(file)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="in use"):
        index.state()
    assert holder.execute("SELECT count(*) FROM document").fetchone() == (1,)
    holder.close()
    assert index.state().documents == 0
    index.close()


def test_a_file_that_another_process_made_anew_is_seen_by_kept_connections(tmp_path: Path) -> None:
    index, other = open_at(tmp_path), open_at(tmp_path, "other")
    index.put([a_document("a", "apples 1")])
    embed_all(index)
    index.search(ask("apples", 1))
    as_of_an_older_format(tmp_path / "knowledge.sqlite")
    other.put([a_document("secret", "apples 1")])
    assert index.search(ask("apples", 1, reader=KEEPER)) == ()
    index.put([a_document("b", "apples")])
    assert index.waiting(BEST, limit=9)[0].text.endswith("apples")
    index.close()
    other.close()


def test_a_newer_format_says_so_and_is_not_touched(tmp_path: Path) -> None:
    index, file = open_at(tmp_path), tmp_path / "knowledge.sqlite"
    index.put([a_document("a", "apples")])
    with sqlite3.connect(file, isolation_level=None) as found:
        found.execute("PRAGMA user_version=99")
        found.execute("CREATE TABLE what_comes_later (n)")
    found.close()
    with pytest.raises(Corrupt, match="newer version"):  # through a kept connection
        index.state()
    index.close()
    before = file.read_bytes()
    with pytest.raises(Corrupt, match="newer version") as caught:
        index.put([a_document("b", "pears")])
    assert caught.value.code == "RW-KNOWLEDGE-031"
    assert "newer version" in caught.value.hint
    assert file.read_bytes() == before


@pytest.mark.parametrize("version", [0, 1, 2, 99])
@pytest.mark.parametrize("table", ["customer", "document", "words_1"])
def test_a_file_of_something_else_is_refused_untouched(tmp_path: Path, table: str, version: int) -> None:
    file = tmp_path / "knowledge.sqlite"
    with sqlite3.connect(file, isolation_level=None) as found:
        found.execute(f"CREATE TABLE {table} (name)")
        found.execute(f"INSERT INTO {table} VALUES ('precious')")
        found.execute(f"PRAGMA user_version={version}")
    found.close()
    before = file.read_bytes()
    with pytest.raises(Corrupt, match="other tables") as caught:
        open_at(tmp_path).put([a_document("a", "apples")])
    assert caught.value.code == "RW-KNOWLEDGE-031"
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.postgres
def test_in_a_schema_made_anew_no_index_answers_for_another(pgvector_server: Server) -> None:
    address = pgvector_server.create()
    index, other = (
        PgvectorIndex(address, use_case=name, source="help", version="1") for name in ("desk", "secrets")
    )
    try:
        index.put([a_document("a", "apples")])
        with index._server.writing() as session:
            session.run("DROP SCHEMA knowledge CASCADE")
        with pytest.raises(Unavailable, match="dropped") as caught:
            index.search(ask("apples"))
        assert caught.value.code == "RW-KNOWLEDGE-030"
        other.put([a_document("secret", "apples")])
        assert index.search(ask("apples", reader=KEEPER)) == ()
        index.put([a_document("b", "apples")])
        assert names(index.search(ask("apples", reader=KEEPER))) == [("b", 0)]
    finally:
        index.close()
        other.close()
        pgvector_server.drop(address)
