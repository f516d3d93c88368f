"""The meter: at once where a lease suffices, written once whatever happens, charged where nobody is left to say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import pytest
from tests.measure.suites.place import Place
from tests.operate.modelcalls.meters import (
    KEY,
    PATH,
    PATIENCE_S,
    PLATFORM,
    Fickle,
    a_deployment,
    ask,
    events,
    reserved,
    standing,
)

from roadworthy.errors import Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.leases import Answer, Reservation
from roadworthy.operate.modelcalls.metering import Meter
from roadworthy.ports.metering import root_of_calls
from roadworthy.testing.conformance.metering import DEAD_AT_ONCE_S, a_call
from roadworthy.usage import Ending, Level, Node, Refusal

QUICK_S = 0.002


@pytest.fixture
def store() -> Fickle:
    return Fickle()


@pytest.fixture
def deployment(store: Fickle) -> Deployment:
    return a_deployment(store)


@pytest.fixture
def meter(deployment: Deployment) -> Iterator[Meter]:
    meter = Meter(deployment, owner="one", flush_s=QUICK_S)
    meter.start()
    yield meter
    meter.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"


def test_a_call_is_reserved_settled_and_written_with_one_event(
    meter: Meter, deployment: Deployment
) -> None:
    call = a_call(cost=7)
    held = reserved(meter, 10)
    assert meter.settle(held, call)
    assert not meter.settle(held, call)
    assert not meter.cancel(held)
    meter.stop()
    assert standing(deployment.store, KEY) == (7, 0)
    (event,) = events(deployment)
    assert (event.kind, event.data["count"], event.data["sum"]) == ("calls.settled", 1, "0.000000007 EUR")
    assert event.data["charged"] == {PLATFORM.id: "0.000000007 EUR", KEY.id: "0.000000007 EUR"}
    with deployment.store.read() as tx:
        kept = deployment.store.metering.of_batch(tx, event.about["batch"])
    assert kept == (call,)
    assert event.data["root"] == root_of_calls(kept)


def test_the_second_call_is_reserved_without_the_store(meter: Meter, store: Fickle) -> None:
    reserved(meter, 1)
    store.away = True
    held = meter.reserve(PATH, 9, lambda _: None)
    assert held is not None
    assert held.amount == 9
    store.away = False


def test_a_refusal_names_the_budget_and_what_is_left(meter: Meter) -> None:
    reserved(meter, 990)
    assert ask(meter, 11) == Refusal(KEY, 10)
    reserved(meter, 10)


def test_many_who_wait_are_answered_in_one_transaction(meter: Meter, store: Fickle) -> None:
    answers: SimpleQueue[Answer] = SimpleQueue()
    with store.write():
        before = store.writes
        for _ in range(50):
            assert meter.reserve(PATH, 20, answers.put) is None
    got = [answers.get(timeout=PATIENCE_S) for _ in range(50)]
    assert sum(isinstance(one, Reservation) for one in got) == 50
    # The first may have been on its way alone, and a beat may come between.
    assert store.writes - before <= 3


def test_an_estimate_never_gives_money_back(meter: Meter, store: Fickle) -> None:
    meter.settle(reserved(meter, 10), a_call(1, estimated=True, cost=3))
    meter.settle(reserved(meter, 10), a_call(2, estimated=True, cost=30))
    meter.stop()
    assert standing(store, KEY) == (40, 0)


def test_what_was_never_sent_costs_nothing_and_leaves_no_row(meter: Meter, deployment: Deployment) -> None:
    held = reserved(meter, 700)
    assert meter.cancel(held)
    assert not meter.settle(held, a_call())
    reserved(meter, 900)
    meter.stop()
    assert events(deployment) == []


def test_an_answer_from_the_cache_is_a_row_for_nothing(meter: Meter, deployment: Deployment) -> None:
    meter.record(a_call(ending=Ending.CACHED, cost=0))
    with pytest.raises(ValueError, match="reservation"):
        meter.record(a_call(2, cost=1))
    meter.stop()
    (event,) = events(deployment)
    assert (event.data["count"], event.data["charged"]) == (1, {})


@pytest.mark.parametrize("amount", [-1, 10**15 + 1])
def test_an_amount_that_cannot_be_is_a_mistake_of_the_caller(meter: Meter, amount: int) -> None:
    with pytest.raises(ValueError, match="between 0"):
        meter.reserve(PATH, amount, lambda _: None)
    held = reserved(meter, 10)
    with pytest.raises(ValueError, match="nothing or more"):
        meter.settle(held, a_call(cost=-1))
    assert meter.cancel(held)


def test_a_cost_that_cannot_be_is_taken_for_an_estimate(meter: Meter, deployment: Deployment) -> None:
    meter.settle(reserved(meter, 10), a_call(cost=10**30))
    meter.stop()
    (event,) = events(deployment)
    with deployment.store.read() as tx:
        (kept,) = deployment.store.metering.of_batch(tx, event.about["batch"])
    assert (kept.cost, kept.estimated) == (10, True)


def test_a_free_call_on_an_unknown_budget_is_asked_for_all_the_same(meter: Meter, store: Fickle) -> None:
    reserved(meter, 0)
    assert standing(store, KEY) == (0, 0)


def test_a_budget_stands_on_a_path_once(meter: Meter) -> None:
    with pytest.raises(ValueError, match="twice"):
        meter.reserve((KEY, KEY), 1, lambda _: None)


def test_what_leases_hold_is_taken_at_once_and_nothing_else_is_asked_for(
    meter: Meter, store: Fickle
) -> None:
    assert meter.take((PLATFORM, KEY), 10) is None
    assert meter.gauges().asking == 0
    assert meter.cancel(reserved(meter, 10))
    held = meter.take((PLATFORM, KEY), 10)
    assert held is not None
    assert held.path == (PLATFORM.id, KEY.id)
    assert meter.gauges().reserved == 1
    assert meter.cancel(held)
    with pytest.raises(ValueError, match="between"):
        meter.take((PLATFORM, KEY), -1)


def test_before_the_start_and_after_the_stop_nothing_is_reserved(deployment: Deployment) -> None:
    meter = Meter(deployment, owner="one")
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            meter.reserve(PATH, 1, lambda _: None)
        assert caught.value.code == "RW-BUDGET-011"
        meter.start()
        meter.start()
        meter.stop()
        meter.stop()


def test_who_cannot_take_the_answer_harms_nobody_else(
    meter: Meter, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Answer) -> None:
        raise RuntimeError("gone home")

    assert meter.reserve(PATH, 900, fail) is None
    assert ask(meter, 200) == Refusal(KEY, 100)
    assert "could not take the answer" in caplog.text


def test_while_the_store_is_away_leases_are_spent_and_calls_wait(meter: Meter, store: Fickle) -> None:
    held = reserved(meter, 1)
    store.away = True
    meter.settle(held, a_call(1, cost=1))
    until(lambda: meter.gauges().away != "")
    answer = ask(meter, 500)
    assert isinstance(answer, Unavailable)
    more = meter.reserve(PATH, 5, lambda _: None)
    assert more is not None
    meter.settle(more, a_call(2, cost=5))
    assert meter.gauges().waiting == 2
    store.away = False
    until(lambda: meter.gauges().waiting == 0)
    assert meter.gauges().away == ""
    assert standing(store, KEY)[0] == 6


def test_a_batch_whose_commit_nobody_knows_of_is_kept_once(
    meter: Meter, store: Fickle, deployment: Deployment
) -> None:
    held = reserved(meter, 10)
    store.loses_news = 1
    meter.settle(held, a_call(cost=7))
    until(lambda: meter.gauges().waiting == 0)
    meter.stop()
    assert standing(store, KEY) == (7, 0)
    assert [event.kind for event in events(deployment)] == ["calls.settled"]


def test_only_so_many_calls_are_kept_in_memory(deployment: Deployment, store: Fickle) -> None:
    meter = Meter(deployment, owner="one", flush_s=QUICK_S, most_waiting=3)
    meter.start()
    held = [reserved(meter, 1) for _ in range(3)]
    store.away = True
    meter.settle(held[0], a_call(1, cost=1))
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            meter.reserve(PATH, 1, lambda _: None)
        assert caught.value.code == "RW-BUDGET-010"
    store.away = False
    until(lambda: meter.gauges().waiting == 0)
    assert reserved(meter, 1).open
    meter.stop()


def test_a_fault_of_the_program_answers_everybody_who_waits(
    meter: Meter, store: Fickle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(store.metering, "lease", None)
        answer = ask(meter, 1)
    assert isinstance(answer, Unavailable)
    assert answer.code == "RW-BUDGET-012"
    assert "tried again" in caplog.text
    until(lambda: isinstance(ask(meter, 1), Reservation))


# ── taken for dead ──


def _charge(store: Fickle) -> str:
    """Somebody else finds the one owner silent."""
    with store.write() as tx:
        (owner,) = tx.table("budget_owner")
        store.metering.begin(tx, owner, ttl_s=DEAD_AT_ONCE_S)
        store.metering.charge_dead(tx)
    return str(owner)


def test_who_was_taken_for_dead_begins_anew_and_its_calls_are_charged_once(
    meter: Meter, store: Fickle, deployment: Deployment
) -> None:
    first, second = reserved(meter, 10), reserved(meter, 10)
    dead = _charge(store)
    spent = standing(store, KEY)[0]
    assert spent >= 20
    meter.settle(first, a_call(1, cost=4))
    until(lambda: meter.gauges().waiting == 0)
    meter.settle(second, a_call(2, cost=5))
    meter.settle(reserved(meter, 10), a_call(3, cost=6))
    meter.stop()
    assert standing(store, KEY) == (spent + 6, 0)
    with store.read() as tx:
        assert store.metering.unattributed(tx, [KEY.id]) == {KEY.id: spent - 9}
    told = events(deployment)
    assert sum("instead_of" in event.data for event in told) == 2
    assert {event.data.get("instead_of", dead) for event in told} == {dead}
    assert all(event.about["owner"] != dead for event in told)


def test_a_silent_owner_is_charged_by_the_next_meter_with_one_event(
    store: Fickle, deployment: Deployment
) -> None:
    silent = Meter(deployment, owner="silent", flush_s=QUICK_S, ttl_s=DEAD_AT_ONCE_S)
    # Begun, and never run: a process that was killed at once.
    silent._begin()
    book = silent._book
    assert book is not None
    silent._running = True
    silent.reserve(PATH, 30, lambda _: None)
    silent._serve()
    meters = [Meter(a_deployment(store, seed=seed), owner="alive", flush_s=QUICK_S) for seed in (8, 9)]
    for meter in meters:
        meter.start()
    until(lambda: standing(store, KEY) == (30, 0))
    for meter in meters:
        meter.stop()
    (event,) = events(deployment)
    assert (event.kind, event.about["owner"]) == ("calls.unattributed", book.owner)
    assert event.data["charged"] == {PLATFORM.id: "0.0000001 EUR", KEY.id: "0.00000003 EUR"}


def test_what_is_reserved_while_it_stops_is_not_given_back(store: Fickle, deployment: Deployment) -> None:
    meter = Meter(deployment, owner="one", flush_s=QUICK_S)
    meter.start()
    reserved(meter, 1)
    held = reserved(meter, 3)
    meter.stop()
    assert standing(store, KEY) == (0, 4)
    assert not meter.settle(held, a_call())
    _charge(store)
    assert standing(store, KEY) == (4, 0)


# ── real stores ──


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.close()


def test_text_that_no_column_holds_keeps_no_other_call_from_being_written(place: Place) -> None:
    meter = Meter(place.deployment, owner="one", flush_s=QUICK_S)
    meter.start()
    held = [reserved(meter, 10) for _ in range(2)]
    meter.settle(held[0], a_call(1, model="half \ud800 of a pair", millis=2**70))
    meter.settle(held[1], a_call(2))
    meter.stop()
    assert standing(place.store, KEY) == (14, 0)
    (event,) = events(place.deployment)
    with place.store.read() as tx:
        first, _ = kept = place.store.metering.of_batch(tx, event.about["batch"])
    assert first.model == "half ? of a pair"
    assert event.data["root"] == root_of_calls(kept)


def test_a_budget_whose_name_no_column_holds_is_that_askers_problem_alone(place: Place) -> None:
    meter = Meter(place.deployment, owner="one", flush_s=QUICK_S)
    meter.start()
    answers: SimpleQueue[tuple[str, Answer]] = SimpleQueue()
    strange = replace(KEY, id="key:\ud800@2026-03")
    with place.store.write():
        meter.reserve((PLATFORM, strange), 1, lambda answer: answers.put(("strange", answer)))
        meter.reserve(PATH, 1, lambda answer: answers.put(("good", answer)))
    got = dict(answers.get(timeout=PATIENCE_S) for _ in range(2))
    assert isinstance(got["good"], Reservation)
    assert getattr(got["strange"], "code", "") == "RW-STORE-014"
    meter.stop()


def test_many_cases_are_one_event_that_stays_small(place: Place) -> None:
    meter = Meter(place.deployment, owner="one", flush_s=0.05)
    meter.start()
    for number in range(450):
        case = Node(f"case:desk/{number:030}", Level.CASE, 100)
        key = Node(f"key:{'k' * 20}{number}@2026-03", Level.KEY, 100)
        meter.settle(reserved(meter, 2, (PLATFORM, key, case)), a_call(number, cost=1))
    meter.stop()
    assert standing(place.store, PLATFORM) == (450, 0)
    told = events(place.deployment)
    assert sum(event.data["count"] for event in told) == 450  # type: ignore[misc]
    assert all(PLATFORM.id in event.data["charged"] for event in told)  # type: ignore[operator]
