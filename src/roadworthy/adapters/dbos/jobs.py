"""Jobs as rows in the tables of DBOS.

DBOS builds its statements anew for each call: 0.4 ms CPU for an enqueue, 3 ms for a claim. Here they
are fixed text (0.1 ms each), together with what DBOS lacks: take-over, giving back, counts. A
contract test holds each against what the installed DBOS itself writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from roadworthy.errors import Unavailable
from roadworthy.ports import EngineHealth, Job

APPLICATION: Final = "roadworthy"
QUEUE: Final = "roadworthy"
WORKFLOW: Final = "roadworthy.job"
# Goes up only when the arguments of the workflow change their meaning. DBOS's own default is a hash
# of the sources, with which every edit would strand the jobs in flight.
VERSION: Final = "wf-1"
SERIALIZATION: Final = "portable_json"

_ADD = """
INSERT INTO {schema}workflow_status
  (workflow_uuid, status, name, queue_name, priority, serialization, application_name, recovery_attempts,
   delay_until_epoch_ms, created_at, updated_at)
VALUES (:key, :status, '{workflow}', '{queue}', :priority, '{serialization}', '{application}', 0,
   {now_ms} + CAST(:delay_ms AS BIGINT), {now_ms}, {now_ms})
ON CONFLICT (workflow_uuid) DO NOTHING
"""
_ADD_INPUT = """
INSERT INTO {schema}workflow_input (workflow_uuid, inputs, retention_timestamp)
VALUES (:key, :inputs, {now_ms})
ON CONFLICT (workflow_uuid) DO NOTHING
"""
# Parts of statements. ``in_flight`` repeats the condition of a partial index: SQLite takes the index only
# then, while Postgres would count the condition twice and sort what the index has in order.
_ENQUEUED = "queue_name = '{queue}' AND status = 'ENQUEUED' {in_flight}"
_HELD = "queue_name = '{queue}' AND status = 'PENDING' {in_flight}"
_DUE = "queue_name = '{queue}' AND status = 'DELAYED' AND delay_until_epoch_ms <= {now_ms}"
_OURS = """(application_version = '{version}' OR application_version IS NULL AND '{version}' = (
    SELECT version_name FROM {schema}application_versions
    WHERE application_name = '{application}' OR application_name IS NULL
    ORDER BY version_timestamp DESC LIMIT 1))"""
_FREE = "status = 'ENQUEUED', owner_xid = NULL, started_at_epoch_ms = NULL, updated_at = {now_ms}"

# Without an order Postgres reads the whole table where old statistics promise a hit at once.
_IS_READY = """
SELECT 1 FROM {schema}workflow_status WHERE {enqueued} AND {ours} ORDER BY priority, created_at LIMIT 1
"""
# Materialized: a planner that ran the inner query once per row would take more than asked for. Inside,
# because Python's driver begins a transaction only where a statement begins with the word UPDATE.
_CLAIM = """
UPDATE {schema}workflow_status
SET status = 'PENDING', owner_xid = :owner, executor_id = :executor, application_version = '{version}',
  recovery_attempts = recovery_attempts + 1, started_at_epoch_ms = {now_ms}, updated_at = {now_ms}
WHERE status = 'ENQUEUED' AND workflow_uuid IN (
  WITH picked AS MATERIALIZED (
    SELECT workflow_uuid FROM {schema}workflow_status WHERE {enqueued} AND {ours}
    ORDER BY priority, created_at LIMIT :room {skip_locked})
  SELECT workflow_uuid FROM picked)
RETURNING workflow_uuid, recovery_attempts, priority, created_at, (
  SELECT inputs FROM {schema}workflow_input AS input WHERE input.workflow_uuid = workflow_status.workflow_uuid)
"""
# A start that an orderly stop cut short does not count as one that failed.
_GIVE_BACK = """
UPDATE {schema}workflow_status SET {free}, recovery_attempts = recovery_attempts - 1
WHERE {held} AND executor_id = :executor
"""
_GIVE_BACK_ONE = """
UPDATE {schema}workflow_status SET {free} WHERE {held} AND owner_xid = :owner AND workflow_uuid = :key
"""
_GIVE_BACK_CLAIM = "UPDATE {schema}workflow_status SET {free} WHERE {held} AND owner_xid = :owner"
_TAKE_OVER = """
UPDATE {schema}workflow_status SET {free} WHERE {held} AND NOT EXISTS (
  SELECT 1 FROM executor_lease AS lease
  WHERE lease.executor_id = workflow_status.executor_id AND lease.beat >= {now_s} - lease.ttl)
"""
_BEAT = """
INSERT INTO executor_lease (executor_id, beat, ttl) VALUES (:executor, {now_s}, :ttl_s)
ON CONFLICT (executor_id) DO UPDATE SET beat = excluded.beat, ttl = excluded.ttl
"""
_FORGET = "DELETE FROM executor_lease WHERE executor_id = :executor"
_FORGET_SILENT = "DELETE FROM executor_lease WHERE beat < {now_s} - ttl"
_HEALTH = """
SELECT
  (SELECT count(*) FROM {schema}workflow_status WHERE {enqueued})
    + (SELECT count(*) FROM {schema}workflow_status WHERE {due}),
  (SELECT count(*) FROM {schema}workflow_status WHERE {held}),
  (SELECT count(*) FROM {schema}workflow_status
    WHERE status IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED') AND status <> 'CANCELLED'
      AND name = '{workflow}'),
  (SELECT min(coalesce(delay_until_epoch_ms, created_at)) FROM {schema}workflow_status WHERE {enqueued}),
  (SELECT min(delay_until_epoch_ms) FROM {schema}workflow_status WHERE {due}),
  (SELECT count(*) FROM executor_lease WHERE beat >= {now_s} - ttl),
  {now_ms}
"""
_OVER = """
SELECT workflow_uuid FROM {schema}workflow_status
WHERE completed_at IS NOT NULL AND completed_at < {now_ms} - CAST(:older_than_ms AS BIGINT) AND name = '{workflow}'
ORDER BY completed_at LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One start of a job. ``owner`` is a token that fences off whoever held it before."""

    key: str
    owner: str
    starts: int
    inputs: str


class JobTable:
    """The statements, in the words of one database. Transactions belong to the caller."""

    def __init__(self, dialect: str) -> None:
        postgres = dialect == "postgresql"
        now_s = (
            "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
            if postgres
            else "((julianday('now') - 2440587.5) * 86400.0)"
        )
        words = {
            "schema": "dbos." if postgres else "",
            "skip_locked": "FOR UPDATE SKIP LOCKED" if postgres else "",
            "in_flight": "" if postgres else "AND status IN ('ENQUEUED', 'PENDING')",
            "now_s": now_s,
            "now_ms": f"CAST({now_s} * 1000 AS BIGINT)",
            "application": APPLICATION,
            "queue": QUEUE,
            "workflow": WORKFLOW,
            "version": VERSION,
            "serialization": SERIALIZATION,
        }
        parts = {"enqueued": _ENQUEUED, "held": _HELD, "due": _DUE, "ours": _OURS, "free": _FREE}
        words |= {name: part.format_map(words) for name, part in parts.items()}

        def text(statement: str) -> str:
            filled = statement.format_map(words)
            return re.sub(r":(\w+)", r"%(\1)s", filled) if postgres else filled

        self._add, self._add_input = text(_ADD), text(_ADD_INPUT)
        self._is_ready, self._claim = text(_IS_READY), text(_CLAIM)
        self._give_back, self._give_back_one = text(_GIVE_BACK), text(_GIVE_BACK_ONE)
        self._give_back_claim, self._take_over = text(_GIVE_BACK_CLAIM), text(_TAKE_OVER)
        self._beat = text(_BEAT)
        self._forget, self._forget_silent = text(_FORGET), text(_FORGET_SILENT)
        self._health, self._over = text(_HEALTH), text(_OVER)

    def add(self, connection: sa.Connection, job: Job, *, attempt: int = 1) -> None:
        """A new job, unless its key is known already."""
        if not job.key.strip():
            raise ValueError("a job needs a key")
        delayed = job.delay_s > 0
        row = {
            "key": job.key,
            "status": "DELAYED" if delayed else "ENQUEUED",
            "priority": job.priority,
            "delay_ms": int(job.delay_s * 1000) if delayed else None,
        }
        if connection.exec_driver_sql(self._add, row).rowcount:
            connection.exec_driver_sql(
                self._add_input, {"key": job.key, "inputs": arguments(job.kind, job.reference, attempt)}
            )

    def is_ready(self, connection: sa.Connection) -> bool:
        """Whether a claim would find something. Takes no lock."""
        return connection.exec_driver_sql(self._is_ready).first() is not None

    def claim(
        self, connection: sa.Connection, *, executor: str, owner: str, room: int
    ) -> tuple[Claim, ...]:
        """Take up to ``room`` ready jobs: the lowest priority number first, then the oldest."""
        parameters = {"executor": executor, "owner": owner, "room": room}
        rows = connection.exec_driver_sql(self._claim, parameters).all()
        return tuple(
            Claim(key, owner, starts, inputs)
            for key, starts, _, _, inputs in sorted(rows, key=lambda row: (row[2], row[3]))
        )

    def give_back(self, connection: sa.Connection, *, executor: str) -> int:
        """Everything an executor still holds, for anybody to take; returns how many."""
        return self._changed(connection, self._give_back, {"executor": executor})

    def give_back_one(self, connection: sa.Connection, claim: Claim) -> None:
        """A job that did not end, unless somebody else has it by now."""
        self._changed(connection, self._give_back_one, {"key": claim.key, "owner": claim.owner})

    def give_back_claim(self, connection: sa.Connection, *, owner: str) -> None:
        """All jobs of one claim."""
        self._changed(connection, self._give_back_claim, {"owner": owner})

    def take_over(self, connection: sa.Connection) -> int:
        """Free the jobs of executors that fell silent or left no lease; returns how many."""
        freed = self._changed(connection, self._take_over, {})
        self._changed(connection, self._forget_silent, {})
        return freed

    def beat(self, connection: sa.Connection, *, executor: str, ttl_s: float) -> None:
        self._changed(connection, self._beat, {"executor": executor, "ttl_s": ttl_s})

    def forget(self, connection: sa.Connection, *, executor: str) -> None:
        """Take a process that ended off the list of those that work."""
        self._changed(connection, self._forget, {"executor": executor})

    def health(self, connection: sa.Connection) -> EngineHealth:
        found = connection.exec_driver_sql(self._health).one()
        waiting, running, dead, enqueued_ms, due_ms, executors, now_ms = found
        oldest = min((since for since in (enqueued_ms, due_ms) if since is not None), default=now_ms)
        return EngineHealth(waiting, running, dead, max(0.0, (now_ms - oldest) / 1000), executors)

    def over(self, connection: sa.Connection, *, older_than_s: float, limit: int) -> list[str]:
        """Keys of jobs that ended long ago, the oldest first."""
        parameters = {"older_than_ms": int(older_than_s * 1000), "limit": limit}
        return [str(key) for (key,) in connection.exec_driver_sql(self._over, parameters)]

    def _changed(self, connection: sa.Connection, statement: str, parameters: Mapping[str, object]) -> int:
        return connection.exec_driver_sql(statement, dict(parameters)).rowcount


def arguments(kind: str, reference: str, attempt: int) -> str:
    """Arguments of the workflow as DBOS writes them: ids only, never a payload, never pickle."""
    return json.dumps(
        {"namedArgs": {}, "positionalArgs": [kind, reference, attempt]},
        separators=(",", ":"),
        ensure_ascii=False,
    )


def not_set_up() -> Unavailable:
    return Unavailable(
        "RW-ENGINE-002",
        "the tables of the durable engine are missing or of an older version",
        retry_is_safe=True,
        hint="let `roadworthy up` set the database up first",
    )
