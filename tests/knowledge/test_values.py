"""Values of sentences are compared by what they mean, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.knowledge.sentences import normal
from roadworthy.knowledge.values import values


@pytest.mark.parametrize(
    ("one", "other", "kind", "agree"),
    [
        ("It costs 1.50 EUR.", "Das kostet 1,50 €.", "money in eur", True),
        ("It costs 1.50 EUR.", "It costs 2 euros.", "money in eur", False),
        ("within 2 weeks", "innerhalb von 14 Tagen", "duration", True),
        ("within 48 hours", "within 3 days", "duration", False),
        ("for 2 years", "for 24 months", "duration in months", True),
        ("10 working days", "10 Werktage", "duration in business days", True),
        ("a fee of 1.2 percent", "1,2 % Gebühr", "percentage", True),
        ("open until 5 pm", "geöffnet bis 17 Uhr", "time of day", True),
        ("open until 17:00", "open until 18:00", "time of day", False),
        ("call +49 30 1234567", "Telefon 030 1234567", "phone", True),
        ("call 030 1234567", "call 030 7654321", "phone", False),
        ("on 3 May 2026", "am 3. Mai", "date", True),
        ("on 3 May 2026", "on 4 May 2026", "date", False),
        ("on 3 May", "am 4. Mai", "date", False),
        ("built in 1902", "built in 1885", "year", False),
    ],
)
def test_two_values_of_a_kind(one: str, other: str, kind: str, agree: bool) -> None:
    (left,), (right,) = values(one), values(other)
    assert left.kind == right.kind == kind
    assert left.agrees(right) is right.agrees(left) is agree


def test_counts_are_of_what_they_count() -> None:
    (cards,), (letters,), (more,) = (
        values("5 virtual cards"),
        values("3 letters"),
        values("7 virtual cards"),
    )
    assert cards.kind == more.kind != letters.kind


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789.:+-/ €%amphrUE٣½\u202eé", max_size=60))
def test_any_text_has_values_in_their_places(text: str) -> None:
    plain = normal(text)
    for each in values(text):
        assert plain[each.start : each.end] == each.written
        assert each.agrees(each)
        assert each.meanings
