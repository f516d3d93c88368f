"""Building while people are erased: nothing of them comes back, whatever the moment, and no finding quotes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from roadworthy.knowledge import Access, Block, Chunk, Document, Finding, Reader
from roadworthy.knowledge.chunking import chunks
from roadworthy.operate.knowledge.building import build
from roadworthy.policy import Marking
from roadworthy.policy.marking import NEUTRAL
from roadworthy.ports.knowledge import KnowledgeSource, Listed
from roadworthy.testing.memory.knowledge import MemoryKnowledgeIndex

TODAY = date(2026, 11, 21)
BEFORE = date(2026, 3, 5)


def about(name: str, *people: str, updated: date | None = BEFORE) -> Document:
    marking = Marking("trusted", 2, "any", frozenset({"support"}), frozenset(people)) if people else NEUTRAL
    return Document(name, "", (Block("paragraph", f"text of {name}"),), Access(marking), updated=updated)


@dataclass
class Office:
    """A source, the index, and who was erased when; something may happen as a document is read."""

    documents: dict[str, Document | tuple[Finding, ...]]
    index: MemoryKnowledgeIndex = field(default_factory=MemoryKnowledgeIndex)
    erased: dict[str, date] = field(default_factory=dict)
    at_reading: dict[str, Callable[[], object]] = field(default_factory=dict)

    def listing(self) -> Any:
        return iter([Listed(name, "1") for name in sorted(self.documents)])

    def read(self, name: str) -> Document | tuple[Finding, ...]:
        self.at_reading.get(name, lambda: None)()
        return self.documents[name]

    def forgotten(self, subjects: frozenset[str]) -> date | None:
        return max((self.erased[one] for one in subjects if one in self.erased), default=None)

    def erase(self, subject: str) -> None:
        self.erased[subject] = TODAY
        self.index.erase(subject)

    def base(self, index: Any = None, today: date | None = TODAY) -> KnowledgeSource:
        clock = (lambda: today) if today else None
        index = index or self.index
        return KnowledgeSource(
            "help", self, index, (), 200, Reader(), forgotten=self.forgotten, today=clock
        )

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.index.stamps()]

    @property
    def told(self) -> list[tuple[str, str]]:
        return sorted((one.document, one.kind) for one in self.index.findings()[0])


class HeldUp(MemoryKnowledgeIndex):
    """Something happens just before documents are put, or findings kept."""

    def __init__(self, behind: MemoryKnowledgeIndex, meanwhile: Callable[[], object]) -> None:
        super().__init__(behind._shelf)
        self._meanwhile = meanwhile

    def put(self, documents: Sequence[tuple[Document, str, Sequence[Chunk]]]) -> None:
        self._meanwhile()
        super().put(documents)

    def note(self, findings: Sequence[Finding], *, listed: bool) -> None:
        if not listed:
            self._meanwhile()
        super().note(findings, listed=listed)


def test_who_is_erased_while_a_batch_is_read_is_not_put() -> None:
    office = Office({"anna": about("anna", "s_anna"), "b": about("b"), "bob": about("bob", "s_bob")})
    office.at_reading["b"] = lambda: office.erase("s_anna")
    build(office.base())
    assert office.names == ["b", "bob"]
    assert office.told == [("anna", "forgotten")]
    assert build(office.base()).unchanged == 2


def test_who_is_erased_between_the_last_question_and_the_put_is_taken_out_again() -> None:
    office = Office({"anna": about("anna", "s_anna"), "b": about("b")})
    build(office.base(HeldUp(office.index, lambda: office.erase("s_anna"))))
    assert office.names == ["b"]


def test_what_a_killed_build_left_of_an_erased_person_goes_though_its_stamp_is_known() -> None:
    anna, new = about("anna", "s_anna"), about("new", "s_cleo", updated=TODAY)
    office = Office({"anna": anna, "b": about("b"), "new": new}, erased={"s_cleo": BEFORE})
    build(office.base())
    office.erased["s_anna"] = TODAY
    assert office.names == ["anna", "b", "new"]
    built = build(office.base())
    assert (built.removed, built.refused, office.names) == (1, 1, ["b", "new"])


def test_of_two_people_only_the_one_who_was_erased_loses_other_documents() -> None:
    both = about("both", "s_anna", "s_bob", updated=date(2026, 5, 1))
    office = Office({"bob": about("bob", "s_bob", updated=TODAY)}, erased={"s_bob": BEFORE})
    build(office.base())
    office.index.put([(both, "1", chunks(both))])
    office.documents["both"] = both
    office.erased["s_anna"] = TODAY
    built = build(office.base())
    assert (built.removed, built.unchanged, office.names) == (1, 1, ["bob"])


@pytest.mark.parametrize(
    ("updated", "today", "kept"),
    [
        (date(2026, 3, 5), TODAY, False),
        (date(2026, 3, 6), TODAY, True),
        (TODAY, TODAY, True),
        (date(2026, 11, 22), TODAY, False),
        (date(2099, 1, 1), TODAY, False),
        (date(2026, 3, 6), None, False),
        (None, TODAY, False),
    ],
)
def test_a_document_about_somebody_erased_needs_a_known_day_after_it_that_has_come(
    updated: date | None, today: date | None, kept: bool
) -> None:
    office = Office({"anna": about("anna", "s_anna", updated=updated)}, erased={"s_anna": BEFORE})
    built = build(office.base(today=today))
    assert (built.added, built.refused) == ((1, 0) if kept else (0, 1))


def a_refusal(name: str = "scan") -> tuple[Finding, ...]:
    people = frozenset({"s_anna"})
    return (
        Finding("hidden", name, "left out: `Anna owes 9000 euro`", subjects=people),
        Finding("empty", name, "holds no text that can be read", subjects=people),
    )


def test_findings_of_a_refused_document_go_with_its_person_and_are_not_told_again() -> None:
    office = Office({"scan": a_refusal(), "other": (Finding("empty", "other", "holds nothing"),)})
    build(office.base())
    assert office.told == [("other", "empty"), ("scan", "empty"), ("scan", "hidden")]
    office.erase("s_anna")
    assert office.told == [("other", "empty")]
    for _ in range(2):
        assert build(office.base()).refused == 2
        assert office.told == [("other", "empty"), ("scan", "forgotten")]
        assert not any("9000" in one.detail for one in office.index.findings()[0])


def test_findings_kept_while_their_person_is_erased_are_taken_out_again() -> None:
    office = Office({"scan": a_refusal()})
    build(office.base(HeldUp(office.index, lambda: office.erase("s_anna"))))
    assert office.told == []
    build(office.base())
    assert office.told == [("scan", "forgotten")]
