"""What only the durable engine does: leases, giving back, purging, and what it refuses."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from tests.adapters.engine.bench import LEASES, Tx, set_up, until

from roadworthy.adapters.dbos import DbosEngine
from roadworthy.adapters.sql.engine import begin_write, open_engine
from roadworthy.errors import Unavailable
from roadworthy.ports import Job


def enqueue(durable, *jobs):
    with durable.write() as tx:
        for job in jobs:
            durable.engine.enqueue(tx, job)


class Held:
    """A handler that returns only when it is let go."""

    def __init__(self):
        self.entered = threading.Event()
        self.released = threading.Event()
        self.seen = []

    def __call__(self, reference):
        self.seen.append(reference)
        self.entered.set()
        assert self.released.wait(30)


def left_by(durable, executor, *, beat):
    """A job in the hands of an executor, whose lease was last renewed ``beat`` seconds ago, if ever."""
    enqueue(durable, Job("segment", "orphan", "x"))
    durable.execute(
        "UPDATE {s}workflow_status SET status = 'PENDING', executor_id = :executor, owner_xid = 'gone', "
        "application_version = 'wf-1', recovery_attempts = 1",
        executor=executor,
    )
    if beat is not None:
        now = (
            "extract(epoch FROM clock_timestamp())"
            if durable.database.dialect.name == "postgresql"
            else "(julianday('now') - 2440587.5) * 86400.0"
        )
        durable.execute(
            f"INSERT INTO executor_lease VALUES (:executor, {now} - :beat, 10.0)",
            executor=executor,
            beat=beat,
        )


@pytest.mark.parametrize("beat", [None, 11.0], ids=["no lease", "a lease that ran out"])
def test_a_starting_worker_takes_what_a_dead_one_left(durable, beat):
    seen = []
    left_by(durable, "dead", beat=beat)
    durable.engine.start({"segment": seen.append})
    durable.until(lambda: seen == ["x"])
    assert durable.engine.health().executors == 1


def test_a_job_in_the_hands_of_a_living_worker_is_left_alone(durable):
    seen = []
    left_by(durable, "alive", beat=5.0)
    durable.engine.start({"segment": seen.append})
    durable.pass_time(0.2)
    assert seen == []
    assert durable.engine.health().running == 1


def test_a_job_that_killed_its_process_five_times_is_set_aside(durable):
    seen = []
    left_by(durable, "dead", beat=None)
    durable.execute("UPDATE {s}workflow_status SET recovery_attempts = 5")
    durable.engine.start({"segment": seen.append})
    durable.until(lambda: durable.engine.health().dead_letters == 1)
    assert seen == []


def test_stop_waits_for_the_job_in_hand_and_takes_nothing_more(durable):
    held = Held()
    durable.engine.start({"segment": held})
    enqueue(durable, Job("segment", "1", "x"))
    assert held.entered.wait(30)
    enqueue(durable, Job("segment", "2", "y"))
    letting_go = threading.Timer(0.3, held.released.set)
    letting_go.start()
    durable.engine.stop(grace_s=30)
    letting_go.join()
    assert held.seen == ["x"]
    health = durable.engine.health()
    assert (health.waiting, health.running, health.executors) == (1, 0, 0)


def test_a_job_that_outlives_the_grace_is_given_back_and_not_counted_as_failed(durable, caplog):
    held, seen = Held(), []
    durable.engine.start({"segment": held})
    enqueue(durable, Job("segment", "1", "x"))
    assert held.entered.wait(30)
    durable.engine.stop(grace_s=0.1)
    assert durable.execute("SELECT status, recovery_attempts FROM {s}workflow_status") == [("ENQUEUED", 0)]
    assert "1 jobs outlived the grace" in caplog.text
    durable.engine.start({"segment": seen.append})
    durable.until(lambda: seen == ["x"])
    held.released.set()
    durable.settle()


def test_a_second_engine_cannot_run_beside_the_first_but_may_enqueue(durable):
    seen = []
    other = durable.another()
    durable.engine.start({"segment": seen.append})
    with pytest.raises(RuntimeError, match="in this process already"):
        other.start({})
    with durable.write() as tx:
        other.enqueue(tx, Job("segment", "1", "x"))
    durable.until(lambda: seen == ["x"])


def test_several_workers_run_jobs_side_by_side(durable):
    meeting = threading.Barrier(3, timeout=30)
    engine = durable.another(workers=3)
    enqueue(durable, *(Job("segment", str(number), str(number)) for number in range(3)))
    engine.start({"segment": lambda _: meeting.wait() and None})
    durable.settle()
    engine.stop(grace_s=10)
    assert durable.engine.health().dead_letters == 0


def test_a_stray_exit_in_a_handler_is_a_failure_like_any_other(durable):
    seen = []

    def handler(reference):
        seen.append(reference)
        if len(seen) == 1:
            raise SystemExit(1)

    durable.engine.start({"segment": handler})
    enqueue(durable, Job("segment", "1", "x"))
    durable.until(lambda: seen == ["x", "x"])


def test_the_log_says_what_failed_and_where_but_not_what_a_person_wrote(durable, caplog):
    def handler(reference):
        raise ValueError("my account is 4711")

    with caplog.at_level(logging.DEBUG):
        durable.engine.start({"segment": handler})
        enqueue(durable, Job("segment", "the-key", "x"))
        durable.until(lambda: durable.engine.health().dead_letters == 1)
        durable.settle()
    assert "job the-key failed, attempt 1: ValueError at" in caplog.text
    assert "test_durable.py:" in caplog.text
    assert "4711" not in caplog.text
    stored = durable.execute("SELECT output, error FROM {s}workflow_output WHERE error IS NOT NULL")
    assert "4711" not in str(stored)


def test_dbos_advertises_nothing_in_our_log(durable, caplog, capfd):
    with caplog.at_level(logging.INFO, logger="roadworthy"):
        durable.engine.start({})
        durable.engine.stop(grace_s=1)
    assert "dbos" not in caplog.text.lower()
    assert capfd.readouterr() == ("", "")


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return (Path.touch, (self._path,))


def test_a_pickle_in_the_tables_is_never_loaded_and_becomes_a_dead_letter(durable, tmp_path):
    seen, sprung = [], tmp_path / "sprung"
    enqueue(durable, Job("segment", "trap", "x"), Job("segment", "honest", "y"))
    durable.execute(
        "UPDATE {s}workflow_status SET serialization = 'py_pickle' WHERE workflow_uuid = 'trap'"
    )
    durable.execute(
        "UPDATE {s}workflow_input SET inputs = :inputs WHERE workflow_uuid = 'trap'",
        inputs=base64.b64encode(pickle.dumps(Trap(sprung))).decode(),
    )
    durable.engine.start({"segment": seen.append})
    durable.until(lambda: durable.engine.health().dead_letters == 1)
    durable.settle()
    assert seen == ["y"]
    assert not sprung.exists()


@pytest.mark.parametrize("arguments", [["only"], ["a", "b", "c"], ["a", "b", 1, 2], {"a": 1}, None])
def test_a_row_that_is_no_job_becomes_a_dead_letter(durable, arguments):
    enqueue(durable, Job("segment", "odd", "x"))
    durable.execute(
        "UPDATE {s}workflow_input SET inputs = :inputs",
        inputs=json.dumps({"positionalArgs": arguments, "namedArgs": {}}),
    )
    durable.engine.start({"segment": lambda _: None})
    durable.until(lambda: durable.engine.health().dead_letters == 1)


def test_purge_deletes_what_ended_long_ago_with_everything_about_it(durable):
    def handler(reference):
        assert reference != "bad"

    durable.engine.start({"segment": handler})
    enqueue(durable, Job("segment", "old", "x"), Job("segment", "dead", "bad"))
    durable.until(lambda: durable.engine.health().dead_letters == 1)
    durable.settle()
    durable.engine.stop(grace_s=10)
    enqueue(durable, Job("segment", "waiting", "x"), Job("due", "delayed", "x", delay_s=60))
    assert durable.engine.purge(older_than_s=3600) == 0
    durable.pass_time(0.01)
    assert durable.engine.purge(older_than_s=0) == 6  # one that ended, five attempts of the dead one
    for table in ("workflow_status", "workflow_input"):
        left = durable.execute(f"SELECT workflow_uuid FROM {{s}}{table} ORDER BY 1")
        assert left == [("delayed",), ("waiting",)], table
    assert durable.execute("SELECT count(*) FROM {s}workflow_output") == [(0,)]
    assert durable.engine.purge(older_than_s=0) == 0


def test_purge_goes_in_small_steps_until_all_is_gone(durable):
    enqueue(durable, *(Job("segment", f"{number}", "x") for number in range(1100)))
    durable.execute("UPDATE {s}workflow_status SET status = 'SUCCESS', completed_at = 1")
    assert durable.engine.purge(older_than_s=60) == 1100


def test_jobs_left_to_a_newer_version_are_not_taken_by_this_one(durable):
    seen = []
    durable.engine.start({"segment": seen.append})
    durable.execute(
        "INSERT INTO {s}application_versions (version_id, version_name, version_timestamp, application_name) "
        "VALUES ('2', 'wf-2', 99999999999999, 'roadworthy')"
    )
    enqueue(durable, Job("segment", "1", "x"))
    durable.pass_time(0.2)
    assert seen == []
    assert durable.engine.health().waiting == 1


def test_set_up_twice_is_harmless(durable):
    enqueue(durable, Job("segment", "1", "x"))
    DbosEngine.migrate(durable.database)
    assert durable.engine.health().waiting == 1


@pytest.mark.parametrize("there", ["nothing", "the store's tables", "the tables of an older dbos"])
def test_a_worker_on_a_database_that_was_not_set_up_says_what_to_do(tmp_path, there):
    database = open_engine(f"sqlite:///{tmp_path}/empty.sqlite")
    if there == "the tables of an older dbos":
        DbosEngine.migrate(database)
    with database.begin() as connection:
        if there != "nothing":
            connection.exec_driver_sql(LEASES)
        if there == "the tables of an older dbos":
            connection.exec_driver_sql("UPDATE dbos_migrations SET version = version - 1")
    with pytest.raises(Unavailable) as refused:
        DbosEngine(database, lambda tx: tx.connection).start({})
    assert refused.value.code == "RW-ENGINE-002"
    assert "set the database up" in refused.value.hint
    if there != "nothing":
        with database.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM executor_lease").scalar() == 0
    database.dispose()


def test_an_engine_whose_database_cannot_be_reached_says_so():
    database = open_engine("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable) as refused:
        DbosEngine(database, lambda tx: tx.connection).health()
    assert refused.value.code == "RW-ENGINE-001"
    database.dispose()


def test_a_worker_outlasts_a_database_that_is_locked_for_a_while(tmp_path, caplog):
    url = f"sqlite:///{tmp_path}/engine.sqlite"
    set_up(url)
    database = open_engine(url, busy_timeout_s=0.05)
    engine, seen = DbosEngine(database, lambda tx: tx.connection, poll_s=0.5), []
    engine.start({"segment": seen.append})
    with begin_write(database) as connection:
        engine.enqueue(Tx(connection), Job("segment", "1", "x"))
    with begin_write(database):
        until(lambda: "no jobs can be taken" in caplog.text or seen, "the worker met the lock")
    until(lambda: seen == ["x"], "the job ran")
    engine.stop(grace_s=30)
    database.dispose()


@pytest.mark.postgres
def test_a_server_that_drops_all_connections_costs_no_job(postgres_url):
    set_up(postgres_url)
    database = open_engine(postgres_url)
    engine, seen = (
        DbosEngine(database, lambda tx: tx.connection, poll_s=0.02, retry_after_s=(0.0,) * 9),
        set(),
    )

    def handler(reference):
        threading.Event().wait(0.01)
        seen.add(reference)

    with begin_write(database) as connection:
        for number in range(100):
            engine.enqueue(Tx(connection), Job("segment", str(number), str(number)))
    engine.start({"segment": handler})
    with psycopg.connect(postgres_url, autocommit=True) as other:
        for already in (10, 40, 70):
            until(lambda already=already: len(seen) >= already, "some jobs ran")
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
    until(lambda: len(seen) == 100, "all jobs ran")
    until(lambda: engine.health().running == 0, "all results were written")
    assert engine.health().dead_letters == 0
    engine.stop(grace_s=30)
    database.dispose()


def test_a_process_that_only_enqueues_neither_imports_dbos_nor_starts_threads(durable):
    script = """
import sys, threading
from types import SimpleNamespace
from roadworthy.adapters.dbos import DbosEngine
from roadworthy.adapters.sql.engine import begin_write, open_engine
from roadworthy.ports import Job

database = open_engine(sys.argv[1])
engine = DbosEngine(database, lambda tx: tx.connection)
with begin_write(database) as connection:
    engine.enqueue(SimpleNamespace(connection=connection), Job("segment", "k", "x"))
assert engine.health().waiting == 1
assert "dbos" not in sys.modules, "dbos was imported"
assert threading.active_count() == 1
"""
    subprocess.run([sys.executable, "-c", script, durable.url], check=True, timeout=60)
    assert durable.engine.health().waiting == 1
