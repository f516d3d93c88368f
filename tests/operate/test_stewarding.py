"""A person says whether two rows are the same thing."""

from __future__ import annotations

import pytest
from tests.operate.office import BEN, CHARTER, VERA, Office

from roadworthy.casework.review import ReviewKind, Verdict
from roadworthy.charter import read
from roadworthy.errors import InputProblem, Refused
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.stewarding import (
    PAIR,
    PairQuestion,
    ask_about_pairs,
    pair_answers,
    row_key,
)

CHART = read(CHARTER, file="charter.yaml")
PAIRS = [
    PairQuestion("C-2", "C-1", 0.71, {"name": ("Jon Ash", "John Ash"), "city": ("Ulm", "Ulm")}),
    PairQuestion("C-3", "C-4", 0.55, {"name": ("A. Berg", "Anna Berg"), "city": ("Bonn", "Köln")}),
]


def asked(office: Office) -> list:
    with office.deployment.store.read() as tx:
        rows = office.deployment.store.reviews.open(tx, "desk").rows
    # The clock of the office stands still, so that ids of one moment come in any order.
    return sorted(rows, key=lambda review: review.reasons, reverse=True)


def answers(office: Office) -> list:
    with office.deployment.store.read() as tx:
        return [
            (one.left, one.right, one.same, one.by)
            for one in pair_answers(office.deployment, tx, "desk", "books")
        ]


def answer(office: Office, review: object, words: str, **more: object) -> None:
    decide_review(
        office.deployment,
        VERA,
        review.id,  # type: ignore[attr-defined]
        Verdict.ANSWER,
        seen=review.proposal,  # type: ignore[attr-defined]
        answer=words,
        **more,  # type: ignore[arg-type]
    )


def ask(office: Office, pairs: list[PairQuestion] = PAIRS) -> int:
    return ask_about_pairs(office.deployment, BEN, CHART, "books", pairs)


def test_a_pair_waits_in_the_inbox_with_its_probability(office: Office) -> None:
    assert ask(office) == 2
    first, second = asked(office)
    assert first.kind is second.kind is ReviewKind.PAIR
    assert "0.71" in first.reasons[0]


def test_a_pair_is_asked_about_once_whichever_row_comes_first(office: Office) -> None:
    ask(office)
    turned = [PairQuestion("C-1", "C-2", 0.9, {})]
    assert ask(office, turned) == 0
    answer(office, asked(office)[0], "same")
    assert ask(office, turned) == 0


def test_an_answer_is_kept_by_the_rows_keys_and_who_gave_it(office: Office) -> None:
    ask(office)
    first, second = asked(office)
    answer(office, first, "same")
    answer(office, second, "different")
    assert sorted(answers(office)) == [
        ("C-1", "C-2", True, VERA.id),
        ("C-3", "C-4", False, VERA.id),
    ]
    assert asked(office) == []


def test_the_content_of_both_rows_is_gone_with_the_answer(office: Office) -> None:
    ask(office)
    review = asked(office)[0]
    store, vault = office.deployment.store, office.deployment.vault
    with store.read() as tx:
        case = store.cases.get(tx, review.case)
        assert vault.open(tx, case.input)["columns"]["name"] == ["John Ash", "Jon Ash"]
    answer(office, review, "same")
    with store.read() as tx, pytest.raises(Refused) as caught:
        vault.open(tx, case.input)
    assert caught.value.code == "RW-VAULT-001"


@pytest.mark.parametrize("words", ["", "yes", "Same"])
def test_any_other_answer_is_refused_and_the_pair_still_waits(office: Office, words: str) -> None:
    ask(office)
    with pytest.raises(InputProblem) as caught:
        answer(office, asked(office)[0], words)
    assert caught.value.code == "RW-REVIEW-010"
    assert len(asked(office)) == 2
    assert answers(office) == []


def test_pairs_count_as_no_case_of_a_live_stage(office: Office) -> None:
    ask(office)
    with office.deployment.store.read() as tx:
        counts = office.deployment.store.cases.counts(tx, "desk")
        pairs = office.deployment.store.cases.list(tx, "desk", twin=PAIR)
    assert {stage for stage, _, _ in counts} == {"draft"}
    assert len(pairs.rows) == 2


def test_a_key_that_tells_who_it_is_becomes_a_pseudonym(office: Office) -> None:
    plain = row_key(office.deployment, "C-7", personal=False)
    hidden = row_key(office.deployment, "jo@example.org", personal=True)
    assert plain == "C-7"
    assert "example" not in hidden
    assert hidden == row_key(office.deployment, "jo@example.org", personal=True)
    assert " = " not in row_key(office.deployment, "a = b", personal=False)
