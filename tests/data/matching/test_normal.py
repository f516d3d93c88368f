import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data.matching import Form, normal, sound
from roadworthy.data.matching.normal import fold


@pytest.mark.parametrize(
    ("one", "other", "form"),
    [
        ("Müller", "MUELLER", Form.NAME),
        ("Mu\u0308ller", "Müller", Form.NAME),
        ("Weiß", "weiss", Form.NAME),
        ("René", "rene", Form.NAME),
        ("Łukasz", "Lukasz", Form.NAME),
        ("Meyer, Anna", "Dr. Anna Meyer", Form.PERSON),
        ("Bäcker & Söhne GmbH & Co. KG", "baecker soehne", Form.ORGANISATION),
        ("Acme G.m.b.H.", "ACME GmbH", Form.ORGANISATION),
        ("Acme, Inc.", "Acme Incorporated", Form.ORGANISATION),
        ("Hauptstraße 5", "Hauptstr. 5", Form.STREET),
        ("12 Main Street", "12 main st", Form.STREET),
        ("31.12.1999", "31/12/1999", Form.DATE_DMY),
        ("1999-12-31T08:00:00", "19991231", Form.DATE_YMD),
        ("12/31/99", "12/31/1999", Form.DATE_MDY),
        ("0049 30 1234567", "49301234567", Form.DIGITS),
        ("DE 123-456", "de123456", Form.CODE),
        ("mailto:A.Meyer@Example.org", "a.meyer@example.org", Form.EMAIL),
        ("1.234,50 €", "1,234.50", Form.NUMBER),
        ("3,5", "3.50", Form.NUMBER),
        ("1,000", "1000", Form.NUMBER),
        ("published 1997", "1997", Form.YEAR),
    ],
)
def test_spellings_of_one_value_are_one(one: str, other: str, form: Form) -> None:
    assert normal(one, form) == normal(other, form)
    assert normal(one, form)


@pytest.mark.parametrize("text", [None, "", "  ", "n/a", "-", "unbekannt", "NULL"])
def test_what_says_that_nothing_is_there_is_nothing(text: str | None) -> None:
    assert normal(text, Form.WORDS) is None


def test_a_person_may_be_called_na() -> None:
    assert normal("Na", Form.NAME) == "na"
    assert normal("-", Form.NAME) is None


def test_an_organisation_of_nothing_but_legal_words_keeps_them() -> None:
    assert normal("The Company Ltd", Form.ORGANISATION) == "the company ltd"


@pytest.mark.parametrize("text", ["gestern", "31.12.", "1999", "99999-1-1"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert normal(text, Form.DATE_DMY) is None


@given(st.text(), st.sampled_from(Form))
def test_no_text_is_too_strange(text: str, form: Form) -> None:
    spelled = normal(text, form)
    assert spelled is None or spelled
    if spelled is not None:
        spelled.encode()


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_names_that_sound_alike_have_one_sound() -> None:
    assert sound("philipp") == sound("filip")
    assert sound("mueller") == sound("miller")
    assert sound("meyer") == sound("maier")
    assert sound("ao") == "ao"
