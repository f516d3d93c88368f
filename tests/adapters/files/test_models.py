"""Models by content: put once, found whole, private."""

import errno
import os
from pathlib import Path

import pytest

from roadworthy.adapters.files import FileModels
from roadworthy.errors import Corrupt, Unavailable
from roadworthy.quantities import digest

BLOB = b"model" * 1000


def test_a_model_comes_back_by_its_digest_and_only_its_user_may_read_it(tmp_path: Path) -> None:
    models = FileModels(tmp_path)
    name = models.put(BLOB)
    assert name == digest(BLOB)
    assert FileModels(tmp_path).get(name) == BLOB
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_model_put_twice_is_written_once(tmp_path: Path) -> None:
    models = FileModels(tmp_path)
    models.put(BLOB)
    (file,) = tmp_path.iterdir()
    before = file.stat().st_ino
    models.put(BLOB)
    assert [path.stat().st_ino for path in tmp_path.iterdir()] == [before]


@pytest.mark.parametrize("name", [digest(b"other"), "sha256:../../etc/passwd", "", "sha256:" + "A" * 64])
def test_a_model_that_is_not_here_is_named_with_the_next_step(tmp_path: Path, name: str) -> None:
    with pytest.raises(Corrupt) as caught:
        FileModels(tmp_path).get(name)
    assert caught.value.code == "RW-MODEL-001"
    assert "build the release again" in caught.value.hint
    assert str(tmp_path) not in str(caught.value.as_json())


def test_an_altered_model_is_found_and_healed_by_putting_it_again(tmp_path: Path) -> None:
    models = FileModels(tmp_path)
    name = models.put(BLOB)
    (file,) = tmp_path.iterdir()
    file.write_bytes(BLOB[:-1] + b"x")
    with pytest.raises(Corrupt) as caught:
        models.get(name)
    assert caught.value.code == "RW-MODEL-002"
    assert caught.value.broken == (str(file),)
    assert models.put(BLOB) == name
    assert models.get(name) == BLOB


def test_a_full_disk_is_an_outage_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="no space left") as caught:
        FileModels(tmp_path).put(BLOB)
    assert (caught.value.code, caught.value.retry_is_safe) == ("RW-MODEL-010", True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_an_outage_for_who_puts(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file"):
        FileModels(tmp_path / "gone").put(BLOB)
