"""The ledger's outbox, sequencing, and reading."""

from __future__ import annotations

import pytest

from roadworthy.errors import Unavailable
from roadworthy.ledger import Checkpoint, Frontier, SigningKey, leaf_hash, sign, verify
from roadworthy.ports import Store
from roadworthy.testing.conformance.examples import an_event

ORIGIN = "example.org/ledger"
KEY = SigningKey(ORIGIN, b"k" * 32)


def signed(checkpoint: Checkpoint) -> str:
    """The note of a checkpoint under the key of these tests."""
    return sign(checkpoint, KEY)


def append(store: Store, *events: bytes) -> None:
    """Put events into the outbox, in one transaction."""
    with store.write() as tx:
        for event in events:
            store.ledger.append(tx, event)


class LedgerConformance:
    """What ``LedgerStore`` promises."""

    def test_events_wait_until_they_are_sequenced(self, store: Store) -> None:
        append(store, an_event(1), an_event(2))
        assert (store.ledger.waiting(), store.ledger.size()) == (2, 0)
        assert list(store.ledger.entries()) == []
        assert list(store.ledger.notes()) == []
        assert store.ledger.sequence(signed, origin=ORIGIN) == 2
        assert (store.ledger.waiting(), store.ledger.size()) == (0, 2)
        assert [entry.event for entry in store.ledger.entries()] == [an_event(1), an_event(2)]

    def test_without_events_nothing_is_signed(self, store: Store) -> None:
        assert store.ledger.sequence(signed, origin=ORIGIN) == 0
        append(store, an_event())
        store.ledger.sequence(signed, origin=ORIGIN)
        assert store.ledger.sequence(signed, origin=ORIGIN) == 0
        assert len(list(store.ledger.notes())) == 1

    def test_the_tree_grows_over_many_batches(self, store: Store) -> None:
        events = [an_event(number) for number in range(23)]
        append(store, *events)
        moved = [store.ledger.sequence(signed, origin=ORIGIN, limit=7) for _ in range(5)]
        assert moved == [7, 7, 7, 2, 0]
        entries = list(store.ledger.entries())
        assert [entry.seq for entry in entries] == list(range(23))
        assert [entry.event for entry in entries] == events
        assert [entry.leaf for entry in entries] == [leaf_hash(event) for event in events]
        notes = list(store.ledger.notes())
        roots = [
            Frontier().extend(entry.leaf for entry in entries[:size]).root() for size in (7, 14, 21, 23)
        ]
        wanted = [Checkpoint(ORIGIN, size, root) for size, root in zip((7, 14, 21, 23), roots, strict=True)]
        assert notes == [signed(checkpoint) for checkpoint in wanted]
        audit = verify(store.ledger.entries(), store.ledger.notes(), key=KEY.verifier)
        assert audit.holds
        assert audit.size == audit.intact_to == 23

    def test_reading_begins_where_it_is_told(self, store: Store) -> None:
        append(store, *(an_event(number) for number in range(5)))
        store.ledger.sequence(signed, origin=ORIGIN)
        assert [entry.seq for entry in store.ledger.entries(start=3)] == [3, 4]
        assert list(store.ledger.entries(start=5)) == []

    def test_entries_are_found_by_what_they_are_about(self, store: Store) -> None:
        append(
            store,
            an_event(0, about='{"case":"c1","use_case":"support"}'),
            an_event(1, about='{"case":"c2","twin":"c2"}'),
            an_event(2, about="{}"),
            an_event(3, about='{"case":"c1"}'),
        )
        store.ledger.sequence(signed, origin=ORIGIN)
        with store.read() as tx:
            assert [entry.seq for entry in store.ledger.about(tx, "c1")] == [0, 3]
            assert [entry.seq for entry in store.ledger.about(tx, "c1", limit=1)] == [0]
            assert [entry.event for entry in store.ledger.about(tx, "c2")] == [
                an_event(1, about='{"case":"c2","twin":"c2"}')
            ]
            assert store.ledger.about(tx, "nothing") == ()
            newest = store.ledger.newest_about(tx, "c1")
            assert [entry.seq for entry in newest] == [3, 0]
            assert [entry.seq for entry in store.ledger.newest_about(tx, "c1", limit=1)] == [3]
            assert [entry.seq for entry in store.ledger.newest_about(tx, "c1", before=3)] == [0]
            assert store.ledger.newest_about(tx, "c1", before=0) == ()

    @pytest.mark.parametrize(
        "event", [b"", b"\x00\xff not JSON", b"[]", b'{"about":[1]}', b'{"about":{"a":1}}']
    )
    def test_an_event_in_another_form_is_kept_all_the_same(self, store: Store, event: bytes) -> None:
        append(store, event)
        assert store.ledger.sequence(signed, origin=ORIGIN) == 1
        assert [entry.event for entry in store.ledger.entries()] == [event]

    def test_an_event_may_be_as_large_as_an_entry_may_be(self, store: Store) -> None:
        event = bytes(range(256)) * 256
        append(store, event)
        store.ledger.sequence(signed, origin=ORIGIN)
        assert [entry.event for entry in store.ledger.entries()] == [event]

    def test_a_failing_signature_loses_nothing(self, store: Store) -> None:
        append(store, an_event(1), an_event(2))

        def fail(checkpoint: Checkpoint) -> str:
            raise Unavailable("RW-TEST-001", "the key is locked away", retry_is_safe=True)

        with pytest.raises(Unavailable):
            store.ledger.sequence(fail, origin=ORIGIN)
        assert store.ledger.waiting() == 2
        assert list(store.ledger.entries()) == []
        assert store.ledger.sequence(signed, origin=ORIGIN) == 2

    def test_a_second_sequencer_of_the_process_returns_at_once(self, store: Store) -> None:
        append(store, an_event())
        inner: list[int] = []

        def sign_and_try_again(checkpoint: Checkpoint) -> str:
            inner.append(store.ledger.sequence(signed, origin=ORIGIN))
            return signed(checkpoint)

        assert store.ledger.sequence(sign_and_try_again, origin=ORIGIN) == 1
        assert inner == [0]
