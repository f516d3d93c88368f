"""How long contexts of calls are, as both databases say it, against Python's own median."""

from __future__ import annotations

import statistics
from datetime import timedelta
from itertools import count

import numpy as np
from tests.adapters.store.conftest import AT

from roadworthy.adapters.sql import SqlStore
from roadworthy.adapters.sql.costs import SqlCosts
from roadworthy.usage import Call, Ending, Tokens, Wire

_numbers = count()
NAMES = ("use_case", "version", "step", "task", "model")


def a_call(read: int, **changes: object) -> Call:
    values: dict[str, object] = {
        "id": f"c{next(_numbers):09d}", "at": AT, "use_case": "support", "version": "r1", "stage": "production",
        "key": "", "case": "", "step": "generate:reply", "wire": Wire.CHAT, "task": "reply", "model": "small",
        "ending": Ending.ANSWERED, "status": 200, "tokens": Tokens(read, 3, cached=read // 4), "estimated": False,
        "reserved": 0, "cost": read, "attempts": 1, "tool_calls": 0, "millis": 1, "price": "p",
    }  # fmt: skip
    return Call(**{**values, **changes})  # type: ignore[arg-type]


def test_the_typical_context_is_the_median_of_each_step_and_model(sql_store: SqlStore) -> None:
    rng = np.random.default_rng(5)
    reads = {
        model: [int(one) for one in rng.integers(1, 5_000, size)]
        for model, size in (("small", 41), ("big", 20))
    }
    calls = [a_call(read, model=model) for model, of in reads.items() for read in of]
    with sql_store.write() as tx:
        sql_store.metering.record(tx, calls)
        sql_store.metering.record(tx, ())
    with sql_store.read() as tx:
        found = SqlCosts().contexts(tx, ["support"], AT - timedelta(days=1), AT + timedelta(days=1))
    assert [one.model for one in found] == ["big", "small"]
    for one in found:
        own = reads[one.model]
        typical = statistics.median_low(own)
        assert (one.typical, one.least, one.read, one.calls) == (typical, min(own), sum(own), len(own))
        assert one.beyond == sum(max(0, read - typical) for read in own)
        assert one.cached == sum(read // 4 for read in own)


def test_only_answered_live_calls_with_true_counts_within_the_period_are_looked_at(
    sql_store: SqlStore,
) -> None:
    others = [
        a_call(9_000, stage="pilot"),
        a_call(9_000, stage="mirror"),
        a_call(9_000, stage="evaluation"),
        a_call(9_000, ending=Ending.FAILED),
        a_call(9_000, ending=Ending.CACHED),
        a_call(9_000, estimated=True),
        a_call(9_000, wire=Wire.EMBEDDINGS),
        a_call(9_000, use_case="claims"),
        a_call(9_000, at=AT + timedelta(days=1)),
    ]
    with sql_store.write() as tx:
        sql_store.metering.record(tx, [a_call(10), a_call(30), a_call(20, stage="canary"), *others])
    with sql_store.read() as tx:
        (found,) = SqlCosts().contexts(tx, ["support"], AT, AT + timedelta(days=1))
    assert (found.calls, found.read, found.typical) == (3, 60, 20)


def test_a_tie_in_the_middle_counts_once(sql_store: SqlStore) -> None:
    with sql_store.write() as tx:
        sql_store.metering.record(tx, [a_call(10) for _ in range(4)])
    with sql_store.read() as tx:
        (found,) = SqlCosts().contexts(tx, ["support"], AT, AT + timedelta(days=1))
    assert (found.calls, found.typical, found.beyond) == (4, 10, 0)


def test_cases_of_a_program_elsewhere_cost_what_their_calls_did(sql_store: SqlStore) -> None:
    gateway = {"step": "", "stage": "production"}
    calls = [
        a_call(5, case="a", at=AT, **gateway),
        a_call(7, case="a", at=AT + timedelta(hours=1), **gateway),
        a_call(11, case="b", at=AT + timedelta(days=1), **gateway),
        a_call(900, case="a", at=AT, step="generate:reply"),
        a_call(900, case="c", at=AT, step="", stage="pilot"),
        a_call(900, case="", at=AT, **gateway),
        a_call(900, case="d", at=AT - timedelta(days=9), **gateway),
        a_call(900, case="e", at=AT, use_case="other", **gateway),
    ]
    with sql_store.write() as tx:
        sql_store.metering.record(tx, calls)
    with sql_store.read() as tx:
        period = (AT - timedelta(days=1), AT + timedelta(days=2))
        found = SqlCosts().called(tx, "support", *period)
        assert SqlCosts().called(tx, "support", *period, most=1) == found[:1]
    assert [(one.day, one.nano) for one in found] == [
        ((AT + timedelta(days=1)).date(), 11),
        (AT.date(), 12),
    ]
