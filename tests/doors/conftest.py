from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doors.saying import Said, Say
from tests.emptydatabase import quick_installations

from roadworthy.cli.app import run


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quick_installations():
        yield


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command in a workspace of its own."""
    monkeypatch.setenv("ROADWORTHY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROADWORTHY_PRINCIPAL", "tester")
    monkeypatch.delenv("ROADWORTHY_DATABASE_URL", raising=False)

    def command(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["roadworthy", *map(str, words)])
        capsys.readouterr()
        code = run()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(code, out, err)

    return command
