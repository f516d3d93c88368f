"""What the durable engine costs by itself: the yardstick that the cost of a case is held against.

``bare``  a workflow of DBOS with three trivial steps, started through a queue, nothing of ours around it
``job``   one job of our engine whose handler does nothing

Both run on the same kind of database, opened by our own factory, with as many workers. Figures are CPU
(user and system) of the whole process from the first enqueue to the last result, per workflow.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import sqlalchemy as sa
from dbos import DBOS, DBOSClient

from roadworthy.adapters.dbos import DbosEngine
from roadworthy.adapters.sql.engine import begin_write, open_engine
from roadworthy.ports import Job

POLL_S = 0.05
WARM_UP = 40
LEASES = (
    "CREATE TABLE executor_lease (executor_id text PRIMARY KEY, "
    "beat double precision NOT NULL, ttl double precision NOT NULL)"
)


def cpu_ms_per_workflow(kind: str, *, workflows: int = 300, workers: int = 4, url: str = "") -> float:
    """Measure in a process of its own, for DBOS is one per process. Without ``url``: a new SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        place = url or f"sqlite:///{folder}/baseline.sqlite"
        command = [sys.executable, __file__, "--measure", kind, "--url", place]
        command += ["--workflows", str(workflows), "--workers", str(workers)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(answer.stdout)


def bare(url: str, workflows: int, workers: int) -> float:
    engine = open_engine(url)
    DBOS(config={"name": "baseline", "system_database_engine": engine, "log_level": "WARNING"})

    @DBOS.step()
    def step(value: str) -> str:
        return value

    @DBOS.workflow(name="three-steps")
    def three_steps(value: str) -> str:
        return step(step(step(value)))

    DBOS.launch()
    DBOS.register_queue("baseline", worker_concurrency=workers, polling_interval_sec=POLL_S)
    client = DBOSClient(system_database_engine=engine, lazy=True)

    def enqueue(key: str) -> None:
        with begin_write(engine) as connection:
            options = {"workflow_name": "three-steps", "queue_name": "baseline", "workflow_id": key}
            client.enqueue_in_transaction(connection, options, key)

    spent = _spent(engine, enqueue, workflows)
    DBOS.destroy()
    return spent


def job(url: str, workflows: int, workers: int) -> float:
    engine = open_engine(url)
    DbosEngine.migrate(engine)
    with begin_write(engine) as connection:
        connection.exec_driver_sql(LEASES)
    durable = DbosEngine(engine, lambda tx: tx, workers=workers, poll_s=POLL_S)
    durable.start({"nothing": lambda reference: None})

    def enqueue(key: str) -> None:
        with begin_write(engine) as connection:
            durable.enqueue(connection, Job("nothing", key, key))

    spent = _spent(engine, enqueue, workflows)
    durable.stop(grace_s=10)
    return spent


def _spent(engine: sa.Engine, enqueue: Callable[[str], None], workflows: int) -> float:
    _run(engine, enqueue, "warm", WARM_UP, WARM_UP)
    before = _cpu_s()
    _run(engine, enqueue, "timed", workflows, WARM_UP + workflows)
    return (_cpu_s() - before) * 1000 / workflows


def _run(engine: sa.Engine, enqueue: Callable[[str], None], prefix: str, count: int, done: int) -> None:
    for number in range(count):
        enqueue(f"{prefix}-{number}")
    schema = "dbos." if engine.dialect.name == "postgresql" else ""
    question = f"SELECT count(*) FROM {schema}workflow_status WHERE status = 'SUCCESS'"
    while True:
        with engine.connect() as connection:
            if connection.exec_driver_sql(question).scalar() == done:
                return
        time.sleep(POLL_S)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--measure", choices=["bare", "job"], help=argparse.SUPPRESS)
    parser.add_argument("--workflows", type=int, default=300)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--url", default="", help="an empty database; a new SQLite file if left out")
    asked = parser.parse_args()
    if asked.measure:
        measure = bare if asked.measure == "bare" else job
        print(measure(asked.url, asked.workflows, asked.workers))
        return
    if asked.url and not asked.url.startswith("sqlite"):
        parser.error("both need an empty database: run `--measure` for each of them")
    figures = {
        f"{kind}_cpu_ms": round(
            cpu_ms_per_workflow(kind, workflows=asked.workflows, workers=asked.workers), 3
        )
        for kind in ("bare", "job")
    }
    print(json.dumps({"workflows": asked.workflows, "workers": asked.workers, **figures}))


if __name__ == "__main__":
    main()
