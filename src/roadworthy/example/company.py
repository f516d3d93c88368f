"""Builds Tidebank: its CRM, its help desk and its book of fees, as SQLite files of its own."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from roadworthy.example.customers import Record, primary, records
from roadworthy.example.fees import fees
from roadworthy.example.messages import Message, Split, messages
from roadworthy.example.repairs import (
    LONG_AGO,
    PLANTED,
    WRITTEN_FOR,
    archive_stale,
    merge_duplicates,
    true_duplicates,
)
from roadworthy.example.tickets import tickets
from roadworthy.example.traffic import traffic, vary

__all__ = [
    "LONG_AGO",
    "WRITTEN_FOR",
    "Company",
    "Message",
    "Split",
    "archive_stale",
    "build",
    "merge_duplicates",
    "messages",
    "traffic",
    "true_duplicates",
    "vary",
]

_CRM = """
create table customer (
  id text primary key, name text not null, email text not null, phone text not null, street text not null,
  city text not null, postcode text not null, country text not null, language text not null,
  since text not null, status text not null
);
create index customer_by_email on customer (email);
"""
_HELPDESK = """
create table ticket (
  id text primary key, opened_at text not null, closed_at text not null, customer_email text not null,
  channel text not null, subject text not null, body_ref text not null, intent text not null,
  first_contact_resolution integer not null check (first_contact_resolution in (0, 1)),
  handling_minutes real not null
);
create table reply (
  idempotency_key text primary key, ticket_id text not null, to_email text not null, body text not null,
  sent_at text not null default (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
"""
_REFUNDS = """
create table fee (
  id text primary key, customer_id text not null, kind text not null, amount_minor integer not null,
  currency text not null, charged_at text not null
);
create index fee_by_customer on fee (customer_id, charged_at);
create table refund (
  idempotency_key text primary key, fee_id text not null unique, customer_id text not null,
  amount_minor integer not null, issued_at text not null default (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
"""


@dataclass(frozen=True, slots=True)
class Company:
    """A company that was built: where, from which seed, and how much of everything."""

    folder: Path
    seed: int
    today: date
    people: int
    customer_records: int
    tickets: int
    fees: int

    def __str__(self) -> str:
        return (
            f"Tidebank: {self.people} customers in {self.customer_records} CRM records, "
            f"{self.tickets} tickets of half a year, {self.fees} fees"
        )


def build(folder: Path, *, seed: int, today: date) -> Company:
    """Write the company's systems: ``crm.sqlite``, ``helpdesk.sqlite`` and ``refunds.sqlite``.

    Times are UTC in ISO 8601. The same seed and day give tables of the same content; what lay in the
    files before is replaced. Planted duplicates are listed in ``planted.json``, which no system reads.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = records(seed)
    _write(folder / "crm.sqlite", _CRM, customer=[_customer(row, today) for row in rows])
    desk = list(_desk(seed, today))
    _write(folder / "helpdesk.sqlite", _HELPDESK, ticket=desk)
    charged = list(_charged(seed, today))
    _write(folder / "refunds.sqlite", _REFUNDS, fee=charged)
    planted = {"seed": seed, "duplicates": _same_person(rows)}
    (folder / PLANTED).write_text(json.dumps(planted, indent=1) + "\n", encoding="utf-8")
    return Company(folder, seed, today, len(primary(seed)), len(rows), len(desk), len(charged))


def _customer(record: Record, today: date) -> tuple[object, ...]:
    since = today - timedelta(days=record.age_days)
    return (
        record.id, record.name, record.email, record.phone, record.street, record.city, record.postcode,
        record.country, record.language, since.isoformat(), record.status,
    )  # fmt: skip


def _desk(seed: int, today: date) -> Iterator[tuple[object, ...]]:
    for one in tickets(seed, today=today):
        yield (
            one.id, one.opened_at.isoformat(), one.closed_at.isoformat(), one.customer_email, one.channel,
            one.subject, one.body_ref, one.intent, int(one.settled_at_once), one.handling_minutes,
        )  # fmt: skip


def _charged(seed: int, today: date) -> Iterator[tuple[object, ...]]:
    midnight = datetime.combine(today, time(), tzinfo=UTC)
    for one in fees(seed):
        at = (midnight - timedelta(minutes=one.age_minutes)).isoformat()
        yield one.id, one.customer_id, one.kind, one.amount_minor, "EUR", at


def _same_person(rows: Sequence[Record]) -> list[list[str]]:
    by_person: dict[int, list[str]] = defaultdict(list)
    for row in rows:
        by_person[row.person].append(row.id)
    return [ids for ids in by_person.values() if len(ids) > 1]


def _write(path: Path, schema: str, **tables: Sequence[tuple[object, ...]]) -> None:
    for leftover in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(schema)
        for table, rows in tables.items():
            marks = ", ".join("?" * len(rows[0]))
            file.executemany(f"insert into {table} values ({marks})", rows)  # noqa: S608 - names of this module
