"""Tidebank's customers as its CRM records them: real people, and the records that name one twice."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from roadworthy.example import names
from roadworthy.example.seeded import stream

PEOPLE = 1_080
DUPLICATES = 70
_SHARE_BY_COUNTRY = {"DE": 0.34, "AT": 0.08, "GB": 0.33, "IE": 0.25}
_AGE_DAYS = (40, 1_900)


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the CRM. Records of the same ``person`` are duplicates; the CRM does not know that."""

    id: str
    person: int
    name: str
    email: str
    phone: str
    street: str
    city: str
    postcode: str
    country: str
    language: str
    age_days: int
    status: str


@cache
def records(seed: int) -> tuple[Record, ...]:
    """Every row, oldest first; ids follow age, so that the first of a person has the lowest id."""
    people = _people(stream(seed, "people"))
    found = people + _duplicates(people, stream(seed, "duplicates"))
    found.sort(key=lambda record: (-record.age_days, record.person))
    return tuple(replace(record, id=f"C-{10_001 + place}") for place, record in enumerate(found))


@cache
def primary(seed: int) -> tuple[Record, ...]:
    """The first record of each person: the one with the address and e-mail in use."""
    first: dict[int, Record] = {}
    for record in records(seed):
        first.setdefault(record.person, record)
    return tuple(first.values())


def fold(text: str) -> str:
    """ASCII spelling in small letters: ``Götz Straße`` is ``goetz strasse``."""
    spelled = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()


# ── people ──


def _people(rng: Random) -> list[Record]:
    found: list[Record] = []
    emails: set[str] = set()
    addresses: set[tuple[str, str]] = set()
    phones: set[str] = set()
    for number in range(PEOPLE):
        kin = rng.choice(found) if found and rng.random() < 0.05 else None
        record = _person(number, kin, rng)
        while (record.name, record.street + record.postcode) in addresses:
            record = _person(number, None, rng)
        addresses.add((record.name, record.street + record.postcode))
        phone = _digits(rng.choice(names.PHONES[record.country]), rng)
        while phone in phones:
            phone = _digits(rng.choice(names.PHONES[record.country]), rng)
        phones.add(phone)
        email = _email(record.name, rng)
        while email in emails:
            email = _email(record.name, rng, numbered=True)
        emails.add(email)
        found.append(replace(record, phone=phone, email=email))
    return found


def _person(number: int, kin: Record | None, rng: Random) -> Record:
    """Somebody new; next of kin share name and address, which is no duplicate."""
    country = (
        kin.country if kin else rng.choices(list(_SHARE_BY_COUNTRY), list(_SHARE_BY_COUNTRY.values()))[0]
    )
    german = country in {"DE", "AT"}
    first = rng.choice(names.FIRST_DE if german else names.FIRST_EN)
    last = kin.name.split()[-1] if kin else rng.choice(names.LAST_DE if german else names.LAST_EN)
    place = rng.choice(names.PLACES[country])
    house = rng.randint(1, 140)
    street = (
        f"{rng.choice(names.STREETS_DE)} {house}" if german else f"{house} {rng.choice(names.STREETS_EN)}"
    )
    return Record(
        id="",
        person=number,
        name=f"{first} {last}",
        email="",
        phone="",
        street=kin.street if kin else street,
        city=kin.city if kin else place.city,
        postcode=kin.postcode if kin else _digits(place.postcode, rng),
        country=country,
        language="de" if german and rng.random() < 0.92 else "en",
        age_days=rng.randint(*_AGE_DAYS),
        status=rng.choices(("active", "dormant", "closing"), (0.93, 0.05, 0.02))[0],
    )


def _digits(pattern: str, rng: Random) -> str:
    drawn = {"#": "0123456789", "@": "ABCDEFHJKNPRTVWXY"}
    return "".join(rng.choice(drawn[sign]) if sign in drawn else sign for sign in pattern)


def _email(name: str, rng: Random, *, numbered: bool = False) -> str:
    first, last = (re.sub(r"[^a-z]", "", fold(part)) for part in name.split())
    local = rng.choice((f"{first}.{last}", f"{first[0]}.{last}", f"{first}_{last}", f"{last}.{first}"))
    number = str(rng.randint(2, 999)) if numbered or rng.random() < 0.25 else ""
    return f"{local}{number}@{rng.choice(('example.com', 'example.org'))}"


# ── the same people once more ──


def _duplicates(people: list[Record], rng: Random) -> list[Record]:
    """What mistyping, moving house and a second mailbox leave behind.

    Sixty-seven agree with the first record in e-mail, or in name, postcode and street, once spelling
    is evened out; three agree only in telephone and address, and no rule of the repair finds them.
    """
    kinds = [_mistyped] * 22 + [_moved] * 14 + [_second_mailbox] * 18 + [_respelled] * 13 + [_elusive] * 3
    chosen = rng.sample(people, DUPLICATES - 4)
    chosen = chosen[:4] + chosen  # four people have three records
    used = {person.email for person in people}
    found = []
    for kind, person in zip(kinds, chosen, strict=True):
        again = kind(person, rng)
        while again.email in used and again.email != person.email:
            again = kind(person, rng)
        used.add(again.email)
        again = replace(again, age_days=rng.randint(1, person.age_days - 1))
        found.append(again)
    return found


def _mistyped(person: Record, rng: Random) -> Record:
    local, domain = person.email.split("@")
    email = rng.choice((f"{local.title()}@{domain}", f"{local}@{domain.upper()}", f"{local}+tide@{domain}"))
    return replace(
        person, name=_slip(person.name, rng), email=email, phone=_respaced_phone(person.phone, rng)
    )


def _moved(person: Record, rng: Random) -> Record:
    other = _person(person.person, None, rng)
    while other.country != person.country:
        other = _person(person.person, None, rng)
    return replace(
        person,
        email=person.email.upper(),
        street=other.street,
        city=other.city,
        postcode=other.postcode,
        phone="",
    )


def _second_mailbox(person: Record, rng: Random) -> Record:
    shouted = rng.random() < 0.5
    return replace(
        person,
        name=person.name.upper() if shouted else person.name.replace(" ", "  "),
        email=_email(person.name, rng, numbered=True),
        street=person.street.upper() if shouted else person.street.replace(" ", ", ", 1),
        postcode=person.postcode.replace(" ", ""),
        phone=_respaced_phone(person.phone, rng),
    )


def _respelled(person: Record, rng: Random) -> Record:
    street = person.street.replace("straße", "str.")
    for long, short in (
        ("Road", "Rd"),
        ("Street", "St."),
        ("Avenue", "Ave"),
        ("Lane", "Ln"),
        ("Close", "Cl"),
    ):
        street = street.replace(long, short)
    return replace(
        person,
        name=fold(person.name).title(),
        email=_email(person.name, rng, numbered=True),
        street=street.lower(),
        phone="",
    )


def _elusive(person: Record, rng: Random) -> Record:
    return replace(
        person, name=_slip(person.name, rng), email=f"post{rng.randint(1_000, 9_999)}@example.org"
    )


def _slip(name: str, rng: Random) -> str:
    """Two letters of the last name changed places, or one was lost."""
    first, last = name.split()
    place = rng.randint(1, len(last) - 3)
    swapped = last[:place] + last[place + 1] + last[place] + last[place + 2 :]
    lost = last[:place] + last[place + 1 :]
    return f"{first} {swapped if swapped != last and rng.random() < 0.5 else lost}"


def _respaced_phone(phone: str, rng: Random) -> str:
    spaced = f"{phone[:3]} {phone[3:6]} {phone[6:9]} {phone[9:]}"
    return rng.choice((f"00{phone[1:]}", spaced, f"({phone[:3]}) {phone[3:]}"))
