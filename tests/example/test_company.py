"""The company's own systems are what the demo says they are, defects included."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from roadworthy.errors import NotFound
from roadworthy.example import company
from roadworthy.example.messages import Message
from roadworthy.example.seeded import connected

SEED = 7
TODAY = date(2026, 6, 1)
SINCE = datetime(2026, 6, 1, 8, tzinfo=UTC)
SYSTEMS = ("crm.sqlite", "helpdesk.sqlite", "refunds.sqlite")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tidebank")
    company.build(folder, seed=SEED, today=TODAY)
    return folder


@pytest.fixture(scope="module")
def written() -> tuple[Message, ...]:
    return company.messages(seed=SEED)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(sql).fetchall()


def content(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in the order in which it was written, schema included."""
    found = {}
    for name in SYSTEMS:
        schema = rows(folder / name, "select name, sql from sqlite_master order by name")
        found[name] = schema
        for table, sql in schema:
            if str(sql).startswith("CREATE TABLE"):
                found[f"{name}:{table}"] = rows(folder / name, f"select * from {table}")
    return found


def test_the_same_seed_builds_the_same_company_and_another_seed_another(
    built: Path, tmp_path: Path
) -> None:
    company.build(tmp_path / "again", seed=SEED, today=TODAY)
    company.build(tmp_path / "other", seed=SEED + 1, today=TODAY)
    assert content(tmp_path / "again") == content(built)
    other = content(tmp_path / "other")
    for table in ("crm.sqlite:customer", "helpdesk.sqlite:ticket", "refunds.sqlite:fee"):
        assert other[table] != content(built)[table]


def test_building_again_replaces_what_was_there(tmp_path: Path) -> None:
    company.build(tmp_path, seed=SEED, today=TODAY)
    before = content(tmp_path)
    with closing(sqlite3.connect(tmp_path / "refunds.sqlite")) as book, book:
        book.execute(
            "insert into refund (idempotency_key, fee_id, customer_id, amount_minor) values ('a', 'b', 'c', 1)"
        )
    company.build(tmp_path, seed=SEED, today=TODAY)
    assert content(tmp_path) == before


def test_about_six_percent_of_the_customers_are_recorded_twice(built: Path) -> None:
    ids = [row[0] for row in rows(built / "crm.sqlite", "select id from customer")]
    groups = company.true_duplicates(built)
    extra = sum(len(group) - 1 for group in groups)
    assert len(ids) == pytest.approx(1_150, abs=10)
    assert 0.05 <= extra / len(ids) <= 0.07
    assert {record for group in groups for record in group} <= set(ids)


@pytest.mark.parametrize("seed", [1, 2, 3, 7, 2026])
def test_the_repair_merges_duplicates_under_half_a_percent_and_nobody_else(
    seed: int, tmp_path: Path
) -> None:
    company.build(tmp_path, seed=seed, today=TODAY)
    before = content(tmp_path)
    merged = company.merge_duplicates(tmp_path)
    assert company.merge_duplicates(tmp_path) == merged
    assert content(tmp_path) == before

    left = {row[0] for row in rows(tmp_path / "crm.repaired.sqlite", "select id from customer")}
    person = {record: group[0] for group in company.true_duplicates(tmp_path) for record in group}
    remaining = len(left) - len({person.get(record, record) for record in left})
    assert 0 < remaining / len(left) < 0.005
    assert len(left) + merged == len(before["crm.sqlite:customer"])
    for gone, into in rows(tmp_path / "crm.repaired.sqlite", "select record_id, into_id from merge"):
        assert person[str(gone)] == person[str(into)]


def test_after_the_repair_customers_are_still_found_by_the_address_they_write_from(built: Path) -> None:
    company.merge_duplicates(built)
    known = {row[0] for row in rows(built / "crm.repaired.sqlite", "select email from customer")}
    senders = {message.sender_email for message in company.traffic(500, seed=SEED, since=SINCE)}
    assert senders <= known


def test_every_address_lies_in_a_domain_kept_free_for_examples(built: Path) -> None:
    found = [row[0] for row in rows(built / "crm.sqlite", "select email from customer")]
    assert all(re.search(r"@example\.(com|org)$", str(email), re.IGNORECASE) for email in found)


@pytest.mark.parametrize("seed", [1, 2, 3, 7, 2026])
def test_the_kpi_query_measures_a_first_contact_resolution_of_about_sixty_percent(
    seed: int, tmp_path: Path
) -> None:
    company.build(tmp_path, seed=seed, today=TODAY)
    [(share, minutes, n)] = rows(
        tmp_path / "helpdesk.sqlite",
        "select avg(first_contact_resolution), avg(handling_minutes), count(*) from ticket",
    )
    assert n == 3_000
    assert 0.58 <= float(str(share)) <= 0.64
    assert float(str(minutes)) == pytest.approx(6.5, abs=0.3)


def test_tickets_close_after_they_open_and_quote_train_messages_only(
    built: Path, written: tuple[Message, ...]
) -> None:
    desk = built / "helpdesk.sqlite"
    assert rows(desk, "select count(*) from ticket where closed_at < opened_at") == [(0,)]
    [(first, last)] = rows(desk, "select min(opened_at), max(closed_at) from ticket")
    assert "2025-11-25" < str(first) < str(last) <= "2026-06-01T00:00:00+00:00"
    train = {message.key for message in written if message.split == "train"}
    assert {row[0] for row in rows(desk, "select body_ref from ticket")} <= train


def test_some_fees_need_an_approval_and_a_few_may_not_be_refunded_at_all(built: Path) -> None:
    [(n, approval, never)] = rows(
        built / "refunds.sqlite",
        "select count(*), sum(amount_minor between 1501 and 10000), sum(amount_minor > 10000) from fee",
    )
    assert int(str(n)) > 1_000
    assert int(str(approval)) > 50
    assert 0 < int(str(never)) < 60


def test_a_folder_without_a_company_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no CRM"):
        company.merge_duplicates(tmp_path)
    with pytest.raises(NotFound, match="no example company"):
        company.true_duplicates(tmp_path)


def test_who_asks_for_a_refund_was_charged_a_fee(built: Path) -> None:
    charged = {row[0] for row in rows(built / "refunds.sqlite", "select distinct customer_id from fee")}
    ids = dict(rows(built / "crm.sqlite", "select email, id from customer"))
    asking = [
        message
        for message in company.traffic(1_000, seed=SEED, since=SINCE)
        if message.truth == "fee_refund_request"
    ]
    assert asking
    assert all(ids[message.sender_email] in charged for message in asking)


def test_what_is_tied_together_is_found_across_several_links() -> None:
    assert connected(5, [(3, 4), (0, 3)]) == [[0, 3, 4], [1], [2]]
