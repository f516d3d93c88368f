"""Keeping knowledge fresh: every index once a round, and a source that fails holds up no other."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from roadworthy.errors import Unavailable
from roadworthy.knowledge import INTERNAL, Access, Block, Document, Reader
from roadworthy.knowledge.chunking import chunks
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.keeping import bring_up_to_date, keep_fresh
from roadworthy.policy import Marking
from roadworthy.ports.knowledge import KnowledgeSource
from roadworthy.stage import LIVE
from roadworthy.testing.memory.knowledge import MemoryKnowledgeIndex


class Shelf:
    """Counts how often it is listed; cannot be reached, where it was told so."""

    def __init__(self, *, fails: Exception | None = None) -> None:
        self.listed = 0
        self._fails = fails

    def listing(self) -> Any:
        self.listed += 1
        if self._fails:
            raise self._fails
        return iter(())

    def read(self, name: str) -> Any:
        raise AssertionError(name)


def a_base(shelf: Shelf, name: str = "help", version: str = "1") -> KnowledgeSource:
    return KnowledgeSource(name, shelf, MemoryKnowledgeIndex(), (), 200, Reader(), version=version)


def a_deployment(*releases: tuple[KnowledgeSource, ...] | Exception) -> Deployment:
    """Live releases of one use case with their sources; an error: it cannot be loaded."""

    def load(digest: str) -> object:
        loaded = releases[int(digest)]
        if isinstance(loaded, Exception):
            raise loaded
        return SimpleNamespace(bases={base.name: base for base in loaded})

    live = [
        SimpleNamespace(use_case="desk", digest=str(number), stage=next(iter(LIVE)))
        for number in range(len(releases))
    ]
    known = SimpleNamespace(
        use_cases=lambda tx: ["desk"], rollout=lambda tx, name: SimpleNamespace(releases=live)
    )
    store = SimpleNamespace(read=nullcontext, releases=known)
    return cast(Deployment, SimpleNamespace(store=store, loader=SimpleNamespace(load=load)))


def test_releases_share_an_index_only_where_it_is_the_same() -> None:
    shelves = [Shelf() for _ in range(4)]
    bases = [
        a_base(shelf, version=version) for shelf, version in zip(shelves, ("1", "1", "2", ""), strict=True)
    ]
    keep_fresh(a_deployment(*((base,) for base in bases)))
    assert [shelf.listed for shelf in shelves] == [1, 0, 1, 1]


def test_what_fails_holds_up_no_other_and_its_code_is_told(caplog: pytest.LogCaptureFixture) -> None:
    gone = Unavailable("RW-KNOWLEDGE-012", "anna's folder is out of reach", retry_is_safe=True)
    first, last = Shelf(fails=gone), Shelf()
    unforeseen = Shelf(fails=ValueError("anna"))
    keep_fresh(
        a_deployment(
            Unavailable("RW-MODEL-003", "no package", retry_is_safe=True),
            (a_base(first), a_base(unforeseen, "letters")),
            (a_base(last, "rows"),),
        )
    )
    assert (first.listed, last.listed) == (1, 1)
    told = [record.getMessage() for record in caplog.records]
    assert [line.rpartition(": ")[2] for line in told] == ["RW-MODEL-003", "RW-KNOWLEDGE-012", "ValueError"]
    assert not any("anna" in line for line in told)


def test_a_source_out_of_reach_is_an_error_only_where_nothing_was_read_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone = Unavailable("RW-KNOWLEDGE-012", "anna's folder is out of reach", retry_is_safe=True)
    base = a_base(Shelf(fails=gone))
    with pytest.raises(Unavailable, match="out of reach"):
        bring_up_to_date(base)
    internal = Access(Marking("untrusted", INTERNAL, "any", frozenset({"any"}), frozenset()))
    document = Document("a.md", "A", (Block("paragraph", "text"),), internal)
    base.index.put([(document, "1", chunks(document))])
    bring_up_to_date(base)
    assert caplog.messages == ["the index of help is not up to date: RW-KNOWLEDGE-012"]
