"""Evaluation and leak drill on the index that small installations have: a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.measure.knowledge.shelf import DOCUMENTS, TODAY, Letters, base

from roadworthy.knowledge import Document
from roadworthy.knowledge.chunking import chunks
from roadworthy.knowledge.question import Question
from roadworthy.measure.knowledge.evaluating import Searching, ablation, evaluate
from roadworthy.measure.knowledge.leak import drill
from roadworthy.measure.knowledge.questions import shelve
from roadworthy.ports.knowledge import KnowledgeSource
from roadworthy.wiring.knowledge_index import open_index


def built(folder: Path, documents: Sequence[Document]) -> KnowledgeSource:
    index = open_index(
        f"sqlite:///{folder / 'knowledge.sqlite'}", use_case="desk", source="handbook", version="1"
    )
    index.put([(one, "1", chunks(one, size=1200)) for one in documents])
    model = Letters()
    while waiting := index.waiting(model.digest, limit=50):
        rows = model.embed([one.text for one in waiting])
        index.keep_vectors(model.digest, [one.chunk for one in waiting], rows)
    return replace(base(documents), index=index)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeSource:
    return built(tmp_path_factory.mktemp("index"), DOCUMENTS)


def test_the_drill_finds_no_leak_and_all_that_may_be_read(shelf: KnowledgeSource) -> None:
    found = drill(shelf, pairs=2_000, today=TODAY)
    assert (found.leaks, found.missing) == (0, 0)
    assert found.forbidden > 500
    assert found.tight


def test_labelled_questions_are_answered_by_words_by_meaning_and_by_both(shelf: KnowledgeSource) -> None:
    asked = [
        Question("1", "Does the shop refund returned goods?", {"returns.md": 1.0}, "suite", "1"),
        Question("2", "Which ledger names warehouse w8?", {"kept/8.md": 1.0}, "suite", "2"),
        Question("3", "How long is the warranty on machines?", {"warranty.md": 1.0}, "suite", "3"),
    ]
    found = ablation(
        lambda means: Searching(shelf, today=TODAY, means=means), asked, source="handbook", k=2
    )
    assert found["both"].hit is not None
    # The ledger of warehouse 8 is about nobody this release reads for, or not: its rights decide.
    readable = shelve(shelf)["kept/8.md"].readable
    assert found["words"].hit.value == (1.0 if readable else pytest.approx(2 / 3))  # type: ignore[union-attr]


def test_the_keeper_is_answered_what_the_release_is_not(shelf: KnowledgeSource) -> None:
    secret = next(name for name, one in shelve(shelf).items() if not one.readable)
    number = secret.removeprefix("kept/").removesuffix(".md")
    asked = [Question("1", f"ledger of warehouse w{number}", {secret: 1.0}, "suite", "1")]
    closed = evaluate(Searching(shelf, today=TODAY), asked, source="handbook", k=4)
    opened = evaluate(Searching(shelf, today=TODAY, reader=shelf.keeper), asked, source="handbook", k=4)
    assert closed.hit is not None
    assert opened.hit is not None
    assert (closed.hit.value, opened.hit.value) == (0.0, 1.0)
