"""Fills an installation with many cases: what the demo went through, again and again, over half a year.

The demo's own cases are the pattern: with their steps, effects, reviews, outcomes, lineage, spot checks and ledger
events, so that every page finds what it would find in a real installation. Each copy has ids and times of its own and
shares the encrypted content of its pattern. The same statements fill SQLite and Postgres.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from roadworthy.adapters.sql import open_engine, schema
from roadworthy.adapters.sql.schema import costtriggers, standings
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.rollout import build
from roadworthy.operate.watching.rollup import FEED
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import new_id
from roadworthy.release import Archive
from roadworthy.wiring import Workspace, open_deployment, workspace

DEMO = "support"
USE_CASES = {DEMO: 0.5, "claims": 0.25, "orders": 0.15, "returns": 0.07, "invoices": 0.03}
"""Use cases and the share of cases each has."""
MADE = "pattern.made"
DAYS = 180
OPEN_REVIEWS = 4_000
ALERTS = 300
CALLS_EACH = 3
"""One call of a model for so many cases: the others are answered by a model of their own."""
EVENTS_EACH, LINEAGE_EACH = 3, 10
"""One ledger event for so many cases, and lineage for so many: a store that fits on a laptop."""
ADMIN = Principal("the-admin", "the-admin", Kind.PERSON, frozenset(Role) - {Role.CLIENT})
REVIEWER = Principal("the-reviewer", "the-reviewer", Kind.PERSON, frozenset({Role.REVIEWER}))
_OF_CASES = {
    "step": "case_id",
    "effect": "case_id",
    "review": "case_id",
    "outcome": "case_id",
    "rating": "case_id",
    "lineage": "case_id",
    "spot_check": "case_id",
    "spot_answer": "case_id",
    "case_initiator": "case_id",
}
"""Tables whose rows belong to a case, and the column that names it."""
_OWN_IDS = {"effect": ("id",), "review": ("id", "effect"), "outcome": ("id",), "spot_answer": ("review",)}
"""Their ids, and their references to each other's: each begins anew with the time of the copy."""
_FRESH = {"effect": "key"}
_FOLLOWED = ("case_record", "step", "review", "spot_check", "model_call")
"""Filled tables that triggers follow."""
_KNOWN_TRIGGERS = ("cost_books_", "case_standing_", "spot_standing_")
_SPAN_US = DAYS * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Filled:
    """What a store holds once it is filled."""

    cases: int
    rows: dict[str, int]
    seconds: float


def make_pattern(home: Path) -> None:
    """The pattern: a demo of its own in ``home``, with further use cases and accounts."""
    if not (home / "session").exists():
        words = [sys.executable, "-m", "roadworthy", "demo", "--home", str(home), "--json"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    place = workspace(home, database_url=f"sqlite:///{home / 'roadworthy.sqlite'}")
    deployment = open_deployment(place)
    with deployment.store.write() as tx:
        for account in (ADMIN, REVIEWER):
            deployment.store.people.add(tx, account)
    more_use_cases(deployment, place)
    sequence_all(deployment)
    deployment.store.close()
    (home / MADE).touch()


def copy_home(pattern: Path, home: Path) -> Workspace:
    """Another installation with everything that the pattern has; its database is whole without a log beside it."""
    if home.exists():
        shutil.rmtree(home)
    shutil.copytree(pattern, home, ignore=shutil.ignore_patterns("*.sqlite*"))
    for name in ("roadworthy.sqlite", "knowledge.sqlite"):
        if (pattern / name).exists():
            with sqlite3.connect(pattern / name) as source, sqlite3.connect(home / name) as target:
                source.backup(target)
            (home / name).chmod(0o600)
    place = workspace(home, database_url=f"sqlite:///{home / 'roadworthy.sqlite'}")
    open_deployment(place).store.close()  # the pattern may be of an earlier program
    return place


def give_ideas(home: Path) -> None:
    """The assessments of the example portfolio, where they are not there yet."""
    folder = home / "ideas"
    folder.mkdir(mode=0o700, exist_ok=True)
    for file in sorted((Path(__file__).resolve().parents[2] / "examples" / "portfolio").glob("*.yaml")):
        shutil.copyfile(file, folder / file.name)


def move_to(place: Workspace, url: str) -> Workspace:
    """The same installation on another database, which is empty before: every row is carried over."""
    moved = Workspace(place.home, url, knowledge_address=place.knowledge_address)
    database = Path(str(sa.make_url(place.database_url).database))
    open_deployment(moved).store.close()
    source, target = open_engine(f"sqlite:///{database}"), open_engine(url)
    with source.connect() as reading, target.begin() as writing:
        for table in schema.metadata.sorted_tables:
            writing.execute(table.delete())
            rows = [dict(row) for row in reading.execute(sa.select(table)).mappings()]
            if rows:
                writing.execute(table.insert(), rows)
    source.dispose()
    target.dispose()
    return moved


def more_use_cases(deployment: Deployment, place: Workspace) -> None:
    """Further use cases, each with the releases of the demo's under its own name."""
    builder = Principal("jonas", "Jonas Falk", Kind.PERSON, frozenset({Role.BUILDER, Role.OPERATOR}))
    store = deployment.store
    with store.read() as tx:
        pattern = sorted(store.releases.rollout(tx, DEMO).releases, key=lambda one: one.number)
        archives = [store.releases.archive(tx, one.digest) for one in pattern]
    for name in USE_CASES:
        if name == DEMO:
            continue
        shutil.copytree(place.data / DEMO, place.data / name, dirs_exist_ok=True)
        for release, archive in zip(pattern, archives, strict=True):
            files = dict(archive.files)
            files["charter.yaml"] = re.sub(
                rb"(?m)^use_case: support$", b"use_case: " + name.encode(), files["charter.yaml"]
            )
            files["charter.yaml"] = re.sub(
                rb"(?m)^title: .*$", f"title: Answer {name}".encode(), files["charter.yaml"]
            )
            files["workflow.py"] = files["workflow.py"].replace(b'("support")', f'("{name}")'.encode())
            built = build(deployment, builder, Archive(files), note=release.note)
            _stands_as(deployment, built.digest, release.digest, name)


def _stands_as(deployment: Deployment, digest: str, pattern: str, name: str) -> None:
    """A release where its pattern stands, with the pattern's evidence."""
    table = schema.release
    where = ("stage", "share", "created_at", "stage_since", "reason", "step", "step_since", "fit_until")
    with deployment.store.write() as tx:
        say = tx.connection.execute  # type: ignore[attr-defined]
        stands = say(sa.select(*(table.c[one] for one in where)).where(table.c.digest == pattern)).one()
        say(table.update().where(table.c.digest == digest).values(dict(zip(where, stands, strict=True))))
        for evidence in (schema.measurement, schema.certificate, schema.approval):
            rows = say(sa.select(evidence).where(evidence.c.use_case == DEMO)).mappings().all()
            for row in rows:
                text = json.dumps({key: value for key, value in row.items() if key in {"body", "inputs"}})
                if pattern not in (row.get("release"), row.get("digest"), row.get("subject")):
                    continue
                changed = json.loads(text.replace(pattern, digest).replace(f'"{DEMO}"', f'"{name}"'))
                fresh = {
                    key: digest if value == pattern else name if value == DEMO else value
                    for key, value in row.items()
                }
                say(evidence.insert().values({**fresh, **changed, "id": deployment.new_id()}))


def fill(place: Workspace, cases: int, *, say: Callable[[str], None]) -> Filled:
    """Fill an installation that holds the demo's cases until it has ``cases``."""
    began = time.monotonic()
    deployment = open_deployment(place)
    engine = open_engine(place.database_url)
    filler = _Filler(engine, deployment, cases)
    for name, step in filler.steps():
        at = time.monotonic()
        step()
        say(f"{name}: {time.monotonic() - at:.1f} s")
    with engine.connect() as connection:
        rows = {
            table.name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
            for table in schema.metadata.sorted_tables
        }
    engine.dispose()
    deployment.store.close()
    return Filled(rows["case_record"], {k: v for k, v in rows.items() if v}, time.monotonic() - began)


class _Filler:
    """One store being filled: a list of copies to make, then one statement for each table."""

    def __init__(self, engine: sa.Engine, deployment: Deployment, cases: int) -> None:
        self._engine, self._deployment = engine, deployment
        self._postgres = engine.dialect.name == "postgresql"
        self._draw = random.Random(11)
        with engine.connect() as connection:
            there = connection.execute(
                sa.select(sa.func.count()).select_from(schema.case_record)
            ).scalar_one()
            self._patterns = connection.execute(
                sa.select(schema.case_record).where(schema.case_record.c.use_case == DEMO)
            ).all()
            self._asked = set(connection.execute(sa.select(schema.review.c.case_id).distinct()).scalars())
            self._releases = {
                (row.use_case, row.number): row.digest
                for row in connection.execute(sa.select(schema.release))
            }
            numbers = {row.digest: row.number for row in connection.execute(sa.select(schema.release))}
        self._numbers = numbers
        self._more = max(0, cases - there)

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What there is to do, in order."""
        yield "indexes away", self._without_indexes
        yield "triggers away", lambda: self._follow(on=False)
        yield "copies", self._mark
        yield "cases", lambda: self._copy("case_record", "id")
        for table, column in _OF_CASES.items():
            yield table, lambda table=table, column=column: self._copy(table, column)  # type: ignore[misc]
        yield "calls", self._calls
        yield "alerts", self._alerts
        yield "indexes again", self._with_indexes
        yield "sums", self._recount
        yield "ledger", self._ledger
        yield "figures by day", self._by_day
        yield "the rest", self._end

    def _run(self, *statements: str) -> None:
        with self._engine.begin() as connection:
            if not self._postgres:
                connection.exec_driver_sql("PRAGMA synchronous=OFF")
                connection.exec_driver_sql("PRAGMA cache_size=-400000")
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%") if self._postgres else statement)

    def _add(self, table: str, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
        """Many rows as the database holds them, the fastest way it has."""
        names = ", ".join(columns)
        with self._engine.begin() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            if self._postgres:
                with driver.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                marks = ", ".join("?" * len(columns))
                driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)

    def _indexes(self) -> list[sa.Index]:
        filled = {"case_record", "model_call", *_OF_CASES}
        return [
            index
            for table in schema.metadata.sorted_tables
            if table.name in filled
            for index in sorted(table.indexes, key=lambda one: str(one.name))
        ]

    def _without_indexes(self) -> None:
        with self._engine.begin() as connection:
            for index in self._indexes():
                index.drop(connection, checkfirst=True)

    def _with_indexes(self) -> None:
        with self._engine.begin() as connection:
            if not self._postgres:
                connection.exec_driver_sql("PRAGMA cache_size=-400000")
            for index in self._indexes():
                index.create(connection, checkfirst=True)

    def _mark(self) -> None:
        """The list of copies: which case, under which id and time, of which use case and release."""
        self._run(
            "DROP TABLE IF EXISTS mark",
            "CREATE TABLE mark (seed text, id text, stamp text, n bigint, shift bigint, use_case text,"
            " release text, is_open bigint)",
        )
        columns = ("seed", "id", "stamp", "n", "shift", "use_case", "release", "is_open")
        self._add("mark", columns, self._marks())
        self._run("ANALYZE mark" if self._postgres else "ANALYZE")

    def _marks(self) -> Iterator[tuple[Any, ...]]:
        now = int(self._deployment.now().timestamp() * 1_000_000)
        by_weight = [one for one in self._patterns if not one.twin] or self._patterns
        runs = [one for one in self._patterns if one.twin] or by_weight
        asked = [one for one in by_weight if one.id in self._asked] or by_weight
        names, shares = list(USE_CASES), list(USE_CASES.values())
        every = max(1, min(self._more // 20, 50_000) // OPEN_REVIEWS)
        since = now - _SPAN_US
        for n in range(self._more):
            at = since + _SPAN_US * n // self._more
            left = self._more - n
            is_open = left <= OPEN_REVIEWS * every and left % every == 0
            pattern = self._draw.choice(asked if is_open else by_weight if n % 10 else runs)
            use_case = self._draw.choices(names, shares)[0]
            number = self._numbers.get(pattern.release, 1)
            release = self._releases[use_case, number] if pattern.release else ""
            stamp = new_id(datetime.fromtimestamp(at / 1e6, UTC), b"\0" * 10)[:10]
            created = int(
                (pattern.created_at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)
            )
            yield (
                pattern.id,
                stamp + pattern.id[10:],
                stamp,
                n,
                at - created,
                use_case,
                release,
                int(is_open),
            )

    def _copy(self, name: str, of_case: str) -> None:
        """Every row of a table that belongs to a pattern, once for each of its copies."""
        table = schema.metadata.tables[name]
        if name != "case_record":
            with self._engine.connect() as connection:
                if connection.execute(sa.select(table).limit(1)).first() is None:
                    return
        said = ", ".join(self._value(table, column, of_case) for column in table.c)
        names = ", ".join(f'"{column.name}"' for column in table.c)
        self._run(
            f"DROP TABLE IF EXISTS pattern_{name}",
            f"CREATE TABLE pattern_{name} AS SELECT * FROM {name} WHERE {of_case} IN (SELECT DISTINCT seed FROM mark)",
            f"CREATE INDEX ix_pattern_{name} ON pattern_{name} ({of_case})",
            f"INSERT INTO {name} ({names}) SELECT {said} FROM mark m JOIN pattern_{name} s ON s.{of_case} = m.seed"
            + (f" WHERE m.n % {LINEAGE_EACH} = 0" if name == "lineage" else "")
            + (" ORDER BY m.n" if self._postgres else ""),
            f"DROP TABLE pattern_{name}",
        )

    def _value(self, table: sa.Table, column: sa.Column[Any], of_case: str) -> str:
        """What a copy holds in a column."""
        name, own = column.name, f's."{column.name}"'
        if name == of_case:
            return "m.id"
        if name in _OWN_IDS.get(table.name, ()):
            return f"CASE WHEN {own} = '' THEN '' ELSE m.stamp || substr({own}, 11) END"
        if name == _FRESH.get(table.name) or (table.name, name) == ("case_record", "key"):
            return f"{own} || '~' || m.n"
        if name in {"use_case", "release"}:
            return f"m.{name}"
        if isinstance(column.type, type(schema.case_record.c.created_at.type)):
            return f"{own} + m.shift"
        if (table.name, name) == ("review", "state"):
            return f"CASE WHEN m.is_open = 1 THEN 'open' WHEN {own} = 'open' THEN 'decided' ELSE {own} END"
        if (table.name, name) == ("case_record", "state"):
            return "CASE WHEN m.is_open = 1 THEN 'waiting' ELSE 'closed' END"
        return own

    def _calls(self) -> None:
        """Calls of language models: one for every third case."""
        table = schema.model_call
        shown = {
            "id": "m.id", "batch": "'batch-' || (m.n / 900)", "at": "c.created_at", "use_case": "m.use_case",
            "version": "m.release", "stage": "c.stage", "key": "''", "case_reference": "c.key", "step": "'generate:reply'",
            "wire": "'chat'", "task": "'reply'", "model": "CASE WHEN m.n % 2 = 0 THEN 'small-1' ELSE 'large-2' END",
            "ending": "'answered'", "status": "200", "estimated": "false", "route": "'first'", "price": "'list'",
            "millis": "m.n % 900 + 40", "read": "m.n % 700 + 900", "cached": "m.n % 300", "stored": "0",
            "written": "m.n % 200 + 60", "reasoning": "m.n % 50", "attempts": "1", "tool_calls": "0",
        }  # fmt: skip
        said = ", ".join(shown.get(column.name, "m.n % 700 + 10") for column in table.c)
        names = ", ".join(f'"{column.name}"' for column in table.c)
        self._run(
            f"INSERT INTO model_call ({names}) SELECT {said} FROM mark m JOIN case_record c ON c.id = m.id WHERE m.n % {CALLS_EACH} = 0",
            "INSERT INTO call_batch (id, owner, at, root, count, sum) SELECT batch, 'filler', max(at), '', count(*), sum(cost) FROM model_call WHERE batch LIKE 'batch-%' GROUP BY batch",
        )

    def _alerts(self) -> None:
        table, now = schema.alert, int(self._deployment.now().timestamp() * 1_000_000)
        names = list(USE_CASES)

        def rows() -> Iterator[tuple[Any, ...]]:
            for n in range(ALERTS):
                since = now - _SPAN_US * n // ALERTS
                firing = n < 5
                values = {
                    "id": new_id(datetime.fromtimestamp(since / 1e6, UTC), n.to_bytes(10)), "key": f"k{n}", "rule": "error_rate",
                    "severity": "page" if n % 3 else "ticket", "use_case": names[n % len(names)], "summary": "more errors than before",
                    "owner": "jonas", "runbook": "", "action": "", "cases": "[]", "state": "firing" if firing else "resolved",
                    "since": since, "seen_at": since, "resolved_at": None if firing else since + 60_000_000,
                    "acknowledged_by": "", "acknowledged_at": None, "acknowledged_why": "",
                }  # fmt: skip
                yield tuple(values[column.name] for column in table.c)

        self._add("alert", [column.name for column in table.c], rows())

    def _ledger(self) -> None:
        """The last event of each copy's pattern, about the copy, given its place in the tree as every event is."""
        with self._engine.connect() as connection:
            events: dict[str, bytes] = {}
            for event in connection.execute(
                sa.select(schema.ledger_entry.c.event).order_by(schema.ledger_entry.c.seq)
            ).scalars():
                about = json.loads(event)["about"]
                if "case" in about:
                    events[about["case"]] = bytes(event)
            marks = [
                tuple(row)
                for row in connection.exec_driver_sql(
                    f"SELECT seed, id, stamp, use_case FROM mark WHERE n - n / {EVENTS_EACH} * {EVENTS_EACH} = 0 ORDER BY n"
                )
            ]

        def about_copies() -> Iterator[tuple[bytes]]:
            for seed, id_, stamp, use_case in marks:
                if seed in events:
                    event = events[seed].replace(seed.encode(), id_.encode())
                    event = event.replace(b'"use_case":"support"', f'"use_case":"{use_case}"'.encode())
                    own = rb'"(?:effect|review)":"[0-9A-Z]{10}'
                    yield (re.sub(own, lambda found, stamp=stamp: found[0][:-10] + stamp.encode(), event),)

        self._add("ledger_outbox", ("event",), about_copies())
        sequence_all(self._deployment)

    def _follow(self, *, on: bool) -> None:
        """The triggers of the filled tables that are known here, off or on again: their sums are counted at the end."""
        with self._engine.begin() as connection:
            for table in _FOLLOWED:
                if self._postgres:
                    word = "ENABLE" if on else "DISABLE"
                    connection.exec_driver_sql(f"ALTER TABLE {table} {word} TRIGGER USER")
            if not self._postgres and not on:
                found = connection.exec_driver_sql(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN "
                    f"({', '.join(repr(table) for table in _FOLLOWED)})"
                ).all()
                unknown = [name for name, _ in found if not name.startswith(_KNOWN_TRIGGERS)]
                if unknown:
                    raise SystemExit(f"the filler does not know what these keep up: {', '.join(unknown)}")
                self._triggers = [str(sql) for _, sql in found]
                for name, _ in found:
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            if not self._postgres and on:
                for statement in self._triggers:
                    connection.exec_driver_sql(statement)

    def _recount(self) -> None:
        """What triggers would have kept up."""
        books = [book for book, _ in costtriggers.counted()]
        self._run(
            *(f"DELETE FROM {book}{ending}" for book in books for ending in ("", "_change")),
            *(statement for _, statement in costtriggers.counted()),
            "DELETE FROM cost_day",
            "INSERT INTO cost_day (use_case, day, version) SELECT DISTINCT use_case, day, 1 FROM cost_step",
            *standings.forgotten(),
            *standings.counted(),
        )
        self._follow(on=True)

    def _by_day(self) -> None:
        """The figures that a worker counts from the ledger as it goes, for all copies at once; it has read everything."""

        def day(moment: str) -> str:
            if self._postgres:
                return f"to_char(to_timestamp({moment} / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
            return f"date({moment} / 1000000, 'unixepoch')"

        told = (
            ("accepted", "''", "count(*)", "created_at", "1 = 1"),
            ("closed", "handled_by", "count(*)", "updated_at", "state = 'closed'"),
            ("cost", "cost_currency", "sum(cost_nano)", "updated_at", "state = 'closed'"),
        )
        self._run(
            "DELETE FROM case_count",
            *(
                "INSERT INTO case_count (use_case, grain, slot, name, label, release, stage, value, example) "
                f"SELECT use_case, 'day', {day(moment)}, '{name}', {label}, release, stage, {value}, max(id) FROM case_record "
                f"WHERE {where} GROUP BY use_case, 3, 5, release, stage"
                for name, label, value, moment, where in told
            ),
        )
        deployment, size = self._deployment, self._deployment.store.ledger.size()
        with deployment.store.write() as tx:
            position = deployment.store.observed.position(tx, FEED)
            deployment.store.observed.move(
                tx, FEED, before=position[0] if position else None, to=size, at=deployment.now()
            )

    def _end(self) -> None:
        self._run("DROP TABLE mark")
        if self._postgres:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        else:
            # What no installation has: statistics of its tables, which the filler asked for.
            self._run("DELETE FROM sqlite_stat1", "DROP TABLE sqlite_stat1")
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
