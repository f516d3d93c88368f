"""The commands that show how knowledge is kept, on a real installation with a small index in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.measure.knowledge.shelf import Letters
from tests.measure.knowledge.test_health import base as shelf
from tests.measure.knowledge.test_health import document
from tests.operate.office import CHARTER, VERA, Office
from typer.testing import CliRunner

import roadworthy as rw
from roadworthy.casework.vocabulary import Passage
from roadworthy.cli import knowledge_health, session
from roadworthy.cli import shelves as opening
from roadworthy.measure.knowledge.health import ASKED_OFTEN

KNOWLEDGE = "knowledge: {handbook: {path: handbook, owner: olga, recall_min: 0.3, recall_at: 2}}\n"


class Retriever:
    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        return (Passage("a.md", "A", "text", 1.0, "d", ""),)


async def answering(case: rw.Case, run: rw.Run) -> rw.Decision:
    return rw.Decision("x", because=await run.retrieve("handbook", case.data.text, top_k=2))


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    office = Office(tmp_path)
    office.retrievers["handbook"] = Retriever()
    office.release(answering, charter=CHARTER + KNOWLEDGE)
    documents = [
        document("a.md", "The replacement of a card costs 10 EUR.", topic="t", owner="lena"),
        document("b.md", "The replacement of a card costs 12 EUR.", topic="t"),
    ]
    kept = replace(shelf(documents), name="handbook", embedders=(Letters(),))

    @contextmanager
    def shelves(home: Any, use_case: str, release: str, *, verb: str) -> Iterator[Any]:
        yield office.deployment, VERA, next(iter(office.charters.values())), {"handbook": kept}

    @contextmanager
    def opened(home: Any) -> Iterator[Any]:
        yield office.deployment, VERA, None

    monkeypatch.setattr(opening, "shelves", shelves)
    monkeypatch.setattr(session, "opened", opened)
    yield office
    office.store.close()


def told(*words: str) -> str:
    app = typer.Typer()
    knowledge_health.add(app)
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_both_sentences_are_shown_and_a_dismissed_pair_is_gone(office: Office) -> None:
    shown = told("health", "desk")
    assert "The replacement of a card costs 10 EUR." in shown
    assert "`10 EUR` stands against `12 EUR`" in shown
    report = json.loads(told("health", "desk", "handbook", "--json"))
    (pair,) = [one["id"] for one in report["contradictions"]]
    noted = told("dismiss", "desk", "handbook", pair, "--reason", "one is for children", "--json")
    assert json.loads(noted) == {"pair": pair, "new": True}
    report = json.loads(told("health", "desk", "--json"))
    assert (report["contradictions"], report["dismissed"]) == ([], 1)


def test_questions_that_nothing_answers_are_listed(office: Office) -> None:
    for number in range(ASKED_OFTEN):
        office.submit(f"K-{number}", "how do I buy bitcoin", sender=f"s{number}@example.com")
    office.work()
    found = json.loads(told("gaps", "desk", "--json"))
    assert (found["asked"], found["unanswered"], found["gaps"][0]["size"]) == (3, 3, 3)
    assert found["gaps"][0]["example"] == "how do I buy bitcoin"
    assert "how do I buy bitcoin" in told("gaps", "desk")
    assert "bitcoin" in told("health", "desk")
