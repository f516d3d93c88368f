"""Groundedness: what stands in the passages is found, what does not is named with its reason."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.measure.grading.spoken import PRICE, Spoken, verdict

from roadworthy.evaluation import Cited, Grade, Grader, Test, Transcript
from roadworthy.measure.grading import Groundedness
from roadworthy.measure.grading.standing import NOT_CALIBRATED, Standing
from roadworthy.quantities import digest

TERMS = (
    "Refunds are paid within 14 days of the return. The fee is 4.90 EUR for parcels. "
    "Gift cards are not refunded. Anna Miller answers questions about the order A-1234 since 3 May 2026."
)
AGREES = Standing(False, "agrees with people")
AGB = "Die Rückzahlung erfolgt innerhalb von 14 Tagen. Gutscheine werden nicht erstattet. Das kostet 1.234,50 Euro."


def checked(answer: str, *passages: str, **instruments: Any) -> Grade:
    cited = tuple(Cited("terms", text) for text in passages or (TERMS,))
    grading = Groundedness(**instruments)
    return grading.grade(
        Grader("grounded", "groundedness"), Test("t", {}), Transcript(output=answer, passages=cited)
    )


@pytest.mark.parametrize(
    "answer",
    [
        "Refunds are paid within 14 days.",
        "We pay refunds within fourteen days of the return.".replace("fourteen", "14"),
        "Parcels: the fee is 4,90 €.",
        "Gift cards are not refunded.",
        "We don't refund gift cards.",
        "Anna Miller answers questions about order A-1234.",
        "Anna Miller answers since 2026-05-03.",
        "Anna Miller answers questions since May 3.",
        "Hello! Refunds are paid within 14 days.\n\nKind regards,",
    ],
)
def test_what_the_passages_say_is_supported(answer: str) -> None:
    grade = checked(answer)
    assert grade.value == 1.0, grade.reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Refunds are paid within 30 days of the return.", "`30 days`"),
        ("Refunds are paid within 14 weeks of the return.", "`14 weeks`"),
        ("The fee is 49.0 EUR for parcels.", "`49.0 EUR`"),
        ("Gift cards are refunded.", "with a negation"),
        ("Refunds are not paid within 14 days of the return.", "does not negate"),
        ("John Miller answers questions about the order A-1234.", "`john`"),
        ("John answers questions about the order A-1234.", "does not speak of `john`"),
        ("Questions about the order are answered by Peter Smith.", "`peter`, `smith`"),
        ("Anna Miller answers questions about the order A-9999.", "`A-9999`"),
        ("Anna Miller answers since 4 May 2026.", "`4 May 2026`"),
        ("The warehouse burned down yesterday.", "of its words"),
    ],
)
def test_what_they_do_not_say_is_named_with_its_reason(answer: str, reason: str) -> None:
    grade = checked(answer)
    assert grade.value == 0.0
    assert reason in grade.reason
    listed: Any = grade.detail["unsupported"]
    assert listed[0]["statement"] == answer


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("Die Rückzahlung erfolgt innerhalb von 14 Tagen.", 1.0),
        ("Gutscheine erstatten wir nicht.", 1.0),
        ("Gutscheine werden erstattet.", 0.0),
        ("Die Rückzahlung erfolgt innerhalb von 14 Wochen.", 0.0),
        ("Das kostet 1234,50 €.", 1.0),
        ("Das kostet 1.234 Euro.", 0.0),
    ],
)
def test_german_is_read_too(answer: str, value: float) -> None:
    assert checked(answer, AGB).value == value


def test_a_part_is_a_part() -> None:
    grade = checked("Refunds are paid within 14 days. Lunch is free. Gift cards are not refunded.")
    assert grade.value == pytest.approx(2 / 3)
    assert grade.reason.startswith("1 of 3 statements not supported")


def test_a_figure_has_to_stand_where_the_statement_stands() -> None:
    far = "Refunds are paid within 14 days of the return. We are kind. Parcels are brown. Exchanges take 30 days."
    assert checked("Refunds are paid within 30 days of the return.", far).value == 0.0


def test_without_passages_nothing_is_supported_and_without_statements_nothing_is_graded() -> None:
    assert checked("Refunds take 14 days.", "  ").value == 0.0
    assert checked("Hello and thank you for your message!").value is None
    assert checked("").value is None


def test_a_courtesy_that_claims_something_is_a_statement() -> None:
    assert checked("Thank you, your refund is guaranteed.").value == 0.0


def test_what_only_says_it_otherwise_needs_an_embedding() -> None:
    answer = "Refunds arrive on your account within 14 days of sending."

    def near(texts: Any) -> Any:
        return np.ones((len(texts), 2))

    def far(texts: Any) -> Any:
        return np.array([[1.0, 0.0]] + [[0.0, 1.0]] * (len(texts) - 1))

    assert checked(answer).value == 0.0
    assert checked(answer, embed=near, instrument=digest(b"near")).value == 1.0
    assert checked(answer, embed=far, instrument=digest(b"far")).value == 0.0


def test_a_judge_is_asked_only_where_words_are_lacking() -> None:
    judge = Spoken(verdict("supported"))
    grade = checked("The money is back in two weeks.", judge=judge, standing=AGREES)
    assert (grade.value, len(judge.asked)) == (0.0, 0)
    answer = "Your money comes back soon. Gift cards are not refunded."
    grade = checked(answer, judge=judge, standing=AGREES)
    assert (grade.value, grade.cost, len(judge.asked), grade.advisory) == (1.0, PRICE, 1, False)
    assert grade.detail["standing"] == AGREES.sentence
    assert "standing" not in checked("Gift cards are not refunded.", judge=judge, standing=AGREES).detail


@pytest.mark.parametrize("word", ["supported", "unsupported", "unsure"])
def test_a_judge_that_may_only_advise_changes_no_grade_and_makes_none_advisory(word: str) -> None:
    judge = Spoken(verdict(word))
    for answer in (
        "Gift cards are not refunded.",
        "Our lovely parrots enjoy dancing tango near quiet harbours.",
    ):
        alone, advised = checked(answer), checked(answer, judge=judge)
        assert (advised.value, advised.passed, advised.reason) == (alone.value, alone.passed, alone.reason)
        assert not advised.advisory
    assert (advised.value, advised.passed, advised.cost) == (0.0, False, PRICE)
    said = advised.detail["judge"]
    assert isinstance(said, list)
    assert [each["verdict"] for each in said] == ["" if word == "unsure" else word]
    assert advised.detail["standing"] == NOT_CALIBRATED.sentence


def test_a_judge_that_mumbles_leaves_the_answer_ungraded() -> None:
    mumbling = {"judge": Spoken("mumble"), "standing": AGREES}
    assert checked("Your money comes back soon.", **mumbling).value is None
    assert checked("Your money comes back soon. Gift cards are refunded.", **mumbling).value == 0.0


@given(st.text(max_size=400), st.text(max_size=400))
@settings(max_examples=80, deadline=None)
def test_any_texts_are_graded_between_0_and_1_or_not_at_all(answer: str, passage: str) -> None:
    value = checked(answer, passage).value
    assert value is None or 0 <= value <= 1


@given(st.sampled_from(["Refunds are paid within 14 days of the return.", "Gift cards are not refunded."]))
@settings(max_examples=5, deadline=None)
def test_a_sentence_of_a_passage_is_always_supported(sentence: str) -> None:
    assert checked(sentence).value == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "1." * 10_000,
        "1,1" * 6_000,
        "a" * 20_000,
        "Anna " * 4_000,
        "3 May " * 3_000,
        "A-1" * 6_600,
        "\n- " * 6_000,
    ],
)
def test_hostile_texts_are_done_in_a_moment(text: str) -> None:
    begun = time.process_time()
    checked(text[:20_000], text[:20_000])
    assert time.process_time() - begun < 5


def fees(many: int, *, of: str = "item") -> str:
    return " ".join(f"The fee for {of} {n} is {n}.50 EUR on 1.{n % 12 + 1}.2024." for n in range(many))


def test_a_long_answer_is_held_against_long_passages_in_a_moment() -> None:
    begun = time.process_time()
    grade = checked(fees(180), (fees(180) + " ") * 20)
    assert (grade.value, grade.detail["statements"]) == (1.0, 180)
    assert (
        checked(fees(180), " ".join(fees(180, of=f"item of kind {n}") for n in range(6))).value is not None
    )
    assert time.process_time() - begun < 8


def test_more_pairs_than_can_be_looked_at_leave_the_answer_ungraded() -> None:
    grade = checked(fees(180), *(fees(180, of=f"kind {n}") for n in range(8)))
    assert grade.value is None
    assert "180 statements" in grade.reason
    assert "at most 200,000" in grade.reason


@pytest.mark.parametrize("marks", ["\u0301\u0327", "\u0f73\u0f71", "\uff9e\u0327"])
def test_a_heap_of_combining_marks_is_not_looked_at(marks: str) -> None:
    begun = time.process_time()
    heap = "Refunds are paid." + marks * 5_000
    for grade in (checked(heap), checked("Refunds are paid.", heap)):
        assert grade.value is None
        assert "combining characters" in grade.reason
    assert time.process_time() - begun < 1
