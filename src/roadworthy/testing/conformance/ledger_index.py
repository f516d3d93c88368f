"""Entries are found by what is known of them; a large tree is proved from its subtrees; cases are flagged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from roadworthy.errors import InputProblem
from roadworthy.ledger import Event, encode, inclusion_proof
from roadworthy.ledger.subtrees import Subtrees
from roadworthy.ports import Store
from roadworthy.ports.ledgers import Flag, Wanted
from roadworthy.testing.conformance.examples import a_case, an_effect, an_event, id_at
from roadworthy.testing.conformance.ledger import ORIGIN, append, signed

_START = datetime(2026, 11, 1, tzinfo=UTC)
_KINDS = ("case.accepted", "case.decided", "stop.thrown")


def some_event(number: int) -> bytes:
    """Event number n: kinds in turn, every fourth by ana, one a minute, use cases and cases in turn."""
    about = {"use_case": ("desk", "shop")[number % 2], "case": f"c{number % 5}"}
    actor = "system" if number % 4 else "ana"
    return encode(Event(_KINDS[number % 3], actor, _START + timedelta(minutes=number), about))


class LedgerIndexConformance:
    """What ``LedgerIndex`` and ``Flags`` promise."""

    def filled(self, store: Store, count: int) -> None:
        """Put so many events into the tree, in batches of 100."""
        append(store, *(some_event(number) for number in range(count)))
        while store.ledger.sequence(signed, origin=ORIGIN, limit=100):
            pass

    def test_entries_are_found_by_every_filter_alone_and_together(self, store: Store) -> None:
        self.filled(store, 120)
        append(store, b"not an event")
        store.ledger.sequence(signed, origin=ORIGIN)

        def found(**wanted: object) -> list[int]:
            numbers: list[int] = []
            before: int | None = None
            while True:
                with store.read() as tx:
                    page = store.ledger_index.find(tx, Wanted(**wanted), before=before, limit=7)  # type: ignore[arg-type]
                numbers += [entry.seq for entry in page.entries]
                before = page.before
                if before is None:
                    return numbers

        everything = range(119, -1, -1)
        assert found() == [120, *everything]
        assert found(kinds=("case.decided",)) == [n for n in everything if n % 3 == 1]
        assert found(kinds=("stop.thrown", "case.accepted")) == [n for n in everything if n % 3 != 1]
        assert found(actor="ana") == [n for n in everything if n % 4 == 0]
        assert found(references=("desk",)) == [n for n in everything if n % 2 == 0]
        assert found(references=("desk", "c3")) == [n for n in everything if n % 2 == 0 and n % 5 == 3]
        assert found(actor="system", kinds=("case.decided",), references=("shop",)) == [
            n for n in everything if n % 4 and n % 3 == 1 and n % 2
        ]
        since, until = _START + timedelta(minutes=30), _START + timedelta(minutes=60)
        assert found(since=since, until=until) == list(range(59, 29, -1))
        assert found(since=since, until=until, actor="ana") == [n for n in range(59, 29, -1) if n % 4 == 0]
        assert found(since=until, until=since) == found(actor="nobody") == found(kinds=("a.b",)) == []

    def test_an_index_knows_what_there_is_and_where_a_period_lies(self, store: Store) -> None:
        with store.read() as tx:
            assert store.ledger_index.kinds(tx) == store.ledger_index.actors(tx) == ()
            assert store.ledger_index.newest_note(tx) == ""
            assert store.ledger_index.bounds(tx, None, None) is None
        self.filled(store, 50)
        with store.read() as tx:
            assert store.ledger_index.kinds(tx) == _KINDS
            assert store.ledger_index.actors(tx) == ("ana", "system")
            assert store.ledger_index.newest_note(tx) == list(store.ledger.notes())[-1]
            assert store.ledger_index.bounds(tx, None, None) == (0, 50)
            since = _START + timedelta(minutes=10)
            assert store.ledger_index.bounds(tx, since, since + timedelta(minutes=5)) == (10, 15)
            assert store.ledger_index.bounds(tx, since, since) is None

    def test_subtrees_prove_what_all_leaves_prove(self, store: Store) -> None:
        append(store, *(an_event(number) for number in range(1_100)))
        for limit in (100, 500, 4_000):
            store.ledger.sequence(signed, origin=ORIGIN, limit=limit)
        leaves = [entry.leaf for entry in store.ledger.entries()]
        with store.read() as tx:
            tree = Subtrees(lambda level, start, end: store.ledger_index.nodes(tx, level, start, end))
            for index in (0, 255, 256, 700, 1_023, 1_024, 1_099):
                assert tree.path(index, 1_100) == inclusion_proof(leaves, index)
            assert len(store.ledger_index.nodes(tx, 1, 0, 256)) == 4

    def test_a_case_has_one_flag_until_it_is_lifted(self, store: Store) -> None:
        flag = Flag(id_at(1), "desk", "why two replies?", "ana", _START)
        with store.write() as tx:
            assert store.flags.add(tx, flag)
            assert not store.flags.add(tx, Flag(id_at(1), "desk", "again", "bob", _START))
        with store.write() as tx:
            assert store.flags.of(tx, [id_at(1), id_at(2)]) == {id_at(1): flag}
            assert store.flags.of(tx, []) == {}
            assert store.flags.lift(tx, id_at(1))
            assert not store.flags.lift(tx, id_at(1))
            assert store.flags.of(tx, [id_at(1)]) == {}

    def test_a_case_has_neighbours_in_the_list_it_was_found_in(self, store: Store) -> None:
        with store.write() as tx:
            for number in range(6):
                store.cases.add(tx, a_case(number, use_case="desk" if number % 2 else "shop"))
            store.flags.add(tx, Flag(a_case(1).id, "desk", "why?", "ana", _START))
            store.flags.add(tx, Flag(a_case(5).id, "desk", "why?", "ana", _START))
        with store.read() as tx:
            assert store.cases.beside(tx, a_case(3).id, "") == (a_case(4).id, a_case(2).id)
            assert store.cases.beside(tx, a_case(3).id, "desk") == (a_case(5).id, a_case(1).id)
            assert store.cases.beside(tx, a_case(5).id, "desk") == ("", a_case(3).id)
            assert store.cases.beside(tx, a_case(5).id, "desk", flagged=True) == ("", a_case(1).id)
            assert [one.id for one in store.cases.list(tx, "", flagged=True).rows] == [
                a_case(5).id,
                a_case(1).id,
            ]
            assert store.cases.list(tx, "shop", flagged=True).rows == ()
            mine = a_case(3)
            assert [one.id for one in store.cases.twins(tx, "desk", mine.key)] == [mine.id]

    def test_what_leaves_without_a_person_is_listed_by_amount(self, store: Store) -> None:
        with store.write() as tx:
            for number, amount in enumerate((50, 900, 0, 900, 70)):
                made = an_effect(number, amount=amount, disposition="execute", approved_by="")
                store.effects.add(tx, made)
            store.effects.add(tx, an_effect(9, amount=5_000, disposition="review", approved_by=""))
            store.effects.add(tx, an_effect(10, amount=5_000, disposition="execute", approved_by="ana"))
        with store.read() as tx:
            first = store.effects.alone(tx, 50, limit=2)
            assert [one.amount for one in first.rows] == [900, 900]
            assert first.rows[0].id > first.rows[1].id
            second = store.effects.alone(tx, 50, after=first.after, limit=2)
            assert ([one.amount for one in second.rows], second.after) == ([70], "")
            with pytest.raises(InputProblem):
                store.effects.alone(tx, 50, after="nonsense")
