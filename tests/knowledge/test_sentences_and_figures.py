"""Sentences of a text, and the figures and names that stand in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.knowledge.literals import figures, missing_figures, names, offered_figures, spotted
from roadworthy.knowledge.sentences import negated, normal, sentences


@pytest.mark.parametrize(
    ("statement", "source", "missing"),
    [
        ("1,000 pieces", "1000 pieces", ()),
        ("12,5 %", "12.5 percent", ()),
        ("$5", "5 dollars", ()),
        ("5 dollars", "5 euros", ("5 dollars",)),
        ("03/04/2026", "4 March 2026", ()),
        ("2 years", "zwei Jahre", ()),
        ("one of them", "some of them", ()),
        ("3 May 2026", "3 May", ("3 May 2026",)),
        ("3. Mai", "03.05.2026", ()),
        ("version v2.1", "version v2.2", ("v2.1",)),
        ("-5 degrees", "5 degrees", ("-5",)),
        ("31.02.2026 and 45/45/2026", "nothing", ("31.02.2026", "45", "45", "2026")),
    ],
)
def test_figures_are_compared_by_what_they_mean(
    statement: str, source: str, missing: tuple[str, ...]
) -> None:
    assert sorted(missing_figures(figures(statement), offered_figures(source))) == sorted(set(missing))


def test_names_are_read_by_the_habits_of_the_language() -> None:
    assert names("Please ask Anna Miller at PayPal.") == {"anna", "miller", "paypal"}
    assert names("Der Kunde erhält die Rückzahlung von Anna Müller über PayPal.") == {"müller", "paypal"}


def test_sentences_end_where_they_end() -> None:
    assert sentences("Ask Dr. No, e.g. now. Done!\n- one\n2) two\n\nca. 3 Tage") == [
        "Ask Dr. No, e.g. now.",
        "Done!",
        "one",
        "two",
        "ca. 3 Tage",
    ]


@pytest.mark.parametrize(
    ("text", "says"), [("not without a fee", False), ("never", True), ("can’t pay", True), ("note", False)]
)
def test_two_negations_affirm(text: str, says: bool) -> None:
    assert negated(text) is says


@given(st.text(alphabet="0123456789.,-/' €%ABab½٣\u202e", max_size=60))
@settings(max_examples=200, deadline=None)
def test_a_figure_says_where_it_stands(text: str) -> None:
    plain, ends = normal(text), 0
    for each in spotted(text):
        assert each.start >= ends or each.kind == "number"
        assert plain[each.start : each.end] == each.written
        ends = each.end


def test_dates_and_codes_are_no_numbers_of_their_own() -> None:
    found = spotted("On 3 May 2026 order A-1234 cost 12,50 EUR.")
    assert [(each.kind, each.written) for each in found] == [
        ("date", "3 May 2026"),
        ("code", "A-1234"),
        ("number", "12,50 EUR"),
    ]
