"""Proofs over a large tree from the roots of its subtrees: a few hundred hashes are read, never all leaves.

Kept are the roots of perfect subtrees of 256, 65,536 … leaves, as logs are kept in tiles (c2sp.org/tlog-tiles).
They prove nothing by themselves: what is made of them is compared with a root that was signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

from roadworthy.errors import Corrupt
from roadworthy.ledger.tree import HASH_BYTES, fold, root_of

FANOUT: Final = 256
"""Nodes of one level below each node of the next."""
_BITS: Final = 8
_NODE: Final = b"\x01"

Nodes = Callable[[int, int, int], Sequence[bytes]]
"""Level, first and end: the nodes there, fewer where fewer are known. Level 0 are the leaves."""


class Subtrees:
    """A tree that is read by 256 nodes at a time; what was read once is not read again.

    Errors of every method: ``LookupError`` where nodes are missing.
    """

    def __init__(self, read: Nodes) -> None:
        self._read = read
        self._known: dict[tuple[int, int], Sequence[bytes]] = {}

    def path(self, index: int, size: int) -> list[bytes]:
        """The hashes beside the way from one leaf to the root, lowest first: as ``inclusion_proof``."""
        if not 0 <= index < size:
            raise ValueError(f"a tree of {size} leaves has no leaf {index}")
        path, start, end = [], 0, size
        while end - start > 1:
            middle = start + (1 << (end - start - 1).bit_length() - 1)
            if index < middle:
                path.append(fold(self.cover(middle, end)))
                end = middle
            else:
                path.append(fold(self.cover(start, middle)))
                start = middle
        return path[::-1]

    def cover(self, start: int, end: int) -> list[bytes]:
        """The roots of the fewest perfect subtrees that hold exactly these leaves, left to right."""
        return [self._perfect(first, width) for first, width in parts(start, end)]

    def _perfect(self, start: int, width: int) -> bytes:
        level = (width.bit_length() - 1) // _BITS
        unit = 1 << _BITS * level
        return root_of(
            self._node(level, number) for number in range(start // unit, (start + width) // unit)
        )

    def _node(self, level: int, number: int) -> bytes:
        tile, place = divmod(number, FANOUT)
        if (level, tile) not in self._known:
            self._known[level, tile] = self._read(level, tile * FANOUT, (tile + 1) * FANOUT)
        known = self._known[level, tile]
        if place >= len(known):
            raise LookupError(f"node {number} of level {level} is not known")
        return known[place]


def parts(start: int, end: int) -> list[tuple[int, int]]:
    """First leaf and width of the fewest perfect subtrees that hold exactly the leaves from start to end."""
    found = []
    while start < end:
        widest = 1 << (end - start).bit_length() - 1
        width = min(widest, start & -start) if start else widest
        found.append((start, width))
        start += width
    return found


def root_around(
    before: Sequence[bytes], leaves: Iterable[bytes], after: Sequence[bytes], *, start: int, size: int
) -> tuple[int, bytes]:
    """How many leaves there were, and the root of the tree in which they stand from ``start`` on.

    ``before`` and ``after`` are the covers of what stands beside them. Leaves are read once.
    Errors: ``Corrupt`` RW-LEDGER-024 where the covers do not fit the sizes.
    """
    if not 0 <= start <= size or len(before) != start.bit_count():
        raise _unfit()
    stack, at = list(before), start
    for leaf in leaves:
        at = _add(stack, at, 1, leaf)
        if at > size:
            raise _unfit()
    count = at - start
    right = parts(at, size)
    if len(right) != len(after) or any(len(one) != HASH_BYTES for one in (*before, *after)):
        raise _unfit()
    for (_, width), root in zip(right, after, strict=True):
        at = _add(stack, at, width, root)
    return count, fold(stack)


def _add(stack: list[bytes], at: int, width: int, root: bytes) -> int:
    # Each bit set in `at` is a perfect subtree on the stack; one of the same width is the left sibling.
    while at & width:
        root = sha256(_NODE + stack.pop() + root).digest()
        at -= width
        width *= 2
    stack.append(root)
    return at + width


def _unfit() -> Corrupt:
    return Corrupt(
        "RW-LEDGER-024",
        "the hashes beside these entries do not fit how many there are",
        broken=("the pack",),
        hint="export the period anew",
    )
