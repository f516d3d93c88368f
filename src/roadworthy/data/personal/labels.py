"""Names of fields and columns that say what stands in them: a header of a table, a key of JSON, a line of a form."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.words import words

_P = PersonalClass

# A comma parts phrases, a blank parts words that may be written together or with _ or -.
_PHRASES: dict[PersonalClass, str] = {
    _P.PERSON_NAME: """
        first name, last name, given name, family name, middle name, full name, sur name, fore name, maiden name,
        birth name, customer name, patient name, employee name, contact name, contact person, account holder,
        card holder, card holder name, name on card, beneficiary name, passenger name, guest name, user full name,
        client name, student name, owner name, sender name, recipient name, recipient, person name,
        applicant name, borrower name, author name, doctor name, spouse, next of kin, mother name, father name,
        vorname, nachname, familienname, rufname, geburtsname, kundenname, ansprechpartner, ansprechpartnerin,
        kontaktperson, karteninhaber, kontoinhaber, patient, patientin, versicherter, mitarbeitername, name vorname,
        vor und nachname, vollständiger name, empfängername, fahrer, halter,
        prénom, nom de famille, nom du client, nom complet, nom prénom, nom et prénom, titulaire, nom de naissance,
        nombre completo, nombre y apellidos, apellido, apellidos, primer apellido, segundo apellido, titular,
        cognome, nome e cognome, nome completo, voornaam, achternaam, volledige naam""",
    _P.EMAIL: """
        email, e mail, mail, email address, mail address, e mail address, emailadresse, e mail adresse, mailadresse,
        courriel, adresse mail, adresse électronique, correo, correo electrónico, indirizzo email, mail adres""",
    _P.PHONE: """
        phone, phone number, phone no, telephone, telephone number, tel, tel no, mobile, mobile number, mobile phone,
        cell, cell phone, fax, fax number, home phone, work phone, msisdn, contact number, whatsapp, telefon,
        telefonnummer, telefonnr, telnr, mobil, mobilnummer, handy, handynummer, mobiltelefon, rufnummer,
        festnetz, téléphone, numéro de téléphone, portable, teléfono, móvil, número de teléfono, telefono, cellulare,
        telefoon, telefoonnummer, mobiel""",
    _P.POSTAL_ADDRESS: """
        address, street, street address, postal address, mailing address, home address, billing address,
        shipping address, delivery address, residential address, address line, address 1, address 2, addr, road,
        house number, street number, anschrift, adresse, straße, strasse, hausnummer, straße hausnummer, wohnanschrift,
        lieferadresse, rechnungsadresse, wohnadresse, postanschrift, adresse postale, adresse de livraison,
        adresse de facturation, rue, dirección, calle, domicilio, indirizzo, via, straat, adres""",
    _P.POSTCODE: """
        postcode, post code, postal code, zip, zip code, plz, postleitzahl, code postal, código postal, cap,
        cp, pin code, eircode""",
    _P.LOCATION: """
        city, town, village, suburb, municipality, place of birth, birth place, place of residence, residence, county,
        ort, stadt, wohnort, geburtsort, gemeinde, ville, commune, lieu de naissance, ciudad, localidad, municipio,
        lugar de nacimiento, città, luogo di nascita, woonplaats, geboorteplaats, latitude, longitude, geo location,
        gps, coordinates""",
    _P.DATE_OF_BIRTH: """
        date of birth, dob, birth date, birth day, birthday, birth year, year of birth, born, born on, geburtsdatum,
        geburtstag, geburtsjahr, geb datum, gebdat, geb am, geboren am, date de naissance, né le, née le,
        fecha de nacimiento, fecha nacimiento, nacido el, data di nascita, nato il, nata il, geboortedatum""",
    _P.GENDER: "gender, sex, geschlecht, sexe, genre, sexo, género, sesso, geslacht",
    _P.NATIONALITY: """
        nationality, citizenship, country of birth, staatsangehörigkeit, nationalität, geburtsland, nationalité,
        nacionalidad, cittadinanza, nationaliteit""",
    _P.USERNAME: """
        username, user name, login, login name, user login, screen name, nick name, nick, benutzername, nutzername,
        anmeldename, nom d'utilisateur, identifiant, nombre de usuario, usuario, nome utente, gebruikersnaam""",
    _P.LICENCE_PLATE: """
        licence plate, license plate, number plate, plate number, vehicle registration, kennzeichen, kfz kennzeichen,
        plaque d'immatriculation, immatriculation, matrícula, targa, kenteken""",
    _P.IP_ADDRESS: "ip, ip address, ip addr, client ip, remote addr, remote ip, source ip, src ip, ip adresse, adresse ip",
    _P.MAC_ADDRESS: "mac, mac address, mac addr, hardware address, mac adresse",
    _P.CREDIT_CARD: """
        credit card, credit card number, card number, card no, cc number, ccn, cc num, pan, debit card, kreditkarte,
        kreditkartennummer, kartennummer, numéro de carte, carte bancaire, carte de crédit, tarjeta de crédito,
        número de tarjeta, carta di credito, creditcard""",
    _P.IBAN: "iban, iban number, iban nr, iban code",
    _P.BANK_ACCOUNT: """
        account number, account no, bank account, bank account number, bban, kontonummer, konto nr, bankkonto,
        bankverbindung, compte bancaire, numéro de compte, rib, cuenta bancaria, número de cuenta, conto corrente,
        rekeningnummer, sort code, routing number""",
    _P.INCOME: """
        salary, income, annual income, wage, compensation, net worth, gehalt, lohn, einkommen, jahresgehalt, salaire,
        revenu, rémunération, salario, sueldo, ingresos, stipendio, salaris, inkomen""",
    _P.US_SSN: "ssn, social security number, social security, social security no, us ssn, soc sec id, soc sec, itin",
    _P.NATIONAL_ID: """
        national id, national identification number, national identity number, national insurance number, nino,
        identity card, identity card number, identity number, id card, id card number, citizen id, personal id number,
        personal code, sozialversicherungsnummer, sv nummer, svnr, rentenversicherungsnummer, versichertennummer,
        krankenversicherungsnummer, personalausweis, personalausweisnummer, ausweisnummer, ahv nummer, ahv nr,
        carte d'identité, numéro de sécurité sociale, sécurité sociale, nir, dni, nie, dni nie,
        documento de identidad, codice fiscale, carta d'identità, bsn, burgerservicenummer, rijksregisternummer,
        pesel, personnummer, cpr, cpr nummer, fødselsnummer, hetu, cnp, egn, oib, jmbg, amka, curp, rut, cpf, aadhaar,
        sin, pps number, ppsn, nhs number, medicare number""",
    _P.PASSPORT: """
        passport, passport number, passport no, reisepass, reisepassnummer, passnummer, pass nr, passeport,
        numéro de passeport, pasaporte, número de pasaporte, passaporto, paspoort, paspoortnummer""",
    _P.DRIVING_LICENCE: """
        driving licence, driving license, driver license, drivers license, driver's license, driver's licence,
        driving licence number, driver license number, drivers license number, drivers licence, führerschein,
        führerscheinnummer, permis de conduire, permiso de conducir, carnet de conducir, patente di guida, rijbewijs""",
    _P.TAX_ID: """
        tax id, tax number, tax identification number, taxpayer id, tin, vat number, vat id, vat reg no, steuer id,
        steuernummer, steueridentifikationsnummer, steuer identifikationsnummer, idnr, ust id, ust idnr, ust id nr,
        umsatzsteuer id, numéro fiscal, numéro de tva, numero tva, nif, cif, rfc, cuit, partita iva, btw nummer, utr, ein""",
    _P.HEALTH: """
        diagnosis, diagnoses, medical condition, medical history, disease, illness, disability, medication, medications,
        prescription, blood type, blood group, allergies, allergy, icd, icd 10, icd10, symptoms, treatment, sick leave,
        pregnancy, vaccination, therapy, diagnose, diagnosen, krankheit, erkrankung, vorerkrankung, vorerkrankungen,
        behinderung, grad der behinderung, medikament, medikamente, medikation, blutgruppe, allergien, befund, symptome,
        behandlung, krankmeldung, schwangerschaft, impfstatus, diagnostic, maladie, antécédents, handicap, traitement,
        médicament, groupe sanguin, diagnóstico, enfermedad, discapacidad, medicación, grupo sanguíneo, alergias,
        diagnosi, malattia, gruppo sanguigno, ziekte""",
    _P.GENETIC: "genotype, dna, genome, genetic marker, genetic data, dna profile, genotyp, gentest, génotype",
    _P.BIOMETRIC: """
        fingerprint template, biometric, biometrics, biometric template, face template, face embedding, iris scan,
        voice print, retina scan, fingerabdruck, gesichtserkennung, empreinte digitale, huella dactilar""",
    _P.RELIGION: """
        religion, religious affiliation, denomination, faith, konfession, religionszugehörigkeit, kirchensteuermerkmal,
        glaube, confession religieuse, religión, religione, geloof""",
    _P.ETHNICITY: """
        ethnicity, ethnic origin, ethnic group, race, skin color, skin colour, ethnie, ethnische herkunft, hautfarbe,
        origine ethnique, etnia, raza, origen étnico""",
    _P.POLITICAL_OPINION: """
        political party, political affiliation, political opinion, political view, party affiliation, party membership,
        partei, parteizugehörigkeit, politische meinung, opinion politique, parti politique, partido político,
        afiliación política""",
    _P.UNION_MEMBERSHIP: """
        union membership, trade union, trade union membership, union member, gewerkschaft,
        gewerkschaftszugehörigkeit, gewerkschaftsmitglied, syndicat, appartenance syndicale, sindicato,
        afiliación sindical, vakbond""",
    _P.SEXUAL_ORIENTATION: """
        sexual orientation, sexual preference, sexuality, sexuelle orientierung, orientation sexuelle,
        orientación sexual, orientamento sessuale""",
    _P.CRIMINAL_RECORD: """
        criminal record, criminal history, conviction, convictions, offence, offense, felony, arrest record,
        criminal conviction, vorstrafen, vorstrafe, führungszeugnis, strafregister, straftat, casier judiciaire,
        condamnation, antecedentes penales, precedenti penali""",
    _P.PASSWORD: """
        password, passwd, pwd, passphrase, passwort, kennwort, mot de passe, contraseña, wachtwoord, user password,
        login password, secret, client secret, secret key""",
    _P.API_KEY: """
        api key, access key, access token, auth token, refresh token, bearer token, secret access key, api token,
        api secret, private token, session token""",
}  # fmt: skip
# Headers that contain such a word are about things, firms and systems.
_THINGS = words("""file product company host domain event class table column field method function package module project brand
    business organization organisation org firm firma team department branch store shop school hotel restaurant bank
    firmenname produkt datei titel title template device server service process job campaign category type kind status
    code model group role plan item variable song movie book game dataset schema database index tag label display
    policy error server mac bundle image url website page count total sent opened template verified valid confirmed
    consent flag has is hash version""")
_ABOUT_A_PERSON = words("""customer client user employee patient person contact guest member student owner kunde kunden nutzer mitarbeiter
    mitglied patient personen sender recipient receiver applicant driver passenger holder billing shipping delivery
    emergency primary home work private personal my your his her their new old main business alternate secondary
    insured beneficiary subscriber lead""")
# Bare words that mean a person's name where nothing says otherwise.
_BARE_NAMES = frozenset(("name", "names", "nom", "nombre", "nome", "naam", "noms"))
_CAMEL = re.compile(r"(?<=[a-zß-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BREAK = re.compile(r"[\W_]+")
_TRAILING = frozenset(
    ("number", "no", "nr", "nummer", "num", "id", "value", "text", "string", "raw", "masked", "1", "2", "3")
)

# In running text these have to be told by a label; everything else has a form of its own.
LABELLED = frozenset(
    cls
    for cls in _PHRASES
    if cls
    not in (
        _P.EMAIL,
        _P.PHONE,
        _P.IP_ADDRESS,
        _P.MAC_ADDRESS,
        _P.CREDIT_CARD,
        _P.IBAN,
        _P.US_SSN,
        _P.INCOME,
    )
)
# Too ordinary as a label: "via: e-mail", "via 3", "cap", "road".
_NO_LABELS = words("""via cap cp rue road calle residence recipient login nick sex race born secret coordinates treatment handicap
    titular titulaire symptoms dna faith glaube genre partei residence county ort commune cif ein sin rut patient""")


def plain(words: str) -> str:
    """Small letters without accents, one blank between words, camelCase taken apart."""
    apart = _BREAK.sub(" ", _CAMEL.sub(" ", words)).strip().lower().replace("ß", "ss")
    return "".join(char for char in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(char))


def phrases() -> dict[PersonalClass, tuple[str, ...]]:
    """Per class the names that a field may have, as people write them."""
    return {
        cls: tuple(" ".join(phrase.split()) for phrase in text.split(",") if phrase.strip())
        for cls, text in _PHRASES.items()
    }


_BY_PLAIN = {plain(phrase): cls for cls, several in phrases().items() for phrase in several}
_BY_JOINED = {phrase.replace(" ", ""): cls for phrase, cls in _BY_PLAIN.items()}
_LONGEST = max(phrase.count(" ") + 1 for phrase in _BY_PLAIN)


class Header(NamedTuple):
    """What a field's name says: the class, and whether it says so exactly or only among other words."""

    cls: PersonalClass
    exact: bool
    bare: bool = False
    """It is nothing but ``name``, which things have as well."""


def read(header: str) -> Header | None:
    """What a header, a key or a label says about its values; None where it says nothing personal.

    Edge:    the longest known phrase in it decides. A word about things (``file name``, ``email_sent``)
             silences it, unless the whole header is a known phrase.
    """
    words = plain(header[:200]).split()
    whole = " ".join(words)
    cls = _BY_PLAIN.get(whole) or _BY_JOINED.get(whole.replace(" ", ""))
    if cls is not None:
        return Header(cls, exact=True)
    kept = words
    while len(kept) > 1 and kept[-1] in _TRAILING:
        kept = kept[:-1]
    while len(kept) > 1 and kept[0] in _ABOUT_A_PERSON:
        kept = kept[1:]
    if kept != words:
        cls = _BY_PLAIN.get(" ".join(kept)) or _BY_JOINED.get("".join(kept))
        if cls is not None:
            return Header(cls, exact=True)
    if any(word in _THINGS for word in words):
        return None
    if len(kept) == 1 and kept[0] in _BARE_NAMES:
        return Header(_P.PERSON_NAME, exact=kept != words, bare=kept == words)
    for length in range(min(_LONGEST, len(words)), 0, -1):
        for at in range(len(words) - length + 1):
            cls = _BY_PLAIN.get(" ".join(words[at : at + length]))
            if cls is not None and (length > 1 or len(words[at]) > 2):
                return Header(cls, exact=False)
    return None


@lru_cache(maxsize=4096)
def read_known(label: str) -> Header | None:
    """``read`` for a label that the search found, which is one of our own words: no text is remembered."""
    return read(label)


def label_words() -> tuple[str, ...]:
    """The labels of the classes that have no form of their own, longest first, for a search of running text."""
    several = {
        phrase
        for cls, names in phrases().items()
        if cls in LABELLED
        for phrase in names
        if phrase not in _NO_LABELS
    }
    return tuple(sorted({*several, *_BARE_NAMES}, key=lambda name: (-len(name), name)))
