"""Reviews and the inbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from roadworthy.casework.review import ReviewState
from roadworthy.errors import Conflict
from roadworthy.ports import Store
from roadworthy.testing.conformance.examples import AT, a_review, id_at


class ReviewsConformance:
    """What ``Reviews`` promises."""

    def test_a_review_comes_back_as_it_was_stored(self, store: Store) -> None:
        decided = a_review(
            2,
            state=ReviewState.DECIDED,
            verdict="approve",
            decided_by="rita",
            decided_at=AT,
            reason="passt 👍",
        )
        with store.write() as tx:
            store.reviews.add(tx, a_review())
            store.reviews.add(tx, decided)
        with store.read() as tx:
            assert store.reviews.get(tx, id_at(1)) == a_review()
            assert store.reviews.get(tx, id_at(2)) == decided
            assert store.reviews.get(tx, id_at(3)) is None

    def test_the_id_of_a_review_is_taken_once(self, store: Store) -> None:
        with store.write() as tx:
            store.reviews.add(tx, a_review())
        with pytest.raises(Conflict) as caught, store.write() as tx:
            store.reviews.add(tx, a_review())
        assert caught.value.code == "RW-STORE-003"

    def test_whoever_decides_second_learns_who_was_first(self, store: Store) -> None:
        review = a_review()
        with store.write() as tx:
            store.reviews.add(tx, review)
            store.reviews.save(tx, replace(review, state=ReviewState.DECIDED, version=2), expected=1)
        with pytest.raises(Conflict, match="decided at version 2") as caught, store.write() as tx:
            store.reviews.save(tx, replace(review, state=ReviewState.CANCELLED, version=2), expected=1)
        assert caught.value.code == "RW-STORE-001"

    def test_reviews_of_a_case_come_oldest_first(self, store: Store) -> None:
        with store.write() as tx:
            for number in (2, 3, 1):
                store.reviews.add(tx, a_review(number))
            store.reviews.add(tx, a_review(4, case=id_at(2)))
        with store.read() as tx:
            assert store.reviews.of_case(tx, id_at(1)) == tuple(a_review(number) for number in (1, 2, 3))
            assert store.reviews.of_case(tx, id_at(3)) == ()

    def test_the_inbox_shows_open_ones_the_longest_waiting_first(self, store: Store) -> None:
        with store.write() as tx:
            for number in range(1, 8):
                store.reviews.add(tx, a_review(number, due_at=AT - timedelta(hours=number)))
            store.reviews.add(tx, a_review(8, use_case="invoices"))
            store.reviews.save(tx, a_review(2, state=ReviewState.DECIDED, version=2), expected=1)
            store.reviews.save(tx, a_review(4, state=ReviewState.CANCELLED, version=2), expected=1)
        with store.read() as tx:
            found, after = [], "begin"
            while after:
                page = store.reviews.open(tx, "support", after="" if after == "begin" else after, limit=2)
                found.append([review.id for review in page.rows])
                after = page.after
            assert found == [[id_at(1), id_at(3)], [id_at(5), id_at(6)], [id_at(7)]]
            assert [review.id for review in store.reviews.open(tx).rows][-1] == id_at(8)
            assert store.reviews.count_open(tx, "support") == 5
            assert store.reviews.count_open(tx) == 6
            assert store.reviews.count_open(tx, "nothing") == 0
