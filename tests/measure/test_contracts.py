"""Sources against their contracts, on real databases: what is broken, undeclared, personal and doubtful."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.operate.office import BEN, CHARTER, VERA, Office

from roadworthy.casework.review import ReviewKind, Verdict
from roadworthy.charter import read
from roadworthy.data.matching import Pair, Row
from roadworthy.evidence import Measurement
from roadworthy.measure import sources
from roadworthy.measure.entities import unclear_pairs
from roadworthy.operate.reviewing import decide_review
from roadworthy.ports import Instruments
from roadworthy.quantities import digest_of, new_id
from roadworthy.wiring import instruments, read_contract, workspace

NOW = datetime(2026, 5, 4, tzinfo=UTC)
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: books
version: 1.0.0
status: active
schema:
- name: customer
  properties:
  - {name: id, logicalType: string, primaryKey: true, primaryKeyPosition: 1, required: true}
  - name: name
    logicalType: string
    required: true
    classification: personal
    customProperties: [{property: roadworthy.personal, value: [person_name]}]
  - name: email
    logicalType: string
    required: true
    classification: personal
    customProperties: [{property: roadworthy.personal, value: [email]}]
  - {name: city, logicalType: string, classification: personal}
  customProperties: [{property: roadworthy.volume, value: true}]
"""
FIRST = ["Anna", "Bernd", "Clara", "David", "Emma", "Friedrich", "Greta", "Hannes", "Ines", "Jakob"]
LAST = [
    "Adler",
    "Brandt",
    "Conrad",
    "Drechsler",
    "Ebert",
    "Fuchs",
    "Graf",
    "Hartmann",
    "Illing",
    "Jäger",
    "Kern",
]
CITIES = ["Berlin", "Hamburg", "Köln", "Ulm", "Bonn", "Trier", "Jena"]


def rows() -> list[tuple[str, str, str, str]]:
    return [
        (
            f"C-{number:03}",
            f"{FIRST[number % 10]} {LAST[number % 11]}",
            f"{FIRST[number % 10]}.{LAST[number % 11]}@example.org".lower(),
            CITIES[number % 7],
        )
        for number in range(100)
    ]


class Books:
    """A database with customers, the release that names it, and the instruments."""

    def __init__(self, folder: Path, made: Instruments) -> None:
        self.file = folder / "books.sqlite"
        self.folder = folder
        self.instruments = made
        self.contract = folder / "books.odcs.yaml"
        self.contract.write_text(CONTRACT, encoding="utf-8")
        self.fill(rows())

    def fill(self, records: list[tuple[str, str, str, str]], more: str = "") -> None:
        self.file.unlink(missing_ok=True)
        with sqlite3.connect(self.file) as books:
            books.execute(f"create table customer (id text, name text, email text, city text{more})")
            books.executemany("insert into customer (id, name, email, city) values (?, ?, ?, ?)", records)
        books.close()

    def loaded(self, changes: str = "", *, contract: bool = True) -> Any:
        charter = read(CHARTER.replace("steward: olga}", f"steward: olga{changes}}}"), file="c")
        return SimpleNamespace(
            charter=charter,
            contracts={"books": read_contract(self.contract)} if contract else {},
            locations={"books": f"sqlite:///{self.file}"},
        )

    def broken(self, loaded: Any, earlier: tuple[Measurement, ...] = ()) -> Any:
        (fact,) = sources.data_checks(loaded, self.instruments, now=NOW, earlier=earlier)
        return fact

    def declared(self, loaded: Any) -> Mapping[str, Any]:
        return {fact.kind: fact for fact in sources.declared(loaded, self.instruments)}


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with instruments(workspace(tmp_path / "home")) as made:
        yield Books(tmp_path, made)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


def measured(days: int, fact: Any) -> Measurement:
    return Measurement(
        id=new_id(NOW, bytes([days] * 10)), use_case="desk", kind=fact.kind, subject=fact.subject,
        value=fact.value, unit=fact.unit, n=fact.n, method=fact.method, inputs=digest_of([]),
        at=NOW - timedelta(days=days), valid_for=timedelta(days=7), detail=fact.detail,
    )  # fmt: skip


def test_a_usual_volume_needs_some_history_and_says_so(books: Books) -> None:
    loaded = books.loaded()
    first = books.broken(loaded)
    assert first.value == 1.0
    assert "earlier runs" in str(first.detail["not_evaluated"])
    earlier = tuple(measured(days, first) for days in range(1, 7))
    assert books.broken(loaded, earlier).value == 0.0
    books.fill(rows()[:20])
    assert books.broken(loaded, earlier).value == 1.0


def test_a_broken_promise_counts_and_names_its_rows(books: Books) -> None:
    loaded = books.loaded()
    records = rows()
    records[3] = (records[2][0], *records[3][1:])
    books.fill(records)
    fact = books.broken(loaded)
    assert [check for check in fact.detail["breaches"] if "primaryKey" in check or "id" in check]


def test_a_table_that_is_not_there_never_passes(books: Books) -> None:
    books.file.unlink()
    sqlite3.connect(books.file).execute("create table other (id text)").connection.close()
    fact = books.broken(books.loaded())
    assert fact.value >= 1.0
    assert "customer" in str(fact.detail["not_evaluated"])


def test_a_column_nobody_declared_is_counted(books: Books) -> None:
    books.fill(rows(), more=", phone text")
    assert books.declared(books.loaded())["data.undeclared"].detail["columns"] == ["customer.phone"]


def test_without_a_contract_every_column_is_undeclared(books: Books) -> None:
    facts = books.declared(books.loaded(contract=False))
    assert facts["data.undeclared"].value == 4.0


def test_personal_data_that_nobody_declared_are_named_with_their_class(books: Books) -> None:
    contract = books.contract.read_text(encoding="utf-8")
    books.contract.write_text(
        contract.replace(
            "    classification: personal\n    customProperties: [{property: roadworthy.personal, value: [email]}]\n",
            "",
        ),
        encoding="utf-8",
    )
    fact = books.declared(books.loaded())["data.personal_undeclared"]
    assert fact.detail["columns"] == {"customer.email": ["email"]}


def test_a_source_that_says_it_holds_personal_data_has_declared_them_as_a_whole(books: Books) -> None:
    said = books.loaded(", personal: personal, purpose: testing, retention: 30d", contract=False)
    assert books.declared(said)["data.personal_undeclared"].value == 0.0
    assert books.declared(books.loaded(contract=False))["data.personal_undeclared"].value >= 1.0


ENTITY = ", entity: {table: customer, key: [email], duplicates_max: 0.01, unclear_max: 0}"


class Doubtful:
    """A matcher that is as sure of some pairs as a test says; the real one is tested by itself."""

    findings = ()

    def pairs(self, tables: object, plan: object, **more: object) -> Iterator[Pair]:
        for left, right in ((0, 70), (1, 71), (2, 72)):
            yield Pair(Row(0, left), Row(0, right), 0.7)


def test_doubtful_pairs_wait_in_the_inbox_and_answers_count(books: Books, office: Office) -> None:
    loaded = books.loaded(ENTITY)
    books.instruments = replace(books.instruments, matcher=Doubtful)
    (fact,) = unclear_pairs(office.deployment, BEN, loaded, books.instruments)
    assert (fact.kind, fact.value) == ("data.unclear_pairs", 3.0)
    with office.store.read() as tx:
        waiting = list(office.store.reviews.open(tx, "desk").rows)
    assert len(waiting) == 3
    assert {review.kind for review in waiting} == {ReviewKind.PAIR}
    for review in waiting:
        decide_review(
            office.deployment, VERA, review.id, Verdict.ANSWER, seen=review.proposal, answer="different"
        )
    (again,) = unclear_pairs(office.deployment, BEN, loaded, books.instruments)
    assert again.value == 0.0
    assert again.detail["decided"] == len(waiting)


def test_an_entity_that_asks_for_no_matching_is_not_matched(books: Books, office: Office) -> None:
    plain = books.loaded(ENTITY.replace(", unclear_max: 0", ""))
    assert list(unclear_pairs(office.deployment, BEN, plain, books.instruments)) == []
