"""What a column says about the thing it describes, told from its name and its content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from roadworthy.data.matching.normal import fold


class Role(StrEnum):
    """What a column means for telling things apart."""

    GIVEN_NAME = "given name"
    SURNAME = "surname"
    FULL_NAME = "full name"
    ORGANISATION = "organisation"
    STREET = "street"
    HOUSE_NUMBER = "house number"
    POSTCODE = "postcode"
    CITY = "city"
    STATE = "state"
    COUNTRY = "country"
    EMAIL = "e-mail"
    PHONE = "phone"
    DATE = "date"
    YEAR = "year"
    IDENTIFIER = "identifier"
    TEXT = "text"
    NUMBER = "number"
    CATEGORY = "category"
    IGNORE = "ignore"


ADDRESS = (Role.STREET, Role.HOUSE_NUMBER, Role.POSTCODE, Role.CITY, Role.STATE)
"""Parts of one address: they agree together, so they are weighed together."""

PERSON = (Role.GIVEN_NAME, Role.SURNAME, Role.FULL_NAME)

# Words of column names in English, German, French, Spanish, Italian and Dutch; folded, whole words.
# The first role with a hit wins, so that `company name` is no person and `street number` no street.
_WORDS: tuple[tuple[Role, str], ...] = (
    (
        Role.IGNORE,
        (
            "rowid rownum|row id|row number|row_number|record id|rec id|zeilennummer|lfd nr|laufende nummer|uuid|guid|"
            "created|updated|modified|changed|inserted|imported|deleted|timestamp|last login|erstellt|angelegt|"
            "geaendert|aktualisiert|importiert|cree le|modifie|creado|actualizado|modificado|hash|checksum|"
            "source|quelle|system|herkunft|origine|fuente|origen|import file|filename|dateiname"
        ),
    ),
    (Role.EMAIL, "e mail|email|mail|emailadresse|mailadresse|courriel|correo|correo electronico"),
    (
        Role.PHONE,
        (
            "phone|telephone|telefon|tel|mobile|mobil|handy|cell|fax|telefax|rufnummer|telefonnummer|"
            "phonenumber|portable|telefono|movil|gsm|fixnet|festnetz"
        ),
    ),
    (
        Role.IDENTIFIER,
        (
            "ssn|social security|soc sec|soc sec id|national id|passport|tax id|vat|ust id|ustid|ust idnr|steuernummer|"
            "steuer id|handelsregister|hrb|iban|kontonummer|account number|licence|license|isbn|issn|ean|gtin|upc|"
            "doi|sku|artikelnummer|article number|part number|model number|modelno|kundennummer|customer number|"
            "customer no|customer id|client id|kunden nr|kundennr|numero client|siret|siren|nif|dni|cif|"
            "sozialversicherungsnummer|svnr|personalnummer|employee id|patient id|insurance number|"
            "versicherungsnummer|vertragsnummer|contract number|duns|lei|numero de securite sociale"
        ),
    ),
    (
        Role.GIVEN_NAME,
        (
            "given name|givenname|first name|firstname|forename|fname|vorname|rufname|prenom|nombre de pila|"
            "primer nombre|nome proprio|voornaam|middle name"
        ),
    ),
    (
        Role.SURNAME,
        (
            "surname|last name|lastname|family name|familyname|lname|nachname|familienname|zuname|"
            "nom de famille|apellido|apellidos|primer apellido|segundo apellido|cognome|achternaam|geburtsname|"
            "maiden name"
        ),
    ),
    (
        Role.HOUSE_NUMBER,
        (
            "house number|street number|housenumber|streetnumber|house no|street no|hausnummer|haus nr|hausnr|hnr|"
            "numero de rue|numero de calle|huisnummer|numero civico|building number"
        ),
    ),
    (
        Role.POSTCODE,
        (
            "postcode|post code|postal code|postalcode|postal|zip|zipcode|zip code|plz|postleitzahl|code postal|"
            "cp|codigo postal|cap|postnummer"
        ),
    ),
    (
        Role.STREET,
        (
            "street|street address|address|addr|address line|address1|address2|address 1|address 2|strasse|str|anschrift|"
            "adresse|rue|calle|direccion|domicilio|via|indirizzo|straat|strassenname"
        ),
    ),
    (
        Role.CITY,
        (
            "city|town|suburb|locality|village|place|ort|stadt|wohnort|gemeinde|ortsteil|ville|commune|localite|"
            "ciudad|municipio|localidad|poblacion|citta|comune|plaats|municipality"
        ),
    ),
    (
        Role.STATE,
        "state|province|region|county|bundesland|kanton|departement|provincia|estado|neighborhood",
    ),
    (Role.COUNTRY, "country|nation|land|staat|pays|pais|paese|country code|laendercode"),
    (
        Role.ORGANISATION,
        (
            "company|company name|organisation|organization|organisation name|firm|firma|firmenname|firmierung|"
            "unternehmen|business|employer|arbeitgeber|supplier|vendor|lieferant|agency|institution|site name|"
            "entreprise|societe|raison sociale|empresa|compania|razon social|azienda|ragione sociale|bedrijf|"
            "org name|account name|legal name|manufacturer|hersteller"
        ),
    ),
    (
        Role.DATE,
        (
            "date of birth|dob|birth date|birthdate|birthday|born|geburtsdatum|geburtstag|geb datum|geboren|"
            "date de naissance|naissance|fecha de nacimiento|nacimiento|data di nascita|geboortedatum|date|datum|"
            "fecha|data"
        ),
    ),
    (Role.YEAR, "year|jahr|annee|ano|baujahr|year of birth|geburtsjahr|birth year|release year|pub year"),
    (
        Role.TEXT,
        (
            "title|titel|titre|titulo|description|beschreibung|descripcion|bezeichnung|product|produkt|produit|"
            "producto|product name|artikel|article|authors|author|autor|autoren|auteur|artist|song|album|name of work"
        ),
    ),
    (
        Role.FULL_NAME,
        (
            "full name|fullname|person|person name|contact|contact name|ansprechpartner|kontakt|customer name|"
            "kundenname|client name|nom complet|nombre completo|nome completo|holder|inhaber|director|owner|"
            "patient|patient name|employee name|vor und nachname"
        ),
    ),
    (
        Role.NUMBER,
        "price|preis|prix|precio|amount|betrag|weight|gewicht|size|length|width|height|quantity|menge",
    ),
    (
        Role.CATEGORY,
        (
            "sex|gender|geschlecht|anrede|salutation|titel anrede|type|kind|art|category|kategorie|status|brand|"
            "marke|marque|marca|venue|journal|conference|publisher|genre|language|sprache|currency|waehrung"
        ),
    ),
)
_ANY_NAME = frozenset({"name", "names", "nom", "nombre", "naam", "nome"})
_HINTS: Mapping[Role, re.Pattern[str]] = {
    role: re.compile(
        r"(?:^| )(?:"
        + "|".join(re.escape(word) for other, words in _WORDS if other is role for word in words.split("|"))
        + r")(?: |$)"
    )
    for role, _ in _WORDS
}
_ORDER = tuple(role for role, _ in _WORDS)
_KEY = re.compile(
    r"(?:^| )(?:id|key|pk|index|nr|no|num|number|nummer|numero|code|schluessel|record)(?: |$)"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def spoken(name: str) -> str:
    """A column's name as plain words: ``StreetNumber``, ``street_number`` and ``Street-Number`` are the same."""
    return " ".join(re.findall(r"[a-z]+|\d+", fold(_CAMEL.sub(" ", name))))


def role_of_name(name: str) -> Role | None:
    """What a column's name says it holds; None where it says nothing known.

    Edge: a name that ends like `… id` after a person or an organisation (`agency id`) is a number of it.
    """
    words = spoken(name)
    bare = re.sub(r"(?: \d+)+$", "", words)
    for spelled in dict.fromkeys((words, bare)):
        for role in _ORDER:
            if _HINTS[role].search(spelled):
                if role in (*PERSON, Role.ORGANISATION, Role.TEXT) and _KEY.search(spelled):
                    return Role.IDENTIFIER
                return role
        if spelled in _ANY_NAME:
            return Role.FULL_NAME
    return Role.IDENTIFIER if _KEY.search(words) else None


def is_key_name(name: str) -> bool:
    """Whether a name sounds like the number of a row or a thing: `id`, `nr`, `key`."""
    return _KEY.search(spoken(name)) is not None


def is_written_when(name: str) -> bool:
    """Whether a name says when a row was written or changed, rather than something about the thing."""
    return bool(
        re.search(
            r"(?:^| )(?:created|updated|modified|changed|inserted|imported|timestamp|erstellt|angelegt|geaendert|"
            r"aktualisiert|importiert|cree|modifie|creado|actualizado|modificado|last login)(?: |$)",
            spoken(name),
        )
    )


def is_any_name(name: str) -> bool:
    """Whether a column is called `name` and nothing else: of what, its content has to tell."""
    return spoken(name) in _ANY_NAME
