"""What survives when processes are killed, frozen, or many."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from roadworthy.ports import Job

LEASE_TTL_S = 1.5
WORKER = Path(__file__).with_name("worker.py")
DIES_BEFORE_COMMIT = """
import os, signal, sys
from types import SimpleNamespace
from roadworthy.adapters.dbos import DbosEngine
from roadworthy.adapters.sql.engine import begin_write, open_engine
from roadworthy.ports import Job

database = open_engine(sys.argv[1])
engine = DbosEngine(database, lambda tx: tx.connection)
with begin_write(database) as connection:
    engine.enqueue(SimpleNamespace(connection=connection), Job("note", "k", "never"))
    os.kill(os.getpid(), signal.SIGKILL)
"""
MIGRATES = """
import sys
from roadworthy.adapters.dbos import DbosEngine
from roadworthy.adapters.sql.engine import open_engine

DbosEngine.migrate(open_engine(sys.argv[1]))
"""


@pytest.fixture
def runs(durable):
    durable.execute(
        "CREATE TABLE run (reference text, pid integer, begun double precision, ended double precision)"
    )
    return lambda: durable.execute("SELECT reference, pid, begun, ended FROM run ORDER BY begun")


@contextmanager
def worker(
    durable, *, lease_ttl_s: float = 10.0, hold: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    arguments = [sys.executable, str(WORKER), durable.url, str(lease_ttl_s), *([str(hold)] if hold else [])]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()
        assert process.wait(timeout=60) in (0, -signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def enqueue(durable, *references: str) -> None:
    with durable.write() as tx:
        for reference in references:
            durable.engine.enqueue(tx, Job("note", reference, reference))


def script(text: str, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", text, url])


def test_a_process_killed_before_its_commit_leaves_no_job(durable):
    assert script(DIES_BEFORE_COMMIT, durable.url).wait(timeout=60) == -signal.SIGKILL
    assert durable.execute("SELECT count(*) FROM {s}workflow_status") == [(0,)]
    assert durable.execute("SELECT count(*) FROM {s}workflow_input") == [(0,)]


def test_a_job_whose_worker_was_killed_is_run_again_by_another_after_the_lease(durable, runs, tmp_path):
    hold = tmp_path / "hold"
    hold.touch()
    with worker(durable, lease_ttl_s=LEASE_TTL_S, hold=hold) as first:
        enqueue(durable, "x")
        durable.until(runs)
        with worker(durable, lease_ttl_s=LEASE_TTL_S) as second:
            first.kill()
            durable.until(lambda: len(runs()) == 2)
            durable.settle()
    cut_short, finished = runs()
    assert (cut_short.pid, cut_short.ended) == (first.pid, None)
    assert finished.pid == second.pid
    assert finished.ended is not None
    # Not before the lease had run out, for a worker that is only slow keeps its jobs.
    assert finished.begun - cut_short.begun > LEASE_TTL_S * 2 / 3


def test_a_worker_keeps_a_long_job_for_longer_than_its_lease(durable, runs, tmp_path):
    hold = tmp_path / "hold"
    hold.touch()
    with (
        worker(durable, lease_ttl_s=LEASE_TTL_S, hold=hold),
        worker(durable, lease_ttl_s=LEASE_TTL_S, hold=hold),
    ):
        enqueue(durable, "x")
        durable.until(runs)
        durable.pass_time(2 * LEASE_TTL_S)
        hold.unlink()
        durable.settle()
    assert len(runs()) == 1


def test_a_frozen_worker_that_thaws_loses_its_job_and_goes_on_with_others(durable, runs, tmp_path):
    hold = tmp_path / "hold"
    hold.touch()
    with worker(durable, lease_ttl_s=LEASE_TTL_S, hold=hold) as frozen:
        enqueue(durable, "x")
        durable.until(runs)
        frozen.send_signal(signal.SIGSTOP)
        with worker(durable, lease_ttl_s=LEASE_TTL_S) as other:
            durable.until(lambda: len(runs()) == 2)
            durable.settle()
            owner = durable.execute("SELECT executor_id FROM {s}workflow_status")
        hold.unlink()
        frozen.send_signal(signal.SIGCONT)
        enqueue(durable, "y")
        durable.until(lambda: len(runs()) == 3)
        durable.settle()
        assert (
            durable.execute("SELECT executor_id FROM {s}workflow_status WHERE workflow_uuid = 'x'") == owner
        )
    assert [(run.reference, run.pid) for run in runs()] == [
        ("x", frozen.pid),
        ("x", other.pid),
        ("y", frozen.pid),
    ]


def test_two_processes_do_200_jobs_none_lost_and_none_twice(durable, runs):
    references = [f"job-{number:03}" for number in range(200)]
    with worker(durable) as first, worker(durable) as second:
        for start in range(0, 200, 10):
            enqueue(durable, *references[start : start + 10])
        durable.settle()
    seen = runs()
    assert Counter(run.reference for run in seen) == Counter(references)
    assert all(run.ended for run in seen)
    assert {run.pid for run in seen} == {first.pid, second.pid}


def test_two_processes_may_set_up_the_same_empty_file(tmp_path):
    url = f"sqlite:///{tmp_path}/empty.sqlite"
    both = [script(MIGRATES, url) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]


@pytest.mark.postgres
def test_two_processes_may_set_up_the_same_empty_database(postgres_url):
    both = [script(MIGRATES, postgres_url) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
