"""Budgets and calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from roadworthy.errors import Conflict, InputProblem, NotFound
from roadworthy.ports import Store, Transaction
from roadworthy.ports.metering import Settled, Spending, Standing, root_of_calls
from roadworthy.testing.conformance.examples import AT, id_at
from roadworthy.usage import Ask, Call, Ending, Grant, Level, Node, Refusal, Tokens, Wire, answers

PLATFORM = Node("platform@2026-03", Level.PLATFORM, 1_000)
DESK = Node("use_case:desk@2026-03", Level.USE_CASE, 400)
SHOP = Node("use_case:shop@2026-03", Level.USE_CASE, 2_000)
DEAD_AT_ONCE_S = -60.0
"""A process that promises to beat before it began is taken for dead whenever somebody looks."""


def a_call(number: int = 1, **changes: Any) -> Call:
    """A chat that was answered."""
    call = Call(
        id=id_at(number), at=AT + timedelta(minutes=number), use_case="desk", version="2026-03-01", stage="canary",
        key="k1", case="", step="", wire=Wire.CHAT, task="reply", model="small", ending=Ending.ANSWERED,
        status=200, tokens=Tokens(100, 20, 10, 5, 7), estimated=False, reserved=10, cost=7, attempts=1,
        tool_calls=2, millis=340, price="charter", route="cheapest above the floor",
    )  # fmt: skip
    return call._replace(**changes)


def a_batch(
    number: int, calls: Sequence[Call], path: Sequence[Node] = (PLATFORM, DESK), **changes: Any
) -> Spending:
    """These calls, each charged on the same path."""
    ids = tuple(node.id for node in path)
    spending = Spending(
        id=id_at(9_000 + number), owner="one", at=AT, calls=tuple(calls), paths=(ids,) * len(calls), returned={}
    )  # fmt: skip
    return replace(spending, **changes)


def how_it_stands(store: Store, node: Node) -> tuple[int, int]:
    """(spent, held)."""
    with store.read() as tx:
        standing = store.metering.standing(tx, [node.id])[node.id]
    return standing.spent, standing.held


class MeteringConformance:
    """What ``Metering`` promises."""

    def _lease(
        self, store: Store, *asks: Ask, owner: str = "one", ttl_s: float = 60.0
    ) -> tuple[Grant | Refusal, ...]:
        with store.write() as tx:
            store.metering.begin(tx, owner, ttl_s=ttl_s)
            return store.metering.lease(tx, owner, asks)

    def _settle(self, store: Store, spending: Spending) -> Settled | None:
        with store.write() as tx:
            return store.metering.settle(tx, spending)

    def test_a_lease_is_held_on_the_whole_path_or_nowhere(self, store: Store) -> None:
        answered = self._lease(
            store, Ask((PLATFORM, DESK), 10), Ask((PLATFORM, DESK), 500), Ask((PLATFORM, SHOP), 900)
        )
        assert answered[0] == Grant(((PLATFORM.id, 10), (DESK.id, 10)))
        assert answered[1] == Refusal(DESK, 390)
        assert answered[2] == Grant(((PLATFORM.id, 900), (SHOP.id, 900)))
        assert [how_it_stands(store, node) for node in (PLATFORM, DESK, SHOP)] == [
            (0, 910),
            (0, 10),
            (0, 900),
        ]

    def test_what_is_left_over_from_one_ask_serves_the_next(self, store: Store) -> None:
        small = Ask((SHOP,), 1)
        answered = self._lease(store, small, small, small)
        assert answered == (Grant(((SHOP.id, 20),)), Grant(()), Grant(()))
        assert how_it_stands(store, SHOP) == (0, 20)

    def test_what_is_in_hand_is_not_leased_again(self, store: Store) -> None:
        self._lease(store, Ask((DESK,), 395))
        with store.write() as tx:
            short = store.metering.lease(tx, "one", [Ask((DESK,), 10)], in_hand={DESK.id: 4})
            fits = store.metering.lease(tx, "one", [Ask((DESK,), 10)], in_hand={DESK.id: 6})
        assert short == (Refusal(DESK, 9),)
        assert fits == (Grant(((DESK.id, 4),)),)
        assert how_it_stands(store, DESK) == (0, 399)

    def test_the_newest_ask_says_what_the_limit_is(self, store: Store) -> None:
        self._lease(store, Ask((DESK,), 300))
        lower = replace(DESK, limit=200)
        assert self._lease(store, Ask((lower,), 1)) == (Refusal(lower, 0),)
        assert self._lease(store, Ask((replace(DESK, limit=301),), 1)) == (Grant(((DESK.id, 1),)),)

    def test_a_lowered_limit_binds_what_is_in_hand(self, store: Store) -> None:
        self._lease(store, Ask((DESK,), 300))
        lower = replace(DESK, limit=250)
        with store.write() as tx:
            answered = store.metering.lease(
                tx, "one", [Ask((lower,), 60), Ask((lower,), 50)], in_hand={DESK.id: 100}
            )
        assert answered == (Refusal(lower, 50), Grant(()))

    def test_who_never_began_or_has_ended_leases_and_settles_nothing(self, store: Store) -> None:
        self._lease(store, Ask((PLATFORM, DESK), 10))
        with store.write() as tx:
            store.metering.end(tx, "one")
            store.metering.end(tx, "one")
            store.metering.end(tx, "stranger")
        assert how_it_stands(store, DESK) == (0, 0)
        for owner in ("one", "stranger"):
            with pytest.raises(Conflict) as caught, store.write() as tx:
                store.metering.lease(tx, owner, [Ask((DESK,), 1)])
            assert caught.value.code == "RW-BUDGET-002"
            with pytest.raises(Conflict), store.write() as tx:
                store.metering.settle(tx, a_batch(1, [a_call()], owner=owner))
            with store.write() as tx:
                assert not store.metering.beat(tx, owner)
        with store.read() as tx:
            assert store.metering.of_batch(tx, id_at(9_001)) == ()

    def test_settling_moves_cost_from_held_to_spent_once(self, store: Store) -> None:
        self._lease(store, Ask((PLATFORM, DESK), 100))
        batch = a_batch(1, [a_call(1), a_call(2, cost=0)], returned={PLATFORM.id: 3, DESK.id: 0})
        settled = self._settle(store, batch)
        assert settled == Settled(root_of_calls(batch.calls), 2, 7, {PLATFORM.id: 7, DESK.id: 7}, {})
        assert self._settle(store, batch) is None
        assert how_it_stands(store, PLATFORM) == (7, 90)
        assert how_it_stands(store, DESK) == (7, 93)
        with store.read() as tx:
            kept = store.metering.of_batch(tx, batch.id)
        assert kept == batch.calls
        assert root_of_calls(kept) == settled.root

    def test_a_call_in_two_batches_is_charged_once(self, store: Store) -> None:
        self._lease(store, Ask((PLATFORM, DESK), 100))
        self._settle(store, a_batch(1, [a_call(1)]))
        settled = self._settle(store, a_batch(2, [a_call(2), a_call(1), a_call(2, cost=9)]))
        assert settled is not None
        assert (settled.count, settled.sum, settled.charged) == (1, 7, {PLATFORM.id: 7, DESK.id: 7})
        # 7 and 9 that were cut from the lease for calls kept already are free again.
        assert how_it_stands(store, DESK) == (14, 100 - 7 - 7 - 7 - 9)

    def test_a_call_that_cost_more_than_was_leased_is_spent_in_full(self, store: Store) -> None:
        self._lease(store, Ask((DESK,), 390))
        self._settle(store, a_batch(1, [a_call(cost=450)], [DESK], returned={DESK.id: 5}))
        assert how_it_stands(store, DESK) == (450, 0)
        assert self._lease(store, Ask((DESK,), 1)) == (Refusal(DESK, 0),)

    def test_a_budget_that_nobody_asked_for_is_not_charged_in_silence(self, store: Store) -> None:
        self._lease(store, Ask((PLATFORM,), 10))
        with pytest.raises(NotFound) as caught:
            self._settle(store, a_batch(1, [a_call()]))
        assert caught.value.code == "RW-BUDGET-003"
        assert how_it_stands(store, PLATFORM) == (0, 10)

    def test_the_rest_of_a_dead_owners_leases_is_spent_once(self, store: Store) -> None:
        self._lease(store, Ask((PLATFORM, DESK), 100), ttl_s=DEAD_AT_ONCE_S)
        self._lease(store, Ask((PLATFORM, DESK), 50), owner="two")
        self._settle(store, a_batch(1, [a_call()]))
        with store.write() as tx:
            assert store.metering.charge_dead(tx) == {"one": {PLATFORM.id: 93, DESK.id: 93}}
            assert store.metering.charge_dead(tx) == {}
            assert not store.metering.beat(tx, "one")
            assert store.metering.beat(tx, "two")
            store.metering.end(tx, "one")
        assert how_it_stands(store, DESK) == (100, 50)
        with store.read() as tx:
            assert store.metering.unattributed(tx, [DESK.id, SHOP.id]) == {DESK.id: 93}
        for action in (
            lambda tx: store.metering.begin(tx, "one", ttl_s=9),
            lambda tx: store.metering.lease(tx, "one", []),
        ):
            with pytest.raises(Conflict), store.write() as tx:
                action(tx)
        with pytest.raises(Conflict):
            self._settle(store, a_batch(2, [a_call(2)]))
        assert self._settle(store, a_batch(1, [a_call()])) is None

    def test_late_calls_take_the_place_of_what_a_dead_owner_was_charged(self, store: Store) -> None:
        self._lease(store, Ask((PLATFORM, DESK), 10), ttl_s=DEAD_AT_ONCE_S)
        with store.write() as tx:
            store.metering.charge_dead(tx)
            store.metering.begin(tx, "anew", ttl_s=60.0)
        late = a_batch(1, [a_call(1), a_call(2)], owner="anew", instead_of="one")
        settled = self._settle(store, late)
        assert settled is not None
        # 14 were used, 10 were charged.
        assert settled.charged == {PLATFORM.id: 4, DESK.id: 4}
        assert settled.attributed == {PLATFORM.id: 10, DESK.id: 10}
        assert how_it_stands(store, DESK) == (14, 0)
        with store.read() as tx:
            assert sum(store.metering.unattributed(tx, [DESK.id]).values()) == 0

    def test_budgets_are_listed_by_id(self, store: Store) -> None:
        self._lease(store, Ask((PLATFORM, SHOP), 900), Ask((DESK,), 1))
        with store.read() as tx:
            first = store.metering.budgets(tx, limit=2)
            assert [one.id for one in first.rows] == [PLATFORM.id, DESK.id]
            rest = store.metering.budgets(tx, limit=2, after=first.after)
            assert rest.rows == (Standing(SHOP.id, Level.USE_CASE, 2_000, 0, 900),)
            assert [one.id for one in store.metering.budgets(tx, level=Level.USE_CASE).rows] == [
                DESK.id,
                SHOP.id,
            ]
            assert store.metering.standing(tx, ["case:nobody"]) == {}
            with pytest.raises(InputProblem):
                store.metering.budgets(tx, after="nonsense")

    def test_calls_are_summed_up_by_day_and_by_what_they_were(self, store: Store) -> None:
        late = AT + timedelta(days=1)
        calls = [
            a_call(1), a_call(2, estimated=True, attempts=3), a_call(3, at=late), a_call(4, ending=Ending.CACHED, cost=0),
            a_call(5, use_case="shop"), a_call(6, at=AT - timedelta(days=9)),
        ]  # fmt: skip
        self._lease(store, Ask((PLATFORM, DESK), 100))
        self._settle(store, a_batch(1, calls))
        with store.read() as tx:
            totals = store.metering.totals(tx, ["desk"], AT, AT + timedelta(days=3))
            assert store.metering.totals(tx, [], AT, late) == ()
        found = {(one.day, one.ending): one for one in totals}
        assert len(totals) == len(found) == 3
        first = found[AT.date(), "answered"]
        assert (first.calls, first.attempts, first.estimated, first.cost, first.tool_calls) == (
            2,
            4,
            1,
            14,
            4,
        )
        assert (first.read, first.cached, first.stored, first.written, first.reasoning) == (
            200,
            20,
            10,
            40,
            14,
        )
        assert (first.use_case, first.version, first.stage, first.step) == (
            "desk",
            "2026-03-01",
            "canary",
            "",
        )
        assert (first.wire, first.task, first.model) == ("chat", "reply", "small")
        assert found[late.date(), "answered"].calls == 1

    def test_calls_of_a_case_come_oldest_first(self, store: Store) -> None:
        calls = [a_call(number, case="c1", at=AT + timedelta(minutes=9 - number)) for number in range(1, 6)]
        self._lease(store, Ask((PLATFORM, DESK), 100))
        self._settle(store, a_batch(1, [*calls, a_call(7), a_call(8, case="c2")]))
        with store.read() as tx:
            found: list[Call] = []
            after = ""
            while not found or after:
                page = store.metering.of_case(tx, "desk", "c1", after=after, limit=2)
                found += page.rows
                after = page.after
            assert found == calls[::-1]
            assert store.metering.of_case(tx, "desk", "").rows == ()
            with pytest.raises(InputProblem):
                store.metering.of_case(tx, "desk", "c1", after="nonsense")

    def test_a_rolled_back_lease_never_was(self, store: Store) -> None:
        def lease(tx: Transaction) -> None:
            store.metering.begin(tx, "one", ttl_s=60.0)
            store.metering.lease(tx, "one", [Ask((DESK,), 5)])
            raise NotFound("RW-STORE-013", "changed my mind")

        with pytest.raises(NotFound), store.write() as tx:
            lease(tx)
        with store.read() as tx:
            assert store.metering.standing(tx, [DESK.id]) == {}

    def test_many_budgets_are_moved_at_once(self, store: Store) -> None:
        cases = [Node(f"case:desk/{number:04}", Level.CASE, 100) for number in range(600)]
        answered = self._lease(store, *(Ask((SHOP, case), 2) for case in cases))
        assert sum(isinstance(one, Grant) for one in answered) == len(cases)
        assert answered == answers(
            [Ask((SHOP, case), 2) for case in cases], {SHOP.id: 2_000, **{one.id: 100 for one in cases}}, {}
        )
        with store.write() as tx:
            store.metering.end(tx, "one")
            assert {
                one.held for one in store.metering.standing(tx, [one.id for one in cases]).values()
            } == {0}
