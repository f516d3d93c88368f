"""Assessments in a folder: whole or not at all, never over what nobody saw, never outside the folder."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from roadworthy.adapters.files import FileIdeas
from roadworthy.adapters.files.ideas import LARGEST
from roadworthy.errors import Unavailable


@pytest.fixture
def ideas(tmp_path: Path) -> FileIdeas:
    return FileIdeas(tmp_path / "ideas")


def test_a_folder_that_is_not_there_holds_no_idea(ideas: FileIdeas) -> None:
    assert ideas.names() == ()
    assert ideas.get("returns") is None


def test_what_was_written_is_read_and_the_version_tells_one_text_from_another(ideas: FileIdeas) -> None:
    first = ideas.put("returns", "a: 1\n", seen="")
    assert first is not None
    assert ideas.get("returns") == first
    second = ideas.put("returns", "a: 2\n", seen=first.version)
    assert second is not None
    assert second.version != first.version
    assert ideas.names() == ("returns",)


@pytest.mark.parametrize("seen", ["", "0" * 64])
def test_what_is_not_what_was_seen_is_not_overwritten(ideas: FileIdeas, seen: str) -> None:
    first = ideas.put("returns", "a: 1\n", seen="")
    assert ideas.put("returns", "a: 2\n", seen=seen) is None
    assert ideas.get("returns") == first


def test_of_many_who_write_at_once_one_does(ideas: FileIdeas) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: ideas.put("returns", f"a: {number}\n", seen=""), range(16)))
    assert sum(one is not None for one in made) == 1


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".lock", "A", "a.b", "a" * 64, "a\0b", "-a"])
def test_no_name_leads_out_of_the_folder(ideas: FileIdeas, tmp_path: Path, name: str) -> None:
    assert ideas.get(name) is None
    assert ideas.put(name, "a: 1\n", seen="") is None
    assert not list(tmp_path.iterdir())


def test_other_files_of_the_folder_are_no_ideas(ideas: FileIdeas, tmp_path: Path) -> None:
    ideas.put("returns", "a: 1\n", seen="")
    (tmp_path / "ideas" / "README.md").write_text("x")
    (tmp_path / "ideas" / "Notes.yaml").write_text("x")
    (tmp_path / "ideas" / "folder.yaml").mkdir()
    assert ideas.names() == ("returns",)


def test_a_file_that_is_too_large_is_not_read(ideas: FileIdeas, tmp_path: Path) -> None:
    ideas.put("returns", "a: 1\n", seen="")
    os.truncate(tmp_path / "ideas" / "returns.yaml", LARGEST + 1)
    with pytest.raises(Unavailable, match="more than") as told:
        ideas.get("returns")
    assert told.value.code == "RW-FILES-002"


def test_a_folder_in_place_of_a_file_is_said(ideas: FileIdeas, tmp_path: Path) -> None:
    (tmp_path / "ideas" / "returns.yaml").mkdir(parents=True)
    with pytest.raises(Unavailable) as told:
        ideas.get("returns")
    assert told.value.code == "RW-FILES-002"
