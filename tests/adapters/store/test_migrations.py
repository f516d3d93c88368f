"""A database is brought to the schema once, by whoever comes first, and never by an older program."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from roadworthy.adapters.sql import SqlStore, current, is_current, open_engine, upgrade
from roadworthy.adapters.sql.migrations.version import configured, known
from roadworthy.adapters.sql.schema import metadata
from roadworthy.errors import InputProblem, Unavailable

NEWEST = "0024"


def test_the_files_are_named_as_their_revisions_are() -> None:
    revisions = ScriptDirectory.from_config(configured()).walk_revisions()
    assert known() == tuple(each.revision for each in revisions)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that was never migrated."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new 100% empty.sqlite'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def open_one(empty: str) -> Iterator[Callable[[], sa.Engine]]:
    engines: list[sa.Engine] = []

    def open_one() -> sa.Engine:
        engines.append(open_engine(empty))
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.dispose()


def _tables(engine: sa.Engine) -> list[tuple[object, ...]]:
    """Everything the database says about its tables and indexes, in its own words."""
    if engine.dialect.name == "sqlite":
        queries = ["SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"]
    else:
        queries = [
            """SELECT table_name, column_name, ordinal_position, data_type, collation_name, is_nullable
            FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 3""",
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
            """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
        ]
    with engine.connect() as connection:
        rows = [tuple(row) for query in queries for row in connection.exec_driver_sql(query)]
    return [row for row in rows if row[0] != "schema_version"]


def test_a_new_database_has_no_schema_and_says_so(open_one: Callable[[], sa.Engine]) -> None:
    engine = open_one()
    assert current(engine) == ""
    assert not is_current(engine)
    with pytest.raises(Unavailable) as caught:
        SqlStore(engine).ledger.waiting()
    assert caught.value.code == "RW-STORE-011"


def test_migrations_lead_to_the_tables_the_program_knows(open_one: Callable[[], sa.Engine]) -> None:
    engine = open_one()
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "schema_version", "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []
    migrated = _tables(engine)
    with engine.begin() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
    assert _tables(engine) == migrated


def test_a_key_made_before_there_were_calls_is_bound_to_no_release(
    open_one: Callable[[], sa.Engine],
) -> None:
    engine = open_one()
    with engine.begin() as connection:
        command.upgrade(configured(connection), "0006")
        connection.exec_driver_sql(
            "INSERT INTO credential VALUES ('key', 'k', 'otto', 'proof', 'support', 0, 1)"
        )
    upgrade(engine)
    store = SqlStore(engine)
    with store.read() as tx:
        kept = store.people.credential(tx, "key", "k")
    assert kept is not None
    assert (kept.principal, kept.use_case, kept.release, kept.stage) == ("otto", "support", "", "")


def test_releases_of_an_earlier_program_are_unsigned_and_a_canary_is_in_its_first_step(
    open_one: Callable[[], sa.Engine],
) -> None:
    engine = open_one()
    with engine.begin() as connection:
        command.upgrade(configured(connection), "0007")
        for number, stage, share in ((1, "production", 1.0), (2, "canary", 0.4), (3, "retired", 0.0)):
            connection.exec_driver_sql(
                f"INSERT INTO release VALUES ('sha256:{number}', 'support', {number}, 'ben', 'first', '{stage}',"
                f" {share}, 1000000, {number}000000, 'because')"
            )
        connection.exec_driver_sql("INSERT INTO acknowledgement VALUES ('worker-1', '', 5)")
    upgrade(engine)
    store = SqlStore(engine)
    with store.read() as tx:
        one, two, three = store.releases.rollout(tx, "support").releases
        assert store.switches.obeyed(tx, "any") == {}
        assert list(store.switches.acknowledgements(tx)) == ["worker-1"]
    assert [(known.step, known.step_since) for known in (one, two, three)] == [
        (0, None),
        (1, two.stage_since),
        (0, None),
    ]
    assert {(known.signature, known.key, known.fit_until, known.note) for known in (one, two, three)} == {
        ("", "", None, "first")
    }
    assert (two.share.value, two.stage_since.timestamp(), two.reason) == (0.4, 2.0, "because")


def test_migrating_again_changes_nothing(open_one: Callable[[], sa.Engine]) -> None:
    engine = open_one()
    upgrade(engine)
    before = _tables(engine)
    upgrade(engine)
    assert _tables(engine) == before
    assert current(engine) == NEWEST
    assert is_current(engine)


def test_two_that_migrate_at_once_do_not_break_each_other(open_one: Callable[[], sa.Engine]) -> None:
    engines = [open_one() for _ in range(4)]
    ready = threading.Barrier(len(engines))

    def migrate(engine: sa.Engine) -> bool:
        ready.wait(30.0)
        upgrade(engine)
        return is_current(engine)

    with ThreadPoolExecutor(len(engines)) as pool:
        assert all(pool.map(migrate, engines))


def test_two_databases_may_be_migrated_at_once(tmp_path: Path) -> None:
    engines = [open_engine(f"sqlite:///{tmp_path / f'{number}.sqlite'}") for number in range(4)]
    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(upgrade, engines))
    tables = [_tables(engine) for engine in engines]
    for engine in engines:
        engine.dispose()
    assert all(found == tables[0] != [] for found in tables)


def test_a_failed_migration_leaves_nothing_behind(open_one: Callable[[], sa.Engine]) -> None:
    engine = open_one()
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE payload (id text)")
    before = _tables(engine)
    with pytest.raises(sa.exc.DBAPIError):
        upgrade(engine)
    assert _tables(engine) == before
    assert current(engine) == ""


def test_a_database_of_a_later_program_is_refused(open_one: Callable[[], sa.Engine]) -> None:
    engine = open_one()
    upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '9999'")
    assert not is_current(engine)
    with pytest.raises(InputProblem, match="9999") as caught:
        upgrade(engine)
    assert caught.value.code == "RW-STORE-005"
    assert "later release" in str(caught.value)
    assert current(engine) == "9999"


@pytest.mark.parametrize("empty", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_text_sorts_by_code_points_whatever_the_locale(open_one: Callable[[], sa.Engine]) -> None:
    engine = open_one()
    upgrade(engine)
    query = (
        "SELECT DISTINCT collation_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'text'"
    )
    with engine.connect() as connection:
        assert connection.exec_driver_sql(query).scalars().all() == ["C"]
