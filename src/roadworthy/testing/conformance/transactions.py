"""Transactions: all or nothing, seen by others only once they are committed."""

from __future__ import annotations

import pytest

from roadworthy.ports import Store, Transaction
from roadworthy.testing.conformance.examples import (
    AT,
    ChangeOfMind,
    a_case,
    a_reject,
    a_step,
    an_effect,
    an_event,
    an_opening,
    begin_and_roll_back,
)


class TransactionsConformance:
    """What ``Store.read`` and ``Store.write`` promise."""

    def test_a_rollback_leaves_nothing(self, store: Store) -> None:
        def change(tx: Transaction) -> None:
            store.cases.add(tx, a_case())
            store.cases.open_step(tx, an_opening())
            store.cases.record_step(tx, a_step(1))
            store.cases.reject(tx, a_reject())
            store.effects.add(tx, an_effect())
            store.effects.reserve_spend(tx, "support", "refund", AT.date(), 100)
            store.ledger.append(tx, an_event())

        with pytest.raises(ChangeOfMind):
            begin_and_roll_back(store, change)
        with store.write() as tx:
            assert store.cases.get(tx, a_case().id) is None
            assert store.cases.steps(tx, a_case().id, run=1) == ()
            assert store.cases.rejects(tx, "support").rows == ()
            assert store.effects.of_case(tx, a_case().id) == ()
            assert store.effects.reserve_spend(tx, "support", "refund", AT.date(), 0) == 0
        assert store.ledger.waiting() == 0

    def test_a_transaction_sees_its_own_changes_and_others_do_not_before_the_commit(
        self, store: Store
    ) -> None:
        with store.write() as tx:
            store.cases.add(tx, a_case())
            assert store.cases.get(tx, a_case().id) is not None
            with store.read() as other:
                assert store.cases.get(other, a_case().id) is None
        with store.read() as other:
            assert store.cases.get(other, a_case().id) is not None

    def test_a_reader_sees_one_moment(self, store: Store) -> None:
        with store.read() as tx:
            assert store.cases.list(tx, "support").rows == ()
            with store.write() as writing:
                store.cases.add(writing, a_case())
            assert store.cases.list(tx, "support").rows == ()

    def test_callbacks_come_after_the_commit_in_the_order_of_asking(self, store: Store) -> None:
        called: list[str] = []

        def look() -> None:
            with store.read() as other:
                called.append("visible" if store.cases.get(other, a_case().id) else "hidden")

        with store.write() as tx:
            tx.on_commit(look)
            tx.on_commit(lambda: called.append("second"))
            store.cases.add(tx, a_case())
            assert called == []
        assert called == ["visible", "second"]

    def test_callbacks_may_write(self, store: Store) -> None:
        def follow() -> None:
            with store.write() as following:
                store.cases.add(following, a_case(2))

        with store.write() as tx:
            store.cases.add(tx, a_case())
            tx.on_commit(follow)
        with store.read() as tx:
            assert store.cases.get(tx, a_case(2).id) is not None

    def test_a_rollback_calls_nobody_back(self, store: Store) -> None:
        called: list[str] = []
        with pytest.raises(ChangeOfMind):
            begin_and_roll_back(store, lambda tx: tx.on_commit(lambda: called.append("wrong")))
        assert called == []

    def test_the_store_goes_on_after_a_rollback(self, store: Store) -> None:
        with pytest.raises(ChangeOfMind):
            begin_and_roll_back(store, lambda tx: store.cases.add(tx, a_case()))
        with store.write() as tx:
            assert store.cases.add(tx, a_case())
