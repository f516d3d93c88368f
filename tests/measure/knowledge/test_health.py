"""The health of a knowledge source: what its owners have to do, and what the gate is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.measure.knowledge.shelf import Letters
from tests.operate.office import VERA, Office

from roadworthy.errors import InputProblem, Refused
from roadworthy.example import company
from roadworthy.example.repairs import read_article
from roadworthy.knowledge import Access, Block, Chunk, Document, Finding, Reader
from roadworthy.knowledge.gaps import Question, gaps
from roadworthy.measure.fact import keep
from roadworthy.measure.knowledge.freshness import gap_fact, health_facts, line_drawn
from roadworthy.measure.knowledge.health import Health, health
from roadworthy.operate.knowledge.dismissing import dismiss, dismissals
from roadworthy.policy.marking import NEUTRAL
from roadworthy.ports.knowledge import KnowledgeSource
from roadworthy.principal import Kind, Principal, Role
from roadworthy.testing.memory.knowledge import MemoryKnowledgeIndex

TODAY = date(2026, 6, 1)


def document(name: str, text: str, **known: Any) -> Document:
    blocks = tuple(Block("paragraph", " ".join(part.split())) for part in text.split("\n\n"))
    return Document(name, known.pop("title", name), blocks, Access(NEUTRAL), **known)


def base(documents: list[Document], *findings: Finding) -> KnowledgeSource:
    index = MemoryKnowledgeIndex()
    chunks = [Chunk(f"c-{one.name}", one.name, 0, (), one.text, 0, len(one.text)) for one in documents]
    index.put([(one, "s", [chunk]) for one, chunk in zip(documents, chunks, strict=True)])
    index.note(findings, listed=True)
    return KnowledgeSource(
        "help", None, index, (Letters(),), 1200, Reader(), Reader(clearance=3, subjects=None)  # type: ignore[arg-type]
    )  # fmt: skip


def help_centre() -> list[Document]:
    found = []
    for path in sorted((Path(company.__file__).parent / "support" / "knowledge").glob("*.md")):
        head, body = read_article(path)
        known: dict[str, Any] = {
            key: head[key]
            for key in ("title", "topic", "language", "owner", "updated", "valid_until", "facts")
        }
        found.append(document(path.name, body, **known))
    return found


@pytest.fixture(scope="module")
def centre() -> KnowledgeSource:
    return base(help_centre())


@pytest.fixture(scope="module")
def found(centre: KnowledgeSource) -> Health:
    return health(centre, today=TODAY, touched={"price-list-cash.md": 40})


def test_the_help_centre_has_six_stale_articles_and_eight_contradicting_pairs(found: Health) -> None:
    assert (len(found.stale), len(found.sure), len(found.contradictions), len(found.repeats)) == (
        6,
        8,
        8,
        0,
    )
    assert set(found.superseded) == {
        "price-list-cash.md", "card-delivery-countries.md", "goodwill.md", "returned-transfers.md",
    }  # fmt: skip


def test_what_people_ask_about_comes_first_with_its_owner_and_next_step(found: Health) -> None:
    first = found.todo[0]
    assert (first.kind, first.questions, first.priority) == ("contradiction", 40, 205.0)
    assert "price-list-cash.md" in first.documents
    assert first.owner == "mara, jonas"
    assert "decide which is right" in first.next_step


def test_a_report_is_plain_json(found: Health) -> None:
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["contradictions"][0]["one"]["text"]
    assert told["today"] == "2026-06-01"


def test_what_lacks_an_owner_a_validity_or_a_vector_is_listed() -> None:
    looked = health(
        base(
            [
                document("a.md", "Returns are possible within the month.", valid_until=date(2026, 6, 20)),
                document("b.md", "Parcels go out by rail every single morning.", owner="lena"),
            ],
            Finding("instruction", "a.md", "ignore what was said before"),
            Finding("broken", "c.pdf", "ends in the middle"),
        ),
        today=TODAY,
        owner="mara",
    )
    assert looked.without_owner == ("a.md",)
    assert (looked.without_validity, looked.unembedded) == (1, 2)
    assert looked.soon_stale == {"mara": ("a.md",)}
    assert [one.kind for one in looked.todo] == [
        "instruction", "unreadable", "unembedded", "no-owner", "soon-stale", "no-validity",
    ]  # fmt: skip
    assert {one.owner for one in looked.todo} == {"mara"}


def test_copies_are_listed_with_the_sentences_that_differ() -> None:
    text = " ".join(
        f"Sentence number {n} tells something about the parcel service of the shop." for n in range(9)
    )
    looked = health(
        base([document("a.md", text), document("b.md", text + " And one more sentence stands here.")]),
        today=TODAY,
    )
    (overlap,) = looked.repeats
    assert overlap.pair.kind == "near"
    assert (overlap.only_one, overlap.only_other) == ((), ("And one more sentence stands here.",))


def test_gaps_show_words_of_questions_only_to_those_who_may_read_them() -> None:
    asked = [Question(f"c{n}", "How do I buy bitcoin", TODAY, 0.1, "a.md") for n in range(3)]
    told = gaps(asked, Letters().embed([one.text for one in asked]), below=0.4, today=TODAY)
    shelf = base([document("a.md", "Returns are possible within the month.", owner="lena")])
    for content in (True, False):
        looked = health(shelf, today=TODAY, gaps=(told, asked), content=content)
        (todo,) = [one for one in looked.todo if one.kind == "gap"]
        assert ("How do I buy" in todo.what) is content
        assert (todo.owner, todo.questions) == ("lena", 3)
    assert gap_fact("help", told, below=0.4).value == 1.0
    assert "bitcoin" not in json.dumps(dict(gap_fact("help", told, below=0.4).detail))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    from tests.operate import flows

    office = Office(tmp_path)
    office.release(flows.nothing)
    yield office
    office.store.close()


def facts(office: Office, shelf: KnowledgeSource, earlier: Any = ()) -> dict[str, Any]:
    told = health_facts(office.deployment, "desk", {"help": shelf}, today=TODAY, earlier=earlier)
    return {fact.kind: fact for fact in told}


def test_the_gate_is_told_as_much_as_before(office: Office, centre: KnowledgeSource) -> None:
    told = facts(office, centre)
    assert told["knowledge.stale"].value == pytest.approx(6 / 70)
    assert told["knowledge.contradictions"].value == 8
    assert told["knowledge.repeats"].value == told["knowledge.findings"].value == 0
    assert ["atm-fee.md", "price-list-cash.md", "atm_fee_eur"] in told["knowledge.contradictions"].detail[
        "pairs"
    ]


def test_a_dismissed_pair_stays_dismissed_until_a_sentence_changes(office: Office) -> None:
    one, other = "The replacement of a card costs 10 EUR.", "The replacement of a card costs 12 EUR."
    documents = [document("a.md", one, topic="t"), document("b.md", other, topic="t")]
    shelf = base(documents)
    told = facts(office, shelf)
    (pair,) = told["knowledge.contradictions"].detail["ids"]
    assert dismiss(office.deployment, VERA, "desk", "help", pair, reason="one is for children") is True
    assert dismiss(office.deployment, VERA, "desk", "help", pair, reason="again") is False
    (noted,) = dismissals(office.deployment, "desk", "help", [pair]).values()
    assert (noted.by, noted.reason) == (VERA.id, "one is for children")
    assert dismissals(office.deployment, "desk", "other", [pair]) == {}
    assert facts(office, shelf)["knowledge.contradictions"].value == 0
    changed = replace(documents[1], blocks=(Block("paragraph", other.replace("12", "13")),))
    assert facts(office, base([documents[0], changed]))["knowledge.contradictions"].value == 1


def test_only_who_decides_may_dismiss_and_only_with_a_reason(office: Office) -> None:
    clerk = Principal("kim", "Kim", Kind.PERSON, frozenset({Role.OPERATOR}))
    with pytest.raises(Refused):
        dismiss(office.deployment, clerk, "desk", "help", "sha256:" + "0" * 64, reason="no")
    with pytest.raises(InputProblem) as caught:
        dismiss(office.deployment, VERA, "desk", "help", "x", reason=" ")
    assert [problem.place for problem in caught.value.problems] == ["pair", "reason"]


def test_pairs_are_not_looked_for_again_while_the_documents_are_the_same(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = "The replacement of a card costs 10 EUR.", "The replacement of a card costs 12 EUR."
    shelf = base([document("a.md", one, topic="t"), document("b.md", other, topic="t")])
    with office.store.read() as tx:
        release = office.store.releases.rollout(tx, "desk").releases[0]
    keep(office.deployment, VERA, release, facts(office, shelf).values())
    with office.store.read() as tx:
        earlier = office.store.evidence.measurements(tx, "desk")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("it was looked for again")

    first = facts(office, shelf)
    monkeypatch.setattr("roadworthy.measure.knowledge.freshness.health", never)
    again = facts(office, shelf, earlier)
    assert again["knowledge.contradictions"].value == first["knowledge.contradictions"].value == 1
    assert again["knowledge.contradictions"].inputs == first["knowledge.contradictions"].inputs
    with pytest.raises(AssertionError, match="looked for again"):
        facts(office, base([document("a.md", one, topic="t")]), earlier)
    assert line_drawn(earlier, "help") is None
