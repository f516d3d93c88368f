"""Lists stay quick when the tables grow: the questions asked all day are answered from an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from roadworthy.adapters.sql import SqlStore, SqlTransaction
from roadworthy.casework.case import State
from roadworthy.casework.effect import EffectState
from roadworthy.ports import inbox
from roadworthy.ports.ledgers import Wanted
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import AT, RELEASE, id_at
from roadworthy.usage import Level


@contextmanager
def _asked(engine: sa.Engine) -> Iterator[list[tuple[str, object]]]:
    """The statements that are run meanwhile, with their values."""
    asked: list[tuple[str, object]] = []

    def note(_c: object, _k: object, statement: str, values: object, _x: object, _m: object) -> None:
        asked.append((statement, values))

    sa.event.listen(engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(engine, "before_cursor_execute", note)


QUESTIONS: dict[str, Callable[[SqlStore, SqlTransaction], object]] = {
    "case by key": lambda store, tx: store.cases.by_key(tx, "support", "k"),
    "cases": lambda store, tx: store.cases.list(tx, "support", limit=50),
    "cases in a state": lambda store, tx: store.cases.list(tx, "support", state=State.PARKED),
    "cases in a state everywhere": lambda store, tx: store.cases.list(tx, "", state=State.PARKED),
    "cases of a stage": lambda store, tx: store.cases.list(tx, "support", stage=Stage.SHADOW),
    "cases of a release": lambda store, tx: store.cases.list(tx, "support", release=RELEASE),
    "counts": lambda store, tx: store.cases.counts(tx, "support"),
    "steps": lambda store, tx: store.cases.steps(tx, id_at(1), run=1),
    "spent": lambda store, tx: store.cases.spent(tx, id_at(1)),
    "outcomes": lambda store, tx: store.cases.outcomes(tx, id_at(1)),
    "effects of a case": lambda store, tx: store.effects.of_case(tx, id_at(1)),
    "effects in a state": lambda store, tx: store.effects.in_state(tx, EffectState.UNKNOWN),
    "reviews of a case": lambda store, tx: store.reviews.of_case(tx, id_at(1)),
    "inbox": lambda store, tx: store.reviews.open(tx, "support"),
    "whole inbox": lambda store, tx: store.reviews.open(tx),
    "size of the inbox": lambda store, tx: store.reviews.count_open(tx, "support"),
    "measurements": lambda store, tx: store.evidence.measurements(tx, "support"),
    "spot checks": lambda store, tx: store.spot_checks.list(tx, "support"),
    "spot check counts": lambda store, tx: store.spot_checks.counts(tx, "support"),
    "answers that tell of reviewers": lambda store, tx: store.spot_checks.looked(tx, "support"),
    "overdue spot checks": lambda store, tx: store.spot_checks.overdue(tx, "support", AT),
    "what waits in each queue": lambda store, tx: store.inbox.counts(tx, "support", now=AT),
    "what is somebody's": lambda store, tx: store.inbox.list(
        tx, inbox.Wanted(people=frozenset({"vera"})), now=AT
    ),
    "what reviews are about": lambda store, tx: store.inbox.about(tx, [id_at(1), id_at(2)]),
    "spot checks asked": lambda store, tx: store.spot_checks.asked_since(tx, "support", AT, most=10),
    "evaluations": lambda store, tx: store.evaluations.list(tx, "support"),
    "results": lambda store, tx: store.evaluations.results(tx, id_at(1)),
    "certificates": lambda store, tx: store.evidence.certificates(tx, "support", release=RELEASE),
    "approvals": lambda store, tx: store.evidence.approvals(tx, "support", digest=RELEASE),
    "cases beside one": lambda store, tx: store.cases.beside(tx, id_at(1), "support", state=State.PARKED),
    "flagged cases": lambda store, tx: store.cases.list(tx, "support", flagged=True),
    "twins": lambda store, tx: store.cases.twins(tx, "support", "k"),
    "flags": lambda store, tx: store.flags.of(tx, [id_at(1)]),
    "effects that left alone": lambda store, tx: store.effects.alone(tx, 100),
    "entries of a kind": lambda store, tx: store.ledger_index.find(tx, Wanted(kinds=("a.b", "c.d"))),
    "entries by somebody": lambda store, tx: store.ledger_index.find(tx, Wanted(actor="ana", since=AT)),
    "entries about": lambda store, tx: store.ledger_index.find(tx, Wanted(references=("a", "b"))),
    "newest entries": lambda store, tx: store.ledger_index.find(tx, Wanted(), before=9),
    "kinds of entries": lambda store, tx: store.ledger_index.kinds(tx),
    "subtrees": lambda store, tx: store.ledger_index.nodes(tx, 1, 0, 256),
    "newest checkpoint": lambda store, tx: store.ledger_index.newest_note(tx),
    "ledger": lambda store, tx: store.ledger.about(tx, id_at(1)),
    "budgets": lambda store, tx: store.metering.budgets(tx, level=Level.KEY),
    "standing of budgets": lambda store, tx: store.metering.standing(tx, ["a", "b"]),
    "unattributed": lambda store, tx: store.metering.unattributed(tx, ["a", "b"]),
    "calls of a period": lambda store, tx: store.metering.totals(tx, ["support"], AT, AT),
    "calls of a case": lambda store, tx: store.metering.of_case(tx, "support", "c"),
    "calls of a batch": lambda store, tx: store.metering.of_batch(tx, id_at(1)),
    "lineage of a case": lambda store, tx: store.lineage.of_case(tx, id_at(1)),
    "uses by name": lambda store, tx: store.lineage.uses(tx, source="document:a"),
    "uses by version": lambda store, tx: store.lineage.uses(tx, digest="sha256:a"),
    "facts of cases": lambda store, tx: store.observed.facts(tx, [id_at(1), id_at(2)]),
    "calls of cases": lambda store, tx: store.observed.calls(tx, "support", ["a", "b"]),
    "open cases": lambda store, tx: store.observed.cases(tx),
    "overdue reviews": lambda store, tx: store.observed.reviews(tx, due_before=AT),
    "unsettled effects": lambda store, tx: store.observed.effects(tx),
    "firing alerts": lambda store, tx: store.alerts.firing(tx),
    "alerts": lambda store, tx: store.alerts.list(tx, use_case="support"),
    "due notices": lambda store, tx: store.alerts.due(tx, AT),
    "payload": lambda store, tx: store.replies.recall(tx, "s", "k"),
}

FEW = {
    "answers that tell of reviewers",
    "outcomes", "cases in a state everywhere", "calls of a period", "flagged cases",
    "entries of a kind", "entries by somebody", "entries about", "newest entries",
}  # fmt: skip
"""Answers with so few rows that sorting them costs nothing."""


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", QUESTIONS)
def test_it_reads_an_index_and_no_whole_table(sql_store: SqlStore, engine: sa.Engine, name: str) -> None:
    with sql_store.read() as tx, _asked(engine) as asked:
        QUESTIONS[name](sql_store, tx)
    with engine.connect() as connection:
        plans = [
            row.detail
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[arg-type]
        ]
    assert plans
    for step in plans:
        # A scan of what a question found within its limit reads no table.
        harmless = (
            "USING COVERING INDEX",
            "ix_review_open",
            "uq_alert_firing",
            "SCAN anon_",
            "ix_review_taken",
            "SCAN given",
        )
        assert not step.startswith("SCAN") or any(one in step for one in harmless), step
        assert "TEMP B-TREE FOR ORDER BY" not in step or name in FEW, step
