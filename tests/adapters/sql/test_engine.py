"""Opening the database, its transactions, and what its faults mean."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from roadworthy.adapters.sql.engine import begin_read, begin_write, open_engine, translate
from roadworthy.errors import Conflict, Corrupt, InputProblem, RoadworthyError, Unavailable


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request, tmp_path):
    if request.param == "sqlite":
        opened = open_engine(f"sqlite:///{tmp_path}/state.sqlite")
    else:
        opened = open_engine(request.getfixturevalue("postgres_url"))
    execute(opened, "CREATE TABLE fact (name text PRIMARY KEY, value integer NOT NULL)")
    yield opened
    opened.dispose()


@pytest.fixture
def file(tmp_path):
    opened = open_engine(f"sqlite:///{tmp_path}/state.sqlite", pool_size=1, busy_timeout_s=0.05)
    execute(opened, "CREATE TABLE fact (name text PRIMARY KEY, value integer NOT NULL)")
    yield opened
    opened.dispose()


@pytest.fixture
def server(postgres_url):
    opened = open_engine(postgres_url)
    execute(opened, "CREATE TABLE fact (name text PRIMARY KEY, value integer NOT NULL)")
    yield opened
    opened.dispose()


def execute(engine, statement, **values):
    with begin_write(engine) as connection:
        result = connection.execute(sa.text(statement), values)
        return list(result) if result.returns_rows else []


def values(connection):
    return [tuple(row) for row in connection.execute(sa.text("SELECT name, value FROM fact ORDER BY name"))]


def fault_of(engine, statement):
    with pytest.raises(RoadworthyError) as caught:
        execute(engine, statement)
    return caught.value


# ── opening ───────────────────────────────────────────────────────────────────────────────────────


def test_a_new_file_can_be_read_by_its_owner_only(file, tmp_path):
    with begin_write(file):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"state.sqlite": 0o600, "state.sqlite-wal": 0o600, "state.sqlite-shm": 0o600}


def test_every_connection_has_the_settings_that_durability_rests_on(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/state.sqlite")
    with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):

            def ask(name, connection=connection):
                return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

            assert ask("journal_mode") == "wal"
            assert ask("synchronous") == 1
            assert ask("foreign_keys") == 1
            assert ask("busy_timeout") == 10_000
    engine.dispose()


def test_the_database_knows_milliseconds_whatever_the_version_of_sqlite(file):
    with begin_read(file) as connection:
        now = connection.exec_driver_sql("SELECT unixepoch('subsec'), unixepoch('now')").one()
    assert now[0] > 1_700_000_000
    assert now[1] == pytest.approx(now[0], abs=1)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "state.sqlite",
        "://",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:state?mode=memory",
        "mysql://me:secret@host/db",
        "postgresql+asyncpg://me:secret@host/db",
        "postgresql://me:secret@host",
        "postgresql://me:secret@host:port/db",
    ],
)
def test_an_address_of_another_form_is_refused_without_repeating_its_secret(url):
    with pytest.raises(InputProblem) as caught:
        open_engine(url)
    assert caught.value.code == "RW-STORE-007"
    assert "sqlite:///" in caught.value.message
    assert "secret" not in str(caught.value.as_json())


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("missing/state.sqlite", "no such file or directory"),
        ("a-file/state.sqlite", "not a directory"),
        ("a-folder", "is a directory"),
    ],
)
def test_a_place_that_cannot_hold_the_file_is_named_with_the_next_step(tmp_path, place, reason):
    (tmp_path / "a-file").touch()
    (tmp_path / "a-folder").mkdir()
    with pytest.raises(Unavailable) as caught:
        open_engine(f"sqlite:///{tmp_path}/{place}")
    assert caught.value.code == "RW-STORE-004"
    assert f"{tmp_path}/{place}` cannot be opened: {reason}" in caught.value.message
    assert caught.value.hint


@contextmanager
def as_nobody():
    """Root may write everywhere, so who runs as root asks as somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def test_a_folder_that_may_not_be_written_is_named():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        with as_nobody(), pytest.raises(Unavailable) as caught:
            open_engine(f"sqlite:///{folder}/state.sqlite")
    assert caught.value.code == "RW-STORE-004"
    assert "cannot be opened: permission denied" in caught.value.message


def test_a_file_that_may_only_be_read_says_so_when_it_is_written(tmp_path):
    path = tmp_path / "state.sqlite"
    open_engine(f"sqlite:///{path}").dispose()
    engine = open_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = 1")
    fault = fault_of(engine, "CREATE TABLE other (name text)")
    assert fault.code == "RW-STORE-004"
    engine.dispose()


def test_a_file_that_is_no_database_is_not_touched(tmp_path):
    path = tmp_path / "state.sqlite"
    path.write_text("letters to the editor\n" * 100)
    with pytest.raises(Corrupt) as caught:
        open_engine(f"sqlite:///{path}")
    assert caught.value.code == "RW-STORE-009"
    assert path.read_text().startswith("letters")


# ── transactions ──────────────────────────────────────────────────────────────────────────────────


def test_a_write_is_kept_on_leaving_and_lost_on_an_exception(engine):
    execute(engine, "INSERT INTO fact VALUES ('kept', 1)")
    with suppress(ZeroDivisionError), begin_write(engine) as connection:
        connection.execute(sa.text("INSERT INTO fact VALUES ('lost', 1)"))
        raise ZeroDivisionError
    with begin_read(engine) as connection:
        assert values(connection) == [("kept", 1)]


def test_a_reader_sees_one_moment_and_waits_for_no_writer(engine):
    execute(engine, "INSERT INTO fact VALUES ('a', 1)")
    with begin_read(engine) as reader:
        assert values(reader) == [("a", 1)]
        with begin_write(engine) as writer:
            writer.execute(sa.text("UPDATE fact SET value = 2"))
            assert values(reader) == [("a", 1)]
        assert values(reader) == [("a", 1)]
    with begin_read(engine) as reader:
        assert values(reader) == [("a", 2)]


def test_a_read_transaction_that_writes_is_a_mistake_and_nothing_is_kept(engine):
    with pytest.raises((AssertionError, Unavailable)), begin_read(engine) as connection:
        connection.execute(sa.text("INSERT INTO fact VALUES ('a', 1)"))
    with begin_read(engine) as connection:
        assert values(connection) == []


def test_writers_of_a_file_take_turns_so_that_no_update_is_lost(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/state.sqlite")
    execute(engine, "CREATE TABLE fact (name text PRIMARY KEY, value integer NOT NULL)")
    execute(engine, "INSERT INTO fact VALUES ('a', 0)")

    def count():
        for _ in range(25):
            with begin_write(engine) as connection:
                (_, value) = values(connection)[0]
                connection.execute(sa.text("UPDATE fact SET value = :value"), {"value": value + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with begin_read(engine) as connection:
        assert values(connection) == [("a", 100)]
    engine.dispose()


# ── faults ────────────────────────────────────────────────────────────────────────────────────────


def test_a_locked_file_can_be_tried_again(file, tmp_path):
    other = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    fault = fault_of(file, "INSERT INTO fact VALUES ('a', 1)")
    assert (type(fault), fault.code, fault.retry_is_safe) == (Unavailable, "RW-STORE-002", True)
    assert "state.sqlite` is locked" in fault.message
    other.execute("ROLLBACK")
    other.close()
    execute(file, "INSERT INTO fact VALUES ('a', 1)")


@pytest.mark.postgres
def test_a_locked_row_of_a_server_can_be_tried_again(server):
    execute(server, "INSERT INTO fact VALUES ('a', 1)")
    with begin_write(server) as holder:
        holder.execute(sa.text("UPDATE fact SET value = 2"))
        with pytest.raises(Unavailable) as caught, begin_write(server) as waiter:
            waiter.execute(sa.text("SELECT value FROM fact FOR UPDATE NOWAIT"))
    assert caught.value.code == "RW-STORE-002"


def test_a_full_disk_is_named_and_keeps_nothing_of_the_change(file):
    with file.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 4}")

    def write():
        with begin_write(file) as connection:
            connection.execute(sa.text("INSERT INTO fact VALUES ('small', 1)"))
            connection.execute(sa.text("INSERT INTO fact VALUES (:big, 1)"), {"big": "x" * 100_000})

    with pytest.raises(Unavailable) as caught:
        write()
    assert caught.value.code == "RW-STORE-010"
    assert caught.value.retry_is_safe
    with begin_read(file) as connection:
        assert values(connection) == []


def test_a_row_that_is_there_already_is_a_conflict(engine):
    execute(engine, "INSERT INTO fact VALUES ('a', 1)")
    fault = fault_of(engine, "INSERT INTO fact VALUES ('a', 2)")
    assert (type(fault), fault.code) == (Conflict, "RW-STORE-003")


def test_a_database_without_our_tables_says_what_to_do(engine):
    fault = fault_of(engine, "SELECT 1 FROM never_made")
    assert (type(fault), fault.code) == (Unavailable, "RW-STORE-011")
    assert fault.hint


def test_mistakes_of_the_program_stay_what_they_are(engine):
    with pytest.raises(IntegrityError):
        execute(engine, "INSERT INTO fact VALUES ('a', NULL)")
    with pytest.raises(sa.exc.DBAPIError):
        execute(engine, "SELEKT")
    assert translate(ValueError("x")) is None


def test_a_pool_without_a_free_connection_can_be_tried_again():
    problem = translate(PoolExhausted("QueuePool limit"), place="`x`")
    assert (problem.code, problem.retry_is_safe) == ("RW-STORE-012", True)


def test_a_server_that_is_not_there_is_named_without_its_password():
    engine = open_engine("postgresql://me:secret@127.0.0.1:1/state")
    with pytest.raises(Unavailable) as caught, begin_read(engine):
        raise AssertionError("connected")
    assert caught.value.code == "RW-STORE-008"
    assert "`state` at `127.0.0.1`" in caught.value.message
    assert "secret" not in str(caught.value.as_json())


@pytest.mark.postgres
def test_a_server_without_this_database_is_unavailable(postgres_url):
    engine = open_engine(postgres_url.replace("/test_", "/never_made_"))
    with pytest.raises(Unavailable) as caught, begin_read(engine):
        raise AssertionError("connected")
    assert caught.value.code == "RW-STORE-008"


def cut(engine, connection):
    """End the server's side of a connection."""
    process = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar()
    execute(engine, "SELECT pg_terminate_backend(:process)", process=process)


@pytest.mark.postgres
def test_a_connection_lost_before_the_commit_can_be_tried_again(server):
    def write():
        with begin_write(server) as connection:
            cut(server, connection)
            connection.execute(sa.text("INSERT INTO fact VALUES ('a', 1)"))

    with pytest.raises(Unavailable) as caught:
        write()
    assert (caught.value.code, caught.value.retry_is_safe) == ("RW-STORE-008", True)
    execute(server, "INSERT INTO fact VALUES ('a', 1)")


@pytest.mark.postgres
def test_a_connection_lost_while_committing_is_not_blindly_tried_again(server):
    def write():
        with begin_write(server) as connection:
            connection.execute(sa.text("INSERT INTO fact VALUES ('a', 1)"))
            cut(server, connection)

    with pytest.raises(Unavailable) as caught:
        write()
    assert (caught.value.code, caught.value.retry_is_safe) == ("RW-STORE-008", False)


@pytest.mark.postgres
def test_pooled_connections_that_died_meanwhile_are_replaced_unnoticed(server, postgres_url):
    with begin_read(server) as connection:
        assert values(connection) == []
    with psycopg.connect(postgres_url) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
    with begin_read(server) as connection:
        assert values(connection) == []
