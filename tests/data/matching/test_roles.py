import pytest

from roadworthy.data.matching import Role
from roadworthy.data.matching.roles import role_of_name, spoken


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("first_name", Role.GIVEN_NAME),
        ("Vorname", Role.GIVEN_NAME),
        ("prénom", Role.GIVEN_NAME),
        ("LastName", Role.SURNAME),
        ("Nachname", Role.SURNAME),
        ("apellidos", Role.SURNAME),
        ("Straße", Role.STREET),
        ("streetNumber", Role.HOUSE_NUMBER),
        ("Hausnummer", Role.HOUSE_NUMBER),
        ("PLZ", Role.POSTCODE),
        ("code_postal", Role.POSTCODE),
        ("código postal", Role.POSTCODE),
        ("Wohnort", Role.CITY),
        ("ville", Role.CITY),
        ("E-Mail", Role.EMAIL),
        ("correo electrónico", Role.EMAIL),
        ("TEL.", Role.PHONE),
        ("Geburtsdatum", Role.DATE),
        ("date de naissance", Role.DATE),
        ("Firma", Role.ORGANISATION),
        ("company name", Role.ORGANISATION),
        ("razón social", Role.ORGANISATION),
        ("Kundennummer", Role.IDENTIFIER),
        ("agency_id", Role.IDENTIFIER),
        ("Name", Role.FULL_NAME),
        ("created_at", Role.IGNORE),
        ("zuletzt geändert", Role.IGNORE),
        ("row_id", Role.IGNORE),
        ("phone2", Role.PHONE),
        ("gender", Role.CATEGORY),
        ("wombat", None),
    ],
)
def test_column_names_of_several_languages_say_what_they_hold(name: str, role: Role | None) -> None:
    assert role_of_name(name) is role


def test_all_ways_of_writing_a_name_in_one_word_are_one() -> None:
    assert spoken("StreetNumber") == spoken("street_number") == spoken("Street-Number") == "street number"
