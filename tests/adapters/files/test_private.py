"""Secrets: made once, read by one user, refused when they are exposed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path

import pytest

from roadworthy.adapters.files import (
    SystemClock,
    SystemEntropy,
    make_private_folder,
    require_secrets,
    secret_file,
)
from roadworthy.errors import InputProblem, Unavailable


def test_a_secret_is_made_once_and_stays(tmp_path: Path) -> None:
    first = secret_file(tmp_path / "kek")
    assert len(first) == 32
    assert secret_file(tmp_path / "kek") == first
    assert secret_file(tmp_path / "other", 16) != first[:16]
    assert (tmp_path / "kek").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kek", "other"]


def test_everybody_who_asks_at_once_gets_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: secret_file(tmp_path / "kek"), range(32)))
    assert len(found) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_secret_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    secret_file(tmp_path / "kek")
    (tmp_path / "kek").chmod(mode)
    with pytest.raises(InputProblem, match="other users may read this key; chmod 600") as caught:
        secret_file(tmp_path / "kek")
    assert caught.value.code == "RW-KEYS-001"


def test_a_secret_of_another_size_is_refused_and_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "kek").write_bytes(b"")
    (tmp_path / "kek").chmod(0o600)
    with pytest.raises(InputProblem, match="found 0 bytes, a key has 32"):
        secret_file(tmp_path / "kek")
    assert (tmp_path / "kek").read_bytes() == b""


def test_a_link_or_a_folder_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    for name in ("link", "folder"):
        with pytest.raises(InputProblem, match="no plain file"):
            secret_file(tmp_path / name)


def test_a_secret_without_its_folder_is_an_outage(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file") as caught:
        secret_file(tmp_path / "gone" / "kek")
    assert caught.value.code == "RW-KEYS-002"
    assert "keep the keys you have" in caught.value.hint


def test_secrets_that_must_be_there_are_told_all_at_once_and_not_made(tmp_path: Path) -> None:
    secret_file(tmp_path / "kek")
    require_secrets([tmp_path / "kek"])
    with pytest.raises(InputProblem) as caught:
        require_secrets(tmp_path / name for name in ("other", "kek", "ledger"))
    assert caught.value.code == "RW-KEYS-003"
    assert [problem.place for problem in caught.value.problems] == [
        str(tmp_path / "ledger"),
        str(tmp_path / "other"),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["kek"]


def test_a_private_folder_is_closed_to_others_and_keeps_its_rights(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "home" / "keys")
    assert (tmp_path / "home" / "keys").stat().st_mode & 0o777 == 0o700
    (tmp_path / "home").chmod(0o750)
    make_private_folder(tmp_path / "home")
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o750


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(Unavailable, match="is no folder") as caught:
        make_private_folder(tmp_path / "home")
    assert caught.value.code == "RW-FILES-001"


def test_the_clock_is_aware_and_randomness_has_the_length_asked_for() -> None:
    assert SystemClock().now().tzinfo is UTC
    assert len(SystemEntropy().bytes(10)) == 10
    assert SystemEntropy().bytes(16) != SystemEntropy().bytes(16)
