"""All state, in one database: SQLite or Postgres, by the engine it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from roadworthy.adapters.sql.alerts import SqlAlerts
from roadworthy.adapters.sql.cases import SqlCases
from roadworthy.adapters.sql.effects import SqlEffects
from roadworthy.adapters.sql.engine import begin_read, begin_write
from roadworthy.adapters.sql.evaluations import SqlEvaluations
from roadworthy.adapters.sql.evidence import SqlEvidence
from roadworthy.adapters.sql.flags import SqlFlags
from roadworthy.adapters.sql.inbox import SqlInbox
from roadworthy.adapters.sql.ledger import SqlLedger
from roadworthy.adapters.sql.ledger_index import SqlLedgerIndex
from roadworthy.adapters.sql.lineage import SqlLineage
from roadworthy.adapters.sql.metering import SqlMetering
from roadworthy.adapters.sql.observed import SqlObservations
from roadworthy.adapters.sql.people import SqlPeople
from roadworthy.adapters.sql.releases import SqlReleases
from roadworthy.adapters.sql.replies import SqlReplies
from roadworthy.adapters.sql.reviews import SqlReviews
from roadworthy.adapters.sql.rollups import SqlRollups
from roadworthy.adapters.sql.spotchecks import SqlSpotChecks
from roadworthy.adapters.sql.switches import SqlSwitches
from roadworthy.adapters.sql.toolstates import SqlToolStates
from roadworthy.adapters.sql.transaction import SqlTransaction
from roadworthy.ports import Store


class SqlStore(Store):
    """The port ``Store`` over a migrated database. Any number of threads and processes may share it.

    Foreign errors leave as ours: ``Unavailable`` where the database is locked, full or gone (nothing
    of the transaction is kept), ``Conflict`` where a row exists already.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.cases = SqlCases()
        self.effects = SqlEffects()
        self.reviews = SqlReviews()
        self.inbox = SqlInbox()
        self.releases = SqlReleases()
        self.evidence = SqlEvidence()
        self.people = SqlPeople()
        self.switches = SqlSwitches()
        self.replies = SqlReplies()
        self.ledger = SqlLedger(engine)
        self.ledger_index = SqlLedgerIndex()
        self.flags = SqlFlags()
        self.evaluations = SqlEvaluations()
        self.spot_checks = SqlSpotChecks()
        self.metering = SqlMetering()
        self.lineage = SqlLineage()
        self.observed = SqlObservations()
        self.alerts = SqlAlerts()
        self.rollups = SqlRollups()
        self.tool_states = SqlToolStates()

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        with begin_read(self._engine) as connection:
            tx = SqlTransaction(connection, writable=False)
            yield tx
        tx.committed()

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        with begin_write(self._engine) as connection:
            tx = SqlTransaction(connection, writable=True)
            yield tx
        tx.committed()

    def close(self) -> None:
        """Give back every connection. Closed twice: nothing happens."""
        self._engine.dispose()
