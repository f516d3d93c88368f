"""A folder into which others lay files: complete ones are held by one process, and go where they belong."""

import os
from pathlib import Path
from typing import Any

import pytest

from roadworthy.adapters.drops import FolderWatch
from roadworthy.errors import InputProblem
from roadworthy.ports.incoming import Record


def watch(root: Path, form: str = "csv", **told: Any) -> FolderWatch:
    bounds = {"most_bytes": 1_000, "most_rows": 3, "settles_s": 0.0, **told}
    return FolderWatch(root, "in", form=form, **bounds)


def lay(root: Path, name: str, content: str | bytes) -> Path:
    (root / "in").mkdir(exist_ok=True)
    path = root / "in" / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (1_000, 1_000))
    return path


def records(root: Path, form: str = "csv", **told: Any) -> list[Record]:
    for held in watch(root, form, **told).files(most=10):
        with held as file:
            assert file is not None
            return list(file.records())
    return []


def test_rows_and_objects_are_read(tmp_path: Path) -> None:
    lay(tmp_path, "a.csv", '\ufeffname,text\r\nAda,"two\r\nlines"\r\n\r\nBo\r\n')
    assert records(tmp_path) == [
        Record(1, {"name": "Ada", "text": "two\r\nlines"}),
        Record(3, {"name": "Bo"}, "has 1 cells, expected 2"),
    ]
    (tmp_path / "in" / "a.csv").unlink()
    lay(tmp_path, "a.json", '{"a": {"b": 1}}')
    assert records(tmp_path, "json") == [Record(1, {"a": {"b": 1}})]


@pytest.mark.parametrize(
    ("form", "content", "told"),
    [
        ("csv", b"\xff\xfe", "no UTF-8"),
        ("csv", b"", "first line"),
        ("csv", b"a,a\n1,2\n", "first line"),
        ("csv", b'a\n"x', "no CSV"),
        ("csv", b"a\n1\n2\n3\n4\n", "more than 3 rows"),
        ("csv", b"a\n" + b"x" * 2_000, "more than 1000 bytes"),
        ("json", b"[1]", "one JSON object"),
        ("json", b'{"a": NaN}', "no JSON"),
        ("json", b"[" * 900, "no JSON"),
        ("json", b'{"a":' * 100 + b"1" + b"}" * 100, "nested deeper"),
    ],
)
def test_a_broken_file_is_told_as_a_whole(tmp_path: Path, form: str, content: bytes, told: str) -> None:
    lay(tmp_path, "x", content)
    with pytest.raises(InputProblem, match=told) as found:
        records(tmp_path, form)
    assert found.value.code == "RW-FILE-010"


def test_what_is_under_way_hidden_or_no_file_is_left_alone(tmp_path: Path) -> None:
    lay(tmp_path, "whole.csv", "a\n1\n")
    lay(tmp_path, "half.csv.part", "a\n1\n")
    lay(tmp_path, ".hidden", "a\n1\n")
    os.mkfifo(tmp_path / "in" / "pipe")
    (tmp_path / "in" / "link.csv").symlink_to(lay(tmp_path, "target.tmp", "a\n1\n"))
    (tmp_path / "in" / "folder").mkdir()
    found = []
    for held in watch(tmp_path).files(most=10):
        with held as file:
            found.append(file.name if file else None)
    assert [one for one in found if one] == ["whole.csv"]
    fresh = lay(tmp_path, "fresh.csv", "a\n1\n")
    fresh.touch()
    for held in watch(tmp_path, settles_s=60.0).files(most=10):
        with held as file:
            assert file is None or file.name != "fresh.csv"


def test_a_file_is_held_by_one_and_moved_with_its_reason(tmp_path: Path) -> None:
    lay(tmp_path, "a.csv", "a\n1\n")
    (first,) = watch(tmp_path).files(most=10)
    (second,) = watch(tmp_path).files(most=10)
    with first as held, second as other:
        assert held is not None
        assert other is None
        held.reject("row 1: is missing")
        held.done()  # it is gone: nothing happens
    assert not (tmp_path / "in" / "a.csv").exists()
    moved = sorted(path.name.split("-", 1)[1] for path in (tmp_path / "in" / "rejected").iterdir())
    assert moved == ["a.csv", "a.csv.reason.txt"]
