"""A damaged file of an index: whatever stands in it, people get one error with the next step."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from roadworthy.adapters.fts5 import Fts5Index
from roadworthy.errors import Corrupt, RoadworthyError
from roadworthy.knowledge import KEEPER, Finding
from roadworthy.testing.conformance.documents import BEST, a_document, about, ask, embed_all


def open_at(folder: Path) -> Fts5Index:
    return Fts5Index(folder / "knowledge.sqlite", use_case="desk", source="help", version="1")


def filled(folder: Path) -> bytes:
    index = open_at(folder)
    for n in range(40):
        finding = Finding("hidden", f"d{n}", "a detail")
        index.put([a_document(f"d{n}", f"apples {n}", f"pears {n} and more", access=about(f"p{n % 3}"), findings=(finding,))])  # fmt: skip
    index.note([Finding("unreadable", "gone", "why")], listed=True)
    embed_all(index)
    index.close()
    return (folder / "knowledge.sqlite").read_bytes()


USES: tuple[tuple[str, Callable[[Fts5Index], object]], ...] = (
    ("state", lambda index: index.state()),
    ("search", lambda index: index.search(ask("apples pears", 3, reader=KEEPER, top_k=80))),
    ("documents", lambda index: [one.version for one in index.documents(KEEPER, limit=99)[0]]),
    ("findings", lambda index: index.findings()),
    ("stamps", lambda index: [name.encode() + stamp.encode() for name, stamp, _ in index.stamps()]),
    ("waiting", lambda index: [one.text.encode() for one in index.waiting(BEST, limit=99)]),
    ("put", lambda index: index.put([a_document("d1", "plums"), a_document("new", "plums")])),
    ("note", lambda index: index.note([], listed=True)),
    ("erase", lambda index: index.erase("p1")),
    ("remove", lambda index: index.remove([f"d{n}" for n in range(40)])),
)


def what_is_told(index: Fts5Index, use: Callable[[Fts5Index], object]) -> tuple[str, str]:
    try:
        use(index)
    except RoadworthyError as problem:
        return problem.code, problem.hint
    return "", ""


@pytest.mark.parametrize("seed", range(4))
def test_only_errors_for_people_leave_a_damaged_file(tmp_path: Path, seed: int) -> None:
    whole = filled(tmp_path)
    rng = random.Random(seed)
    told = 0
    for turn in range(12):
        data = bytearray(whole)
        if turn % 4 == 0:
            del data[rng.randrange(1, len(data)) :]
        else:
            for _ in range(rng.choice((1, 20, 300))):
                data[rng.randrange(len(data))] = rng.randrange(256)
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            (Path(folder) / "knowledge.sqlite").write_bytes(data)
            index = open_at(Path(folder))
            for name, use in USES:
                code, hint = what_is_told(index, use)
                assert code in ("", "RW-KNOWLEDGE-031"), (turn, name)
                assert bool(hint) == bool(code)
                told += bool(code)
            index.close()
    assert told > 20


@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.99])
def test_a_file_that_was_cut_is_damaged_not_out_of_reach(tmp_path: Path, part: float) -> None:
    whole = filled(tmp_path)
    (tmp_path / "knowledge.sqlite").write_bytes(whole[: int(len(whole) * part)])
    index = open_at(tmp_path)
    with pytest.raises(Corrupt) as caught:
        index.search(ask("apples", 1, reader=KEEPER, top_k=80))
    assert caught.value.code == "RW-KNOWLEDGE-031"
    assert "roadworthy knowledge build" in caught.value.hint
    index.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE access SET demands = CAST(x'ff5b' AS TEXT)",
        "UPDATE access SET demands = '[]'",
        "UPDATE access SET demands = 'no json'",
        "UPDATE chunk SET headings = '7'",
        "UPDATE chunk SET document = 99",
        "UPDATE chunk SET text = x'0102'",
        "UPDATE document SET valid_until = 'someday'",
        "UPDATE document SET title = x'41'",
        "UPDATE document SET access = 99",
        "UPDATE vector SET row = x'01'",
        "DROP TABLE words_1",
        "DELETE FROM access",
    ],
)
def test_a_row_that_is_not_what_was_written_is_damage(tmp_path: Path, damage: str) -> None:
    filled(tmp_path)
    with sqlite3.connect(tmp_path / "knowledge.sqlite", isolation_level=None) as found:
        found.execute(damage)
    found.close()
    index = open_at(tmp_path)
    with pytest.raises(Corrupt) as caught:
        index.search(ask("apples", 1, reader=KEEPER, top_k=80))
    assert caught.value.code == "RW-KNOWLEDGE-031"
    index.close()


def test_a_mistake_of_who_writes_is_no_damage(tmp_path: Path) -> None:
    index = open_at(tmp_path)
    index.put([a_document("a", "apples")])
    with pytest.raises(UnicodeEncodeError):
        index.restamp({"a": "\ud800"})
    assert index.state().documents == 1
    index.close()
