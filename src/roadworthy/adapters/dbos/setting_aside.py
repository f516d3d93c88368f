"""Jobs that came along in a copy of a database belong to the original: the copy's workers leave them alone."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.dbos.jobs import APPLICATION, QUEUE


def set_aside(engine: sa.Engine) -> int:
    """Cancel every job that waits or runs, and forget every executor; returns how many jobs. For copies only."""
    schema = "dbos." if engine.dialect.name == "postgresql" else ""
    cancel = sa.text(
        f"UPDATE {schema}workflow_status SET status = 'CANCELLED'"  # noqa: S608 - a fixed word
        " WHERE queue_name = :queue AND application_name = :application"
        " AND status IN ('ENQUEUED', 'PENDING', 'DELAYED')"
    )
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM executor_lease"))
        return connection.execute(cancel, {"queue": QUEUE, "application": APPLICATION}).rowcount
