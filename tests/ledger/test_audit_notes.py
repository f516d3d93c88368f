"""Checkpoints that were altered, forged, lost or contradict each other are found and named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.ledgers import (
    CHECKPOINTS,
    ENTRIES,
    KEY,
    NOTES,
    ORIGIN,
    OTHER,
    SIZE,
    audit,
    event_of,
    flip,
    found,
    signed,
    with_entry,
    written,
)

from roadworthy.ledger import Checkpoint, FindingCode, sign


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(NOTES) - 1), st.integers(0, 500), st.integers(0, 7))
def test_a_flipped_bit_of_a_checkpoint_is_found(number: int, place: int, bit: int) -> None:
    notes = list(NOTES)
    notes[number] = flip(notes[number].encode(), place, bit).decode(errors="surrogateescape")
    result = audit(notes=notes)
    faults = [finding for finding in result.findings if finding.is_fault]
    assert [fault.code.value[:5] for fault in faults] == ["note-"]
    assert f"checkpoint number {number + 1}: " in faults[0].message
    assert result.intact_to == (SIZE if number < len(NOTES) - 1 else 20)


def test_checkpoints_signed_anew_with_another_key_prove_nothing() -> None:
    result = audit(notes=signed(ENTRIES, key=OTHER))
    others = [("note-other-key", size) for size in CHECKPOINTS]
    assert found(result) == [("never-signed", 0), *others]
    assert (result.holds, result.signed_size, result.intact_to) == (False, 0, 0)


def test_a_rewritten_ledger_of_the_right_shape_under_another_key_is_found() -> None:
    rewritten = with_entry(7, b"forged")
    notes = [*NOTES[:3], *signed(rewritten, CHECKPOINTS[3:], OTHER)]
    result = audit(rewritten, notes)
    codes = {finding.code for finding in result.findings if finding.is_fault}
    assert codes == {FindingCode.NOTE_OTHER_KEY}
    assert (result.holds, result.intact_to, result.signed_size) == (False, 6, 6)


def test_a_history_rewritten_with_the_true_key_is_found_only_with_a_pinned_note() -> None:
    rewritten = with_entry(7, b"forged")
    notes = signed(rewritten)
    assert audit(rewritten, notes).holds
    result = audit(rewritten, notes, pinned=[NOTES[3]])
    assert found(result) == [("split-view", 12)]
    assert result.findings[0].message == (
        "the pinned note at size 12 signs another history than the other checkpoints"
    )


def test_a_pinned_note_between_the_checkpoints_of_a_rewritten_history_is_a_split_view() -> None:
    rewritten = with_entry(7, b"forged")
    pinned = signed(ENTRIES, [9, 15])
    result = audit(rewritten, signed(rewritten), pinned)
    assert found(result) == [("split-view", 9), ("split-view", 15)]


def test_several_notes_of_another_history_are_counted() -> None:
    rewritten = with_entry(7, b"forged")
    result = audit(rewritten, signed(rewritten, [SIZE]), signed(ENTRIES, [9, 15]))
    assert found(result) == [("split-view", 9)]
    assert result.findings[0].message.endswith("than the other checkpoints, and so do 1 after it")


def test_a_pinned_note_that_agrees_with_the_checkpoints_does_not_blame_the_key() -> None:
    result = audit(with_entry(7, b"forged"), pinned=[NOTES[3]])
    assert found(result) == [("root-differs", 12)]


def test_a_tail_that_differs_from_a_pinned_note_is_located() -> None:
    result = audit(with_entry(22, b"forged"), NOTES[:-1], pinned=[NOTES[-1]])
    assert found(result) == [("root-differs", 23)]
    assert "the entries do not fit the pinned note at size 23" in result.findings[0].message
    assert result.intact_to == 20


def test_a_ledger_cut_and_grown_again_is_a_split_view() -> None:
    grown = written(
        [*(event_of(number) for number in range(15)), *(b"new %d" % number for number in range(20))]
    )
    notes = signed(grown, [1, 5, 6, 12, 30, 35])
    assert audit(grown, notes).holds
    assert found(audit(grown, notes, pinned=[NOTES[-2], NOTES[0]])) == [("split-view", 20)]


@pytest.mark.parametrize("kept", [SIZE, 18])
def test_two_checkpoints_of_one_size_and_two_roots_are_a_split_view(kept: int) -> None:
    forged = signed(with_entry(7, b"forged"), [20])
    for notes in ([*NOTES[:5], *forged, NOTES[5]], [*NOTES[:4], *forged, *NOTES[4:]]):
        result = audit(ENTRIES[:kept], notes)
        assert ("split-view", 20) in found(result)


def test_two_checkpoints_of_one_size_that_both_do_not_fit_are_a_split_view_too() -> None:
    entries = with_entry(9, b"forged")
    forged = signed(with_entry(9, b"forged otherwise"), [12])
    assert found(audit(entries, [*NOTES[:4], *forged])) == [
        ("split-view", 12),
        ("root-differs", 12),
        ("unsigned-tail", 12),
    ]


def test_a_checkpoint_of_nothing_with_a_root_is_a_split_view() -> None:
    note = sign(Checkpoint(ORIGIN, 0, bytes(32)), KEY)
    assert found(audit(notes=[note, *NOTES])) == [("split-view", 0)]


def test_a_checkpoint_out_of_order_is_named() -> None:
    result = audit(notes=[*NOTES[:2], NOTES[3], NOTES[2], *NOTES[4:]])
    assert found(result) == [("note-out-of-place", 6)]
    assert (result.holds, result.intact_to) == (False, SIZE)


def test_a_pinned_note_that_cannot_be_read_is_named() -> None:
    result = audit(pinned=["not a note", signed(ENTRIES, [5], OTHER)[0]])
    assert found(result) == [("note-unreadable", 0), ("note-other-key", 5)]
    assert result.findings[0].message.startswith("pinned note number 1: not a checkpoint")
