"""The index in a file: what is erased leaves no byte, and a killed process leaves it whole."""

from __future__ import annotations

import math
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from roadworthy.adapters.fts5 import Fts5Index
from roadworthy.adapters.fts5.vectors import best_of, lengths, products, quantized, runs_of
from roadworthy.adapters.fts5.words import Postings, Remembered
from roadworthy.errors import Corrupt, InputProblem, Unavailable
from roadworthy.knowledge import KEEPER, Finding
from roadworthy.testing.conformance.documents import (
    BEST,
    a_document,
    about,
    ask,
    embed_all,
    names,
)


def open_at(folder: Path, version: str = "1") -> Fts5Index:
    return Fts5Index(folder / "knowledge.sqlite", use_case="desk", source="help", version=version)


def everything(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("knowledge.sqlite*")))


SECRET_WORDS = ("zanzibar", "quokka", "annpseudonym", "letterfromann", "hidingplace", "ownerofann")


def a_letter(number: int, *more: str) -> object:
    return a_document(
        f"letterfromann-{number:03}",
        *(f"zanzibar quokka number {number} {part}" for part in range(4)),
        *more,
        access=about("annpseudonym"),
        owner="ownerofann",
        findings=(Finding("hidden", f"letterfromann-{number:03}", "hidingplace"),),
    )


@pytest.mark.parametrize("earlier", ["erase", "remove and erase"])
def test_what_findings_quote_of_an_erased_person_leaves_no_byte_either(
    tmp_path: Path, earlier: str
) -> None:
    index = open_at(tmp_path)
    about_ann = frozenset({"annpseudonym"})
    for number in range(0, 200, 2):
        index.note([Finding("broken", f"page-{number:03}", "x" * number)], listed=False)
        hers = Finding("hidden", f"scan-{number:03}", f"quokka {number}", "hidingplace", about_ann)
        index.note([hers], listed=False)
    assert b"quokka" in everything(tmp_path)
    if earlier == "remove and erase":
        index.remove([f"scan-{number:03}" for number in range(0, 200, 2)])
    index.erase("annpseudonym")
    after = everything(tmp_path)
    assert [word for word in (b"quokka", b"hidingplace", b"annpseudonym") if word in after] == []
    assert index.state().findings == 100


@pytest.mark.parametrize("earlier", ["erase", "remove and erase", "replace and erase"])
def test_what_is_erased_leaves_no_byte_in_the_files(tmp_path: Path, earlier: str) -> None:
    index = open_at(tmp_path)
    rng = np.random.default_rng(1)
    for start in range(0, 300, 20):  # interleaved, so that pages are split and parts of words merged
        index.put([a_document(f"page-{n:03}", *(f"apples {n} {p} {'x' * n}" for p in range(3))) for n in range(start, start + 20)])  # fmt: skip
        index.put([a_letter(n) for n in range(start, start + 20, 2)])  # type: ignore[misc]
    waiting = index.waiting(BEST, limit=10_000)
    rows = rng.normal(size=(len(waiting), 32)).astype(np.float32)
    index.keep_vectors(BEST, [one.chunk for one in waiting], rows)
    hers = [quantized(rows)[place].tobytes() for place, one in enumerate(waiting) if "quokka" in one.text]
    assert len(hers) == 600
    before = everything(tmp_path)
    assert all(word.encode() in before for word in SECRET_WORDS)
    assert sum(row in before for row in hers) == 600
    index.search(ask("zanzibar", reader=KEEPER))
    letters = [name for name, _, _ in index.stamps() if name.startswith("letter")]
    if earlier == "remove and erase":
        assert len(index.remove(letters).documents) == 150
    if earlier == "replace and erase":
        index.put([a_document(name, "nothing", access=about("annpseudonym")) for name in letters])
    forgotten = index.erase("annpseudonym")
    assert len(forgotten.documents) == (0 if earlier == "remove and erase" else 150)
    after = everything(tmp_path)
    assert [word for word in SECRET_WORDS if word.encode() in after] == []
    assert [row for row in hers if row in after] == []
    assert len(index.search(ask("apples", reader=KEEPER, top_k=900, candidates=900))) == 900
    with sqlite3.connect(tmp_path / "knowledge.sqlite") as file:
        assert file.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        file.execute("INSERT INTO words_1 (words_1) VALUES ('integrity-check')")
    file.close()
    index.close()


def test_an_erasure_that_could_not_rewrite_the_file_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.adapters.fts5.database.BUSY_S", 0.05)
    index = open_at(tmp_path)
    index.put([a_letter(1), a_document("a", "apples")])  # type: ignore[list-item]
    reader = sqlite3.connect(tmp_path / "knowledge.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM chunk").fetchall()
    with pytest.raises(Unavailable) as caught:
        index.erase("annpseudonym")
    assert caught.value.code == "RW-KNOWLEDGE-033"
    assert index.search(ask("zanzibar", reader=KEEPER)) == ()
    reader.execute("ROLLBACK")
    reader.close()
    assert index.erase("annpseudonym").documents == ()
    assert b"zanzibar" not in everything(tmp_path)
    index.close()


def test_an_erasure_with_nothing_to_erase_does_not_rewrite_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_at(tmp_path)
    index.put([a_document("a", "apples")])
    monkeypatch.setattr("roadworthy.adapters.fts5.database.Database.rewrite", None)
    assert index.erase("stranger").documents == ()
    index.close()


_KILLED = """
import sys
from pathlib import Path
from roadworthy.adapters.fts5 import Fts5Index
from roadworthy.testing.conformance.documents import a_document
index = Fts5Index(Path(sys.argv[1]), use_case="desk", source="help", version="1")
index.put([a_document("before", "apples")])
documents = [a_document(f"n{n}", "pears one", "pears two") for n in range(200)]
def one_by_one():
    for n, document in enumerate(documents):
        if n == 150:
            print("in the middle", flush=True)
            sys.stdin.read()
        yield document
index.put(one_by_one())
"""


def test_a_process_killed_in_the_middle_of_a_put_leaves_what_was_before(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(tmp_path / "knowledge.sqlite")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"in the middle\n"
    index = open_at(tmp_path)
    assert [name for name, _, _ in index.stamps()] == ["before"]
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert [name for name, _, _ in index.stamps()] == ["before"]
    assert index.search(ask("pears")) == ()
    index.put([a_document("after", "pears")])
    assert names(index.search(ask("pears"))) == [("after", 0)]
    index.close()


def test_many_threads_search_while_another_changes(tmp_path: Path) -> None:
    index, writer = open_at(tmp_path), open_at(tmp_path)
    wrong: list[object] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            found = index.search(ask("apples", 3, top_k=50))
            if len({hit.chunk.document for hit in found}) * 2 != len(found):
                wrong.append(names(found))

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(15):
        writer.put([a_document(f"d{turn % 4}", f"apples {turn}", f"apples and {turn}")])
        embed_all(writer)
        writer.remove([f"d{(turn + 2) % 4}"])
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    index.close()
    writer.close()


def test_a_child_process_uses_connections_of_its_own(tmp_path: Path) -> None:
    index = open_at(tmp_path)
    index.put([a_document("a", "apples")])
    child = os.fork()
    if not child:
        index.put([a_document("b", "apples")])
        os._exit(0 if len(index.search(ask("apples"))) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert len(index.search(ask("apples"))) == 2
    index.close()


def test_a_file_that_is_no_database_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "knowledge.sqlite").write_text("no database " * 100)
    with pytest.raises(Corrupt, match="no sound database") as caught:
        open_at(tmp_path).state()
    assert caught.value.code == "RW-KNOWLEDGE-031"


def test_a_folder_that_is_missing_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        open_at(tmp_path / "nowhere").state()
    assert caught.value.code == "RW-KNOWLEDGE-030"


def test_an_index_of_too_many_passages_is_refused_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.adapters.fts5.index.MOST_CHUNKS", 2)
    index = open_at(tmp_path)
    with pytest.raises(InputProblem) as caught:
        index.put([a_document("a", "one", "two"), a_document("b", "three")])
    assert caught.value.code == "RW-KNOWLEDGE-034"
    assert index.state().chunks == 0
    index.close()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    index = open_at(tmp_path)
    index.put([a_document("a", "apples")])
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    index.close()


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numkong", None)
    index = open_at(tmp_path)
    index.put([a_document("a", "apples 1")])
    embed_all(index)
    assert len(index.search(ask("apples"))) == 1
    with pytest.raises(InputProblem) as caught:
        index.search(ask("apples", 1))
    assert caught.value.code == "RW-KNOWLEDGE-032"
    index.close()


def test_rows_of_bytes_order_as_the_exact_cosines_do() -> None:
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(2_000, 384)).astype(np.float32)
    query = rows[5] + rng.normal(size=384).astype(np.float32)
    exact = rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
    kept, asked = quantized(rows), quantized(query.reshape(1, -1))
    cosines = products(kept, [(0, len(kept))], asked[0]) / (lengths(kept) * lengths(asked))
    places = best_of(cosines, 50)
    assert places[0] == np.argmax(exact) == 5
    assert np.abs(cosines - exact).max() < 0.01
    assert len(set(places.tolist()) & set(np.argsort(-exact)[:50].tolist())) >= 45


def test_a_row_with_a_number_that_is_none_becomes_zeros() -> None:
    rows = quantized(np.array([[np.nan, 1.0], [np.inf, 1.0], [0.0, 0.0], [0.5, -1.0]]))
    assert rows.tolist() == [[0, 0], [0, 0], [0, 0], [64, -127]]


def test_of_equal_ones_at_the_end_of_a_list_the_first_are_kept() -> None:
    scores = np.array([np.nan, 1.0, 3.0, 1.0, 1.0, np.nan, 2.0])
    assert best_of(scores, 3).tolist() == [2, 6, 1]
    assert best_of(scores, 9).tolist() == [2, 6, 1, 3, 4]
    assert best_of(np.full(3, np.nan), 2).tolist() == []


@pytest.mark.parametrize("runs", [0, 1, 7, 40])
def test_only_rows_that_are_allowed_are_compared_however_they_lie(runs: int) -> None:
    rng = np.random.default_rng(runs)
    rows = quantized(rng.normal(size=(801, 16)))
    allowed = np.zeros(801, np.bool_)
    for start in range(runs):
        allowed[start * 20 + 5 : start * 20 + 12] = True
    allowed[-1] = runs == 40
    found = products(rows, runs_of(allowed), rows[100])
    assert found.tolist() == (rows[allowed].astype(int) @ rows[100].astype(int)).tolist()


def test_lengths_of_rows_are_exact_also_of_the_longest() -> None:
    rows = np.full((3, 4_096), -127, np.int8)
    rows[1] = 0
    assert lengths(rows).tolist() == [127 * 64, 0, 127 * 64]


def test_postings_are_remembered_up_to_so_many_bytes() -> None:
    made: list[str] = []

    def make(stem: str) -> Postings:
        made.append(stem)
        return Postings(np.arange(100), np.ones(100))

    kept = Remembered(2 * 1_800 + 100)
    for stem in ("a", "b", "a", "c", "a", "b"):
        kept.of(stem, make)
    assert made == ["a", "b", "c", "b"]


def test_words_score_as_bm25_says(tmp_path: Path) -> None:
    index = open_at(tmp_path)
    texts = ["card card fee", "the fee of a transfer abroad", "nothing " * 200 + "card", "plums"]
    index.put([a_document(f"{n}", text) for n, text in enumerate(texts)])
    found = {hit.chunk.document: hit.word_score for hit in index.search(ask("card fee", means="words"))}
    # Each passage begins with its heading, one word.
    long = [len(text.split()) + 1 for text in texts]
    mean = sum(long) / 4

    def part(times: int, length: int) -> float:
        telling = math.log(1 + (4 - 2 + 0.5) / (2 + 0.5))
        return telling * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / mean))

    assert found == {
        "0": pytest.approx(part(2, long[0]) + part(1, long[0]), rel=1e-6),
        "1": pytest.approx(part(1, long[1]), rel=1e-6),
        "2": pytest.approx(part(1, long[2]), rel=1e-6),
    }
    index.close()


def test_postings_of_before_a_change_are_not_used_after_it(tmp_path: Path) -> None:
    index = open_at(tmp_path)
    for n in range(4):
        index.put([a_document(f"{9 - n}", f"apples pears{n}")])
        assert len(index.search(ask("apples", top_k=9))) == n + 1
    index.remove(["9"])
    assert names(index.search(ask("apples", top_k=9))) == [("6", 0), ("7", 0), ("8", 0)]
    index.close()
