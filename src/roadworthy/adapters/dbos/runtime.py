"""Everything that touches the package ``dbos``, its private parts among them, in one file.

Private, and therefore held by a contract test: ``execute_dequeued_workflow`` (runs one claimed row),
``SystemDatabase`` (migrations, deletion), ``DefaultSerializer`` (to take pickle out of service).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Never, cast

import sqlalchemy as sa
from dbos import DBOS, DBOSPortableJSONSerializer
from dbos._core import WorkflowHandleFuture, execute_dequeued_workflow
from dbos._enqueue_options import build_enqueue_status
from dbos._error import DBOSException
from dbos._serialization import DefaultSerializer
from dbos._sys_db import SystemDatabase
from dbos._sys_db_postgres import PostgresSystemDatabase
from dbos._sys_db_sqlite import SQLiteSystemDatabase

from roadworthy.adapters.dbos.jobs import APPLICATION, QUEUE, VERSION, WORKFLOW, Claim, not_set_up

MAX_STARTS = 5
_SCHEMA = "dbos"


class Runtime:
    """DBOS, launched in this process: one workflow, no queue thread, no pickle, no advertisement.

    DBOS is one per process. ``work`` gets (key, kind, reference, attempt) and runs in a thread of
    DBOS's pool; a workflow whose process died ``MAX_STARTS`` times is set aside by DBOS.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        executor: str,
        workers: int,
        work: Callable[[str, str, str, int], None],
    ) -> None:
        _quieten()
        disarm_pickle()
        self._template = build_enqueue_status(
            {"workflow_name": WORKFLOW, "queue_name": QUEUE, "application_name": APPLICATION},
            DBOSPortableJSONSerializer(),
            (),
            {},
        )[1]
        self._template["status"] = "PENDING"
        self._dbos = DBOS(
            config={
                "name": APPLICATION,
                "system_database_engine": engine,
                "dbos_system_schema": _SCHEMA,
                "application_version": VERSION,
                "executor_id": executor,
                "max_executor_threads": workers,
                "serializer": DBOSPortableJSONSerializer(),
                "run_migrations": False,
                "use_listen_notify": False,
                # A sleeping poller of messages we never send; it is waited for when DBOS is closed.
                "notification_listener_polling_interval_sec": 0.1,
                "log_level": "WARNING",
            }
        )
        try:
            # Our dispatcher takes the jobs.
            DBOS.listen_queues([])

            @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MAX_STARTS - 1, validate_args=_checked)
            def job(kind: str, reference: str, attempt: int) -> None:
                work(str(DBOS.workflow_id), kind, reference, attempt)

            DBOS.launch()
        except BaseException as fault:
            self.close()
            if isinstance(fault, DBOSException):
                raise not_set_up() from fault
            raise

    def submit(self, claim: Claim) -> Future[None]:
        """Run a claimed job. The future ends when its result is written."""
        status = self._template.copy()
        status["workflow_uuid"] = claim.key
        status["inputs"] = claim.inputs
        status["recovery_attempts"] = claim.starts
        handle = execute_dequeued_workflow(self._dbos, status, claim.owner)
        return cast("WorkflowHandleFuture[None]", handle).future

    def close(self) -> None:
        DBOS.destroy(destroy_registry=True)


def migrate(engine: sa.Engine) -> None:
    """Bring DBOS's tables to the version of the installed DBOS. Again, or by two at once: harmless."""
    _quieten()
    _system_database(engine).run_migrations()


def delete(engine: sa.Engine, keys: Sequence[str]) -> None:
    """Remove jobs with everything DBOS keeps about them."""
    _system_database(engine).delete_workflows(list(keys))


def disarm_pickle() -> None:
    """Make unpickling impossible: DBOS would unpickle any row whose column says so."""
    DefaultSerializer.serialize = _refuse  # type: ignore[method-assign, assignment]
    DefaultSerializer.deserialize = _refuse  # type: ignore[method-assign, assignment]


def _refuse(_: DefaultSerializer, __: object) -> Never:
    raise ValueError("pickle is out of service here: jobs are JSON")


def _checked(
    positional: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Also spares DBOS from reading the workflow's type hints anew for each job."""
    kind, reference, attempt = positional
    if named or not (isinstance(kind, str) and isinstance(reference, str) and isinstance(attempt, int)):
        raise ValueError("not the arguments of a job")
    return positional, {}


def _quieten() -> None:
    """Let DBOS log like everybody else: it hangs a console of its own where it finds no handler."""
    log = logging.getLogger("dbos")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    log.setLevel(logging.WARNING)


def _system_database(engine: sa.Engine) -> SystemDatabase:
    kind = SQLiteSystemDatabase if engine.dialect.name == "sqlite" else PostgresSystemDatabase
    return kind(
        system_database_url=f"{engine.dialect.name}://",
        engine_kwargs={},
        engine=engine,
        schema=_SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
        executor_id=None,
        use_listen_notify=False,
        retry_connection_errors=False,
    )
