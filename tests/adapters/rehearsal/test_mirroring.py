"""What a mirrored environment is made of: copies that are whole, and a witness that forgets nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from roadworthy.adapters.rehearsal import MARKER, FileWitness, ProcessCrew, copy_data, left_behind
from roadworthy.errors import Unavailable


def test_a_database_is_copied_whole_while_somebody_writes_to_it(tmp_path: Path) -> None:
    source = tmp_path / "data"
    (source / "deep").mkdir(parents=True)
    with closing(sqlite3.connect(source / "deep" / "books.sqlite")) as books:
        books.execute("pragma journal_mode=wal")
        books.execute("create table entry (n)")
        books.execute("insert into entry values (1)")
        books.commit()
        books.execute("insert into entry values (2)")  # not committed: nobody else may see it
        copy_data(source, tmp_path / "copy")
        books.rollback()
    copied = tmp_path / "copy" / "deep"
    assert [path.name for path in copied.iterdir()] == ["books.sqlite"]
    with closing(sqlite3.connect(copied / "books.sqlite")) as books:
        assert books.execute("select n from entry").fetchall() == [(1,)]


def test_links_that_lead_out_of_the_folder_are_not_copied(tmp_path: Path) -> None:
    source, secret = tmp_path / "data", tmp_path / "secret"
    source.mkdir()
    secret.write_text("secret")
    (source / "link").symlink_to(secret)
    (source / "plain.txt").write_text("plain")
    copy_data(source, tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["plain.txt"]


def test_what_a_dead_drill_left_is_found_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name, number in (("dead", dead.pid), ("alive", os.getpid())):
        (tmp_path / name).mkdir()
        (tmp_path / name / MARKER).write_text(str(number))
    (tmp_path / "other").mkdir()
    assert [path.name for path in left_behind(tmp_path)] == ["dead"]


def test_sightings_of_many_threads_are_all_kept_in_the_order_of_time(tmp_path: Path) -> None:
    witness = FileWitness(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: witness.note("step", about=f"c{n}/1", what="predict:x"), range(200)))
    seen = FileWitness(tmp_path).sightings()
    assert {one.about for one in seen} == {f"c{n}/1" for n in range(200)}
    assert [one.at for one in seen] == sorted(one.at for one in seen)


def test_of_many_who_name_a_key_one_is_the_first(tmp_path: Path) -> None:
    witnesses = [FileWitness(tmp_path) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        firsts = list(pool.map(lambda n: witnesses[n % 4].first("a/b:c"), range(40)))
    assert sum(firsts) == 1


def test_a_worker_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import sys; sys.exit('no database here')"]
    with ProcessCrew(words, log=tmp_path / "log") as crew, pytest.raises(Unavailable) as told:
        crew.start()
    assert told.value.code == "RW-DRILL-003"
    assert "no database here" in told.value.message


def test_a_worker_ends_when_its_input_is_closed_and_tells_what_it_took(tmp_path: Path) -> None:
    code = "import sys; print('ready', flush=True); sys.stdin.read(); print('[1.5, 20]')"
    with ProcessCrew([sys.executable, "-c", code], log=tmp_path / "log") as crew:
        orderly, killed = crew.start(), crew.start()
        killed.kill()
        used = orderly.end()
        assert used is not None
        assert (used.cpu_s, used.peak_mb) == (1.5, 20)
        assert killed.end() is None
        assert orderly.name != killed.name
