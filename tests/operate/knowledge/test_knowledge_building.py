"""Building: what changed is read, what is gone leaves, and nothing is lost at any moment."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from roadworthy.errors import Unavailable
from roadworthy.knowledge import Access, Block, Document, Finding, Reader
from roadworthy.operate.knowledge.building import build
from roadworthy.policy import Marking
from roadworthy.policy.marking import NEUTRAL
from roadworthy.ports.knowledge import KnowledgeSource, Listed, Vectors
from roadworthy.quantities import Digest, digest_of
from roadworthy.testing.memory.knowledge import MemoryKnowledgeIndex

OPEN = Access(NEUTRAL)


@dataclass
class Shelf:
    """Documents by name; the stamp is the text's, unless one is set."""

    texts: dict[str, str | Finding] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    access: Access = OPEN
    updated: date | None = None
    stamped: str = ""
    read_names: list[str] = field(default_factory=list)

    def listing(self) -> Iterator[Listed | Finding]:
        yield from (Listed(name, f"{self.stamped}{self.texts[name]}") for name in sorted(self.texts))
        yield from self.findings

    def read(self, name: str) -> Document | tuple[Finding, ...]:
        self.read_names.append(name)
        text = self.texts.get(name)
        if isinstance(text, str):
            return Document(name, "", (Block("paragraph", text),), self.access, updated=self.updated)
        return (text or Finding("unread", name, "went away"),)


class Model:
    """Rows of ones; fails after some calls, where asked to."""

    dimensions = 2

    def __init__(self, name: str = "best", fails_after: int = 10**9) -> None:
        self.name = name
        self.left = fails_after

    @property
    def digest(self) -> Digest:
        return digest_of(self.name)

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.left -= 1
        if self.left < 0:
            raise Unavailable("RW-KNOWLEDGE-040", "no answer", retry_is_safe=True)
        return np.ones((len(texts), 2), np.float32)


def a_base(shelf: Shelf, *models: Any, **more: Any) -> KnowledgeSource:
    return KnowledgeSource("help", shelf, MemoryKnowledgeIndex(), models, 200, Reader(), **more)


def names(base: KnowledgeSource) -> list[str]:
    return [name for name, _, _ in base.index.stamps()]


def test_only_what_changed_is_read_and_what_is_gone_leaves() -> None:
    shelf = Shelf({"a": "one", "b": "two", "c": "three"})
    base = a_base(shelf)
    first = build(base)
    assert (first.added, first.chunks, first.unchanged) == (3, 3, 0)
    shelf.read_names.clear()
    shelf.texts |= {"b": "changed", "d": "new"}
    del shelf.texts["c"]
    second = build(base)
    assert (second.added, second.changed, second.removed, second.unchanged) == (1, 1, 1, 1)
    assert shelf.read_names == ["b", "d"]
    assert names(base) == ["a", "b", "d"]
    assert build(base).unchanged == 3


def test_a_new_stamp_on_the_same_content_is_kept_and_nothing_else() -> None:
    shelf = Shelf({"a": "one"})
    base = a_base(shelf, Model())
    build(base)
    shelf.stamped = "later"
    again = build(base)
    assert (again.unchanged, again.changed, again.embedded) == (1, 0, 0)
    shelf.read_names.clear()
    build(base)
    assert shelf.read_names == []


def test_a_renamed_document_is_told_and_embedded_anew() -> None:
    shelf = Shelf({"a": "one"})
    base = a_base(shelf, Model())
    build(base)
    shelf.texts["b"] = shelf.texts.pop("a")
    built = build(base)
    assert (built.added, built.removed, built.renamed, built.embedded) == (1, 1, 1, 1)


def test_findings_come_and_go_with_what_they_are_about() -> None:
    broken = Finding("broken", "b", "no end")
    shelf = Shelf({"a": "one", "b": broken}, [Finding("unknown-kind", "", "2 files")])
    base = a_base(shelf)
    built = build(base)
    assert (built.refused, built.findings) == (1, 2)
    assert build(base).findings == 2
    del shelf.texts["b"]
    shelf.findings.clear()
    assert build(base).findings == 0


def test_a_document_that_can_no_longer_be_read_leaves_the_index() -> None:
    shelf = Shelf({"a": "one"})
    base = a_base(shelf)
    build(base)
    shelf.texts["a"] = Finding("encrypted", "a", "password")
    built = build(base)
    assert (names(base), built.removed, built.findings) == ([], 1, 1)
    shelf.texts["a"] = "open again"
    assert build(base).findings == 0
    assert names(base) == ["a"]


def test_every_passage_is_embedded_by_the_last_model_first() -> None:
    calls: list[str] = []
    base = a_base(Shelf({f"{n:03}": f"text {n}" for n in range(150)}), Model("best"), Model("quick"))
    built = build(base, progress=lambda doing, done, total, /: calls.append(doing.split(",")[0]))
    assert (built.embedded, built.waiting) == (300, 0)
    embedding = [each for each in calls if each.startswith("embedding")]
    assert embedding == ["embedding with quick"] * 3 + ["embedding with best"] * 3


def test_no_time_to_embed_leaves_the_best_model_waiting_and_the_quick_one_done() -> None:
    base = a_base(Shelf({"a": "one"}), Model("best"), Model("quick"))
    built = build(base, embed_for_s=0)
    assert (built.embedded, built.waiting) == (1, 1)
    assert build(base).waiting == 0


def test_a_model_out_of_reach_leaves_the_rest_waiting_and_says_so() -> None:
    base = a_base(Shelf({f"{n:03}": f"text {n}" for n in range(100)}), Model("best", fails_after=1))
    built = build(base)
    assert (built.added, built.embedded, built.waiting) == (100, 64, 36)
    assert built.trouble is not None
    assert "RW-KNOWLEDGE-040" in built.in_words
    assert built.as_json()["trouble"]["code"] == "RW-KNOWLEDGE-040"  # type: ignore[index]
    whole = build(replace(base, embedders=(Model("best"),)))
    assert (whole.embedded, whole.waiting, whole.trouble) == (36, 0, None)


def test_a_model_that_answers_in_another_form_is_told_and_nothing_kept() -> None:
    model = Model()
    model.dimensions = 3
    built = build(a_base(Shelf({"a": "one"}), model))
    assert built.trouble is not None
    assert (built.trouble.code, built.waiting) == ("RW-KNOWLEDGE-014", 1)


@pytest.mark.parametrize("kill_at", range(1, 12))
def test_killed_at_any_moment_the_next_run_ends_with_the_same_index(
    kill_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.operate.knowledge.building.MOST_DOCUMENTS", 2)
    broken = Finding("broken", "x", "no end")
    shelf = Shelf({f"{n}": f"text {n}" for n in range(6)} | {"x": broken})
    base = a_base(shelf, Model())
    build(base)
    shelf.texts |= {"0": "changed", "3": "changed too", "new": "new"}
    del shelf.texts["5"]
    asked = iter(range(1000))

    class Killed(BaseException):
        pass

    def stop() -> bool:
        if next(asked) >= kill_at:
            raise Killed
        return False

    with suppress(Killed):
        build(base, stop=stop)
    build(base)
    fresh = a_base(shelf, Model())
    build(fresh)
    assert list(base.index.stamps()) == list(fresh.index.stamps())
    assert base.index.state() == fresh.index.state()
    assert base.index.findings() == fresh.index.findings()


def test_asked_to_stop_it_ends_between_documents_and_removes_nothing_it_did_not_look_for() -> None:
    base = a_base(Shelf({"a": "one"}))
    build(base)
    built = build(base, stop=lambda: True)
    assert built.stopped
    assert names(base) == ["a"]


def test_a_document_about_someone_erased_comes_back_only_when_it_was_written_after() -> None:
    about = Access(Marking("trusted", 2, "any", frozenset({"support"}), frozenset({"s_ann"})))
    shelf = Shelf({"a": "about ann"}, access=about, updated=date(2026, 3, 1))
    base = a_base(
        shelf,
        forgotten=lambda subjects: date(2026, 3, 1) if "s_ann" in subjects else None,
        today=lambda: date(2026, 3, 2),
    )
    built = build(base)
    assert (built.added, built.refused, names(base)) == (0, 1, [])
    shelf.updated, shelf.stamped = date(2026, 3, 2), "later"
    assert build(base).added == 1
