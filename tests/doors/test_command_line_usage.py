"""What was typed wrongly is told as such: exit code 2, the code for it, and never as a fault of the program."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from roadworthy.cli.app import branch, build, run
from roadworthy.cli.output import OK, USAGE


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["roadworthy", *words])
    return run()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--nonsense"], "No such option: --nonsense"),
        (["doctor", "--nonsense"], "No such option: --nonsense"),
        (["nothing"], "No such command 'nothing'"),
        (["cases", "lst"], "Did you mean 'list'"),
        (["gate"], "Missing argument"),
        (["cases", "list", "--limit", "many"], "--limit"),
        (["cases", "list", "--limit", "0"], "--limit"),
    ],
)
def test_a_wrong_word_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert typed(monkeypatch, *words) == USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "RW-CLI-001" in err
    assert said in err
    assert "unexpected" not in err


def leaves(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", {})
    if not inner:
        yield path, command
    for name, each in inner.items():
        yield from leaves(each, *path, name)


def test_a_command_built_alone_is_the_one_among_all() -> None:
    app = build()
    for path, command in leaves(typer.main.get_command(app)):
        alone: Any = typer.main.get_group(branch(app, path))
        for word in path:
            assert list(alone.commands) == [word]
            alone = alone.commands[word]
        assert [each.opts for each in alone.params] == [each.opts for each in command.params], path


def test_with_json_a_wrong_word_is_told_in_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(monkeypatch, "doctor", "--json", "--nonsense") == USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["error"]["code"] == "RW-CLI-001"


@pytest.mark.parametrize("words", [[], ["cases"], ["review"]])
def test_a_group_without_a_command_shows_what_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert typed(monkeypatch, *words) == USAGE
    assert capsys.readouterr().err.startswith("Usage: ")


def test_help_is_no_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(monkeypatch, "gate", "--help") == OK
    assert "May this use case enter that stage?" in capsys.readouterr().out
