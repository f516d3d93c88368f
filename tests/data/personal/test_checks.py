"""Check digits against published numbers and an independent implementation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, luhn

from roadworthy.data.personal import checks


@given(st.text("0123456789", min_size=2, max_size=25))
def test_luhn_agrees_with_an_independent_implementation(digits: str) -> None:
    assert checks.passes_luhn(digits) == luhn.is_valid(digits)


@pytest.mark.parametrize(
    ("number", "issuer"),
    [
        ("4111111111111111", "visa"),
        ("5555555555554444", "mastercard"),
        ("2223003122003222", "mastercard"),
        ("378282246310005", "amex"),
        ("6011111111111117", "discover"),
        ("3530111333300000", "jcb"),
        ("30569309025904", "diners"),
        ("6200000000000005", "unionpay"),
        ("6759649826438453", "maestro"),
        ("1234567890123452", ""),
        ("411111111111111", ""),
    ],
)
def test_the_issuers_test_numbers_are_theirs(number: str, issuer: str) -> None:
    assert checks.card_issuer(number) == issuer


COUNTRIES = ["DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606"]


@given(st.sampled_from(COUNTRIES), st.integers(4, 21), st.sampled_from("0123456789"))
def test_an_iban_with_another_digit_is_judged_as_an_independent_implementation_judges_it(
    number: str, place: int, digit: str
) -> None:
    changed = number[:place] + digit + number[place + 1 :]
    # The other implementation also looks into the account's own structure; it can only refuse more.
    assert checks.passes_iban(changed) or not iban.is_valid(changed, check_country=False)


@pytest.mark.parametrize("number", COUNTRIES)
def test_an_iban_in_small_letters_is_one(number: str) -> None:
    assert checks.passes_iban(number.lower())
    assert not checks.passes_iban(number[:-1])
    assert not checks.passes_iban("ZZ" + number[2:])


@pytest.mark.parametrize(
    "digits", ["000123456", "666123456", "900123456", "123004567", "123450000", "078051120"]
)
def test_numbers_that_social_security_never_gave_are_none(digits: str) -> None:
    assert not checks.is_ssn(digits)


def test_a_german_insurance_number_has_its_check_digit() -> None:
    assert checks.is_german_insurance_number("15070649C103")  # example of the pension insurance
    assert not checks.is_german_insurance_number("15070649C104")
    assert not checks.is_german_insurance_number("15071349C103")


@pytest.mark.parametrize("word", ["2024-02-29", "31.12.1999", "12/31/99", "1.2.2024"])
def test_days_are_days(word: str) -> None:
    assert checks.is_date(word)


@pytest.mark.parametrize("word", ["2024-13-32", "99.99.1999", "03.93.92.16", "1234-56-78"])
def test_what_no_calendar_has_is_no_day(word: str) -> None:
    assert not checks.is_date(word)


@pytest.mark.parametrize("word", ["1.2.3", "256.1.1.1", "01.2.3.4", "1.2.3.4.5", "a.b.c.d"])
def test_what_is_no_address_of_a_computer(word: str) -> None:
    assert not checks.is_ipv4(word)
