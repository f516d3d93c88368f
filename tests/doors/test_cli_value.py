"""`roadworthy value`: what people read, what programs read, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from tests.measure.value.measured import Books, kpi_charter, with_books
from tests.operate.office import OLGA, SHOP, Office
from tests.operate.spot import office_in_memory

from roadworthy.cli import session, value
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.operate.intake import held_out
from roadworthy.operate.outcomes import record_outcome

Say = Callable[..., SimpleNamespace]


@pytest.fixture
def office() -> Office:
    return office_in_memory()


@pytest.fixture
def books(office: Office) -> Books:
    kpi = "unit: share, holdout: 0.5, current: {source: books, sql: now}, per_case: {source: books, sql: each}"
    books, _ = with_books(office, kpi_charter(kpi))
    books.answers = {"now": [{"k": 0.8}], "each": []}
    return books


@pytest.fixture
def say(
    office: Office, books: Books, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Say:
    @contextmanager
    def opened(home: Path | None = None) -> Iterator[tuple[Any, Any, None]]:
        yield office.deployment, OLGA, None

    monkeypatch.setattr(session, "opened", opened)
    app = typer.Typer()
    value.register(app)
    app.command("other")(lambda: None)

    def said(*words: str) -> SimpleNamespace:
        capsys.readouterr()
        code = app(["value", *words], standalone_mode=False)
        return SimpleNamespace(code=code, out=capsys.readouterr().out)

    return said


def test_the_kpi_is_shown_with_baseline_and_target(say: Say) -> None:
    told = say("kpi", "desk")
    assert told.code == 0
    assert "k: 0.8 share (new" in told.out
    assert "baseline not measured, target 0.9" in told.out
    kept = json.loads(say("kpi", "desk", "--json").out)
    assert kept["now"]["freshness"] == "kept"
    assert [point["value"] for point in kept["history"]["points"]] == [0.8]
    assert say("kpi", "desk", "--history").code == 0


def test_a_stale_or_unknown_kpi_leaves_with_three(say: Say, books: Books, office: Office) -> None:
    assert say("kpi", "desk", "--history").code == 3
    say("kpi", "desk")
    office.later(days=3)
    books.answers["now"] = Unavailable("RW-SQL-005", "the database is missing", retry_is_safe=True)
    told = say("kpi", "desk")
    assert told.code == 3
    assert "stale" in told.out
    assert "the database is missing" in told.out


def test_the_hold_out_says_whether_it_improved(say: Say, books: Books, office: Office) -> None:
    told = say("holdout", "desk")
    assert told.code == 3
    assert "not causal" in told.out
    cases = [office.submit(f"K-{number}") for number in range(150)]
    books.answers["each"] = [{"key": case.key, "value": 0.2 if held_out(case) else 0.9} for case in cases]
    told = say("holdout", "desk")
    assert told.code == 0
    assert "improved: +0.7 share" in told.out
    assert json.loads(say("holdout", "desk", "--json").out)["finding"] == "improved"


def test_the_months_are_shown_beside_their_forecast(say: Say, office: Office, tmp_path: Path) -> None:
    key = next(case.key for case in map(office.submit, (f"K-{n}" for n in range(20))) if not held_out(case))
    office.work()
    record_outcome(office.deployment, SHOP, "desk", key, truth="refund", source="crm")
    office.later(days=40)
    file = tmp_path / "forecast.json"
    file.write_text(json.dumps({"currency": "EUR", "months": [{"p10": -100, "p50": 0, "p90": 100}]}))
    words = (
        "realised",
        "desk",
        "--forecast",
        str(file),
        "--starts",
        "2026-05",
        "--running-cost",
        "1.00 EUR",
    )
    told = say(*words)
    assert told.code == 0
    assert "2026-05" in told.out
    assert "not causal" in told.out
    kept = json.loads(say(*words, "--json").out)
    assert kept["currency"] == "EUR"
    assert kept["months"][0]["forecast"]["p90"] == "100.00 EUR"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("holdout", "desk", "--low", "1"), "RW-KPI-011"),
        (("holdout", "desk", "--low", "2", "--high", "1"), "RW-KPI-011"),
        (("holdout", "desk", "--low", "nan", "--high", "1"), "RW-KPI-011"),
        (("realised", "desk", "--running-cost", "many"), "RW-KPI-012"),
        (("realised", "desk", "--forecast", "/nowhere/f.json"), "RW-KPI-013"),
        (("realised", "desk", "--people-errors", "2"), "RW-KPI-010"),
        (("realised", "desk", "--months", "0"), "RW-KPI-010"),
    ],
)
def test_what_cannot_be_is_said(say: Say, words: tuple[str, ...], code: str) -> None:
    with pytest.raises(InputProblem) as found:
        say(*words)
    assert found.value.code == code
