"""The tree has the published roots and proofs, and no altered proof passes."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency

from roadworthy.errors import Corrupt
from roadworthy.ledger import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
)

# The test vectors of the Certificate Transparency reference implementation.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4)) for number in range(size)]


MANY = leaves_of(1_000)


@pytest.mark.parametrize("size", range(9))
def test_the_root_is_the_published_one(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


def test_the_empty_tree_has_the_hash_of_nothing_as_root() -> None:
    assert Frontier().root() == EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize(("place", "path"), INCLUSION.items())
def test_a_proof_of_inclusion_is_the_published_one(place: tuple[int, int], path: list[str]) -> None:
    index, size = place
    proof = inclusion_proof(LEAVES[:size], index)
    assert [step.hex() for step in proof] == path
    assert check_inclusion(LEAVES[index], proof, index=index, size=size, root=bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("sizes", "path"), CONSISTENCY.items())
def test_a_proof_of_consistency_is_the_published_one(sizes: tuple[int, int], path: list[str]) -> None:
    old, new = sizes
    proof = consistency_proof(LEAVES[:new], old)
    assert [step.hex() for step in proof] == path
    assert check_consistency(
        proof,
        old_size=old,
        old_root=bytes.fromhex(ROOTS[old]),
        new_size=new,
        new_root=bytes.fromhex(ROOTS[new]),
    )


OTHER_TREE = InmemoryTree.init_from_entries(
    [number.to_bytes(4) for number in range(300)], algorithm="sha256"
)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_an_independent_implementation_agrees_on_roots_and_proofs(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    leaves = MANY[:size]
    assert root_of(leaves) == OTHER_TREE.get_root(size)
    theirs = OTHER_TREE.prove_inclusion(index + 1, size)
    # Its path begins with the leaf itself.
    assert [leaves[index], *inclusion_proof(leaves, index)] == theirs.path
    # It lays consistency proofs out in another way: each side's roots must pass the other side's check.
    old_root, root = root_of(leaves[:old]), root_of(leaves)
    verify_consistency(old_root, root, OTHER_TREE.prove_consistency(old, size), old, size)
    assert check_consistency(
        consistency_proof(leaves, old),
        old_size=old,
        old_root=OTHER_TREE.get_root(old),
        new_size=size,
        new_root=OTHER_TREE.get_root(size),
    )


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_proofs_are_those_of_the_recursive_definitions_in_the_standard(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 80))
    leaves = MANY[:size]
    assert root_of(leaves) == rfc_root(leaves)
    index = data.draw(st.integers(0, size - 1))
    assert inclusion_proof(leaves, index) == rfc_path(index, leaves)
    old = data.draw(st.integers(1, size))
    assert consistency_proof(leaves, old) == rfc_subproof(old, leaves, is_whole=True)


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_frontier_grows_to_the_root_of_all_leaves(first: int, more: int) -> None:
    leaves = MANY[: first + more]
    grown = Frontier().extend(leaves[:first]).extend(iter(leaves[first:]))
    pushed = Frontier()
    for leaf in leaves:
        pushed = pushed.push(leaf)
    assert grown == pushed
    assert grown.size == len(leaves)
    assert grown.root() == root_of(leaves)
    assert Frontier.from_bytes(grown.size, grown.to_bytes()) == grown


def test_a_frontier_is_not_changed_by_growing_it() -> None:
    frontier = Frontier().extend(MANY[:5])
    before = frontier.to_bytes()
    frontier.push(MANY[5])
    assert (frontier.size, frontier.to_bytes()) == (5, before)


@pytest.mark.parametrize(("size", "length"), [(5, 32), (5, 63), (5, 96), (0, 1), (-1, 0), (4, 0)])
def test_a_stored_frontier_that_does_not_fit_its_size_is_refused(size: int, length: int) -> None:
    with pytest.raises(Corrupt) as caught:
        Frontier.from_bytes(size, bytes(length))
    assert caught.value.code == "RW-LEDGER-001"
    assert f"{length} bytes" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("roots", [(), (bytes(31),), (bytes(32), bytes(32))])
def test_a_frontier_takes_one_root_for_each_bit_of_its_size(roots: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match=r"subtree"):
        Frontier(4, roots)


def test_an_entry_cannot_stand_where_its_hash_belongs() -> None:
    with pytest.raises(ValueError, match="a leaf is a hash of 32 bytes, found 3 bytes"):
        Frontier().push(b"abc")


def test_a_node_cannot_pass_for_an_entry() -> None:
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != root_of(LEAVES[:2])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_leaf_is_proven_included_and_no_altered_proof_passes(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    index = data.draw(st.integers(0, size - 1))
    leaves = MANY[:size]
    root, proof = root_of(leaves), inclusion_proof(leaves, index)
    leaf = leaves[index]
    assert check_inclusion(leaf, proof, index=index, size=size, root=root)

    assert not check_inclusion(leaf, [*proof, MANY[999]], index=index, size=size, root=root)
    assert not check_inclusion(leaf, proof, index=index, size=size, root=flipped(data, root))
    assert not check_inclusion(flipped(data, leaf), proof, index=index, size=size, root=root)
    other = data.draw(st.integers(-1, size).filter(lambda value: value != index))
    assert not check_inclusion(leaf, proof, index=other, size=size, root=root)
    if proof:
        broken = list(proof)
        step = data.draw(st.integers(0, len(proof) - 1))
        broken[step] = flipped(data, broken[step])
        assert not check_inclusion(leaf, broken, index=index, size=size, root=root)
        assert not check_inclusion(leaf, proof[:-1], index=index, size=size, root=root)
        assert not check_inclusion(leaf, proof[1:], index=index, size=size, root=root)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_growth_is_proven_and_no_altered_proof_passes(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 130))
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(MANY[:new], old)
    old_root, new_root = root_of(MANY[:old]), root_of(MANY[:new])

    def grew(
        steps: list[bytes], *, from_size: int = old, before: bytes = old_root, after: bytes = new_root
    ) -> bool:
        return check_consistency(steps, old_size=from_size, old_root=before, new_size=new, new_root=after)

    assert grew(proof)
    assert not grew([*proof, MANY[999]])
    assert not grew(proof, before=flipped(data, old_root))
    assert not grew(proof, after=flipped(data, new_root))
    other = data.draw(st.integers(-1, new).filter(lambda value: value != old))
    assert not grew(proof, from_size=other)
    if proof:
        step = data.draw(st.integers(0, len(proof) - 1))
        broken = list(proof)
        broken[step] = flipped(data, broken[step])
        assert not grew(broken)
        assert not grew(proof[:-1])


def test_a_rewritten_history_is_not_consistent_with_the_old_one() -> None:
    rewritten = [*MANY[:3], leaf_hash(b"other"), *MANY[4:20]]
    proof = consistency_proof(rewritten, 10)
    assert not check_consistency(
        proof, old_size=10, old_root=root_of(MANY[:10]), new_size=20, new_root=root_of(rewritten)
    )


@pytest.mark.parametrize("new", [0, 1, 9])
def test_everything_grew_out_of_nothing(new: int) -> None:
    proof = consistency_proof(MANY[:new], 0)
    assert proof == []
    root = root_of(MANY[:new])
    assert check_consistency(proof, old_size=0, old_root=EMPTY_ROOT, new_size=new, new_root=root)
    assert not check_consistency(proof, old_size=0, old_root=bytes(32), new_size=new, new_root=root)


def test_what_shrank_did_not_grow() -> None:
    root = root_of(MANY[:4])
    assert not check_consistency([], old_size=5, old_root=root, new_size=4, new_root=root)


@pytest.mark.parametrize("index", [-1, 4])
def test_a_leaf_outside_of_the_tree_has_no_proof(index: int) -> None:
    with pytest.raises(ValueError, match=f"a tree of 4 leaves has no leaf {index}"):
        inclusion_proof(MANY[:4], index)


@pytest.mark.parametrize("old_size", [-1, 5])
def test_a_size_the_tree_never_had_has_no_proof(old_size: int) -> None:
    with pytest.raises(ValueError, match=f"a tree of 4 leaves never had {old_size}"):
        consistency_proof(MANY[:4], old_size)


def test_a_step_that_is_no_hash_proves_nothing() -> None:
    assert not check_inclusion(MANY[0], [b"short"], index=0, size=2, root=root_of(MANY[:2]))
    assert not check_consistency(
        [b"short"], old_size=1, old_root=MANY[0], new_size=2, new_root=root_of(MANY[:2])
    )


def test_a_tree_of_a_hundred_thousand_leaves_is_proven_without_deep_recursion() -> None:
    leaves = MANY * 100
    root = root_of(leaves)
    proof = inclusion_proof(leaves, 77_777)
    assert len(proof) <= 17
    assert check_inclusion(leaves[77_777], proof, index=77_777, size=len(leaves), root=root)
    growth = consistency_proof(leaves, 33_333)
    old_root = root_of(leaves[:33_333])
    assert check_consistency(
        growth, old_size=33_333, old_root=old_root, new_size=len(leaves), new_root=root
    )


def flipped(data: st.DataObject, value: bytes) -> bytes:
    """The same bytes with one bit the other way."""
    bit = data.draw(st.integers(0, 8 * len(value) - 1))
    return bytes(byte ^ (1 << bit % 8) if place == bit // 8 else byte for place, byte in enumerate(value))


def rfc_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    middle = split(leaves)
    return sha256(b"\x01" + rfc_root(leaves[:middle]) + rfc_root(leaves[middle:])).digest()


def rfc_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    middle = split(leaves)
    if index < middle:
        return [*rfc_path(index, leaves[:middle]), rfc_root(leaves[middle:])]
    return [*rfc_path(index - middle, leaves[middle:]), rfc_root(leaves[:middle])]


def rfc_subproof(old: int, leaves: list[bytes], *, is_whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2, word for word."""
    if old == len(leaves):
        return [] if is_whole else [rfc_root(leaves)]
    middle = split(leaves)
    if old <= middle:
        return [*rfc_subproof(old, leaves[:middle], is_whole=is_whole), rfc_root(leaves[middle:])]
    return [*rfc_subproof(old - middle, leaves[middle:], is_whole=False), rfc_root(leaves[:middle])]


def split(leaves: list[bytes]) -> int:
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return middle
