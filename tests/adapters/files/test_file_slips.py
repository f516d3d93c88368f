"""Stops in files: whole or stopping everything, never overlooked."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.adapters.files import FileSlips, slips
from roadworthy.errors import Unavailable
from roadworthy.principal import Stop

AT = datetime(2026, 11, 22, 1, 2, 3, 456_789, tzinfo=UTC)


def test_what_is_left_is_found_by_whoever_looks(tmp_path: Path) -> None:
    stop = Stop("06f1a", "tool:bank.pay", "wrong — amounts", "ben", AT)
    place = FileSlips(tmp_path / "stops").leave(stop)
    assert Path(place).stat().st_mode & 0o077 == 0
    other = FileSlips(tmp_path / "stops")
    assert other.all() == (stop,)
    other.leave(stop)
    assert other.all() == (stop,), "left twice it is one"
    other.remove(stop.id)
    other.remove(stop.id)
    assert other.all() == ()


def test_nothing_was_left_where_there_is_no_folder(tmp_path: Path) -> None:
    assert FileSlips(tmp_path / "stops").all() == ()


def test_without_room_for_its_words_a_slip_stops_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(slips, "write_whole", full)
    found = FileSlips(tmp_path / "stops")
    found.leave(Stop("06f1a", "tool:bank.pay", "amounts", "ben", AT))
    (read,) = found.all()
    assert (read.id, read.scope, read.stopped_by) == ("06f1a", "all", "")


def test_where_nothing_can_be_left_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "stops").write_text("no folder")
    found = FileSlips(tmp_path / "stops")
    with pytest.raises(Unavailable, match="no stop can be left"):
        found.leave(Stop("06f1a", "all", "smoke", "ben", AT))
    with pytest.raises(Unavailable, match="nobody can tell"):
        found.all()


@given(
    content=st.binary(max_size=200) | st.text().map(str.encode),
    name=st.sampled_from(["06f1a", "Ä b", "x" * 80]),
)
def test_whatever_lies_there_stops_everything_unless_it_is_a_whole_slip(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    folder = tmp_path_factory.mktemp("stops")
    (folder / f"{name}.stop").write_bytes(content)
    (read,) = FileSlips(folder).all()
    assert (read.id, read.scope) == (name, "all")
    FileSlips(folder).remove(read.id)
    assert FileSlips(folder).all() == ()


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 19_000,
        b'{"id": "06f1a"}',
        b'{"id":"x","scope":"tool:a","reason":"","stopped_by":"","stopped_at":"2026-01-01T00:00:00+00:00"}',
    ],
)
def test_deep_halved_and_renamed_slips_stop_everything(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "06f1a.stop").write_bytes(content)
    assert [one.scope for one in FileSlips(tmp_path).all()] == ["all"]
