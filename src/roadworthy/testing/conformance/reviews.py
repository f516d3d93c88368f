"""Reviews and the inbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from roadworthy.casework.inbox import Absence
from roadworthy.casework.review import ReviewState
from roadworthy.errors import Conflict, InputProblem
from roadworthy.ports import Store
from roadworthy.ports.inbox import About, Look, QueueCount, Wanted
from roadworthy.testing.conformance.examples import AT, a_case, a_review, an_effect, id_at


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

    def test_the_inbox_is_in_the_order_of_urgency_page_by_page(self, store: Store) -> None:
        later = AT + timedelta(hours=5)
        rows = [
            a_review(1, rank=50),
            a_review(2, rank=10, due_at=later),
            a_review(3, rank=10),
            a_review(4, rank=10, skill="german"),
            a_review(5, rank=0, use_case="invoices"),
            a_review(6, rank=90, role="owner", assignee="olga"),
            a_review(
                7, rank=20, claimed_by="vera", claimed_at=AT, claimed_until=AT + timedelta(minutes=10)
            ),
        ]
        with store.write() as tx:
            for row in rows:
                store.reviews.add(tx, row)
        with store.read() as tx:

            def listed(now: object = AT, **wanted: object) -> list[int]:
                found, after = [], "begin"
                while after:
                    page = store.inbox.list(
                        tx,
                        Wanted(**wanted),  # type: ignore[arg-type]
                        now=now,  # type: ignore[arg-type]
                        after="" if after == "begin" else after,
                        limit=2,
                    )
                    found += [rows.index(one) + 1 for one in page.rows]
                    after = page.after
                return found

            assert listed() == [5, 3, 4, 2, 7, 1, 6]
            assert listed(use_case="support") == [3, 4, 2, 7, 1, 6]
            assert listed(roles=frozenset({"reviewer"})) == [5, 3, 2, 7, 1]
            assert listed(roles=frozenset({"reviewer"}), skills=frozenset({"german"})) == [5, 3, 4, 2, 7, 1]
            assert listed(people=frozenset({"vera"})) == [7]
            assert listed(AT + timedelta(minutes=10), people=frozenset({"vera", "olga"})) == [6]
            assert listed(free_for=frozenset({"nina"})) == [5, 3, 4, 2, 1]
            assert listed(free_for=frozenset({"vera", "olga"}), queue="") == [5, 3, 4, 2, 7, 1, 6]
            counts = store.inbox.counts(tx, "support", now=AT + timedelta(hours=4, minutes=1))
            assert counts == (
                QueueCount("support", "", "owner", "", 1, 1, 0, 1),
                QueueCount("support", "", "reviewer", "", 4, 3, 0, 0),
                QueueCount("support", "", "reviewer", "german", 1, 1, 0, 0),
            )
            assert sum(row.held for row in store.inbox.counts(tx, now=AT)) == 1
            page = store.reviews.open(tx, limit=1)
            with pytest.raises(InputProblem):
                store.inbox.list(tx, Wanted(), now=AT, after=page.after + "x")

    def test_a_review_is_about_a_case_and_perhaps_an_effect(self, store: Store) -> None:
        with store.write() as tx:
            store.cases.add(tx, a_case(1))
            store.effects.add(tx, an_effect(7))
            store.reviews.add(tx, a_review(1, effect=id_at(7)))
            store.reviews.add(tx, a_review(2, effect=""))
            store.reviews.add(tx, a_review(3, case=id_at(9)))
        with store.read() as tx:
            about = store.inbox.about(tx, [id_at(1), id_at(2), id_at(3), id_at(4)])
            assert store.inbox.about(tx, []) == {}
        key, slice_ = a_case(1).key, a_case(1).slice
        assert about == {
            id_at(1): About(key, slice_, an_effect(7).tool),
            id_at(2): About(key, slice_, ""),
        }

    def test_skills_absences_looks_and_initiators_are_kept(self, store: Store) -> None:
        away = Absence(id_at(1), "vera", "nina", AT, AT + timedelta(days=2), "vera")
        look = Look(
            review=id_at(1), principal="vera", use_case="support", kind="effect", began_at=AT,
            active_ms=1_500, own="refund", proposed="refund", verdict="", decided_at=None,
        )  # fmt: skip
        answered = replace(look, verdict="approve", decided_at=AT + timedelta(minutes=1))
        with store.write() as tx:
            assert store.inbox.set_skill(tx, "vera", "german", has=True)
            assert not store.inbox.set_skill(tx, "vera", "german", has=True)
            assert not store.inbox.set_skill(tx, "nina", "german", has=False)
            store.inbox.add_absence(tx, away)
            store.inbox.keep_look(tx, look)
            assert store.inbox.looks(tx, "support", since=AT) == ()
            store.inbox.keep_look(tx, answered)
            store.inbox.keep_look(tx, replace(answered, principal="nina"))
            store.inbox.note_initiator(tx, id_at(1), "vera")
            store.inbox.note_initiator(tx, id_at(1), "nina")
        with store.write() as tx:
            assert store.inbox.skills(tx) == {"vera": frozenset({"german"})}
            assert store.inbox.absences(tx, ending_after=AT) == (away,)
            assert store.inbox.absences(tx, ending_after=AT + timedelta(days=2)) == ()
            assert store.inbox.drop_absence(tx, away.id) == away
            assert store.inbox.drop_absence(tx, away.id) is None
            assert store.inbox.look(tx, id_at(1), "vera") == answered
            assert store.inbox.looks(tx, "support", principal="vera", since=AT) == (answered,)
            assert len(store.inbox.looks(tx, "support", since=AT, limit=1)) == 1
            assert (store.inbox.initiator(tx, id_at(1)), store.inbox.initiator(tx, id_at(2))) == (
                "vera",
                "",
            )
