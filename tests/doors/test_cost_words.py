"""How tokens are told on the command line."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.business.test_cost_tokens import a_line

from roadworthy.business.costs.rows import ContextUse
from roadworthy.cli.costs import _write
from roadworthy.cli.costwords import context_json, show_contexts, show_lines
from roadworthy.cli.output import Output

LONG = ContextUse(
    "desk", "r1", "generate:reply", "reply", "small", 40, 120_000, 30_000, 400, 900, 1_000, 80_000
)


def test_lines_tell_the_kinds_of_tokens_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    show_lines(Output(as_json=False), (a_line(), a_line(tokens=type(a_line().tokens)())))
    text = capsys.readouterr().out
    assert "tokens" in text
    assert "1,000" in text
    assert "stored" not in text


def test_a_context_is_told_with_what_lies_above_the_typical_one(capsys: pytest.CaptureFixture[str]) -> None:
    found: Any = SimpleNamespace(contexts=(LONG,))
    show_contexts(Output(as_json=False), found)
    text = " ".join(capsys.readouterr().out.split())
    assert "generate:reply of desk by small: 40 calls, a typical one reads 1,000 tokens" in text
    assert "67% of what is read lies above that, 25% came from the provider's cache" in text
    assert context_json(LONG)["waste"] == pytest.approx(2 / 3)


def test_the_file_of_lines_has_a_column_for_each_kind(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    _write(file, (a_line(),))
    (row,) = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    assert (row["model_calls"], row["tokens_read"], row["tokens_cached"]) == ("5", "1000", "400")
    assert (row["tokens_written"], row["tokens_reasoning"], row["tokens_stored"]) == ("100", "30", "0")
