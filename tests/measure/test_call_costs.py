"""Tokens of workflow steps and of calls through the gateway in the cost books of one use case."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.operate.office import CHARTER, OLGA, START
from tests.operate.test_generating import SMALL, Desk, reply, says

from roadworthy.adapters.sql.costs import SqlCosts
from roadworthy.business.costs.asking import Batch
from roadworthy.business.costs.rows import Work
from roadworthy.measure.costs import Books, advise, books, budgets, focus
from roadworthy.usage import Call, Ending, Tokens, Wire

COSTS = SqlCosts()
TODAY = START.date()
MODELS = """
models:
  small: {url: "http://127.0.0.1:1/v1", model: small-1, read_price: 0.001 EUR, written_price: 0.004 EUR}
  big: {url: "http://127.0.0.1:1/v1", model: big-1, read_price: 0.01 EUR, written_price: 0.04 EUR}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.chat(says({"text": "hello"}, read=100, written=20, cached=40))
    yield desk
    desk.store.close()


def through_the_gateway(desk: Desk, release: str, **changes: object) -> Call:
    values: dict[str, object] = {
        "id": desk.deployment.new_id(), "at": START, "use_case": "desk", "version": release, "stage": "production",
        "key": "k", "case": "", "step": "", "wire": Wire.CHAT, "task": "answer", "model": "small",
        "ending": Ending.ANSWERED, "status": 200, "tokens": Tokens(1_000, 10), "estimated": False, "reserved": 0,
        "cost": SMALL.nano(Tokens(1_000, 10)), "attempts": 1, "tool_calls": 0, "millis": 1, "price": "p",
    }  # fmt: skip
    return Call(**{**values, **changes})  # type: ignore[arg-type]


def worked(desk: Desk, cases: int = 2) -> str:
    release = desk.release(reply, charter=CHARTER + MODELS)
    for number in range(cases):
        desk.submit(f"K-{number}", "refund 0.9")
    desk.work()
    return release.digest


def read(desk: Desk) -> Books:
    return books(desk.deployment, OLGA, ["desk"], costs=COSTS, first=TODAY, last=TODAY)


def test_tokens_of_steps_stand_in_the_books_and_the_money_is_that_of_the_cases(desk: Desk) -> None:
    worked(desk)
    found = read(desk)
    with desk.store.read() as tx:
        cases = desk.store.cases.list(tx, "desk").rows
    told = found.lines(by=("work", "step", "model"), period="all")
    assert sum(line.cost.nano for line in told) == sum(case.cost.nano for case in cases)
    (by_model,) = [line for line in told if line.model]
    assert (by_model.step, by_model.model, by_model.work) == ("generate:answer", "small-1", "live")
    assert by_model.tokens == Tokens(200, 40, cached=80)
    assert by_model.cost.nano == 2 * SMALL.nano(Tokens(100, 20))
    assert found.unpriced() == ()


def test_calls_through_the_gateway_join_the_books_under_the_release_that_their_key_names(
    desk: Desk,
) -> None:
    digest = worked(desk)
    with desk.store.write() as tx:
        desk.store.metering.record(
            tx,
            [
                through_the_gateway(desk, "r1"),
                through_the_gateway(desk, "r1", stage="pilot"),
                through_the_gateway(desk, "r1", ending=Ending.CACHED, cost=0, tokens=Tokens()),
                through_the_gateway(desk, "r1", task="", cost=0),
            ],
        )
    found = read(desk)
    told = {
        (line.work, line.step): line
        for line in found.lines(by=("work", "step", "release"), period="all")
        if line.step.startswith("gateway:")
    }
    assert set(told) == {("live", "gateway:answer"), ("pilot", "gateway:answer"), ("live", "gateway:small")}
    assert {line.release for line in told.values()} == {digest}
    assert told["live", "gateway:answer"].hits == 1
    assert [(one.what, one.calls) for one in found.unpriced()] == [("gateway:small", 1)]
    ((used, _),) = budgets(desk.deployment, found, costs=COSTS, today=TODAY)
    live = sum(line.cost.nano for line in found.lines(by=("work",), period="all") if line.work == "live")
    assert used.spent.nano == live


def test_a_rehearsed_case_is_no_live_work(desk: Desk) -> None:
    digest = worked(desk, 1)
    with desk.store.write() as tx:
        desk.store.metering.record(
            tx,
            [through_the_gateway(desk, digest, stage=stage) for stage in ("mirror", "evaluation")],
        )
    assert {use.work for use in read(desk).calls} == {Work.LIVE, Work.MIRROR, Work.EVALUATION}


def test_the_focus_file_counts_tokens_and_loses_no_nano_unit(desk: Desk) -> None:
    digest = worked(desk)
    with desk.store.write() as tx:
        desk.store.metering.record(tx, [through_the_gateway(desk, digest)])
    found = read(desk)
    rows = list(csv.DictReader(io.StringIO(focus(found, month=TODAY.replace(day=1), account="acme"))))
    whole = sum(line.cost.nano for line in found.lines(by=(), period="all"))
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal(whole) / 10**9
    tokens = {
        (row["x_Step"], row["x_TokenType"]): row["ConsumedQuantity"] for row in rows if row["ConsumedUnit"] == "Tokens"
    }  # fmt: skip
    assert tokens == {
        ("generate:answer", "Input Tokens"): "120",
        ("generate:answer", "Cached Input Tokens"): "80",
        ("generate:answer", "Output Tokens"): "40",
        ("gateway:answer", "Input Tokens"): "1000",
        ("gateway:answer", "Output Tokens"): "10",
    }


def test_advice_looks_at_contexts_and_at_work_that_nobody_waits_for(desk: Desk) -> None:
    digest = worked(desk, 1)
    calls = [
        through_the_gateway(desk, digest, tokens=Tokens(read, 10), cost=read)
        for read in [1_000] * 30 + [9_000] * 10
    ]
    calls += [through_the_gateway(desk, digest, stage="mirror", cost=500) for _ in range(5)]
    with desk.store.write() as tx:
        desk.store.metering.record(tx, calls)
    found = advise(
        desk.deployment, OLGA, "desk", costs=COSTS, today=TODAY + timedelta(days=1), days=1,
        batch=lambda plan: Batch(0.5, "its page") if plan.model == "small-1" else None,
    )  # fmt: skip
    told = {one.kind: one for one in found}
    assert told["shorter context"].yearly.nano == 10 * 8_000 * 365
    assert told["batches"].yearly.nano == 5 * 250 * 365
    assert told["shorter context"].subject == "gateway:answer by small"


def test_a_price_of_the_installation_is_used_where_the_charter_states_none(desk: Desk) -> None:
    charter = CHARTER + MODELS.replace("read_price: 0.001 EUR, written_price: 0.004 EUR", "listed_as: x/y")
    release = desk.release(reply, charter=charter)
    desk.submit("K-1", "refund 0.9")
    desk.work()
    asked = []

    def price(plan: object) -> None:
        asked.append(plan)

    found = books(desk.deployment, OLGA, ["desk"], costs=COSTS, first=TODAY, last=TODAY, price=price)
    assert (release.digest, "small") not in found.rates["desk"].prices
    assert len(asked) == 1
    assert replace(SMALL, source="x") != SMALL
