"""Classes of personal data, how grave each is, and which rule of the GDPR makes it so."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What the law makes of a class. Secrets are no personal data, but they open the door to them."""

    ORDINARY = "ordinary"
    IDENTITY = "identity"
    FINANCIAL = "financial"
    SPECIAL = "special"
    CRIMINAL = "criminal"
    SECRET = "secret"  # noqa: S105 (the word, not one)


class PersonalClass(StrEnum):
    """What a place in a text or a column of a table tells about a person."""

    EMAIL = "email"
    PHONE = "phone"
    PERSON_NAME = "person_name"
    POSTAL_ADDRESS = "postal_address"
    POSTCODE = "postcode"
    LOCATION = "location"
    DATE_OF_BIRTH = "date_of_birth"
    GENDER = "gender"
    NATIONALITY = "nationality"
    USERNAME = "username"
    LICENCE_PLATE = "licence_plate"
    IP_ADDRESS = "ip_address"
    MAC_ADDRESS = "mac_address"
    CREDIT_CARD = "credit_card"
    IBAN = "iban"
    BANK_ACCOUNT = "bank_account"
    INCOME = "income"
    US_SSN = "us_ssn"
    NATIONAL_ID = "national_id"
    PASSPORT = "passport"
    DRIVING_LICENCE = "driving_licence"
    TAX_ID = "tax_id"
    HEALTH = "health"
    GENETIC = "genetic"
    BIOMETRIC = "biometric"
    RELIGION = "religion"
    ETHNICITY = "ethnicity"
    POLITICAL_OPINION = "political_opinion"
    UNION_MEMBERSHIP = "union_membership"
    SEXUAL_ORIENTATION = "sexual_orientation"
    CRIMINAL_RECORD = "criminal_record"
    URL_WITH_USER = "url_with_user"
    API_KEY = "api_key"
    PASSWORD = "password"  # noqa: S105 (the word, not one)
    PRIVATE_KEY = "private_key"
    JWT = "jwt"

    @property
    def kind(self) -> Kind:
        return _KINDS.get(self, Kind.ORDINARY)

    @property
    def severity(self) -> int:
        """The data class of a ``Marking``: 2 personal or confidential, 3 special, identity or secret."""
        return 2 if self.kind is Kind.ORDINARY or self in _ONLY_CONFIDENTIAL else 3

    @property
    def ground(self) -> str:
        """The rule that makes it personal or grave, in words."""
        return _GROUNDS.get(self, _GROUNDS_OF_KINDS[self.kind])


_P = PersonalClass
_KINDS = {
    **dict.fromkeys((_P.US_SSN, _P.NATIONAL_ID, _P.PASSPORT, _P.DRIVING_LICENCE, _P.TAX_ID), Kind.IDENTITY),
    **dict.fromkeys((_P.CREDIT_CARD, _P.IBAN, _P.BANK_ACCOUNT, _P.INCOME), Kind.FINANCIAL),
    **dict.fromkeys(
        (
            _P.HEALTH,
            _P.GENETIC,
            _P.BIOMETRIC,
            _P.RELIGION,
            _P.ETHNICITY,
            _P.POLITICAL_OPINION,
            _P.UNION_MEMBERSHIP,
            _P.SEXUAL_ORIENTATION,
        ),
        Kind.SPECIAL,
    ),
    _P.CRIMINAL_RECORD: Kind.CRIMINAL,
    **dict.fromkeys((_P.URL_WITH_USER, _P.API_KEY, _P.PASSWORD, _P.PRIVATE_KEY, _P.JWT), Kind.SECRET),
}
# An account can be paid into by whoever knows its number; with a card's number one can pay.
_ONLY_CONFIDENTIAL = frozenset({_P.IBAN, _P.BANK_ACCOUNT, _P.INCOME})
_GROUNDS_OF_KINDS = {
    Kind.ORDINARY: "personal data (GDPR Art. 4(1))",
    Kind.IDENTITY: "an official identifier of a person (GDPR Art. 4(1) and 87)",
    Kind.FINANCIAL: "personal data about money (GDPR Art. 4(1))",
    Kind.SPECIAL: "a special category of personal data (GDPR Art. 9(1))",
    Kind.CRIMINAL: "personal data about criminal convictions and offences (GDPR Art. 10)",
    Kind.SECRET: "a secret that opens access to data (security of processing, GDPR Art. 32)",
}
_GROUNDS = {
    _P.IP_ADDRESS: "an online identifier (GDPR Recital 30; ECJ C-582/14 Breyer)",
    _P.MAC_ADDRESS: "an identifier of a device (GDPR Recital 30)",
    _P.USERNAME: "an online identifier (GDPR Art. 4(1) and Recital 30)",
    _P.HEALTH: "data concerning health (GDPR Art. 9(1) and 4(15))",
    _P.GENETIC: "genetic data (GDPR Art. 9(1) and 4(13))",
    _P.BIOMETRIC: "biometric data (GDPR Art. 9(1) and 4(14))",
    _P.RELIGION: "religious or philosophical beliefs (GDPR Art. 9(1))",
    _P.ETHNICITY: "racial or ethnic origin (GDPR Art. 9(1))",
    _P.POLITICAL_OPINION: "political opinions (GDPR Art. 9(1))",
    _P.UNION_MEMBERSHIP: "trade union membership (GDPR Art. 9(1))",
    _P.SEXUAL_ORIENTATION: "sex life or sexual orientation (GDPR Art. 9(1))",
}
