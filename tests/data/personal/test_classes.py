"""Every class says how grave it is, and by which rule."""

import pytest

from roadworthy.data.personal import Kind, PersonalClass


@pytest.mark.parametrize("cls", list(PersonalClass))
def test_every_class_has_a_data_class_of_a_marking_and_a_ground(cls: PersonalClass) -> None:
    assert cls.severity in (2, 3)
    assert "GDPR" in cls.ground or "Recital" in cls.ground


def test_special_categories_criminal_records_papers_and_secrets_are_gravest() -> None:
    grave = (Kind.SPECIAL, Kind.CRIMINAL, Kind.IDENTITY, Kind.SECRET)
    assert {cls.severity for cls in PersonalClass if cls.kind in grave} == {3}


def test_what_reaches_a_person_is_personal_and_no_more() -> None:
    assert (
        PersonalClass.EMAIL.severity
        == PersonalClass.IBAN.severity
        == PersonalClass.PERSON_NAME.severity
        == 2
    )
    assert PersonalClass.CREDIT_CARD.severity == 3


def test_all_eight_special_categories_of_article_nine_are_there() -> None:
    special = {cls for cls in PersonalClass if cls.kind is Kind.SPECIAL}
    assert {"health", "religion", "ethnicity", "political_opinion", "union_membership"} < special
    assert {"sexual_orientation", "genetic", "biometric"} < special
