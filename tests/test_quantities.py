from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.quantities import Cost, Interval, Money, Share, canonical, digest_of, natural_name, new_id

TIMES = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))


@given(
    TIMES,
    st.timedeltas(min_value=timedelta(milliseconds=2), max_value=timedelta(days=999)),
    st.binary(min_size=20, max_size=20),
)
def test_ids_sort_by_time_whatever_their_randomness(at, later, noise) -> None:
    assert new_id(at, noise[:10]) < new_id(at + later, noise[10:])


def test_an_id_is_26_characters_and_depends_only_on_its_arguments() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert new_id(at, b"0123456789") == new_id(at, b"0123456789")
    assert len(new_id(at, b"0123456789")) == 26
    with pytest.raises(ValueError, match="ten random bytes"):
        new_id(at, b"short")


@given(st.integers(1 - 10**15, 10**15 - 1), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_money_reads_what_it_writes(minor, currency) -> None:
    money = Money(minor, currency)
    assert Money.parse(str(money)) == money


@given(st.integers(-(10**17), 10**17))
def test_cost_reads_what_it_writes(nano) -> None:
    cost = Cost(nano)
    assert Cost.parse(str(cost)) == cost


def test_currencies_never_mix() -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(ValueError, match="cannot be added"):
        Cost(1, "EUR") + Cost(1, "USD")


@pytest.mark.parametrize(
    "text", ["49.90", "EUR", "49,90 EUR", "49.901 EUR", "1 JPY.5", "1.5 JPY", "", "49.90 eur"]
)
def test_an_amount_without_its_currency_or_with_too_many_decimals_is_not_read(text) -> None:
    with pytest.raises(ValueError, match="amount|decimals"):
        Money.parse(text)


@pytest.mark.parametrize("wrong", [1.5, True, "3"])
def test_money_is_counted_in_whole_minor_units(wrong) -> None:
    with pytest.raises(ValueError, match="whole"):
        Money(wrong, "EUR")


def test_a_share_is_no_percentage() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Share(5)
    assert Share(0.1234).basis_points == 1234


def test_an_interval_runs_upward() -> None:
    assert 0.5 in Interval(0.1, 0.9)
    with pytest.raises(ValueError, match="upward"):
        Interval(0.9, 0.1)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=5))
def test_the_order_of_keys_does_not_change_a_digest(value) -> None:
    assert digest_of(value) == digest_of(dict(reversed(list(value.items()))))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: 2}, object(), 2**60, "\ud800"])
def test_what_json_cannot_carry_has_no_canonical_form(value) -> None:
    with pytest.raises(ValueError, match="not a JSON value"):
        canonical(value)


def test_a_persons_name_has_one_form_however_it_was_typed() -> None:
    forms = ("Jose\u0301@Example.org ", "jos\u00e9@example.org", "\uff2aOS\u00c9@EXAMPLE.ORG")
    assert {natural_name(each) for each in forms} == {"jos\u00e9@example.org"}
    assert natural_name(" Anna@Example.ORG ") == "anna@example.org"
    assert natural_name("STRASSE\u00e9") == natural_name(natural_name("Stra\u00dfe\u00c9"))
