"""Is the ledger what was signed? One pass over its entries and checkpoints, offline, in bounded memory.

How damage is located: the root of every checkpoint is compared with the root of the entries up to
it. A root that fits proves every byte and the order of all entries below it. Where an entry was
changed but its stored leaf was not, the leaves still fit, so that exactly this entry is broken and
its neighbours are proven. Where the leaf was changed with it, or entries were added, removed or
moved, the damage lies in the range between the last checkpoint that fits and the first that does not.

What cannot be found without a pinned note: whoever can delete the last entries together with the
checkpoints that cover them leaves a shorter ledger in which everything fits. Likewise whoever holds
the signing key can sign another history. Keep a checkpoint outside of the reach of both, and pass it
as ``pinned``. Entries after the last checkpoint are proven by nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import merge
from operator import attrgetter
from typing import Final, NamedTuple

from roadworthy.errors import Corrupt
from roadworthy.ledger.note import VerifyKey, claimed_size, open_note
from roadworthy.ledger.tree import fold, leaf_hash, push

MOST_FINDINGS: Final = 1_000
"""Findings of one code that are kept; further ones are counted. A ledger that was written over from end
to end must not fill the memory."""


class Entry(NamedTuple):
    """One line of the ledger: its number from 0 on, the event, and the leaf hash stored beside it."""

    seq: int
    event: bytes
    leaf: bytes


class FindingCode(StrEnum):
    """What is wrong, or to be known, in a word that stays the same from release to release."""

    ENTRY_ALTERED = "entry-altered"
    ENTRIES_SWAPPED = "entries-swapped"
    MISSING = "missing"
    REPEATED = "repeated"
    OUT_OF_PLACE = "out-of-place"
    ROOT_DIFFERS = "root-differs"
    SPLIT_VIEW = "split-view"
    TRUNCATED = "truncated"
    NOTE_UNREADABLE = "note-unreadable"
    NOTE_OTHER_KEY = "note-other-key"
    NOTE_ALTERED = "note-altered"
    NOTE_OUT_OF_PLACE = "note-out-of-place"
    NEVER_SIGNED = "never-signed"
    UNSIGNED_TAIL = "unsigned-tail"


_NOTE_CODES = {
    "RW-LEDGER-010": FindingCode.NOTE_UNREADABLE,
    "RW-LEDGER-011": FindingCode.NOTE_OTHER_KEY,
    "RW-LEDGER-012": FindingCode.NOTE_ALTERED,
    "RW-LEDGER-013": FindingCode.NOTE_OTHER_KEY,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about the ledger. ``seq_or_size``: number of an entry, or size at a checkpoint."""

    code: FindingCode
    seq_or_size: int
    message: str

    @property
    def is_fault(self) -> bool:
        """False only for entries that wait for their checkpoint."""
        return self.code is not FindingCode.UNSIGNED_TAIL


@dataclass(frozen=True, slots=True)
class Audit:
    """What the pass over the ledger has shown.

    ``size``         entries found, repeated ones not counted; ``root`` is theirs. An entry that was
                     altered while the next checkpoint proves its stored leaf counts with that leaf.
    ``signed_size``  the largest size under a valid signature, whether or not its root fits.
    ``intact_to``    the first so many entries are, byte for byte, those that were signed.
    ``proven_to``    below it the findings name every broken entry, all others are proven: the size of the
                     largest checkpoint that fits the stored leaves. Never less than ``intact_to``.
    ``findings``     by place, the first thousand of each code; ``more`` counts those left out.
    """

    size: int
    root: bytes
    signed_size: int
    intact_to: int
    proven_to: int
    findings: tuple[Finding, ...]
    more: int = 0

    @property
    def holds(self) -> bool:
        """No fault was found. Says nothing of the ``unsigned`` entries at the end."""
        return not any(finding.is_fault for finding in self.findings)

    @property
    def unsigned(self) -> int:
        """Entries after the last checkpoint, which nothing proves yet."""
        return max(0, self.size - self.signed_size)

    def as_json(self) -> dict[str, object]:
        """All of it as plain JSON values; the root in hexadecimal digits."""
        return {
            "holds": self.holds,
            "size": self.size,
            "root": self.root.hex(),
            "signed_size": self.signed_size,
            "unsigned": self.unsigned,
            "intact_to": self.intact_to,
            "proven_to": self.proven_to,
            "findings": [
                {"code": one.code.value, "at": one.seq_or_size, "message": one.message}
                for one in self.findings
            ],
            "more": self.more,
        }


def verify(
    entries: Iterable[Entry], notes: Iterable[str], *, key: VerifyKey, pinned: Sequence[str] = ()
) -> Audit:
    """What is broken in the ledger, and what is proven to be intact?

    Shape:   all entries from number 0 on and all checkpoints, oldest first; both are read once and may
             be generators. ``pinned`` are notes of this ledger that were kept elsewhere, in any order.
    Edge:    deleting the last entries *together with* their checkpoints, and a second history signed
             with the true key, are found only with a pinned note. Entries after the last checkpoint
             are reported and are no fault by themselves; entries without any checkpoint are.
    """
    findings = _Findings()
    replay = _Replay(findings)
    claims = _signed(notes, pinned, key, findings)
    claim = next(claims, None)
    end = 0
    for place, entry in _in_order(entries, findings):
        while claim is not None and claim.size <= place:
            replay.settle(claim)
            claim = next(claims, None)
        replay.add(place, entry)
        end = place + 1
    while claim is not None:
        replay.settle(claim, beyond=claim.size > end)
        claim = next(claims, None)
    return replay.conclude(end)


class _Claim(NamedTuple):
    """A size and a root under a valid signature, and where it came from."""

    size: int
    root: bytes
    pinned: bool

    @property
    def name(self) -> str:
        return f"the {'pinned note' if self.pinned else 'checkpoint'} at size {self.size}"


class _Findings:
    """The findings so far, never more than a fixed number of each code."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.more = 0
        self._count: Counter[FindingCode] = Counter()

    def add(self, code: FindingCode, at: int, message: str) -> None:
        self._count[code] += 1
        if self._count[code] <= MOST_FINDINGS:
            self.kept.append(Finding(code, at, message))
        else:
            self.more += 1


def _signed(
    notes: Iterable[str], pinned: Sequence[str], key: VerifyKey, findings: _Findings
) -> Iterator[_Claim]:
    """What the key signed, by size. Notes that it did not sign become findings."""
    by_size = attrgetter("size")
    kept = sorted(_opened(pinned, key, findings, pinned=True), key=by_size)
    return merge(_rising(_opened(notes, key, findings, pinned=False), findings), kept, key=by_size)


def _opened(notes: Iterable[str], key: VerifyKey, findings: _Findings, *, pinned: bool) -> Iterator[_Claim]:
    what = "pinned note" if pinned else "checkpoint"
    last = 0
    for number, note in enumerate(notes, start=1):
        try:
            checkpoint = open_note(note, key)
        except Corrupt as problem:
            size = claimed_size(note)
            findings.add(
                _NOTE_CODES[problem.code],
                last if size is None else size,
                f"{what} number {number}: {problem.message}",
            )
        else:
            last = checkpoint.size
            yield _Claim(checkpoint.size, checkpoint.root, pinned)


def _rising(claims: Iterator[_Claim], findings: _Findings) -> Iterator[_Claim]:
    """The claims without those that are smaller than one before them: they came too late to be compared."""
    last = 0
    for claim in claims:
        if claim.size < last:
            message = f"{claim.name} comes after that at size {last}: not compared"
            findings.add(FindingCode.NOTE_OUT_OF_PLACE, claim.size, message)
        else:
            last = claim.size
            yield claim


def _in_order(entries: Iterable[Entry], findings: _Findings) -> Iterator[tuple[int, Entry]]:
    """Each entry with the place in the tree that it takes. What disturbs the order becomes a finding."""
    misplaced: dict[int, int] = {}
    source = iter(entries)
    entry = next(source, None)
    place = 0
    while entry is not None:
        following = next(source, None)
        if entry.seq != place:
            upcoming = None if following is None else following.seq
            at = _place(entry.seq, place, upcoming, misplaced, findings)
        else:
            at = place
        if at is not None:
            yield at, entry
            place = at + 1
        entry = following


def _place(
    seq: int, expected: int, upcoming: int | None, misplaced: dict[int, int], findings: _Findings
) -> int | None:
    """Where an entry with an unexpected number belongs; None if it is there already.

    The number after it tells a gap (counting goes on from there) from a swap (it goes back).
    """
    if seq > expected and (upcoming is None or upcoming > seq):
        missing = f"entry {expected} is" if seq == expected + 1 else f"entries {expected} to {seq - 1} are"
        findings.add(FindingCode.MISSING, expected, f"{missing} missing")
        return seq
    if misplaced.get(seq) == expected:
        message = f"entries {seq} and {expected} stand in each other's place"
        findings.add(FindingCode.ENTRIES_SWAPPED, expected, message)
        return expected
    if seq > expected or upcoming == expected + 1:
        if len(misplaced) < MOST_FINDINGS:
            misplaced[expected] = seq
        message = f"entry {seq} stands in the place of entry {expected}"
        findings.add(FindingCode.OUT_OF_PLACE, expected, message)
        return expected
    findings.add(
        FindingCode.REPEATED, seq, f"entry {seq} comes again, or too late, after entry {expected - 1}"
    )
    return None


class _Replay:
    """The tree as it grows again, compared with every claim about it."""

    def __init__(self, findings: _Findings) -> None:
        self._findings = findings
        self._size = 0
        # Roots of the perfect subtrees: over the events as found, and (from the first entry whose event
        # and stored leaf disagree, up to the next claim that settles which of the two is right) over the
        # leaves as stored.
        self._found: list[bytes] = []
        self._stored: list[bytes] | None = None
        self._disagreed_at = 0
        # Stored leaf of an altered entry -> its place and the leaf of its event: finds exchanged events.
        self._altered: dict[bytes, tuple[int, bytes]] = {}
        self._first_broken: int | None = None
        self._proven_to = 0
        self._signed_size = 0
        self._last = _Claim(-1, b"", pinned=False)
        self._beyond: _Claim | None = None
        # The first claim that did not fit since the last one that did, and how many followed it.
        self._unfit: _Claim | None = None
        self._unfit_more = 0

    def add(self, place: int, entry: Entry) -> None:
        leaf = leaf_hash(entry.event)
        if leaf != entry.leaf:
            self._disagree(place, entry, leaf)
        if self._stored is not None:
            push(self._stored, self._size, entry.leaf)
        push(self._found, self._size, leaf)
        self._size += 1

    def _disagree(self, place: int, entry: Entry, leaf: bytes) -> None:
        if self._stored is None:
            self._stored = self._found.copy()
            self._disagreed_at = place
        message = f"entry {place} was altered: its event does not fit its leaf"
        self._findings.add(FindingCode.ENTRY_ALTERED, place, message)
        other = self._altered.get(leaf)
        if other is not None and other[1] == entry.leaf:
            message = f"entries {other[0]} and {place} hold each other's event"
            self._findings.add(FindingCode.ENTRIES_SWAPPED, place, message)
        elif len(self._altered) < MOST_FINDINGS:
            self._altered[entry.leaf] = (place, leaf)

    def settle(self, claim: _Claim, *, beyond: bool = False) -> None:
        """Compare the tree with a claim about its present size, or remember one beyond its end."""
        self._signed_size = max(self._signed_size, claim.size)
        last, self._last = self._last, claim
        contradicted = last.size == claim.size
        if contradicted and last.root == claim.root:
            return
        if not beyond and self._fits(claim):
            self._proven_to = claim.size
            if self._unfit is not None:
                self._split(self._unfit, further=self._unfit_more)
            self._unfit, self._unfit_more = None, 0
            return
        if beyond and (self._beyond is None or claim.size > self._beyond.size):
            self._beyond = claim
        if contradicted or claim.size <= self._proven_to:
            self._split(claim)
        elif not beyond and self._unfit is None:
            self._unfit = claim
        elif not beyond:
            self._unfit_more += 1

    def _fits(self, claim: _Claim) -> bool:
        """Does the root fit, over the events or over the stored leaves? Whichever does is right from here on."""
        if self._size != claim.size:
            return False
        if fold(self._found) == claim.root:
            self._stored = None
            return True
        if self._stored is None or fold(self._stored) != claim.root:
            return False
        if self._first_broken is None:
            self._first_broken = self._disagreed_at
        self._found, self._stored = self._stored, None
        return True

    def _split(self, claim: _Claim, *, further: int = 0) -> None:
        message = f"{claim.name} signs another history than the other checkpoints"
        if further:
            message += f", and so do {further} after it"
        self._findings.add(FindingCode.SPLIT_VIEW, claim.size, message)

    def conclude(self, end: int) -> Audit:
        self._report_unfit()
        self._report_end(end)
        return Audit(
            size=self._size,
            root=fold(self._found),
            signed_size=self._signed_size,
            intact_to=self._proven_to if self._first_broken is None else self._first_broken,
            proven_to=self._proven_to,
            findings=tuple(sorted(self._findings.kept, key=lambda finding: finding.seq_or_size)),
            more=self._findings.more,
        )

    def _report_unfit(self) -> None:
        if self._unfit is None:
            return
        low, high = self._proven_to, self._unfit.size - 1
        where = f"in entry {low}" if low == high else f"between entry {low} and entry {high}"
        message = (
            f"the entries do not fit {self._unfit.name}: {where} something was altered together with its leaf, "
            "added, removed or swapped"
        )
        if self._unfit_more:
            message += f"; later ones that do not fit either: {self._unfit_more}"
        self._findings.add(FindingCode.ROOT_DIFFERS, self._unfit.size, message)

    def _report_end(self, end: int) -> None:
        if self._beyond is not None:
            message = f"the ledger ends at size {end}, expected it to reach {self._beyond.name}"
            self._findings.add(FindingCode.TRUNCATED, end, message)
        if self._size and not self._signed_size:
            message = f"no checkpoint signed by this key covers any entry, found {self._size}"
            self._findings.add(FindingCode.NEVER_SIGNED, 0, message)
        elif self._size > self._signed_size:
            message = f"entries at the end without a checkpoint: {self._size - self._signed_size}"
            self._findings.add(FindingCode.UNSIGNED_TAIL, self._signed_size, message)
