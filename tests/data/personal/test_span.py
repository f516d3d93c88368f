"""Findings are covered for a look, or replaced so that they can be restored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data.personal import Classifier, PersonalClass, Span, join, mask, redact, restore
from roadworthy.errors import InputProblem

CLASSIFIER = Classifier()
EMAIL, PHONE = PersonalClass.EMAIL, PersonalClass.PHONE


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, list[Span]]:
    """A text with pieces that look like pseudonyms and brackets, and spans without overlaps."""
    piece = st.one_of(
        st.text(max_size=6), st.sampled_from(["[EMAIL_1]", "[", "]", "<a>", "[PHONE_2]", "{x y}"])
    )
    text, spans = "", []
    for part, hidden in draw(st.lists(st.tuples(piece, st.booleans()), max_size=12)):
        if hidden and part:
            spans.append(Span(len(text), len(text) + len(part), draw(st.sampled_from([EMAIL, PHONE])), 0.9))
        text += part
    return text, spans


@given(marked())
def test_what_is_redacted_comes_back_as_it_was(example: tuple[str, list[Span]]) -> None:
    text, spans = example
    hidden, table = redact(text, spans)
    assert restore(hidden, table) == text


@given(marked(), marked())
def test_the_table_of_one_message_serves_the_next(
    first: tuple[str, list[Span]], second: tuple[str, list[Span]]
) -> None:
    hidden, table = redact(*first)
    again, longer = redact(*second, table=table)
    assert restore(hidden, table) == first[0]
    # What a message only mentions, it does not mean: such a text is restored with no table but its own.
    if not any(name in second[0] for name in table):
        assert restore(again, longer) == second[0]
    if not any(name in first[0] for name in longer):
        assert restore(hidden, longer) == first[0]


def test_the_same_value_gets_the_same_pseudonym() -> None:
    text = "a@b.de wrote to c@d.de and a@b.de"
    hidden, table = redact(text, CLASSIFIER.spans(text))
    assert hidden == "[EMAIL_1] wrote to [EMAIL_2] and [EMAIL_1]"
    assert table == {"[EMAIL_1]": "a@b.de", "[EMAIL_2]": "c@d.de"}


def test_an_answer_with_pseudonyms_in_other_places_is_restored() -> None:
    _, table = redact("jane@example.org", CLASSIFIER.spans("jane@example.org"))
    assert (
        restore("I wrote to [EMAIL_1], not [EMAIL_2].", table)
        == "I wrote to jane@example.org, not [EMAIL_2]."
    )


def test_a_pseudonym_that_the_text_holds_already_is_passed_over() -> None:
    text = "[EMAIL_1] is not a@b.de"
    hidden, table = redact(text, CLASSIFIER.spans(text))
    assert hidden == "[EMAIL_1] is not [EMAIL_2]"
    assert restore(hidden, table) == text


@pytest.mark.parametrize("name", ["", "EMAIL", "[]", "[EMAIL_1"])
def test_a_pseudonym_without_brackets_is_refused(name: str) -> None:
    with pytest.raises(InputProblem, match="brackets") as caught:
        redact("a@b.de", [Span(0, 6, EMAIL, 0.9)], replace=lambda cls, number: name)
    assert caught.value.code == "RW-DATA-502"


def test_a_pseudonym_that_never_changes_is_refused_for_the_second_value() -> None:
    spans = [Span(0, 1, EMAIL, 0.9), Span(1, 2, EMAIL, 0.9)]
    with pytest.raises(InputProblem) as caught:
        redact("ab", spans, replace=lambda cls, number: "[X]")
    assert caught.value.code == "RW-DATA-502"
    assert "ab" not in str(caught.value)


@pytest.mark.parametrize("places", [[(0, 3), (2, 5)], [(0, 9)], [(3, 3)], [(-1, 2)]])
def test_spans_of_another_text_are_refused(places: list[tuple[int, int]]) -> None:
    with pytest.raises(InputProblem) as caught:
        mask("12345", [Span(start, end, PHONE, 0.9) for start, end in places])
    assert caught.value.code == "RW-DATA-501"


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("mail jane@example.org now", "mail j***@*** now"),
        ("call me on 0171 2345678", "call me on **** *****78"),
        ("card 4111 1111 1111 1111", "card **** **** **** **11"),
        ("my name is Sarah Connor", "my name is S*** C***"),
        ('password="hunter2!x"', 'password="***"'),
        ("Geburtsdatum: 03.12.1980", "Geburtsdatum: **.**.**80"),
    ],
)
def test_a_masked_finding_is_recognised_and_not_read(text: str, covered: str) -> None:
    assert mask(text, CLASSIFIER.spans(text)) == covered


def test_two_searches_join_without_overlaps_and_the_first_wins() -> None:
    first = [Span(5, 10, EMAIL, 0.9)]
    second = [
        Span(0, 4, PHONE, 0.5),
        Span(8, 12, PHONE, 0.5),
        Span(10, 12, PHONE, 0.5),
        Span(11, 14, PHONE, 0.5),
    ]
    assert [(span.start, span.end) for span in join(first, second)] == [(0, 4), (5, 10), (10, 12)]
