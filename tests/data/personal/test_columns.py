"""Columns are told by their header and their values together."""

import csv
from pathlib import Path

import pytest

from roadworthy.data.personal import Classifier, PersonalClass
from roadworthy.data.personal.labels import read

CLASSIFIER = Classifier()
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.mark.parametrize(
    ("header", "values", "cls"),
    [
        ("E-Mail", ["a@b.de", "c@d.org", ""], "email"),
        ("contact", ["a@b.de", "c@d.org"], "email"),
        ("Telefon", ["030 123456", "0171/2345678", "n/a"], "phone"),
        ("phone2", ["5551234567", "5559876543"], "phone"),
        ("Vorname", ["Anna", "Jürgen", "François"], "person_name"),
        ("customer_name", ["Anna Schmidt", "Li, Wei", "Maria del Carmen García"], "person_name"),
        ("Name", ["Anna Schmidt", "Paul Meier"], "person_name"),
        ("geb_datum", ["1980-01-31", "1975-12-03"], "date_of_birth"),
        ("dateOfBirth", ["19800131", "19751203"], "date_of_birth"),
        ("Straße", ["Hauptstr. 5", "Am Markt 3"], "postal_address"),
        ("PLZ", ["10115", "01067"], "postcode"),
        ("Wohnort", ["Berlin", "Bad Tölz"], "location"),
        ("nss", ["255081416802538"] * 3, "national_id"),
        ("steuer_id", ["86095742719", "12345678901"], "tax_id"),
        ("IBAN", ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19"], "iban"),
        ("x1", ["4111111111111111", "5555555555554444"], "credit_card"),
        ("client_ip", ["203.0.113.7", "2001:db8::1:2:3"], "ip_address"),
        ("ssn", ["536-90-4399", "536904399"], "us_ssn"),
        ("diagnosis", ["E11.9", "asthma"], "health"),
        ("Konfession", ["rk", "ev", "-"], "religion"),
        ("union_member", ["yes", "no", "no"], "union_membership"),
        ("Gehalt", ["52.000,00 €", "61000"], "income"),
        ("password_hash", ["x"], None),
        ("Geschlecht", ["m", "w", "d"], "gender"),
        ("nationality", ["German", "French"], "nationality"),
        ("Kennzeichen", ["B-MW 1234", "M AB 12"], "licence_plate"),
        ("passport_no", ["C01X00T47", "L98765432"], "passport"),
    ],
)
def test_a_column_is_known_by_header_and_values(header: str, values: list[str], cls: str | None) -> None:
    found = CLASSIFIER.column(header, values)
    assert (found.verdict and str(found.verdict)) == cls, found


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("email_verified", ["true", "false"]),
        ("has_phone", ["yes", "no"]),
        ("order_id", ["4500123456", "4500123457"]),
        ("created_at", ["2024-01-31 10:00:00", "2024-02-01 11:30:00"]),
        ("amount", ["1.234,56", "99,00"]),
        ("product name", ["Super Widget", "Blue Chair"]),
        ("company_name", ["Meier GmbH", "Acme Inc."]),
        ("file_name", ["report.pdf", "Anna.docx"]),
        ("name", ["SKU-12 blue", "SKU-13 red", "A4 paper 80g"]),
        ("status", ["open", "closed"]),
        ("ean", ["4006381333931", "4006381333948"]),
        ("timestamp", ["1700000000000", "1700000000001"]),
        ("uuid", ["550e8400-e29b-41d4-a716-446655440000"]),
        ("version", ["10.0.19045.3803", "1.2.3.4"]),
        ("sex ratio", ["0.51", "0.49"] * 10),
    ],
)
def test_a_column_about_things_is_none(header: str, values: list[str]) -> None:
    found = CLASSIFIER.column(header, values)
    assert found.verdict is None, found
    assert found.severity == 1


def test_values_that_contradict_their_header_win() -> None:
    found = CLASSIFIER.column("phone", ["a@b.de"] * 9 + ["0171 2345678"])
    assert found.verdict is PersonalClass.EMAIL
    assert "`phone`" in found.reason


def test_an_empty_column_is_believed_by_an_exact_header_alone() -> None:
    assert CLASSIFIER.column("Geburtsdatum", ["", "  "]).verdict is PersonalClass.DATE_OF_BIRTH
    assert CLASSIFIER.column("stuff", []).verdict is None


def test_free_text_is_told_with_all_that_stands_in_it() -> None:
    values = [
        "the customer called and asked to be called back on 0171 2345678 this week",
        "please send the invoice again to jane@example.org and close the ticket",
        "nothing works since the last update of the application on my machine",
        "she wrote from jim@example.org that the order has not arrived so far",
        "the callback to 0171 9876543 was done, the customer is happy again now",
    ]
    found = CLASSIFIER.column("notes", values)
    assert found.free_text
    assert set(found.classes) == {PersonalClass.EMAIL, PersonalClass.PHONE}
    assert found.severity == 2


def test_a_reason_never_holds_a_value() -> None:
    found = CLASSIFIER.column("kontakt", ["jane@example.org", "0171 2345678"])
    assert "jane" not in found.reason
    assert "2345678" not in found.reason


@pytest.mark.parametrize(
    "header", ["first name", "first_name", "firstName", "FIRST NAME", "FirstName", "first-name"]
)
def test_a_header_is_read_however_it_is_spelt(header: str) -> None:
    known = read(header)
    assert known is not None
    assert known.cls is PersonalClass.PERSON_NAME


FEBRL = {
    "given_name": "person_name",
    "surname": "person_name",
    "street_number": "postal_address",
    "address_1": "postal_address",
    "address_2": "postal_address",
    "suburb": "location",
    "postcode": "postcode",
    "date_of_birth": "date_of_birth",
    "soc_sec_id": "us_ssn",
    "rec_id": None,
    "state": None,
}


def test_the_columns_of_a_public_register_are_told() -> None:
    path = SHARED / "febrl" / "dataset1.csv"
    if not path.exists():
        pytest.skip("FEBRL is not at hand: it lies in ../shared/data beside the checkout")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))[:300]
    told = {
        name.strip(): CLASSIFIER.column(name, [row[name] or "" for row in rows]).verdict for name in rows[0]
    }
    assert told == FEBRL
