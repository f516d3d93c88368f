from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.operate.office import BEN, SHOP, VERA, Office, person

import roadworthy as rw
from roadworthy.casework.review import Verdict
from roadworthy.casework.vocabulary import Passage
from roadworthy.errors import Conflict, InputProblem, NotFound, Refused
from roadworthy.ledger import decode
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.knowledge.mining import Mined, Proposal, mine
from roadworthy.operate.knowledge.questions import (
    confirm,
    confirmed,
    question_text,
    reject,
    relevance_of,
    suite_of,
)
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.testcases import remove_test
from roadworthy.principal import Role

SUITE = "knowledge-handbook"
AUDITOR = person("aud", Role.AUDITOR)


class Shelf:
    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        return tuple(
            Passage(f"{name}.md", f"About {name}", f"text of {name}", 1.0, "d", "")
            for name in ("returns", "shipping", "warranty")
        )[:top_k]


async def answering(case: rw.Case, run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    found = await run.retrieve("handbook", case.data.text, top_k=3)
    return rw.Decision(
        "answered",
        confidence=intent.confidence,
        because=[intent, found[1]],
        effects=[rw.effect("mail.reply", to=case.data.sender, body="see shipping.md")],
    )


@pytest.fixture
def office(office: Office) -> Office:
    office.retrievers["handbook"] = Shelf()
    office.release(answering)
    return office


def submitted(office: Office, key: str, text: str = "refund 0.9") -> None:
    office.submit(key, text, sender=f"{key.lower()}@example.com")
    office.work()


def right(office: Office, key: str, truth: str = "refund") -> None:
    record_outcome(office.deployment, SHOP, "desk", key, truth=truth, source="crm")


def mined(office: Office, **options: Any) -> Mined:
    return mine(office.deployment, VERA, "desk", "handbook", suite=SUITE, **options)


def answer(office: Office, key: str, verdict: Verdict, **more: Any) -> None:
    (review,) = office.reviews(key)
    decide_review(office.deployment, VERA, review.id, verdict, seen=review.proposal, **more)
    office.work()


def proposals(office: Office, **options: Any) -> Mapping[str, Proposal]:
    return {one.key: one for one in mined(office, **options).proposals}


def test_a_case_whose_outcome_was_right_proposes_its_question(office: Office) -> None:
    submitted(office, "K-1")
    assert not mined(office).proposals
    right(office, "K-1")
    (found,) = mined(office).proposals
    assert (found.case, found.key, found.step) == (office.case("K-1").id, "K-1", 1)
    asked = question_text(office.deployment, VERA, "desk", "K-1", "handbook", step=found.step)
    assert asked == "refund 0.9"


def test_what_the_decision_rests_on_is_proposed_and_without_it_the_first_find_is_weak(
    office: Office,
) -> None:
    submitted(office, "K-1")
    right(office, "K-1")
    found = proposals(office)["K-1"]
    if found.basis == "cited":
        assert found.documents == ("shipping.md",)
    else:
        assert (found.documents, found.weak) == (("returns.md",), True)


def test_documents_that_a_decision_named_are_read_from_its_sealed_reasons(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted(office, "K-1")
    right(office, "K-1")
    case = office.case("K-1")
    with office.store.write() as tx:
        sealed = office.deployment.vault.seal(tx, case.subject, {"documents": ["warranty.md", "gone.md"]})
        office.deployment.record(
            tx, "case.decided", "system", {"case": case.id, "use_case": "desk"}, {"because": sealed.id}
        )
    found = proposals(office)["K-1"]
    assert (found.documents, found.basis, found.weak) == (("warranty.md",), "cited", False)


def test_an_approval_without_a_change_is_a_good_end(office: Office) -> None:
    submitted(office, "K-1", "refund 0.5")
    assert not mined(office).proposals
    answer(office, "K-1", Verdict.APPROVE)
    assert set(proposals(office)) == {"K-1"}


def test_an_edit_proposes_what_it_names_and_nothing_where_that_cannot_be_told(office: Office) -> None:
    texts = {
        "K-1": "see About warranty", "K-2": "see (returns.md), and other/shipping.md", "K-3": "see the web", "K-4": "see pay.md",
    }  # fmt: skip
    for number, (key, body) in enumerate(texts.items()):
        submitted(office, key, f"refund 0.5{number}")
        answer(office, key, Verdict.EDIT, edits={"body": body})
    found = proposals(office, known={"pay.md", "returns.md"})
    assert {key: (one.documents, one.basis) for key, one in found.items()} == {
        "K-1": (("warranty.md",), "edited"),
        "K-2": (("returns.md",), "edited"),
        "K-4": (("pay.md",), "edited"),
    }
    assert mined(office).counted["nothing_named"] == 2


def test_what_was_wrong_rejected_or_asked_before_is_left_out_and_counted(office: Office) -> None:
    for key, text in (
        ("K-1", "refund 0.9"),
        ("K-2", "refund 0.91"),
        ("K-3", "Refund  0.9"),
        ("K-4", "refund 0.5"),
    ):
        submitted(office, key, text)
        office.later(seconds=1)
    right(office, "K-1")
    right(office, "K-2", "other")
    right(office, "K-3", "Refund")
    answer(office, "K-4", Verdict.REJECT, reason="no")
    found = mined(office)
    # The newest comes first: of two that ask the same it is proposed.
    assert [one.key for one in found.proposals] == ["K-3"]
    assert found.counted["repeated"] == 1
    assert found.counted["not_right"] >= 1
    assert sum(found.counted.values()) - found.counted["cases"] == 3


def test_a_confirmed_proposal_becomes_a_test_by_reference_and_a_question(office: Office) -> None:
    submitted(office, "K-1")
    right(office, "K-1")
    documents = {"shipping.md": 2.0, "returns.md": 1.0}
    first = confirm(office.deployment, VERA, "desk", "K-1", "handbook", documents, suite=SUITE)
    again = confirm(office.deployment, VERA, "desk", "K-1", "handbook", documents, suite=SUITE)
    assert (first.again, again.again) == (False, True)
    found = confirmed(office.deployment, BEN, "desk", "handbook", suite=SUITE)
    (question,) = found.questions
    assert (question.text, question.relevance, question.source) == ("refund 0.9", documents, "case")
    assert question.cluster == office.case("K-1").subject
    assert mined(office).counted["in_suite"] == 1
    sequence_all(office.deployment)
    assert not any(b"shipping.md" in entry.event for entry in office.store.ledger.entries())
    with pytest.raises(Conflict):
        confirm(office.deployment, VERA, "desk", "K-1", "handbook", {"returns.md": 1.0}, suite=SUITE)
    with pytest.raises(Conflict, match="is a test"):
        reject(office.deployment, VERA, "desk", "K-1", "handbook", suite=SUITE)
    assert not confirmed(office.deployment, BEN, "desk", "other", suite=SUITE).questions


def test_a_reviewer_may_say_that_nothing_answers_it(office: Office) -> None:
    submitted(office, "K-1")
    confirm(office.deployment, VERA, "desk", "K-1", "handbook", {}, suite=SUITE)
    (question,) = confirmed(office.deployment, BEN, "desk", "handbook", suite=SUITE).questions
    assert not question.answerable


def test_a_rejected_proposal_does_not_come_back(office: Office) -> None:
    submitted(office, "K-1")
    right(office, "K-1")
    for _ in range(2):
        reject(office.deployment, VERA, "desk", "K-1", "handbook", suite=SUITE, reason="too vague")
    assert mined(office).counted["rejected"] == 1
    assert not mined(office).proposals
    sequence_all(office.deployment)
    kinds = [decode(entry.event).kind for entry in office.store.ledger.entries()]
    assert kinds.count("question.rejected") == 1


def test_an_erased_subject_drops_out_of_proposals_and_questions(office: Office) -> None:
    for number in (1, 2):
        submitted(office, f"K-{number}", f"refund 0.9{number}")
        right(office, f"K-{number}")
    confirm(office.deployment, VERA, "desk", "K-1", "handbook", {"returns.md": 1.0}, suite=SUITE)
    for number in (1, 2):
        with office.store.write() as tx:
            office.deployment.vault.erase(tx, office.case(f"K-{number}").subject, at=office.clock.now())
    found = confirmed(office.deployment, BEN, "desk", "handbook", suite=SUITE)
    assert (found.questions, found.erased) == ((), 1)
    assert mined(office).counted["erased"] == 1


def test_a_test_that_was_taken_out_is_no_question_any_more(office: Office) -> None:
    submitted(office, "K-1")
    confirm(office.deployment, VERA, "desk", "K-1", "handbook", {"returns.md": 1.0}, suite=SUITE)
    remove_test(office.deployment, VERA, "desk", "K-1")
    assert not confirmed(office.deployment, BEN, "desk", "handbook", suite=SUITE).questions


def test_who_may_not_read_content_sees_no_proposal(office: Office) -> None:
    submitted(office, "K-1")
    with pytest.raises(Refused):
        mine(office.deployment, AUDITOR, "desk", "handbook", suite=SUITE)
    with pytest.raises(Refused):
        confirm(office.deployment, BEN, "desk", "K-1", "handbook", {}, suite=SUITE)
    with pytest.raises(Refused):
        question_text(office.deployment, AUDITOR, "desk", "K-1", "handbook", step=1)


def test_wrong_documents_are_refused_all_at_once(office: Office) -> None:
    submitted(office, "K-1")
    with pytest.raises(InputProblem) as caught:
        confirm(
            office.deployment, VERA, "desk", "K-1", "handbook", {"gone.md": 1.0, "returns.md": -1.0},
            suite=SUITE, known={"returns.md"},
        )  # fmt: skip
    assert caught.value.code == "RW-KNOWLEDGE-053"
    assert len(caught.value.problems) == 2
    with pytest.raises(NotFound) as missing:
        confirm(office.deployment, VERA, "desk", "K-1", "other", {}, suite=SUITE)
    assert missing.value.code == "RW-KNOWLEDGE-052"


def test_expectations_are_read_in_every_form_they_are_written_in() -> None:
    assert relevance_of(["a"]) == {"a": 1.0}
    assert relevance_of({"a": 2, "b": 0}) == {"a": 2.0}
    assert relevance_of({"documents": {"a": 1}, "step": 3, "source": "x"}) == {"a": 1.0}
    assert relevance_of([]) == relevance_of({}) == {}
    for wrong in ("a", None, {"a": "b"}, {"a": True}, {"a": float("nan")}, [1], {"a": -1}):
        assert relevance_of(wrong) is None


def test_a_source_without_a_suite_has_one_of_its_own_name(office: Office) -> None:
    charter = next(iter(office.charters.values()))
    with pytest.raises(NotFound):
        suite_of(charter, "handbook")
