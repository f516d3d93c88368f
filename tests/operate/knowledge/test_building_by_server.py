"""Building while the server of the model dies: everything else is done, and nothing is embedded twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.openai.scripted import Scripted, Server

from roadworthy.adapters.fts5 import Fts5Index
from roadworthy.adapters.openai import OpenAiEmbedder
from roadworthy.charter import LanguageModelPlan
from roadworthy.knowledge import KEEPER, Access
from roadworthy.operate.knowledge.building import build
from roadworthy.policy.marking import NEUTRAL
from roadworthy.ports.knowledge import KnowledgeSource
from roadworthy.wiring.knowledge_sources import open_folder

DOCUMENTS = 150
DEAD = Scripted(how="reset")


class Embeddings:
    """Answers until it is told to die; keeps the texts that it embedded."""

    def __init__(self, *, dies_after: int) -> None:
        self.left = dies_after
        self.texts: list[str] = []

    def __call__(self, asked: dict[str, Any]) -> Scripted:
        self.left -= 1
        if self.left < 0:
            return DEAD
        self.texts += asked["input"]
        rows = [
            {"index": place, "embedding": [1.0, float(len(text))]}
            for place, text in enumerate(asked["input"])
        ]
        return Scripted(json.dumps({"data": rows}).encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "help"
    folder.mkdir()
    for number in range(DOCUMENTS):
        (folder / f"{number:03}.md").write_text(f"# Page {number}\n\nThis is what page {number} says.\n")
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Fts5Index]:
    with closing(
        Fts5Index(tmp_path / "knowledge.sqlite", use_case="desk", source="help", version="1")
    ) as index:
        yield index


def a_base(folder: Path, index: Fts5Index, server: Server) -> KnowledgeSource:
    """With a model that is asked for the first time, as a new process has it."""
    plan = LanguageModelPlan(
        url=server.url, model="emb-1", timeout="2s", read_price="0 EUR", written_price="0 EUR"
    )
    model = OpenAiEmbedder(plan, key="secret", wait=lambda _: None, chance=lambda: 0.5)
    source = open_folder(folder, access=Access(NEUTRAL), pseudonym=str)
    return KnowledgeSource("help", source, index, (model,), 400, KEEPER)


def test_a_server_that_dies_in_the_middle_costs_no_passage_and_none_is_embedded_twice(
    folder: Path, index: Fts5Index
) -> None:
    embeddings = Embeddings(dies_after=4)
    with Server(embeddings) as server:
        first = build(a_base(folder, index, server))
        assert (first.added, first.stopped) == (DOCUMENTS, False)
        assert first.trouble is not None
        assert first.trouble.code == "RW-KNOWLEDGE-037"
        assert first.embedded == 64
        assert first.waiting == first.chunks - 64
        embeddings.left = 10**9
        sent = len(embeddings.texts)
        second = build(a_base(folder, index, server))
        assert (second.unchanged, second.chunks, second.trouble) == (DOCUMENTS, 0, None)
        assert (second.embedded, second.waiting) == (first.chunks - 64, 0)
        again = [text for text in embeddings.texts[sent:] if text != "dimensions"]
        assert len(again) == second.embedded
        third = build(a_base(folder, index, server))
        assert (third.embedded, third.waiting) == (0, 0)


def test_a_server_that_never_answered_leaves_everything_indexed_by_words(
    folder: Path, index: Fts5Index
) -> None:
    with Server(Embeddings(dies_after=0)) as server:
        built = build(a_base(folder, index, server))
    assert built.added == DOCUMENTS
    assert built.trouble is not None
    assert built.trouble.code == "RW-KNOWLEDGE-037"
    assert built.embedded == 0
    assert built.waiting == built.chunks == index.state().chunks
