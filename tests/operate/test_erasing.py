"""Erasing a person: the vault first, then every index, and nothing of them is indexed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.operate.office import OLGA, SHOP, VERA, Office

from roadworthy.errors import InputProblem, Refused, Unavailable
from roadworthy.knowledge import Access, Block, Document
from roadworthy.knowledge.chunking import chunks
from roadworthy.ledger import decode
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.erasing import erase_person
from roadworthy.policy import Marking
from roadworthy.ports.knowledge import Forgotten
from roadworthy.testing.memory.knowledge import MemoryKnowledgeIndex

ANNA = "anna@example.org"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


def about(subject: str, name: str = "letter.md") -> Document:
    marking = Marking("trusted", 2, "any", frozenset({"service"}), frozenset({subject}))
    return Document(name, "A letter", (Block("paragraph", "what she wrote"),), Access(marking))


def test_what_is_sealed_and_what_is_indexed_about_a_person_is_gone_together(office: Office) -> None:
    subject = office.deployment.vault.pseudonym(ANNA)
    index = MemoryKnowledgeIndex()
    document = about(subject)
    index.put([(document, "1", chunks(document))])
    with office.store.write() as tx:
        sealed = office.deployment.vault.seal(tx, subject, "hers")
    done = erase_person(office.deployment, OLGA, f"  {ANNA.upper()} ", indexes=index.erase)
    assert (done.subject, done.payloads, done.documents) == (subject, 1, ("letter.md",))
    assert index.state().documents == 0
    with office.store.read() as tx, pytest.raises(Refused):
        office.deployment.vault.open(tx, sealed.id)


def test_it_is_on_record_without_telling_who_it_was(office: Office) -> None:
    erase_person(office.deployment, OLGA, ANNA, indexes=MemoryKnowledgeIndex().erase)
    sequence_all(office.deployment)
    entries = [decode(one.event) for one in office.store.ledger.entries()]
    (told,) = [one for one in entries if one.kind == "subject.erased"]
    assert told.about == {"subject": office.deployment.vault.pseudonym(ANNA)}
    assert ANNA not in str(told)


def test_when_somebody_was_erased_is_remembered_even_where_nothing_was_sealed(office: Office) -> None:
    subject = office.deployment.vault.pseudonym(ANNA)
    erase_person(office.deployment, OLGA, ANNA, indexes=MemoryKnowledgeIndex().erase)
    with office.store.read() as tx:
        assert office.deployment.vault.erased(tx, [subject]) == {subject: office.clock.now()}


def test_asked_again_it_erases_what_came_since(office: Office) -> None:
    index = MemoryKnowledgeIndex()
    assert erase_person(office.deployment, OLGA, ANNA, indexes=index.erase).documents == ()
    document = about(office.deployment.vault.pseudonym(ANNA))
    index.put([(document, "1", chunks(document))])
    assert erase_person(office.deployment, OLGA, ANNA, indexes=index.erase).documents == ("letter.md",)


@pytest.mark.parametrize("how", ["raised", "told"])
def test_what_goes_wrong_with_an_index_is_raised_once_lineage_is_forgotten_too(
    office: Office, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    dropped: list[object] = []
    monkeypatch.setattr(
        "roadworthy.operate.erasing.forget_edges",
        lambda deployment, tx, *, subject="", documents=(): dropped.append((subject, tuple(documents))),
    )
    fault = Unavailable("RW-KNOWLEDGE-033", "in use", retry_is_safe=True)

    def indexes(subject: str) -> Forgotten:
        if how == "raised":
            raise fault
        return Forgotten(("letter.md",), 0, fault)

    with pytest.raises(Unavailable, match="in use"):
        erase_person(office.deployment, OLGA, ANNA, indexes=indexes)
    subject = office.deployment.vault.pseudonym(ANNA)
    assert dropped == [(subject, ()), (subject, ("letter.md",) if how == "told" else ())]


@pytest.mark.parametrize("who", [VERA, SHOP])
def test_only_owners_and_risk_officers_may(office: Office, who: object) -> None:
    with pytest.raises(Refused):
        erase_person(office.deployment, who, ANNA, indexes=MemoryKnowledgeIndex().erase)  # type: ignore[arg-type]


def test_nobody_is_erased_by_a_blank_name(office: Office) -> None:
    with pytest.raises(InputProblem, match="expected a name"):
        erase_person(office.deployment, OLGA, "  ", indexes=MemoryKnowledgeIndex().erase)
