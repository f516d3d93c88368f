"""Clean tables of different nature, made up from a seed: what honest data look like, with all their oddities.

Each has traps that are no errors: rare categories, heavy tails, columns that are often empty, names with
look-alikes, places with several postcodes, attributes that change over time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

Table = dict[str, list[str]]


def _words(text: str) -> list[str]:
    return text.split()


_FIRST = _words(
    "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard "
    "Susan Joseph Jessica Thomas Karen Christopher Sarah Charles Lisa Daniel Nancy Matthew Sandra "
    "Anthony Betty Mark Ashley Donald Emily Steven Kimberly Andrew Margaret Paul Donna Joshua "
    "Michelle Kenneth Carol Kevin Amanda Brian Melissa George Deborah Anna Anne Marie Maria Eric "
    "Erik Jon Ana Carl Karl Marc Zoë José Chloé Siobhan Xavier Ingrid Bjørn Aoife Priya Wei Yusuf"
)
_LAST = _words(
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez "
    "Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris "
    "Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill "
    "Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Smyth Johnston "
    "Thomsen Andersen O'Neill O'Brien McDonald Müller Núñez Fitzgerald Van-Dyke Browne Clarke Allan "
    "Reid Read"
)
_STREETS = _words(
    "Oak Maple Cedar Pine Elm Washington Lake Hill Walnut Spring North Ridge Church Willow Mill "
    "Sunset Park Franklin"
)
_KINDS = ["Street", "Avenue", "Road", "Drive", "Lane", "Court", "Boulevard"]
_SYLLABLES = _words(
    "ka lo mi ren tor vel as dun gar hol is jan ker lin mar nor os pel quin ros sel tan ul ver wes "
    "xan yor zel"
)
_STATES = _words(
    "AL AK AZ CA CO CT FL GA IL IN KS MA MD ME MI MN MO MS MT NC NJ NV NY OH OR PA TN TX VA WA WI WV"
)


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def word(self, syllables: int = 3) -> str:
        return "".join(self.random.choice(_SYLLABLES) for _ in range(syllables)).capitalize()

    def zipf(self, items: list[str], power: float = 1.0) -> str:
        weights = [1 / (at + 1) ** power for at in range(len(items))]
        return self.random.choices(items, weights)[0]

    def day(self, first: date, days: int) -> date:
        return first + timedelta(days=self.random.randrange(days))

    def places(self, number: int) -> list[tuple[str, str, str]]:
        """City, state and postcode; bigger cities have several postcodes, some names stand in two states."""
        found = []
        for at in range(number):
            city = self.word(self.random.choice((2, 3))) + self.random.choice(
                ("", "", "", " City", " Falls")
            )
            state = self.zipf(_STATES, 0.7)
            base = self.random.randrange(1000, 99000)
            for extra in range(1 + (at < number // 5) * self.random.randrange(4)):
                found.append((city, state, f"{base + extra:05d}"))
        found.append((found[0][0], "WY", "82001"))
        return found


def customers(seed: int, rows: int = 1500) -> Table:
    """A customer file: names, mail, postal addresses, segments, revenue with a long tail, half-empty columns."""
    m = _Maker(seed)
    places = m.places(60)
    table: Table = {
        name: []
        for name in _words(
            "id first last email phone street city state zip segment since revenue discount notes"
        )
    }
    for at in range(rows):
        first, last = m.zipf(_FIRST, 0.5), m.zipf(_LAST, 0.6)
        city, state, code = m.random.choice(places[: 10 + at % 60])
        table["id"].append(f"C{100000 + at}")
        table["first"].append(first)
        table["last"].append(last)
        table["email"].append(
            f"{first}.{last}{m.random.randrange(100)}@{m.zipf(['gmail.com', 'yahoo.com', 'corp.example', 'web.de'])}".lower()
        )
        table["phone"].append(
            f"({m.random.randrange(200, 999)}) {m.random.randrange(200, 999)}-{m.random.randrange(10000):04d}"
        )
        table["street"].append(
            f"{m.random.randrange(1, 9999)} {m.random.choice(_STREETS)} {m.zipf(_KINDS)}"
            + m.random.choice([""] * 12 + [" Apt 4", " #12B"])
        )
        table["city"].append(city)
        table["state"].append(state)
        table["zip"].append(code)
        table["segment"].append(
            m.zipf(["Retail", "Wholesale", "Public sector", "Education", "Non-profit"], 1.5)
        )
        table["since"].append(m.day(date(2009, 1, 1), 5000).isoformat())
        table["revenue"].append(f"{m.random.lognormvariate(7, 1.6):.2f}")
        table["discount"].append(
            m.zipf(["0", "5", "10", "15", "40"], 1.2) if m.random.random() < 0.6 else ""
        )
        table["notes"].append(
            m.random.choice(
                ["called back", "prefers mail", "VIP", "see ticket " + str(m.random.randrange(9999))]
            )
            if m.random.random() < 0.08
            else ""
        )
    return table


def products(seed: int, rows: int = 1200) -> Table:
    """A product list: codes, brands that make several categories, sizes with units, prices in steps."""
    m = _Maker(seed)
    brands = [m.word(2) for _ in range(40)]
    tree = {
        "Beverages": ["Juice", "Water", "Beer", "Tea"],
        "Snacks": ["Chips", "Nuts", "Bars"],
        "Household": ["Soap", "Paper", "Bags", "Candles"],
        "Dairy": ["Milk", "Cheese", "Yogurt"],
    }
    country = {
        brand: m.zipf(["Germany", "France", "Italy", "United States", "Netherlands", "Spain", "Japan"], 0.8)
        for brand in brands
    }
    table: Table = {
        name: []
        for name in _words(
            "sku title brand country category department size price stock rating launched colour"
        )
    }
    for at in range(rows):
        department = m.zipf(list(tree), 0.4)
        category, brand = m.zipf(tree[department], 0.5), m.zipf(brands, 0.5)
        table["sku"].append(f"{department[:2].upper()}-{m.random.randrange(1000, 9999)}-{at % 97:02d}")
        table["title"].append(
            f"{brand} {category} {m.random.choice(['Classic', 'Organic', 'Premium', 'Family Pack', 'Light', 'No. 5'])} {m.word(2)}"
        )
        table["brand"].append(brand)
        table["country"].append(country[brand])
        table["category"].append(category)
        table["department"].append(department)
        table["size"].append(f"{m.random.choice([6, 8, 12, 16, 24, 32, 64])} oz")
        table["price"].append(f"{m.random.randrange(1, 30)}.{m.random.choice(['99', '49', '95', '00'])}")
        table["stock"].append(str(max(0, int(m.random.expovariate(1 / 80)) - 5)))
        table["rating"].append(
            f"{min(5.0, max(1.0, m.random.gauss(4.1, 0.6))):.1f}" if m.random.random() < 0.7 else ""
        )
        table["launched"].append(m.day(date(2015, 1, 1), 3000).strftime("%m/%d/%Y"))
        table["colour"].append(
            m.zipf(["red", "blue", "green", "black", "white", "transparent"], 0.6)
            if m.random.random() < 0.4
            else ""
        )
    return table


def invoices(seed: int, rows: int = 1500) -> Table:
    """Lines of invoices: sums and products that fit, due dates after dates, customers who move once in a while."""
    m = _Maker(seed)
    buyers = [
        (
            f"K{1000 + at}",
            f"{m.word()} {m.random.choice(['GmbH', 'Ltd', 'Inc', 'AG', 'BV'])}",
            m.word(),
            m.zipf(["EUR", "USD", "GBP"], 1.0),
        )
        for at in range(150)
    ]
    goods = [
        (
            m.word(2) + " " + m.random.choice(["Pump", "Valve", "Filter", "Gasket"]),
            round(m.random.lognormvariate(3, 1), 2),
        )
        for _ in range(60)
    ]
    table: Table = {
        name: []
        for name in _words(
            "invoice customer company city currency article quantity price net tax gross issued due status"
        )
    }
    for at in range(rows):
        key, company, city, currency = buyers[min(149, int(m.random.expovariate(1 / 40)))]
        article, price = m.random.choice(goods)
        # Prices are changed for a good customer now and then: no dependency on the article.
        price = round(price * m.random.choice([1, 1, 1, 1, 0.9]), 2)
        quantity = m.random.choice([1, 1, 2, 3, 5, 10, 20, 25, 50])
        net = round(price * quantity, 2)
        tax = round(net * 0.19, 2)
        issued = m.day(date(2021, 1, 1), 900)
        values = (f"RE-{20210000 + at}", key, company, city, currency, article, str(quantity), f"{price:.2f}", f"{net:.2f}", f"{tax:.2f}",
                  f"{net + tax:.2f}", issued.strftime("%d.%m.%Y"), (issued + timedelta(days=m.random.choice([14, 30, 30, 60]))).strftime("%d.%m.%Y"),
                  m.zipf(["paid", "open", "overdue", "cancelled", "in dispute"], 1.4))  # fmt: skip
        for name, value in zip(table, values, strict=True):
            table[name].append(value)
    return table


def sensors(seed: int, rows: int = 2000) -> Table:
    """Readings of devices: numbered on, attributes of devices repeated, firmware that changes on the way."""
    m = _Maker(seed)
    devices = [
        (
            f"dev-{at:03d}",
            f"Hall {m.random.choice('ABCDEF')}",
            m.random.choice(["T100", "T200", "TX-9"]),
            f"10.0.{at % 4}.{at + 10}",
        )
        for at in range(45)
    ]
    table: Table = {
        name: []
        for name in _words(
            "seq taken device hall model address firmware temperature humidity battery state"
        )
    }
    for at in range(rows):
        number = m.random.randrange(45)
        device, hall, model, address = devices[number]
        firmware = "2.1.0" if at > 30 * number else "2.0.7"
        values = (str(at + 1), f"2024-03-{1 + at // 80:02d} {at % 24:02d}:{m.random.randrange(60):02d}:00", device, hall, model, address, firmware,
                  f"{m.random.gauss(21, 4) - (m.random.random() < 0.1) * 12:.1f}", f"{min(100.0, max(5.0, m.random.gauss(45, 12))):.0f}",
                  f"{m.random.uniform(2.9, 4.2):.2f}", m.zipf(["ok", "ok ", "warn", "fail"], 2.5).strip())  # fmt: skip
        for name, value in zip(table, values, strict=True):
            table[name].append(value)
    return table


def boards(seed: int, rows: int = 1400) -> Table:
    """The same journeys as told by many sources: each journey has one truth for its times."""
    m = _Maker(seed)

    def clock() -> str:
        minute = m.random.randrange(60)
        return f"{m.random.randrange(1, 13)}:{minute:02d} {m.random.choice(['a.m.', 'p.m.'])}"

    journeys = [
        (
            f"{m.random.choice(['AA', 'UA', 'DL', 'LH'])}-{m.random.randrange(10, 4000)}-{m.random.choice(_STATES)}-{m.random.choice(_STATES)}",
            clock(),
            clock(),
            clock(),
            clock(),
        )
        for _ in range(60)
    ]
    sources = [m.word(2).lower() for _ in range(30)]
    table: Table = {
        name: []
        for name in ["id", "source", "journey", "planned_start", "real_start", "planned_end", "real_end"]
    }
    for at in range(rows):
        values = (
            str(at + 1),
            sources[at % 30],
            *journeys[(at // 30) % 60 if m.random.random() < 0.9 else m.random.randrange(60)],
        )
        for name, value in zip(table, values, strict=True):
            table[name].append(value)
    return table


def staff(seed: int, rows: int = 1500) -> Table:
    """A payroll: postcodes tell states, states and marital status tell allowances, salaries in round steps."""
    m = _Maker(seed)
    places = m.places(120)
    rates = {state: f"{m.random.uniform(0, 9):.2f}" for state in [*_STATES, "WY"]}
    table: Table = {
        name: []
        for name in _words(
            "first last gender area phone city state zip married children salary rate allowance hired left"
        )
    }
    area = {place: str(m.random.randrange(201, 989)) for place in places}
    for _ in range(rows):
        place = m.random.choice(places)
        city, state, code = place
        married = m.random.choice("MS")
        hired = m.day(date(2001, 1, 1), 7000)
        values = (m.zipf(_FIRST, 0.5), m.zipf(_LAST, 0.5), m.random.choice("MF"), area[place], f"{m.random.randrange(200, 999)}-{m.random.randrange(10000):04d}",
                  city.upper(), state, code, married, m.random.choice("YN"), str(m.random.randrange(20, 300) * 500), rates[state],
                  str(3000 + 500 * [*_STATES, "WY"].index(state)) if married == "M" else "0", hired.isoformat(),
                  (hired + timedelta(days=m.random.randrange(30, 4000))).isoformat() if m.random.random() < 0.3 else "")  # fmt: skip
        for name, value in zip(table, values, strict=True):
            table[name].append(value)
    return table


def films(seed: int, rows: int = 1200) -> Table:
    """Films: directors with several genres, casts as lists, running text, votes over five powers of ten."""
    m = _Maker(seed)
    directors = [f"{m.zipf(_FIRST, 0.2)} {m.zipf(_LAST, 0.2)}" for _ in range(250)]
    home = {
        director: m.zipf(["USA", "UK", "France", "India", "Japan", "Canada", "Germany", "Iceland"], 1.3)
        for director in directors
    }
    genres = ["Drama", "Comedy", "Action", "Thriller", "Horror", "Documentary", "Animation", "Western"]
    table: Table = {
        name: []
        for name in _words(
            "id name year director genre country language minutes rating votes released plot"
        )
    }
    for at in range(rows):
        director = m.zipf(directors, 0.4)
        favourite = genres[sum(map(ord, director)) % len(genres)]
        country = home[director] if m.random.random() < 0.85 else m.random.choice(["USA", "UK", "France"])
        day = m.day(date(1950, 1, 1), 26000)
        values = (f"tt{1000000 + at * 7}", " ".join(m.word(m.random.choice((1, 2, 3))) for _ in range(m.random.choice((1, 2, 3)))), str(day.year), director,
                  favourite if m.random.random() < 0.5 else ",".join(m.random.sample(genres, m.random.choice((1, 2)))), country,
                  {"USA": "English", "UK": "English", "Canada": "English"}.get(country, country[:4] + "ish") if m.random.random() < 0.95 else "Spanish",
                  f"{int(m.random.gauss(105, 18))} min", f"{m.random.gauss(6.4, 1.1):.1f}", f"{int(m.random.lognormvariate(8, 2.2)):,}",
                  f"{day.day} {day:%B} {day.year}" if m.random.random() < 0.9 else "",
                  " ".join(m.word(m.random.choice((1, 2, 3))).lower() for _ in range(m.random.randrange(8, 30))))  # fmt: skip
        for name, value in zip(table, values, strict=True):
            table[name].append(value)
    return table


def audits(seed: int, rows: int = 1200) -> Table:
    """Sites times questions: each site and each question described in every row, some sites with few rows."""
    m = _Maker(seed)
    places = m.places(40)
    sites = []
    for at in range(70):
        city, state, code = m.random.choice(places)
        sites.append(
            (
                str(5000 + at * 3),
                f"{m.word()} {m.random.choice(['Clinic', 'Depot', 'School', 'Plant'])}",
                f"{m.random.randrange(1, 900)} {m.random.choice(_STREETS)} {m.zipf(_KINDS)}",
                city,
                state,
                code,
                m.zipf(["public", "private", "church", "trust"], 0.8),
            )
        )
    asked = [
        (
            f"{m.random.choice(['FS', 'HR', 'IT'])}-{at}",
            " ".join(m.word(2).lower() for _ in range(m.random.randrange(4, 12))),
            m.random.choice(["safety", "people", "systems"]),
        )
        for at in range(35)
    ]
    table: Table = {
        name: [] for name in _words("site name street city state zip owner question text theme score label")
    }
    for _ in range(rows):
        site = sites[min(69, int(m.random.expovariate(1 / 22)))]
        question = m.random.choice(asked)
        values = (
            *site,
            *question,
            f"{m.random.randrange(40, 101)}%" if m.random.random() < 0.85 else "none",
            f"{site[4]}/{question[0]}",
        )
        for name, value in zip(table, values, strict=True):
            table[name].append(value)
    return table


TABLES: dict[str, Callable[..., Table]] = {
    "customers": customers,
    "products": products,
    "invoices": invoices,
    "sensors": sensors,
    "boards": boards,
    "staff": staff,
    "films": films,
    "audits": audits,
}
