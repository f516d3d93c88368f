"""What the engine takes for granted about the installed DBOS, where DBOS promises nothing.

The engine writes DBOS's rows with statements of its own. Each is held here against the row that
DBOS writes itself; whoever raises the version of DBOS learns from these tests what changed.
"""

from __future__ import annotations

from importlib.metadata import version

import pytest
from dbos import DBOSClient, DBOSPortableJSONSerializer
from dbos._sys_db import SystemDatabase
from tests.adapters.engine.bench import set_up

from roadworthy.adapters.dbos.jobs import QUEUE, VERSION, WORKFLOW, JobTable, arguments
from roadworthy.adapters.dbos.runtime import _system_database
from roadworthy.adapters.sql.engine import begin_read, open_engine
from roadworthy.ports import Job

# Times, and the token that DBOS uses to tell a repeated insert from a new one.
VARY = {"created_at", "updated_at", "started_at_epoch_ms", "delay_until_epoch_ms", "creator_xid"}


@pytest.fixture
def table(durable):
    return JobTable(durable.database.dialect.name)


@pytest.fixture
def system(durable) -> SystemDatabase:
    """DBOS's own access to its tables, as an application of our name and version."""
    system = _system_database(durable.database)
    system.app_name = "roadworthy"
    system.create_application_version(VERSION)
    return system


class FakeQueue:
    """The attributes of a queue that DBOS reads when it claims."""

    name = QUEUE
    _worker_concurrency = 1
    _concurrency = _limiter = _partition_concurrency = None
    _partition_worker_concurrency = _partition_limiter = None


def rows(durable):
    """Every row of a job by key, without what must differ; DBOS's jobs are called ``theirs``."""
    found = {}
    for row in durable.execute("SELECT * FROM {s}workflow_status"):
        values = {name: value for name, value in row._mapping.items() if name not in VARY}
        # SQLAlchemy writes a missing JSON value as the text `null`; both are read as none.
        values["attributes"] = None if values["attributes"] == "null" else values["attributes"]
        found[values.pop("workflow_uuid")] = values
    return found


def both(durable, table, *, delay_s=0.0, priority=0):
    """One job written by us, one by DBOS."""
    client = DBOSClient(
        system_database_engine=durable.database,
        serializer=DBOSPortableJSONSerializer(),
        application_name="roadworthy",
        lazy=True,
    )
    options = {"workflow_name": WORKFLOW, "queue_name": QUEUE, "workflow_id": "theirs"}
    if priority:
        options["priority"] = priority
    if delay_s:
        options["delay_seconds"] = delay_s
    with durable.write() as tx:
        table.add(tx.connection, Job("segment", "ours", "x", delay_s=delay_s, priority=priority))
        client.enqueue_in_transaction(tx.connection, options, "segment", "x", 1)


def test_the_version_is_one_the_statements_were_held_against():
    assert version("dbos").startswith("3.4.")


@pytest.mark.parametrize(("delay_s", "priority"), [(0.0, 0), (60.0, 0), (0.0, 7)])
def test_an_enqueue_writes_the_row_that_dbos_writes(durable, table, delay_s, priority):
    both(durable, table, delay_s=delay_s, priority=priority)
    written = rows(durable)
    assert written["ours"] == written["theirs"]
    inputs = dict(durable.execute("SELECT workflow_uuid, inputs FROM {s}workflow_input"))
    assert inputs["ours"] == inputs["theirs"] == arguments("segment", "x", 1)
    due = dict(durable.execute("SELECT workflow_uuid, delay_until_epoch_ms FROM {s}workflow_status"))
    assert due["ours"] == due["theirs"] is None or abs(due["ours"] - due["theirs"]) < 5_000


def test_a_claim_leaves_the_row_that_a_claim_of_dbos_leaves(durable, table, system):
    both(durable, table, priority=1)
    durable.execute("UPDATE {s}workflow_status SET priority = 0 WHERE workflow_uuid = 'ours'")
    with durable.write() as tx:
        (claim,) = table.claim(tx.connection, executor="e", owner="o", room=1)
    assert (claim.key, claim.starts, claim.inputs) == ("ours", 1, arguments("segment", "x", 1))
    assert system.start_queued_workflows(FakeQueue(), "e", VERSION, None, owner_xid="o")[0] == ["theirs"]
    durable.execute("UPDATE {s}workflow_status SET priority = 0")
    written = rows(durable)
    assert written["ours"] == written["theirs"]


def test_taking_over_leaves_the_row_that_dbos_recovery_leaves(durable, table, system):
    both(durable, table)
    with durable.write() as tx:
        assert len(table.claim(tx.connection, executor="dead", owner="o", room=2)) == 2
    system.reenqueue_for_recovery("theirs", ["dead"], QUEUE)
    with durable.write() as tx:
        assert table.take_over(tx.connection) == 1
    written = rows(durable)
    assert written["ours"] == written["theirs"]


def test_no_frequent_statement_reads_the_finished_jobs(tmp_path):
    """Asked of SQLite, whose planner explains itself without statistics."""
    url = f"sqlite:///{tmp_path}/plan.sqlite"
    set_up(url)
    database, table = open_engine(url), JobTable("sqlite")
    names = {"room": 1, "owner": "o", "executor": "e"}
    for statement in (table._is_ready, table._claim, table._take_over, table._health, table._give_back):
        with begin_read(database) as connection:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", names)]
        assert not [
            step for step in plan if step.startswith("SCAN workflow_status") and "INDEX" not in step
        ]
    database.dispose()


def test_dbos_moves_a_delayed_job_of_ours_when_it_is_due(durable, table, system):
    both(durable, table, delay_s=0.001)
    durable.pass_time(0.01)
    system.transition_delayed_workflows()
    assert {row["status"] for row in rows(durable).values()} == {"ENQUEUED"}
