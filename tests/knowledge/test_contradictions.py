"""Sentences that cannot both be right are found and shown with both sides; other conditions are no contradiction."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.example import company
from roadworthy.example.repairs import read_article
from roadworthy.knowledge import Access, Block, Document
from roadworthy.knowledge.contradictions import contradictions, declared
from roadworthy.policy.marking import NEUTRAL

TODAY = date(2026, 6, 1)


def document(name: str, *paragraphs: str, topic: str = "t", **known: Any) -> Document:
    blocks = tuple(Block("paragraph", text) for text in paragraphs)
    return Document(name, known.pop("title", name), blocks, Access(NEUTRAL), topic=topic, **known)


def kinds(one: str, other: str, **known: Any) -> list[str]:
    found = contradictions([document("a", one, **known), document("b", other, **known)], today=TODAY)
    return [each.kind for each in found.found]


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("The replacement of a card costs 10.00 EUR.", "The replacement of a card costs 12,00 €.", "money in eur"),
        ("Returned transfers are credited within 5 business days.", "A returned transfer is credited to you within 2 business days.", "duration in business days"),
        ("The foreign transaction fee is 1.2 percent.", "The foreign transaction fee is 1.5 %.", "percentage"),
        ("Our hotline is open until 17:00 on Fridays.", "Our hotline is open until 6 pm on Fridays.", "time of day"),
        ("Call our hotline at +49 30 1234567 for help.", "Call our hotline at +49 30 7654321 for help.", "phone"),
        ("The summer offer ends on 30 September 2026.", "The summer offer ends on 31 October 2026.", "date"),
        ("The director of the Berlin branch is Anna Miller.", "The director of the Berlin branch is Tom Baker.", "term"),
        ("Gift cards can be refunded at the counter.", "Gift cards cannot be refunded at the counter.", "negation"),
        ("Die Rückgabe von Gutscheinen ist möglich.", "Die Rückgabe von Gutscheinen ist nicht möglich.", "negation"),
        ("You may have up to 5 virtual cards at the same time.", "You may have up to 3 virtual cards at the same time.", "number of virtu"),
        ("Der Ersatz der Karte kostet 10,00 EUR.", "Der Ersatz der Karte kostet 12,50 Euro.", "money in eur"),
    ],
)  # fmt: skip
def test_another_value_for_the_same_thing_is_found(one: str, other: str, kind: str) -> None:
    assert kinds(one, other) == [kind]
    assert kinds(other, one) == [kind]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The replacement of a card costs 10.00 EUR.", "The replacement of a card costs 10 €."),
        ("The account costs 3 EUR a month.", "The account costs 36 EUR a year."),
        ("A standard delivery takes 7 days.", "An express delivery takes 2 days."),
        ("A withdrawal at the branch costs 5 EUR.", "A withdrawal in the app costs 2 EUR."),
        ("The Basic plan costs 5 EUR a month.", "The Voyager plan costs 9 EUR a month."),
        ("The fee for product Alpha is 5 EUR.", "The fee for product Beta is 7 EUR."),
        ("Refunds are paid within 14 days.", "Refunds are paid within 2 weeks."),
        ("The fee was formerly 5 EUR for each transfer.", "The fee is 7 EUR for each transfer."),
        ("In 2010 there were 3,559 people in the city.", "In 2020 there were 3,506 people in the city."),
        ("Please write to us about refunds.", "Please write to us about cards."),
        ("Anna Miller leads the support of customers.", "Tom Baker leads the support of customers."),
        ("How much is the fee for a transfer of 5 EUR?", "How much is the fee for a transfer of 7 EUR?"),
    ],
)
def test_another_scope_time_or_subject_is_no_contradiction(one: str, other: str) -> None:
    assert kinds(one, other) == []


def test_both_sides_are_shown_with_owner_date_and_place() -> None:
    (found,) = contradictions(
        [
            document("old.md", "Hello there, dear customer.", "A replacement card costs 10 EUR.", owner="jonas", updated=date(2025, 1, 1)),
            document("new.md", "A replacement card costs 12 EUR.", owner="lena", updated=date(2026, 1, 1)),
        ],
        today=TODAY,
    ).found  # fmt: skip
    assert (found.one.document, found.one.place, found.one.owner) == ("old.md", 2, "jonas")
    assert (found.other.text, found.newer) == ("A replacement card costs 12 EUR.", "new.md")
    assert found.why == "`10 EUR` stands against `12 EUR`"
    assert 0.5 <= found.confidence <= 1


def test_a_pair_is_named_by_its_sentences() -> None:
    first, again, changed = (
        contradictions([document("a", one), document("b", "A replacement card costs 12 EUR.")], today=TODAY).found[0]
        for one in ("A replacement card costs 10 EUR.", "A replacement card costs 10 EUR.", "A replacement card costs 11 EUR.")
    )  # fmt: skip
    assert first.id == again.id != changed.id


def test_expired_documents_and_other_topics_or_languages_are_left_out() -> None:
    one, other = "A replacement card costs 10 EUR.", "A replacement card costs 12 EUR."
    a, b = document("a", one), document("b", other)
    assert contradictions([a, b], today=TODAY).found
    for changed in (
        replace(b, valid_until=date(2026, 5, 31)),
        replace(b, topic="other"),
        replace(b, language="de"),
        replace(b, valid_from=date(2026, 7, 1)),
    ):
        first = replace(a, language="en", valid_until=date(2026, 6, 30))
        assert not contradictions([first, changed], today=TODAY).found


def test_a_document_that_knows_both_values_contradicts_neither() -> None:
    both = document(
        "a", "A new card costs 10 EUR for members of staff.", "The second replacement costs 12 EUR."
    )
    other = document("b", "Whoever loses a card pays a replacement fee of 12 EUR.")
    assert not contradictions([both, other], today=TODAY).found


def test_pages_of_one_form_about_two_things_do_not_contradict_each_other() -> None:
    def town(name: str, people: int, density: float, area: int) -> Document:
        text = f"There were {people} people at the census. The density was {density} persons per mile. The total area is {area} km."
        return document(name, text, topic="", title="Town")

    found = contradictions([town("a", 300, 5.5, 40), town("b", 900, 7.5, 81)], today=TODAY)
    assert found.found == ()


def test_without_a_topic_vectors_tell_what_documents_are_about() -> None:
    one = document("a", "Post takes its time on islands. A replacement card costs 10 EUR.", topic="")
    other = document("b", "Staff in shops cannot help here. A replacement card costs 12 EUR.", topic="")
    near = np.array([[1, 0], [0.9, np.sqrt(0.19)]], dtype=np.float32)
    assert contradictions([one, other], today=TODAY, vectors=near).found
    broken = np.array([[np.nan, 0], [1, 0]], dtype=np.float32)
    assert (
        contradictions([one, other], today=TODAY, vectors=broken).found
        == contradictions([one, other], today=TODAY).found
    )
    with pytest.raises(ValueError, match="one row"):
        contradictions([one], today=TODAY, vectors=near)


def help_centre() -> list[Document]:
    found = []
    for path in sorted((Path(company.__file__).parent / "support" / "knowledge").glob("*.md")):
        head, body = read_article(path)
        known: dict[str, Any] = {
            key: head[key]
            for key in ("title", "topic", "language", "owner", "updated", "valid_until", "facts")
        }
        found.append(document(path.name, *(" ".join(part.split()) for part in body.split("\n\n")), **known))
    return found


def test_the_planted_contradictions_of_the_help_centre_are_found_and_no_others() -> None:
    found = contradictions(help_centre(), today=TODAY).found
    assert {each.fact for each in found} == {
        "delivery_days",
        "atm_fee_eur",
        "return_days",
        "refund_window_days",
    }
    assert all(each.one.place and each.other.place for each in found), (
        "the sentences of the facts are shown"
    )
    assert len(found) == len(list(declared(help_centre()))) == 8


def test_most_of_them_are_found_by_their_sentences_alone() -> None:
    found = contradictions([replace(each, facts={}) for each in help_centre()], today=TODAY).found
    pairs = {frozenset((each.one.document, each.other.document)) for each in found}
    assert pairs == {
        frozenset(("returned-transfers.md", "transfer-failed.md")),
        frozenset(("atm-fee.md", "price-list-cash.md")),
        frozenset(("card-arrival.md", "card-delivery-countries.md")),
    }


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=5))
def test_any_texts_can_be_compared_and_a_text_does_not_contradict_itself(texts: list[str]) -> None:
    documents = [document(f"{number}", text) for number, text in enumerate(texts)]
    copies = [replace(each, name=f"copy of {each.name}") for each in documents]
    found = contradictions([*documents, *copies], today=TODAY).found
    assert not [each for each in found if each.one.text == each.other.text]


def test_many_sentences_are_looked_at_within_bounds_and_it_is_said() -> None:
    random = np.random.default_rng(1)
    words = [f"word{number}" for number in range(3_000)]
    documents = [
        document(
            f"d{n}",
            *(" ".join(random.choice(words, 12)) + f" {n} EUR." for _ in range(8)),
            topic=f"t{n % 50}",
        )
        for n in range(500)
    ]
    begun = time.process_time()
    found = contradictions(documents, today=TODAY, most=2_000)
    assert (found.looked_at, found.left_out > 0) == (2_000, True)
    assert time.process_time() - begun < 8
    long = document("long", "x" * 1_000_000, "Fee 5 EUR " * 50_000)
    assert contradictions([long, replace(long, name="again")], today=TODAY).found == ()
