"""The KPI on a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.measure.value.measured import Books, kpi_charter, with_books
from tests.operate.flows import reply
from tests.operate.office import OLGA, SHOP, VERA, Office
from tests.operate.spot import office_in_memory

from roadworthy.errors import InputProblem, NotFound, Refused, Unavailable
from roadworthy.measure.fact import keep
from roadworthy.measure.sources import kpi_baseline
from roadworthy.measure.value.kpi import KIND, due, kpi_history, kpi_now
from roadworthy.principal import SYSTEM

ASKED = "unit: share, current: {source: books, sql: now}, every: 1d"


@pytest.fixture(params=["memory", "sqlite"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "memory":
        yield office_in_memory()
        return
    on_disk = Office(tmp_path)
    yield on_disk
    on_disk.store.close()


@pytest.fixture
def books(office: Office) -> Books:
    books, _ = with_books(office, kpi_charter(ASKED))
    books.answers = {"now": [{"k": 0.8}], "before": [{"k": 0.5}]}
    return books


def kept(office: Office) -> list[float]:
    with office.store.read() as tx:
        known = office.store.evidence.measurements(tx, "desk")
    return [one.value for one in known if one.kind == KIND]


def test_it_is_asked_and_kept_once_in_a_period(office: Office, books: Books) -> None:
    assert due(office.deployment, "desk")
    first = kpi_now(office.deployment, OLGA, "desk")
    again = kpi_now(office.deployment, OLGA, "desk")
    assert (first.value, first.freshness, again.value, again.freshness) == (0.8, "new", 0.8, "kept")
    assert (kept(office), books.asked) == ([0.8], 1)
    assert not due(office.deployment, "desk")


def test_the_next_period_keeps_another_value(office: Office, books: Books) -> None:
    kpi_now(office.deployment, SYSTEM, "desk")
    office.later(days=1)
    books.answers["now"] = [{"k": Decimal("0.95")}]
    assert due(office.deployment, "desk")
    assert kpi_now(office.deployment, SYSTEM, "desk").value == 0.95
    assert kept(office) == [0.95, 0.8]
    history = kpi_history(office.deployment, OLGA, "desk")
    assert [point.value for point in history.points] == [0.8, 0.95]
    assert history.reached


def test_a_source_that_is_gone_leaves_the_last_value_and_calls_it_stale(
    office: Office, books: Books
) -> None:
    kpi_now(office.deployment, OLGA, "desk")
    at = office.clock.now()
    office.later(days=2)
    books.answers["now"] = Unavailable("RW-SQL-005", "the database is missing", retry_is_safe=True)
    reading = kpi_now(office.deployment, OLGA, "desk")
    assert (reading.value, reading.at, reading.freshness) == (0.8, at, "stale")
    assert "the database is missing" in reading.findings[0]
    assert kept(office) == [0.8]
    history = kpi_history(office.deployment, OLGA, "desk")
    assert history.stale
    assert history.reached is None
    assert any("failed" in finding for finding in history.findings)


@pytest.mark.parametrize(
    "answer",
    [[], [{"k": 1}, {"k": 2}], [{"k": 1, "j": 2}], [{"k": None}], [{"k": "0.8"}], [{"k": True}],
     [{"k": float("nan")}], [{"k": float("inf")}], [{"k": Decimal("NaN")}], [{}]],
)  # fmt: skip
def test_an_answer_that_is_not_one_number_is_a_finding(office: Office, books: Books, answer: list) -> None:
    books.answers["now"] = answer
    reading = kpi_now(office.deployment, OLGA, "desk")
    assert (reading.value, reading.freshness) == (None, "none")
    assert "RW-KPI-005" in reading.findings[0]
    assert kept(office) == []


def test_the_schedule_waits_after_a_failure_and_a_person_need_not(office: Office, books: Books) -> None:
    books.answers["now"] = Unavailable("RW-SQL-005", "gone", retry_is_safe=True)
    kpi_now(office.deployment, SYSTEM, "desk")
    assert not due(office.deployment, "desk")
    books.answers["now"] = [{"k": 0.7}]
    assert kpi_now(office.deployment, OLGA, "desk").value == 0.7
    office.later(days=1)
    books.answers["now"] = OSError("disk")
    assert "RW-KPI-004" in kpi_now(office.deployment, SYSTEM, "desk").findings[0]
    office.later(hours=1)
    assert due(office.deployment, "desk")


def test_what_is_being_asked_by_another_is_not_asked_twice(office: Office, books: Books) -> None:
    def meanwhile(sql: str, *, limit: int = 0) -> list[dict[str, float]]:
        books.rows = lambda sql, *, limit=0: pytest.fail("asked twice")  # type: ignore[method-assign]
        assert kpi_now(office.deployment, OLGA, "desk").freshness == "none"
        assert not due(office.deployment, "desk")
        return [{"k": 0.6}]

    books.rows = meanwhile  # type: ignore[method-assign, assignment]
    assert kpi_now(office.deployment, OLGA, "desk").value == 0.6
    assert kept(office) == [0.6]


def test_a_charter_without_a_query_is_never_due(office: Office) -> None:
    with_books(office, kpi_charter("unit: share"))
    assert not due(office.deployment, "desk")
    with pytest.raises(InputProblem) as found:
        kpi_now(office.deployment, OLGA, "desk")
    assert found.value.code == "RW-KPI-006"
    assert any("kpi.current" in one for one in kpi_history(office.deployment, OLGA, "desk").findings)


def test_a_release_without_that_source_is_a_finding(office: Office) -> None:
    office.release(reply, charter=kpi_charter(ASKED))
    assert "RW-KPI-004" in kpi_now(office.deployment, OLGA, "desk").findings[0]


def test_before_and_after_is_marked_as_no_proof_of_a_cause(office: Office) -> None:
    text = kpi_charter(ASKED + ", baseline_from: 2026-01-01, baseline_until: 2026-03-31")
    books, release = with_books(office, text)
    books.answers = {"now": [{"k": 0.8}], "before": [{"k": 0.5}]}
    keep(office.deployment, OLGA, release, [kpi_baseline(office.load(release.digest))])
    kpi_now(office.deployment, OLGA, "desk")
    told = kpi_history(office.deployment, OLGA, "desk").as_json()
    assert told["change"] == pytest.approx(0.3)
    assert told["causal"].startswith("not causal")
    assert told["baseline_window"] == {"from": "2026-01-01", "until": "2026-03-31"}
    assert told["reached"] is False


def test_another_query_breaks_the_series_visibly(office: Office, books: Books) -> None:
    kpi_now(office.deployment, OLGA, "desk")
    office.later(days=1)
    newer, _ = with_books(office, kpi_charter(ASKED.replace("sql: now", "sql: other")), number=2)
    newer.answers = {"other": [{"k": 0.4}]}
    kpi_now(office.deployment, OLGA, "desk")
    points = kpi_history(office.deployment, OLGA, "desk").points
    assert [point.other_query for point in points] == [False, True]


def test_reviewers_and_clients_do_not_measure(office: Office, books: Books) -> None:
    for who in (VERA, SHOP):
        with pytest.raises(Refused):
            kpi_now(office.deployment, who, "desk")


def test_an_unknown_use_case_is_not_there(office: Office) -> None:
    with pytest.raises(NotFound) as found:
        due(office.deployment, "nothing")
    assert found.value.code == "RW-KPI-003"


def test_a_schedule_that_cannot_be_read_is_asked_anew(office: Office, books: Books) -> None:
    for stored in ("x", "[]", '{"tried": 3}', '{"at": "soon"}'):
        with office.store.write() as tx:
            office.store.evidence.save_watch(tx, "desk", "", "kpi", stored)
        assert due(office.deployment, "desk")
    assert kpi_now(office.deployment, OLGA, "desk").freshness == "new"
