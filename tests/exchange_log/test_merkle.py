"""The hash tree against RFC 9162's own definition, against known answers, and against another implementation."""

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.exchange_log.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    proves_fork,
    root,
    root_from,
    subtrees,
    verify_consistency,
    verify_inclusion,
)
from tests.exchange_log.sample import node_over

LEAVES = st.lists(st.binary(max_size=40), max_size=40)
MOST = 300
HASHES = [leaf_hash(b"leaf %d" % number) for number in range(MOST + 1)]
NODE = node_over(HASHES)
ROOTS = [root(HASHES[:size]) for size in range(MOST + 2)]
#: leaves that implementations of RFC 6962 commonly test with, and the roots over the first n of them
COMMON_LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
COMMON_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
#: sizes up to -> SHA-256 over every root and proof that golang.org/x/mod/sumdb/tlog gives (see `every_proof`)
BY_ANOTHER = {
    64: "3ea334d42496693dddb260ff3d3627cb4bd3bb08aac4fa3c7990ef47afb3948e",
    300: "0a0b9fef90c68fa76c666d34ede4edfa5191199d415b07bd0fc379f0100fb6d7",
}


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


def every_proof(sizes: range) -> Iterator[bytes]:
    """For each size its root, the inclusion proof of each leaf, the consistency proof from each size before."""
    for size in sizes:
        yield ROOTS[size]
        for index in range(size):
            yield from inclusion_proof(index, size, NODE)
        for old in range(1, size + 1):
            yield from consistency_proof(old, size, NODE)


def flipped(proof: list[bytes]) -> Iterator[list[bytes]]:
    """The proof with a byte of one hash changed, for each hash at another place; one shorter, one longer."""
    for place, one in enumerate(proof):
        byte = (7 * place + len(proof)) % 32
        changed = one[:byte] + bytes([one[byte] ^ 1]) + one[byte + 1 :]
        yield [*proof[:place], changed, *proof[place + 1 :]]
        yield proof[:place] + proof[place + 1 :]
    yield [*proof, HASHES[0]]
    yield [HASHES[0], *proof]


def holds_only_as_it_is(index: int, size: int) -> None:
    """The inclusion proof of one leaf verifies, and no longer when anything of it changes."""
    leaf, proof = HASHES[index], inclusion_proof(index, size, NODE)
    assert verify_inclusion(leaf, index, size, proof, ROOTS[size])
    for other in {0, index - 1, index + 1, index ^ 1, size - 1, size} - {index}:
        assert not verify_inclusion(leaf, other, size, proof, ROOTS[size])
    for other in {size - 1, size + 1, 2 * size, index} - {size}:
        assert not verify_inclusion(leaf, index, other, proof, ROOTS[min(other, MOST + 1)])
    assert not verify_inclusion(HASHES[index + 1], index, size, proof, ROOTS[size])
    assert not any(verify_inclusion(leaf, index, size, other, ROOTS[size]) for other in flipped(proof))


def grows_only_as_it_did(old: int, new: int) -> None:
    """The consistency proof of two sizes verifies, and no longer when anything of it changes."""
    proof = consistency_proof(old, new, NODE)
    assert verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)
    for other in {old - 1, old + 1} & set(range(new + 1)):
        assert not verify_consistency(other, ROOTS[other], new, ROOTS[new], proof) or (old, other) in {
            (0, new),  # both need no proof
            (1, 0),
            (new, 0),
        }
    for other in {new - 1, new + 1} & set(range(old + 1, MOST + 1)):
        assert old == 0 or not verify_consistency(old, ROOTS[old], other, ROOTS[other], proof)
    assert not verify_consistency(old, HASHES[3], new, ROOTS[new], proof)
    assert not verify_consistency(old, ROOTS[old], new, HASHES[3], proof) or old == 0
    assert not any(verify_consistency(old, ROOTS[old], new, ROOTS[new], other) for other in flipped(proof))


@given(LEAVES)
def test_root_is_the_one_that_the_standard_defines(leaves: list[bytes]) -> None:
    assert root([leaf_hash(leaf) for leaf in leaves]) == by_definition(leaves)


@given(LEAVES.filter(bool), st.data())
def test_any_changed_leaf_changes_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(leaves) - 1))
    changed = [*leaves[:place], leaves[place] + b"!", *leaves[place + 1 :]]
    assert root([leaf_hash(leaf) for leaf in changed]) != root([leaf_hash(leaf) for leaf in leaves])


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_node_never_passes_for_a_leaf(left: bytes, right: bytes) -> None:
    assert node_hash(left, right) != leaf_hash(left + right)


@pytest.mark.parametrize("size", range(9))
def test_known_roots(size: int) -> None:
    hashes = [leaf_hash(bytes.fromhex(leaf)) for leaf in COMMON_LEAVES[:size]]
    assert root(hashes).hex() == root_from(size, node_over(hashes)).hex() == COMMON_ROOTS[size]


def test_proofs_of_the_example_tree_are_those_that_the_standard_names() -> None:
    """RFC 6962, 2.1.3, and RFC 9162, 2.1.5: the tree of seven leaves, its nodes named as there."""
    a, b, c, d, e, f, j = HASHES[:7]
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, last = node_hash(g, h), node_hash(i, j)
    assert inclusion_proof(0, 7, NODE) == [b, h, last]
    assert inclusion_proof(3, 7, NODE) == [c, g, last]
    assert inclusion_proof(4, 7, NODE) == [f, j, k]
    assert inclusion_proof(6, 7, NODE) == [i, k]
    assert consistency_proof(3, 7, NODE) == [c, d, g, last]
    assert consistency_proof(4, 7, NODE) == [last]
    assert consistency_proof(6, 7, NODE) == [i, j, k]


def test_proofs_equal_those_of_another_implementation() -> None:
    assert hashlib.sha256(b"".join(every_proof(range(1, 65)))).hexdigest() == BY_ANOTHER[64]


@pytest.mark.slow
def test_proofs_of_all_sizes_equal_those_of_another_implementation() -> None:
    assert hashlib.sha256(b"".join(every_proof(range(1, MOST + 1)))).hexdigest() == BY_ANOTHER[300]


def test_proofs_of_each_size_hold_only_as_they_are() -> None:
    for size in range(MOST + 1):
        for index in {0, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
            holds_only_as_it_is(index, size)
        for old in {0, 1, size // 3, size // 2, size - 1, size} & set(range(size + 1)):
            grows_only_as_it_did(old, size)


@pytest.mark.slow
def test_all_proofs_of_each_size_hold_only_as_they_are() -> None:
    """Beyond a power of two. Larger ones differ by the length of their proofs alone: samples of them are above."""
    for size in range(MOST // 2 + 1):
        for index in range(size):
            holds_only_as_it_is(index, size)
        for old in range(size + 1):
            grows_only_as_it_did(old, size)


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0), (0, -1), (1 << 70, 4)], ids=str)
def test_leaf_beyond_the_tree_has_no_proof(index: int, size: int) -> None:
    assert not verify_inclusion(HASHES[0], index, size, [], HASHES[0])
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(index, size, NODE)


@pytest.mark.parametrize(("old", "new"), [(5, 4), (-1, 4), (1, 0)])
def test_tree_never_grows_out_of_a_larger_one(old: int, new: int) -> None:
    assert not verify_consistency(old, EMPTY_ROOT, new, EMPTY_ROOT, [])
    with pytest.raises(ValueError, match="does not grow"):
        consistency_proof(old, new, NODE)


@pytest.mark.parametrize("short", [b"", b"short", bytes(33)])
def test_hash_of_another_length_is_refused(short: bytes) -> None:
    proof = inclusion_proof(2, 4, NODE)
    assert not verify_inclusion(HASHES[2], 2, 4, [short, *proof[1:]], ROOTS[4])
    assert not verify_inclusion(short, 2, 4, proof, ROOTS[4])
    assert not verify_inclusion(short, 0, 1, [], short)
    assert not verify_consistency(2, ROOTS[2], 4, ROOTS[4], [short])
    assert not verify_consistency(4, short, 4, short, [])


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_subtrees_cover_a_range_once_and_in_order(start: int, length: int) -> None:
    place = start
    for level, index in subtrees(start, start + length):
        assert index << level == place
        place += 1 << level
    assert place == start + length


@settings(deadline=None)
@given(st.integers(0, MOST), st.lists(st.integers(0, 90), max_size=6))
def test_frontier_gives_the_root_however_it_grew(start: int, batches: list[int]) -> None:
    tree = Frontier(start, [NODE(*subtree) for subtree in subtrees(0, start)])
    for batch in batches:
        tree.extend(HASHES[tree.size : tree.size + batch])
        assert tree.root() == ROOTS[tree.size]


def test_frontier_takes_runs_and_whole_subtrees() -> None:
    many = [leaf_hash(b"%d" % number) for number in range(1111)]
    tree = Frontier()
    tree.extend(many[:3])
    tree.extend(many[3:1100])
    assert tree.root() == root(many[:1100])
    for level, index in subtrees(1100, 1111):
        tree.add(node_over(many)(level, index), level)
    assert tree.root() == root(many)
    with pytest.raises(ValueError, match="begins at leaf 1111"):
        tree.add(many[0], 3)


@pytest.mark.parametrize(("size", "count"), [(3, 1), (4, 2), (0, 1), (-1, 0), (-2, 1)])
def test_frontier_refuses_hashes_that_do_not_fit_its_size(size: int, count: int) -> None:
    with pytest.raises(ValueError, match="perfect subtrees"):
        Frontier(size, HASHES[:count])


@given(sizes=st.tuples(st.integers(1, 60), st.integers(1, 60)).map(sorted), place=st.integers(0, 59))
def test_proof_of_a_fork_is_known_and_no_junk_is_taken_for_one(sizes: list[int], place: int) -> None:
    old, new = sizes
    place %= old
    other = [*HASHES[:place], leaf_hash(b"another"), *HASHES[place + 1 : new]]
    forked = consistency_proof(old, new, node_over(other))
    perfect = old & (old - 1) == 0 and old != new
    assert proves_fork(old, ROOTS[old], new, root(other), forked) != perfect
    proof = consistency_proof(old, new, NODE)
    assert not proves_fork(old, ROOTS[old], new, ROOTS[new], proof)
    for junk in ([], [bytes(32)] * len(proof), proof[1:], [*proof, bytes(32)], forked):
        assert not proves_fork(old, ROOTS[old], new, ROOTS[new], junk)
