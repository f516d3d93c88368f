"""The Merkle tree over a list of byte strings, and the proofs that it only ever grew.

A leaf is the hash of an entry, a node the hash of its two children; different first bytes keep the
two apart, so that no entry can pass for a node. Everything here works on leaf hashes: who holds
the 32 bytes of each entry can prove inclusion and growth without the entries themselves.

Source: RFC 6962 section 2.1 (tree, proofs), RFC 9162 section 2.1 (checking the proofs).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from roadworthy.errors import Corrupt

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()

_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """The 32 bytes that stand for one entry in the tree."""
    return sha256(_LEAF + entry).digest()


def push(roots: list[bytes], size: int, leaf: bytes) -> None:
    """Add one leaf to the roots of the perfect subtrees of a tree of ``size`` leaves, in place.

    For loops over many leaves; everybody else takes ``Frontier``.
    """
    # Each trailing one bit of the size is a perfect subtree that the new leaf completes to a pair.
    while size & 1:
        leaf = sha256(_NODE + roots.pop() + leaf).digest()
        size >>= 1
    roots.append(leaf)


def fold(roots: Sequence[bytes]) -> bytes:
    """The root of the tree whose perfect subtrees have these roots, left to right."""
    if not roots:
        return EMPTY_ROOT
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = sha256(_NODE + left + root).digest()
    return root


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed of a tree to go on growing it: its size and the roots of its perfect subtrees.

    Shape:   one root for each bit set in ``size``, the largest subtree first; at most 64 hashes.
    Errors:  ``ValueError`` if the roots do not fit the size.
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.roots) != self.size.bit_count():
            raise ValueError(f"{len(self.roots)} subtrees do not make a tree of {self.size} leaves")
        if any(len(root) != HASH_BYTES for root in self.roots):
            raise ValueError(f"the root of a subtree has {HASH_BYTES} bytes")

    def push(self, leaf: bytes) -> Frontier:
        """The tree with one leaf hash more."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The tree with these leaf hashes after its own, in order.

        Errors:  ``ValueError`` for a leaf that is not a hash, which would let an entry pass for a node.
        """
        roots, size = list(self.roots), self.size
        for leaf in leaves:
            if len(leaf) != HASH_BYTES:
                raise ValueError(f"a leaf is a hash of {HASH_BYTES} bytes, found {len(leaf)} bytes")
            push(roots, size, leaf)
            size += 1
        return Frontier(size, tuple(roots))

    def root(self) -> bytes:
        """The one hash that stands for all leaves and their order."""
        return fold(self.roots)

    def to_bytes(self) -> bytes:
        """The roots one after another; the size is kept beside them."""
        return b"".join(self.roots)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Frontier:
        """Read what ``to_bytes`` wrote. Errors: ``Corrupt`` RW-LEDGER-001 if the bytes do not fit the size."""
        roots = tuple(data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES))
        try:
            return cls(size, roots)
        except ValueError:
            expected = max(size, 0).bit_count() * HASH_BYTES
            raise Corrupt(
                "RW-LEDGER-001",
                f"the stored tree of {size} entries has {len(data)} bytes, expected {expected}",
                broken=("the stored state of the tree",),
                intact="the entries, which do not depend on it",
                hint="verify the ledger, then rebuild the state from its entries",
            ) from None


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of the tree over these leaf hashes."""
    return Frontier().extend(leaves).root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes beside the path from one leaf up to the root, lowest first.

    Edge:    a tree of one leaf needs none.
    Errors:  ``ValueError`` for an index outside of the tree.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves has no leaf {index}")
    path, start, end = [], 0, len(leaves)
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            path.append(root_of(leaves[middle:end]))
            end = middle
        else:
            path.append(root_of(leaves[start:middle]))
            start = middle
    return path[::-1]


def check_inclusion(leaf: bytes, proof: Sequence[bytes], *, index: int, size: int, root: bytes) -> bool:
    """Is the leaf at this place of the tree with this size and root?"""
    if not 0 <= index < size or not _are_hashes((leaf, root, *proof)):
        return False
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = sha256(_NODE + sibling + found).digest()
            place, last = _skip_lone_levels(place, last)
        else:
            found = sha256(_NODE + found + sibling).digest()
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """The hashes that show that the tree over the first ``old_size`` leaves is the start of this one.

    Edge:    nothing and everything need no proof: an empty list.
    Errors:  ``ValueError`` for an old size beyond the tree.
    """
    if not 0 <= old_size <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves never had {old_size}")
    if old_size == 0:
        return []
    path, start, end = [], 0, len(leaves)
    while end != old_size:
        middle = start + _left(end - start)
        if old_size <= middle:
            path.append(root_of(leaves[middle:end]))
            end = middle
        else:
            path.append(root_of(leaves[start:middle]))
            start = middle
    if start:
        # Where the old tree is no perfect subtree itself, the checker does not have its last one yet.
        path.append(root_of(leaves[start:end]))
    return path[::-1]


def check_consistency(
    proof: Sequence[bytes], *, old_size: int, old_root: bytes, new_size: int, new_root: bytes
) -> bool:
    """Did the tree with the new root grow out of the one with the old root, by appending only?"""
    if not 0 <= old_size <= new_size or not _are_hashes((old_root, new_root, *proof)):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    hashes = list(proof)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old = sha256(_NODE + sibling + old).digest()
            new = sha256(_NODE + sibling + new).digest()
            place, last = _skip_lone_levels(place, last)
        else:
            new = sha256(_NODE + new + sibling).digest()
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _left(width: int) -> int:
    """Leaves under the left child: the largest power of two below the width."""
    return 1 << (width - 1).bit_length() - 1


def _skip_lone_levels(place: int, last: int) -> tuple[int, int]:
    """Climb the levels on which the last node has no sibling and is carried up unchanged."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
