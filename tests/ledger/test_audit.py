"""What was changed in the entries is found and named; what is proven in spite of it is told."""

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.ledgers import (
    ENTRIES,
    KEY,
    NOTES,
    ORIGIN,
    ROOT,
    SIZE,
    audit,
    event_of,
    flip,
    found,
    last_checkpoint,
    next_checkpoint,
    renumbered,
    signed,
    with_entry,
)

from roadworthy.ledger import (
    EMPTY_ROOT,
    Audit,
    Checkpoint,
    Entry,
    FindingCode,
    Frontier,
    leaf_hash,
    sign,
    verify,
)
from roadworthy.ledger.audit import MOST_FINDINGS


def test_an_untouched_ledger_holds() -> None:
    assert audit() == Audit(SIZE, ROOT, signed_size=SIZE, intact_to=SIZE, proven_to=SIZE, findings=())
    assert audit().holds


def test_the_pass_reads_streams_once() -> None:
    assert audit(iter(ENTRIES), iter(NOTES), pinned=[NOTES[2], NOTES[0]]).holds


def test_an_empty_ledger_holds() -> None:
    assert verify([], [], key=KEY.verifier) == Audit(0, EMPTY_ROOT, 0, 0, 0, ())
    assert audit([], signed([], [0])).holds


def test_the_same_checkpoint_twice_is_no_fault() -> None:
    assert audit(notes=[NOTES[0], *NOTES, NOTES[-1]], pinned=NOTES).holds


def test_entries_after_the_last_checkpoint_are_counted_and_are_no_fault() -> None:
    result = audit(notes=NOTES[:-1])
    assert found(result) == [("unsigned-tail", 20)]
    assert result.findings[0].message == "entries at the end without a checkpoint: 3"
    assert (result.holds, result.unsigned, result.signed_size, result.intact_to) == (True, 3, 20, 20)


def test_entries_that_nothing_ever_signed_are_a_fault() -> None:
    for notes in ([], signed([], [0])):
        result = audit(notes=notes)
        assert found(result) == [("never-signed", 0)]
        assert (result.holds, result.intact_to, result.unsigned) == (False, 0, SIZE)


def test_a_pinned_note_proves_entries_too() -> None:
    result = audit(notes=[], pinned=[NOTES[-1]])
    assert (result.holds, result.intact_to, result.signed_size) == (True, SIZE, SIZE)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, SIZE - 1), st.integers(0, 200), st.integers(0, 7))
def test_a_flipped_bit_of_an_event_is_found_and_named(seq: int, place: int, bit: int) -> None:
    result = audit(with_entry(seq, flip(ENTRIES[seq].event, place, bit), leaf=ENTRIES[seq].leaf))
    assert found(result) == [("entry-altered", seq)]
    assert not result.holds
    # The leaves still fit every checkpoint: all other entries are proven.
    assert (result.intact_to, result.proven_to, result.root) == (seq, SIZE, ROOT)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, SIZE - 1), st.integers(0, 31), st.integers(0, 7))
def test_a_flipped_bit_of_a_leaf_is_found_and_named(seq: int, place: int, bit: int) -> None:
    result = audit(with_entry(seq, ENTRIES[seq].event, leaf=flip(ENTRIES[seq].leaf, place, bit)))
    assert found(result) == [("entry-altered", seq)]
    assert not result.holds
    # The event itself still fits what was signed.
    assert (result.intact_to, result.root) == (SIZE, ROOT)


@pytest.mark.parametrize("leaf", [b"", b"short", bytes(40)])
def test_a_leaf_that_is_no_hash_is_found_and_named(leaf: bytes) -> None:
    assert found(audit(with_entry(7, ENTRIES[7].event, leaf=leaf))) == [("entry-altered", 7)]


@pytest.mark.parametrize("seq", range(SIZE))
def test_an_entry_altered_with_its_leaf_is_located_between_two_checkpoints(seq: int) -> None:
    result = audit(with_entry(seq, b"forged"))
    low, high = last_checkpoint(seq), next_checkpoint(seq)
    assert found(result) == [("root-differs", high)]
    assert (result.holds, result.intact_to, result.proven_to) == (False, low, low)
    where = f"in entry {low}" if low + 1 == high else f"between entry {low} and entry {high - 1}"
    assert where in result.findings[0].message


def test_later_checkpoints_that_do_not_fit_are_counted() -> None:
    assert audit(with_entry(7, b"forged")).findings[0].message.endswith("that do not fit either: 2")


def test_two_altered_events_are_both_named() -> None:
    entries = with_entry(3, b"forged", leaf=ENTRIES[3].leaf)
    entries[15] = ENTRIES[15]._replace(event=b"forged too")
    result = audit(entries)
    assert found(result) == [("entry-altered", 3), ("entry-altered", 15)]
    assert (result.intact_to, result.proven_to) == (3, SIZE)


def test_after_an_altered_event_further_damage_is_still_located() -> None:
    entries = with_entry(3, b"forged", leaf=ENTRIES[3].leaf)
    entries[15] = Entry(15, b"forged", leaf_hash(b"forged"))
    result = audit(entries)
    assert found(result) == [("entry-altered", 3), ("root-differs", 20)]
    assert (result.intact_to, result.proven_to) == (3, 12)


def test_an_altered_event_and_an_altered_leaf_between_the_same_checkpoints_are_both_named() -> None:
    entries = with_entry(7, b"forged", leaf=ENTRIES[7].leaf)
    entries[9] = ENTRIES[9]._replace(leaf=bytes(32))
    result = audit(entries)
    assert found(result) == [("entry-altered", 7), ("entry-altered", 9), ("root-differs", 12)]
    assert (result.intact_to, result.proven_to) == (6, 6)


def test_an_altered_entry_after_the_last_checkpoint_is_proven_by_nothing() -> None:
    result = audit(with_entry(21, b"forged"), NOTES[:-1])
    assert result.holds
    assert (result.intact_to, result.unsigned) == (20, 3)


@pytest.mark.parametrize("seq", range(SIZE - 1))
def test_an_entry_dropped_from_the_middle_is_named(seq: int) -> None:
    result = audit([*ENTRIES[:seq], *ENTRIES[seq + 1 :]])
    assert found(result) == [("missing", seq), ("root-differs", next_checkpoint(seq))]
    assert (result.holds, result.intact_to, result.size) == (False, last_checkpoint(seq), SIZE - 1)


def test_a_range_of_missing_entries_is_named() -> None:
    result = audit([*ENTRIES[:7], *ENTRIES[11:]])
    assert result.findings[0].message == "entries 7 to 10 are missing"
    assert result.intact_to == 6


def test_the_entries_before_a_gap_stay_proven() -> None:
    assert audit([*ENTRIES[:6], *ENTRIES[9:]]).intact_to == 6


@pytest.mark.parametrize("seq", range(SIZE))
def test_an_entry_dropped_with_renumbering_is_located(seq: int) -> None:
    result = audit(renumbered([*ENTRIES[:seq], *ENTRIES[seq + 1 :]]))
    located = [("root-differs", next_checkpoint(seq))] if next_checkpoint(seq) < SIZE else []
    assert sorted(found(result)) == sorted([*located, ("truncated", SIZE - 1)])
    assert result.intact_to == last_checkpoint(seq)


@pytest.mark.parametrize("seq", range(SIZE))
def test_an_inserted_entry_is_located(seq: int) -> None:
    forged = Entry(seq, b"forged", leaf_hash(b"forged"))
    result = audit(renumbered([*ENTRIES[:seq], forged, *ENTRIES[seq:]]))
    assert ("root-differs", next_checkpoint(seq)) in found(result)
    assert (result.holds, result.intact_to) == (False, last_checkpoint(seq))


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_repeated_entry_is_named_and_the_rest_is_still_proven(seq: int) -> None:
    result = audit([*ENTRIES[: seq + 1], ENTRIES[seq], *ENTRIES[seq + 1 :]])
    assert found(result) == [("repeated", seq)]
    assert (result.holds, result.intact_to, result.size) == (False, SIZE, SIZE)


@pytest.mark.parametrize(("one", "two"), [(0, 1), (7, 8), (7, 11), (3, 15), (21, 22), (0, 22)])
def test_two_entries_that_stand_in_each_others_place_are_named(one: int, two: int) -> None:
    entries = list(ENTRIES)
    entries[one], entries[two] = entries[two], entries[one]
    result = audit(entries)
    assert [("out-of-place", one), ("entries-swapped", two)] == [
        one for one in found(result) if one[0] != "root-differs"
    ]
    assert result.intact_to == last_checkpoint(one)


@pytest.mark.parametrize(("one", "two"), [(0, 1), (7, 8), (7, 11), (3, 15), (21, 22), (0, 22)])
def test_two_entries_swapped_under_their_numbers_are_located(one: int, two: int) -> None:
    entries = list(ENTRIES)
    entries[one], entries[two] = entries[two], entries[one]
    result = audit(renumbered(entries))
    assert found(result) == [("root-differs", next_checkpoint(one))]
    assert (result.holds, result.intact_to) == (False, last_checkpoint(one))


def test_two_events_swapped_without_their_leaves_are_named() -> None:
    entries = with_entry(7, ENTRIES[15].event, leaf=ENTRIES[7].leaf)
    entries[15] = ENTRIES[15]._replace(event=ENTRIES[7].event)
    result = audit(entries)
    assert found(result) == [("entry-altered", 7), ("entry-altered", 15), ("entries-swapped", 15)]
    assert result.findings[-1].message == "entries 7 and 15 hold each other's event"
    assert (result.intact_to, result.proven_to) == (7, SIZE)


def test_an_entry_replaced_by_a_copy_of_another_is_named() -> None:
    entries = list(ENTRIES)
    entries[9] = ENTRIES[8]
    assert ("out-of-place", 9) in found(audit(entries))


@pytest.mark.parametrize("kept", [22, 20, 13, 1])
def test_a_truncated_tail_is_found_by_the_checkpoints_left(kept: int) -> None:
    result = audit(ENTRIES[:kept])
    assert found(result) == [("truncated", kept)]
    assert result.findings[0].message == (
        f"the ledger ends at size {kept}, expected it to reach the checkpoint at size {SIZE}"
    )
    assert (result.holds, result.intact_to) == (False, last_checkpoint(kept))


def test_a_ledger_emptied_of_its_entries_is_found() -> None:
    result = audit([])
    assert found(result) == [("truncated", 0)]
    assert (result.holds, result.intact_to) == (False, 0)


def test_a_tail_dropped_with_its_checkpoints_is_found_only_with_a_pinned_note() -> None:
    entries, notes = ENTRIES[:20], NOTES[:-1]
    assert audit(entries, notes).holds
    result = audit(entries, notes, pinned=[NOTES[-1]])
    assert found(result) == [("truncated", 20)]
    assert "expected it to reach the pinned note at size 23" in result.findings[0].message
    assert (result.holds, result.intact_to) == (False, 20)


def test_the_findings_of_a_ledger_written_over_are_bounded_and_its_end_is_still_told() -> None:
    entries = [Entry(seq, b"x", bytes(32)) for seq in range(2 * MOST_FINDINGS)]
    result = audit(entries, signed(ENTRIES, [5]) + signed(entries, [2 * MOST_FINDINGS + 1]))
    assert result.more == MOST_FINDINGS
    assert len(result.findings) == MOST_FINDINGS + 2
    assert {finding.code for finding in result.findings} == {
        FindingCode.ENTRY_ALTERED,
        FindingCode.ROOT_DIFFERS,
        FindingCode.TRUNCATED,
    }


def test_memory_does_not_grow_with_the_ledger() -> None:
    size, step = 20_000, 1_000
    leaves = Frontier()
    notes = []
    for start in range(0, size, step):
        leaves = leaves.extend(leaf_hash(event_of(number)) for number in range(start, start + step))
        notes.append(sign(Checkpoint(ORIGIN, leaves.size, leaves.root()), KEY))

    def stream() -> Iterator[Entry]:
        for number in range(size):
            event = event_of(number)
            yield Entry(number, event, leaf_hash(event))

    tracemalloc.start()
    try:
        result = audit(stream(), notes)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result.holds
    assert peak < 100_000


def test_an_audit_is_told_in_json() -> None:
    assert audit(ENTRIES[:22], NOTES[:-1]).as_json() == {
        "holds": True,
        "size": 22,
        "root": Frontier().extend(entry.leaf for entry in ENTRIES[:22]).root().hex(),
        "signed_size": 20,
        "unsigned": 2,
        "intact_to": 20,
        "proven_to": 20,
        "findings": [
            {"code": "unsigned-tail", "at": 20, "message": "entries at the end without a checkpoint: 2"}
        ],
        "more": 0,
    }
