"""Made-up tables of people, companies and products whose duplicates are known. Seeded, invented, nobody's data."""

from __future__ import annotations

import random

Table = dict[str, list[str | None]]

_GIVEN_WORDS = (
    "Anna Maria Sofie Emma Hannah Mia Lena Lea Marie Clara Johanna Katharina Ursula Monika Petra Sabine Gisela Jürgen "
    "Günther Jörg Björn Sören Thomas Michael Andreas Stefan Christian Wolfgang Klaus Peter Hans Karl Friedrich Paul "
    "Felix Lukas Leon Jonas Maximilian Moritz Emil Ayşe Mehmet Fatma Ali Natalia Olga Dmitri Zoë Chloé René José Ana "
    "Giulia Marco Luca Elena Ivan Piotr Agnieszka Łukasz Henrik Astrid Ingrid Nils Torben Heike Silke Ulrike Matthias"
)
_GIVEN = _GIVEN_WORDS.split()
_SURNAME_WORDS = (
    "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf "
    "Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Lehmann Köhler "
    "Maier König Walter Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Vogel Friedrich Günther Keller "
    "Schubert Berger Frank Roth Beck Winkler Lorenz Baumann Franke Albrecht Schuster Simon Ludwig Böhm Winter Kraus "
    "Yılmaz Öztürk Nowak Kowalski García Rossi Jäger Größmann Weißenborn Dürrenmatt Thränhardt Kühnemund Bächle"
)
_SURNAME = _SURNAME_WORDS.split()
_STREET_WORDS = (
    "Hauptstraße Schulstraße Gartenstraße Bahnhofstraße Dorfstraße Bergstraße Birkenweg Lindenstraße Kirchstraße "
    "Waldstraße Ringstraße Amselweg Wiesenweg Goethestraße Schillerstraße Mozartstraße Rosenweg Mühlenweg Feldstraße "
    "Jahnstraße Buchenweg Friedhofstraße Ahornweg Erlenweg Tannenweg Parkstraße Uferweg Marktplatz Poststraße Am Anger"
)
_STREET = _STREET_WORDS.split()
_CITY = (
    ("Berlin", 10100), ("Hamburg", 20100), ("München", 80300), ("Köln", 50600), ("Frankfurt am Main", 60300),
    ("Stuttgart", 70100), ("Düsseldorf", 40200), ("Dortmund", 44100), ("Leipzig", 4100), ("Nürnberg", 90400),
    ("Görlitz", 2800), ("Würzburg", 97000), ("Lübeck", 23500), ("Mönchengladbach", 41000), ("Weißwasser", 2900),
)  # fmt: skip


def _slip(chance: random.Random, text: str) -> str:
    """One slip of the hand."""
    if len(text) < 3:
        return text
    at = chance.randrange(1, len(text) - 1)
    kind = chance.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return (
        text[:at]
        + chance.choice("abcdefghiklmnoprstuw0123456789"[: 20 if text[at].isalpha() else 30])
        + text[at + 1 :]
    )


def _without_umlauts(text: str) -> str:
    for mark, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("Ö", "Oe"), ("Ü", "Ue")):
        text = text.replace(mark, plain)
    return text


_SOFT = ("b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "st", "br", "kr")
_LOUD = ("a", "e", "i", "o", "u", "au", "ei")


def _made_word(chance: random.Random, syllables: int) -> str:
    return "".join(chance.choice(_SOFT) + chance.choice(_LOUD) for _ in range(syllables))


def people(
    count: int, *, seed: int = 1, duplicates: float = 0.2, households: float = 0.3, rare: bool = False
) -> tuple[Table, list[int]]:
    """Customers of a German company, as two clerks would enter them; with the number of the person for each row.

    ``households`` of them live with another one: same surname, address and telephone, another person.
    """
    chance = random.Random(seed)
    persons: list[dict[str, str]] = []
    while len(persons) < count:
        alone = not persons or chance.random() >= households
        city, code = chance.choice(_CITY)
        person = {
            "Vorname": chance.choice(_GIVEN),
            "Nachname": chance.choice(_SURNAME)
            if not rare or chance.random() < 0.5
            else _made_word(chance, 3).title(),
            "Straße": f"{chance.choice(_STREET)} {chance.randrange(1, 160)}",
            "PLZ": f"{code + chance.randrange(90):05}",
            "Ort": city,
            "Telefon": f"0{chance.randrange(30, 9000)} {chance.randrange(100000, 9999999)}",
        }
        if not alone:
            others = [name for name in _GIVEN if name != persons[-1]["Vorname"]]
            person["Vorname"] = chance.choice(others)
            person |= {name: persons[-1][name] for name in ("Nachname", "Straße", "PLZ", "Ort", "Telefon")}
        person["Geburtsdatum"] = (
            f"{chance.randrange(1, 29):02}.{chance.randrange(1, 13):02}.{chance.randrange(1940, 2006)}"
        )
        name = _without_umlauts(f"{person['Vorname']}.{person['Nachname']}".lower())
        person["E-Mail"] = f"{name}{chance.randrange(1, 999)}@example.org" if chance.random() < 0.7 else ""
        persons.append(person)
    rows = [(at, dict(person)) for at, person in enumerate(persons)]
    for at, person in enumerate(persons):
        if chance.random() < duplicates:
            rows.append((at, _again(chance, person)))
    chance.shuffle(rows)
    table: Table = {"Kundennr": [f"K-{100000 + at}" for at in range(len(rows))]}
    for name in persons[0]:
        table[name] = [row[name] or None for _, row in rows]
    return table, [at for at, _ in rows]


def _again(chance: random.Random, person: dict[str, str]) -> dict[str, str]:
    row = dict(person)
    for name, odds in (
        ("Vorname", 0.15),
        ("Nachname", 0.15),
        ("Straße", 0.2),
        ("Ort", 0.1),
        ("Geburtsdatum", 0.1),
    ):
        if chance.random() < odds:
            row[name] = _slip(chance, row[name])
    if chance.random() < 0.3:
        row = {name: _without_umlauts(text) for name, text in row.items()}
    if chance.random() < 0.3:
        row["Straße"] = row["Straße"].replace("straße", "str.").replace("strasse", "str.")
    if chance.random() < 0.4:
        row["Telefon"] = "+49 " + row["Telefon"][1:].replace(" ", "")
    for name, odds in (("Telefon", 0.3), ("E-Mail", 0.3), ("Geburtsdatum", 0.2), ("PLZ", 0.05)):
        if chance.random() < odds:
            row[name] = ""
    return row


def companies(count: int, *, seed: int = 1) -> tuple[Table, Table, list[tuple[int, int]]]:
    """Suppliers in two systems with other columns; half of the first table's are in the second, with the pairs."""
    chance = random.Random(seed)
    forms = ("GmbH", "AG", "GmbH & Co. KG", "KG", "OHG", "e.K.", "UG (haftungsbeschränkt)")
    kinds = (
        "Maschinenbau",
        "Logistik",
        "Bäckerei",
        "Elektrotechnik",
        "Verlag",
        "Gerüstbau",
        "Druckerei",
        "Möbel",
    )
    first: list[dict[str, str]] = []
    second: list[dict[str, str]] = []
    pairs: list[tuple[int, int]] = []
    for at in range(count):
        city, code = chance.choice(_CITY)
        name = f"{chance.choice(_SURNAME) if chance.random() < 0.5 else _made_word(chance, 3).title()} {chance.choice(kinds)}"
        street = f"{chance.choice(_STREET)} {chance.randrange(1, 160)}"
        plz = f"{code + chance.randrange(90):05}"
        form = chance.choice(forms)
        first.append(
            {"id": str(at + 1), "Firma": f"{name} {form}", "Strasse": street, "PLZ": plz, "Ort": city}
        )
        if chance.random() < 0.5:
            pairs.append((at, len(second)))
            again = _slip(chance, name) if chance.random() < 0.2 else name
            second.append(
                {
                    "id": str(len(second) + 1),
                    "company name": f"{_without_umlauts(again)} {form.split(' ')[0].replace('GmbH', 'G.m.b.H.')}",
                    "street": _without_umlauts(street).replace("strasse", "str."),
                    "zip": plz if chance.random() < 0.95 else "",
                    "city": _without_umlauts(city),
                }
            )
        else:
            other, code = chance.choice(_CITY)
            second.append(
                {
                    "id": str(len(second) + 1),
                    "company name": f"{_made_word(chance, 3).title()} {chance.choice(kinds)} {chance.choice(forms)}",
                    "street": f"{chance.choice(_STREET)} {chance.randrange(1, 160)}",
                    "zip": f"{code + chance.randrange(90):05}",
                    "city": other,
                }
            )
    return _table(first), _table(second), pairs


_MORE_WORDS = (
    "schwarz weiß silber kabellos kompakt leise 1200W 24 Zoll mit Filter Set Pro Edelstahl USB-C Neu"
)
_MORE = _MORE_WORDS.split()


def products(count: int, *, seed: int = 1) -> tuple[Table, Table, list[tuple[int, int]]]:
    """Two shops' lists; the second describes in other words, and sells models that differ in a number only."""
    chance = random.Random(seed)
    brands = [_made_word(chance, 2).title() for _ in range(20)]
    things = (
        "Kaffeemaschine",
        "Staubsauger",
        "Kopfhörer",
        "Drucker",
        "Monitor",
        "Bohrmaschine",
        "Wasserkocher",
        "Kamera",
    )
    first, second = [], []
    pairs = []
    for at in range(count):
        brand, thing = chance.choice(brands), chance.choice(things)
        model = f"{chance.choice('ABCDEFGHKLMNPRSTX')}{chance.choice('ABCDEFGHKLMNPRSTX')}-{chance.randrange(100, 9999)}"
        words = chance.sample(_MORE, 3)
        price = chance.randrange(900, 60000) / 100
        first.append(
            {
                "Artikel": f"{brand} {model} {thing} {' '.join(words)}",
                "Marke": brand,
                "Preis": f"{price:.2f}",
            }
        )
        if chance.random() < 0.6:
            pairs.append((at, len(second)))
            said = [brand, thing, model, *chance.sample(words, 2), *chance.sample(_MORE, 1)]
            second.append(
                {
                    "Artikel": " ".join(said),
                    "Marke": brand if chance.random() < 0.8 else "",
                    "Preis": f"{price * chance.uniform(0.9, 1.1):.2f}",
                }
            )
    return _table(first), _table(second), pairs


def _table(rows: list[dict[str, str]]) -> Table:
    return {name: [row[name] or None for row in rows] for name in rows[0]}
