"""Whatever is done to the entries is found, and nothing that was broken is called intact."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.ledgers import ENTRIES, NOTES, SIZE, audit, flip, renumbered

from roadworthy.ledger import Entry, FindingCode, leaf_hash

PLACE = st.integers(0, SIZE - 1)
CHANGES = st.one_of(
    st.tuples(st.sampled_from(["event", "leaf", "both", "drop", "repeat", "insert", "cut", "number"]), PLACE, PLACE),
    st.tuples(st.sampled_from(["swap", "swap contents", "swap events", "move", "drop and renumber"]), PLACE, PLACE),
)  # fmt: skip


def change(entries: list[Entry], what: str, one: int, two: int) -> list[Entry]:
    """The entries after one attack on them; ``one`` and ``two`` are places in the list."""
    if not entries:
        return entries
    one, two = one % len(entries), two % len(entries)
    here, there = entries[one], entries[two]
    changed = list(entries)
    match what:
        case "event":
            changed[one] = here._replace(event=here.event + b" ")
        case "leaf":
            changed[one] = here._replace(leaf=flip(here.leaf, two, 0))
        case "both":
            changed[one] = Entry(here.seq, b"forged", leaf_hash(b"forged"))
        case "drop":
            del changed[one]
        case "drop and renumber":
            del changed[one]
            changed = renumbered(changed)
        case "repeat":
            changed.insert(two, here)
        case "insert":
            changed.insert(one, Entry(one, b"forged", leaf_hash(b"forged")))
        case "cut":
            del changed[one:]
        case "number":
            changed[one] = here._replace(seq=there.seq + 1)
        case "swap":
            changed[one], changed[two] = there, here
        case "swap contents":
            changed[one], changed[two] = there._replace(seq=here.seq), here._replace(seq=there.seq)
        case "swap events":
            changed[one], changed[two] = here._replace(event=there.event), there._replace(event=here.event)
        case "move":
            changed.insert(two, changed.pop(one))
    return changed


@settings(max_examples=400, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=3), st.sets(st.sampled_from(NOTES[:-1])))
def test_no_change_passes_and_nothing_broken_is_called_intact(
    changes: list[tuple[str, int, int]], lost: set[str]
) -> None:
    entries = list(ENTRIES)
    for what, one, two in changes:
        entries = change(entries, what, one, two)
    result = audit(entries, [note for note in NOTES if note not in lost])
    assert result.holds == (entries == ENTRIES)

    assert result.intact_to <= result.proven_to
    codes = [finding.code for finding in result.findings]
    if FindingCode.REPEATED not in codes:
        named = {one.seq_or_size for one in result.findings if one.code is FindingCode.ENTRY_ALTERED}
        for place, original in enumerate(ENTRIES[: result.proven_to]):
            if place < result.intact_to:
                assert entries[place].event == original.event
            elif entries[place].event != original.event:
                assert place in named
