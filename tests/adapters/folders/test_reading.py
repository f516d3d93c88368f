"""Collecting a use-case folder: code and policies belong into a release, content does not."""

from importlib import resources
from pathlib import Path

import pytest

from roadworthy.adapters.folders import read_folder
from roadworthy.errors import InputProblem
from roadworthy.release import MAX_FILE_BYTES, MAX_FILES, Archive


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def test_content_caches_and_hidden_files_stay_out(tmp_path: Path) -> None:
    belongs = ["charter.yaml", "policies/a.cedar", "src/data/table.json", "src/knowledge.py", "workflow.py"]
    put(tmp_path, *belongs)
    put(tmp_path, "data/crm.sqlite", "knowledge/a.md", "texts/a.csv", ".env", ".git/config")
    put(tmp_path, "__pycache__/workflow.pyc", "src/__pycache__/x.pyc", "src/.hidden")
    assert sorted(read_folder(tmp_path)) == belongs
    assert read_folder(tmp_path)["src/data/table.json"] == b"src/data/table.json"


def test_links_bring_nothing_in_wherever_they_lead(tmp_path: Path) -> None:
    put(tmp_path, "case/workflow.py", "secret/key", "secret.txt")
    (tmp_path / "case" / "key.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "case" / "all").symlink_to(tmp_path / "secret", target_is_directory=True)
    (tmp_path / "case" / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "case" / "again.py").symlink_to(tmp_path / "case" / "workflow.py")
    put(tmp_path, "case/.env", "case/data/people.csv", "case/.git/config")
    (tmp_path / "case" / "settings.txt").symlink_to(tmp_path / "case" / ".env")
    (tmp_path / "case" / "people.csv").symlink_to(tmp_path / "case" / "data" / "people.csv")
    (tmp_path / "case" / "history").symlink_to(tmp_path / "case" / ".git", target_is_directory=True)
    assert sorted(read_folder(tmp_path / "case")) == ["workflow.py"]
    (tmp_path / "named").symlink_to(tmp_path / "case", target_is_directory=True)
    assert sorted(read_folder(tmp_path / "named")) == ["workflow.py"]


def test_what_is_too_large_is_told_without_being_read(tmp_path: Path) -> None:
    for name in ("a.bin", "b.bin"):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(InputProblem) as caught:
        read_folder(tmp_path)
    assert caught.value.code == "RW-RELEASE-001"
    assert [problem.place for problem in caught.value.problems] == ["a.bin", "b.bin"]


def test_too_many_files_are_told(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 1):
        (tmp_path / str(number)).touch()
    with pytest.raises(InputProblem, match=f"found {MAX_FILES + 1} files"):
        read_folder(tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="there is no such folder") as caught:
        read_folder(tmp_path / "support")
    assert caught.value.code == "RW-LOADER-008"


def test_the_example_makes_an_archive() -> None:
    folder = Path(str(resources.files("roadworthy") / "example" / "support"))
    files = read_folder(folder)
    assert {"charter.yaml", "replies.json", "workflow.py", "policies/support.cedar"} <= files.keys()
    assert Archive(files).digest.startswith("sha256:")
