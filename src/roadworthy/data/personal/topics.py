"""What the words around a number say about it, in English, German, French, Spanish, Italian and Dutch."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from roadworthy.data.personal.words import words


class Topic:
    """What a word makes of a number near it, as bits."""

    NONE: Final = 0
    PHONE: Final = 1
    CARD: Final = 2
    SSN: Final = 4
    IDENTITY: Final = 8
    TAX: Final = 16
    BIRTH: Final = 32
    NETWORK: Final = 64
    ACCOUNT: Final = 128
    VERSION: Final = 256
    REFERENCE: Final = 512
    AMOUNT: Final = 1024
    TIME: Final = 2048
    IDENTIFIER: Final = 4096
    # Says something of a number that is grouped like one for telephones, and nothing of others.
    PERHAPS_PHONE: Final = 8192
    # People and programs call: what follows needs the length of a telephone number.
    CALL: Final = 16384


# What speaks against personal data.
AGAINST = Topic.VERSION | Topic.REFERENCE | Topic.AMOUNT | Topic.TIME | Topic.IDENTIFIER

_WORDS: dict[int, str] = {
    Topic.PHONE: """
        phone phones telephone tel tele telefon telefono teléfono téléphone telephonique telefoon telefonisch
        mobile mobil mobiltelefon mobiele mobiel móvil movil cell cellphone cellular cellulare celular portable
        handy handynr fax telefax télécopie call calls called calling caller callback dial ring ringing sms
        whatsapp signal telegram text texted texting hotline landline festnetz rufnummer rückruf rueckruf anruf
        anrufen angerufen erreichbar erreichen erreiche erreichst appelle
        appelé rappeler rappelez joindre joignable llame llámame llamame llamada chiamami
        chiamate gsm msisdn durchwahl nebenstelle reach contact kontakt answering voicemail
        phoneno mob ph telnr telnummer numéro""",
    Topic.CARD: """
        card cards cc creditcard debitcard visa mastercard amex maestro discover diners jcb karte karten kreditkarte
        kreditkarten kartennummer kartennr bankkarte girokarte debitkarte carte cartes bancaire tarjeta tarjetas
        carta kaart kredietkaart creditcardnummer pan kk charge charged cardno ccnum""",
    Topic.SSN: "ssn ssns ss socialsecurity itin",
    Topic.IDENTITY: """
        national identity identification identidad identité identita identità identiteit citizen citizenship
        personnummer personennummer personalausweis ausweis ausweisnummer personalausweisnummer
        sozialversicherung sozialversicherungsnummer svnr svn versicherungsnummer rentenversicherung
        rentenversicherungsnummer versichertennummer ahv ahvnr nir insee sécu secu sécurité dni nie nif cpf rut
        curp codice fiscale bsn burgerservicenummer sofinummer rijksregisternummer pesel personnr cpr fødselsnummer
        fodselsnummer hetu henkilötunnus cnp egn oib jmbg amka tckn tc aadhaar pps ppsn nino insurance nhs
        rijksregister isikukood rodné rodne dowód cédula cedula social security""",
    Topic.TAX: """
        tax taxpayer tin steuer steuerid steuernummer steueridentifikationsnummer idnr vat ust ustid ustidnr
        umsatzsteuer fiscal fiscale impôts impots fiscalité tva iva utr ein cif rfc pan btw mwst partita""",
    Topic.BIRTH: """
        birth born dob birthday birthdate geboren geb geburt geburtsdatum geburtstag gebdat né née naissance
        nacimiento nacido nacida nato nata nascita geboorte geboortedatum geborene""",
    Topic.NETWORK: """
        ip ipv ips ipaddr address adresse addr host server client remote src dst source gateway dns peer login
        logged login connect connected connection connecting ping blocked blocklist firewall inet""",
    Topic.ACCOUNT: """
        account accounts acct konto kontonummer kontonr ktonr bankkonto compte cuenta conto rekening
        rekeningnummer iban bban blz bankleitzahl routing sortcode sort aba rib clabe""",
    Topic.VERSION: """
        version versions versión versione v ver release released build firmware driver upgrade upgraded update
        rev revision patch chrome firefox mozilla safari applewebkit edg edge opr python node kernel package
        section chapter abschnitt kapitel oid library plugin browser""",
    Topic.REFERENCE: """
        order orders ordered bestellung bestellungen bestellnummer bestellnr auftrag auftragsnummer auftragsnr
        invoice invoices rechnung rechnungen rechnungsnummer rechnungsnr ticket tickets case cases fall vorgang
        vorgangsnummer aktenzeichen az reference referenz ref référence referencia commande commandes facture
        factures dossier pedido factura tracking trackingnummer sendung sendungsnummer paket paketnummer parcel
        shipment colis suivi serial seriennummer sn sku ean gtin upc isbn issn doi model modell artikel
        artikelnummer article artnr part batch lot transaction transactions txn buchung buchungsnummer
        booking reservation reserva bestelling factuur kundennummer kundennr customer kunde kunden vertrag
        vertragsnummer contract contrat contrato policy police vertragsnr antrag application isin wkn lei
        item product produkt commit hash sha md checksum barcode imei inventory ordine fattura quote angebot
        angebotsnummer lieferschein voucher gutschein coupon pin tan otp job incident zählerstand zaehlerstand meter compteur""",
    Topic.AMOUNT: """
        amount amounts total totals betrag summe sum price preis prix precio prezzo cost costs kosten montant
        importe balance saldo solde eur euro euros usd dollar dollars gbp pound pounds chf franken jpy yen rub inr
        revenue umsatz population einwohner habitants inhabitants stück menge quantity qty paid bezahlt gesamt gesamtbetrag
        bytes byte kb mb gb tb ms px km kg items rows lines records views users hits points seconds sekunden""",
    Topic.TIME: """
        timestamp time date datum zeit zeitstempel fecha hora heure epoch unix created updated expires expiry exp
        iat nbf ts datetime modified uhr utc gmt ablauf gültig valid until bis since seit""",
    Topic.IDENTIFIER: """
        id ids uuid guid uid key index pid tid port error fehler code status line row zeile seq sequence
        session request trace span thread offset size length count zip plz postcode nonce userid accountid
        sessionid requestid traceid messageid deviceid tweetid""",
}
TOPICS: dict[str, int] = {}
for _topic, _text in _WORDS.items():
    for _word in _text.split():
        TOPICS[_word] = TOPICS.get(_word, 0) | _topic
# Words of one country's identifier: they name the country whose checks apply.
COUNTRIES = {
    **dict.fromkeys(("pesel", "dowód"), "PL"),
    **dict.fromkeys(("bsn", "burgerservicenummer", "sofinummer"), "NL"),
    **dict.fromkeys(("nir", "insee", "sécu", "secu", "sécurité"), "FR"),
    **dict.fromkeys(("steuerid", "steueridentifikationsnummer", "idnr", "rentenversicherungsnummer"), "DE"),
    **dict.fromkeys(("cpr",), "DK"),
    **dict.fromkeys(("fødselsnummer", "fodselsnummer"), "NO"),
    **dict.fromkeys(("rijksregisternummer", "rijksregister"), "BE"),
    **dict.fromkeys(("hetu", "henkilötunnus"), "FI"),
    **dict.fromkeys(("nhs", "nino", "utr"), "GB"),
    **dict.fromkeys(("aadhaar",), "IN"),
    **dict.fromkeys(("ahv", "ahvnr"), "CH"),
    **dict.fromkeys(("cpf",), "BR"),
    **dict.fromkeys(("egn",), "BG"),
    **dict.fromkeys(("cnp",), "RO"),
    **dict.fromkeys(("oib",), "HR"),
    **dict.fromkeys(("amka",), "GR"),
    **dict.fromkeys(("tckn",), "TR"),
    **dict.fromkeys(("isikukood",), "EE"),
    **dict.fromkeys(("pps", "ppsn"), "IE"),
    **dict.fromkeys(("svnr",), "AT"),
}
_CALL_WORDS = "call calls called calling caller ring ruf ruft rufe rufen appeler appelez appelle llamar chiamare bel bellen"
_NUMBER_WORDS = words("number numbers nummer nr numéro numero número")
for _word in (
    *words("""message messages messaged contact kontakt reach reached registered signal text texted texting answering
    nachricht nachrichten erreichbar home work office desk"""),
    *_NUMBER_WORDS,
):
    TOPICS[_word] = TOPICS.get(_word, 0) & ~Topic.PHONE | Topic.PERHAPS_PHONE
for _word in _CALL_WORDS.split():
    TOPICS[_word] = Topic.PERHAPS_PHONE | Topic.CALL
_SUFFIXES = ("ids", "id", "nummern", "nummer", "numbers", "number", "num", "nr", "no", "nbr")
# A compound is about what its last part is about.
_HEADS = ("phone", "telefon", "telephone", "karte", "card", "konto", "account", "datum", "date", "betrag", "preis", "price",
          "amount", "order", "auftrag", "rechnung", "address", "addr", "timestamp", "time", "version")  # fmt: skip
_ENDS = (*_SUFFIXES, *_HEADS)
# Most words end like none of them: one look at their last letters tells.
_TAILS = words(" ".join(end[-3:] for end in _ENDS))
_OF_COUNTRIES = Topic.IDENTITY | Topic.TAX
_BEFORE, _AFTER = 56, 16
_WORD = re.compile(r"[^\W\d_]+")
# Small letters for letters and blanks for everything else.
_LETTERS_ALONE = bytes(
    ord(chr(code).lower()) if chr(code).isalpha() and code < 128 else 32 for code in range(256)
)
_DIRECTLY_AFTER = re.compile(r"[\s(\[–—-]{0,3}([^\W\d_]{2,12}|[€$£%])")
_AFTER_PHONES = words("""office home work desk mobile mobil cell fax phone tel telefon telephone whatsapp handy büro privat bureau domicile
    portable móvil geschäftlich dienstlich""")
# "$5,000 4111…": a currency sign says something about the number that it touches alone.
_SIGNS = frozenset("€$£¥")


class Context(NamedTuple):
    """Topics of the words around a place: the ``nearest`` one, ``all`` of them, and the country they name."""

    nearest: int = Topic.NONE
    all: int = Topic.NONE
    country: str = ""

    @property
    def is_against(self) -> bool:
        return bool(self.nearest & AGAINST)


NOWHERE = Context()


def around(text: str, start: int, end: int, lead: Context = NOWHERE) -> Context:
    """What the words before and directly after a place say about it; ``lead`` is what a column's header says."""
    nearest, every, country, known = 0, 0, "", TOPICS.get
    before = text[max(0, start - _BEFORE) : start]
    for word in reversed(_words_of(before)):
        topic = known(word)
        if topic is None:
            if word[-3:] not in _TAILS and word[-2:] not in _TAILS:
                continue
            topic = _compound(word)
        if topic:
            every |= topic
            # "order number" is about an order: the word before decides.
            if not nearest and word not in _NUMBER_WORDS:
                nearest = topic
            if topic & _OF_COUNTRIES and not country:
                country = COUNTRIES.get(word, "")
    if before[-1:] in _SIGNS or (before[-1:] == " " and before[-2:-1] in _SIGNS):
        nearest, every = Topic.AMOUNT, every | Topic.AMOUNT
    after = _DIRECTLY_AFTER.match(text, end, min(len(text), end + _AFTER))
    if after is not None:
        word = after[1].lower()
        if word in _SIGNS or word == "%":
            topic = Topic.AMOUNT
        else:
            topic = Topic.PHONE if word in _AFTER_PHONES else TOPICS.get(word, 0) & Topic.AMOUNT
        if topic:
            nearest, every = topic, every | topic
    return Context(nearest or lead.nearest, every | lead.all, country or lead.country)


def _words_of(text: str) -> list[str]:
    """The words of a text in small letters, in order."""
    if text.isascii():
        # The same words as the expression finds, and most texts are such.
        return text.encode("ascii").translate(_LETTERS_ALONE).decode("ascii").split()
    return _WORD.findall(text.lower())


def of_words(words: str) -> Context:
    """What the words of a column's header say about all its values."""
    split = re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])", " ", words)
    return around(split, len(split), len(split))


def _compound(word: str) -> int:
    """What ``Telefonnummer``, ``orderId`` or ``billingphone`` say, which are not listed themselves."""
    for suffix in _SUFFIXES:
        stem = word.removesuffix(suffix)
        if stem != word:
            return TOPICS.get(stem, 0) or TOPICS.get(stem.rstrip("s"), 0)
    for head in _HEADS:
        if word.endswith(head):
            return TOPICS[head]
    return 0
