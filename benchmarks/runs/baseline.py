"""What the durable engine costs by itself: ``baseline.py [bare|job] [URL] [COUNT]``.

The yardstick that the cost of a case is held against. The last line is JSON with ``cpu_ms``.

``bare``  a workflow of DBOS with three trivial steps, started through a queue, nothing of ours around it
``job``   one job of our engine whose handler does nothing

Both run on the same kind of database, opened by our own factory, with as many workers. Figures are CPU
(user and system) of the whole process from the first enqueue to the last result, per workflow.
"""

from __future__ import annotations

import argparse
import json
import resource
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
    parser.add_argument("kind", nargs="?", choices=["bare", "job"], default="bare")
    parser.add_argument(
        "url", nargs="?", default="", help="an empty database; a new SQLite file if left out"
    )
    parser.add_argument("count", nargs="?", type=int, default=300)
    parser.add_argument("--workers", type=int, default=4)
    asked = parser.parse_args()
    measure = bare if asked.kind == "bare" else job
    with tempfile.TemporaryDirectory() as folder:
        url = asked.url or f"sqlite:///{folder}/baseline.sqlite"
        spent = measure(url, asked.count, asked.workers)
    print(
        json.dumps(
            {"kind": asked.kind, "count": asked.count, "workers": asked.workers, "cpu_ms": round(spent, 3)}
        )
    )


if __name__ == "__main__":
    main()
