"""A small ledger under six checkpoints, and ways to change it."""

from collections.abc import Iterable, Sequence

from roadworthy.ledger import Audit, Checkpoint, Entry, Frontier, SigningKey, leaf_hash, sign, verify

ORIGIN = "example.org/ledger"
KEY = SigningKey(ORIGIN, bytes(range(32)))
OTHER = SigningKey(ORIGIN, bytes(32))
CHECKPOINTS = (1, 5, 6, 12, 20, 23)
SIZE = 23


def event_of(number: int) -> bytes:
    return b'{"kind":"case.decided","number":%d}' % number


def written(events: Iterable[bytes]) -> list[Entry]:
    return [Entry(seq, event, leaf_hash(event)) for seq, event in enumerate(events)]


def signed(
    entries: Sequence[Entry], sizes: Iterable[int] = CHECKPOINTS, key: SigningKey = KEY
) -> list[str]:
    leaves = [entry.leaf for entry in entries]
    return [sign(Checkpoint(ORIGIN, size, Frontier().extend(leaves[:size]).root()), key) for size in sizes]


ENTRIES = written(event_of(number) for number in range(SIZE))
NOTES = signed(ENTRIES)
ROOT = Frontier().extend(entry.leaf for entry in ENTRIES).root()


def audit(
    entries: Iterable[Entry] = tuple(ENTRIES),
    notes: Iterable[str] = tuple(NOTES),
    pinned: Sequence[str] = (),
) -> Audit:
    return verify(entries, notes, key=KEY.verifier, pinned=pinned)


def found(result: Audit) -> list[tuple[str, int]]:
    return [(finding.code.value, finding.seq_or_size) for finding in result.findings]


def with_entry(seq: int, event: bytes, *, leaf: bytes | None = None) -> list[Entry]:
    entries = list(ENTRIES)
    entries[seq] = Entry(seq, event, leaf_hash(event) if leaf is None else leaf)
    return entries


def renumbered(entries: Iterable[Entry]) -> list[Entry]:
    return [entry._replace(seq=seq) for seq, entry in enumerate(entries)]


def flip(value: bytes, place: int, bit: int) -> bytes:
    place %= len(value)
    return value[:place] + bytes([value[place] ^ (1 << bit)]) + value[place + 1 :]


def last_checkpoint(seq: int) -> int:
    """The largest checkpoint that does not cover the entry."""
    return max((size for size in CHECKPOINTS if size <= seq), default=0)


def next_checkpoint(seq: int) -> int:
    return min(size for size in CHECKPOINTS if size > seq)
