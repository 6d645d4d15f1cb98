"""The hash tree of the exchange log (RFC 9162, section 2.1): pure functions over bytes.

Leaves and nodes have different prefixes, so no node can be a leaf. The whole tree is never in memory.
`node(level, index)` returns the hash of a perfect subtree: the `2**level` leaves from `index * 2**level` on.
A complete subtree never changes, in any larger tree. Roots and proofs are computed from these hashes.

All hashes are 32 bytes of SHA-256; indexes count leaves from 0.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce

#: level, index -> the hash of that perfect subtree
Node = Callable[[int, int], bytes]

HASH_BYTES = 32
#: the root of a tree without leaves: SHA-256 of no bytes (2.1.1)
EMPTY_ROOT = hashlib.sha256().digest()

_LEAF = b"\x00"
_NODE = b"\x01"
#: leaves that `Frontier.extend` hashes together, as a power of two
_RUN_LEVEL = 8


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf bytes (2.1.1)."""
    return hashlib.sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and the hashes of the two children (2.1.1)."""
    return hashlib.sha256(_NODE + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """The root of leaf hashes in memory; of the empty tree SHA-256 of no bytes."""
    if not hashes:
        return EMPTY_ROOT
    sha256 = hashlib.sha256
    level = list(hashes)
    while len(level) > 1:
        # An odd last hash goes up unchanged: the same tree as the RFC's split at powers of two.
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(_NODE + left + right).digest() for left, right in pairs] + odd
    return level[0]


def subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The fewest perfect subtrees, as (level, index), that cover the leaves from `start` to before `end`.

    From left to right; for the whole tree, `subtrees(0, size)`, the largest first.
    """
    while start < end:
        aligned = (start & -start).bit_length() - 1 if start else end.bit_length()
        level = min(aligned, (end - start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level


def root_from(size: int, node: Node) -> bytes:
    """The root of a tree of `size` leaves, from O(log size) nodes."""
    return _joined([node(level, index) for level, index in subtrees(0, size)])


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` leaves, lowest hash first (2.1.3.1).

    Raises ValueError if the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return _path(0, index, size, node)


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """The proof that the tree of `new` leaves begins with the tree of `old` leaves (2.1.4.1).

    Empty when both are the same or the old one has no leaf. Raises ValueError unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves does not grow out of one of {old}")
    if old in {0, new}:
        return []
    *_, (level, index) = subtrees(0, old)
    path = _path(level, index, new, node)
    # If the old tree is one perfect subtree, the verifier has its root already.
    return path if index == 0 else [node(level, index), *path]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf with hash `leaf` is at `index` in the tree of this size and root (2.1.3.2).

    False, never an error, for any proof that is wrong, too short or too long, and for a leaf beyond the tree.
    """
    if not 0 <= index < size or not _are_hashes([leaf, root, *proof]):
        return False
    place, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            computed = node_hash(sibling, computed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and computed == root


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the new tree begins with all leaves of the old one, in order (2.1.4.2).

    False, never an error, for any proof that is wrong, too short or too long, and for trees that shrink.
    Every tree begins with the empty tree and with itself; both proofs are empty.
    """
    if not 0 <= old_size <= new_size or not _are_hashes([old_root, new_root, *proof]):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    return bool(proof) and _old_and_new(old_size, old_root, new_size, proof) == (old_root, new_root)


def proves_fork(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows a fork: the new tree begins with another tree of the old size.

    Such a proof gives the new root, so its hashes are of the new tree, but another old root. A proof that gives
    another new root shows nothing: anyone can write one. If the old tree is one perfect subtree, no proof can show a
    fork: it begins with the verifier's own root.
    """
    if not 0 < old_size <= new_size or not _are_hashes([old_root, new_root, *proof]):
        return False
    if old_size == new_size:
        return not proof and old_root != new_root
    roots = _old_and_new(old_size, old_root, new_size, proof) if proof else None
    return roots is not None and roots[1] == new_root and roots[0] != old_root


def _old_and_new(
    old_size: int, old_root: bytes, new_size: int, proof: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """Both roots computed from the proof; None if it has too many or too few hashes for these sizes."""
    path = proof if old_size & (old_size - 1) else [old_root, *proof]
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return (old, new) if last == 0 else None


class Frontier:
    """A tree that grows to the right; only the hashes of O(log size) perfect subtrees are stored.

    `size` is the number of leaves, `hashes` are those of `subtrees(0, size)`.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Raises ValueError if a tree of that size is not made of so many hashes."""
        self.size = size
        self.hashes = list(hashes)
        if size < 0 or len(self.hashes) != size.bit_count() or not _are_hashes(self.hashes):
            raise ValueError(f"a tree of {size} leaves has {max(size, 0).bit_count()} perfect subtrees")

    def add(self, subtree: bytes, level: int = 0) -> None:
        """Append one perfect subtree of `2**level` leaves. Raises ValueError if it cannot begin here."""
        if self.size & ((1 << level) - 1):
            raise ValueError(f"no subtree of level {level} begins at leaf {self.size}")
        size = self.size >> level
        while size & 1:
            subtree = node_hash(self.hashes.pop(), subtree)
            size >>= 1
        self.hashes.append(subtree)
        self.size += 1 << level

    def extend(self, leaf_hashes: Sequence[bytes]) -> None:
        """Append leaf hashes in runs: the same as adding each, but faster."""
        run = 1 << _RUN_LEVEL
        place = min(-self.size % run, len(leaf_hashes))
        for one in leaf_hashes[:place]:
            self.add(one)
        while len(leaf_hashes) - place >= run:
            self.add(root(leaf_hashes[place : place + run]), _RUN_LEVEL)
            place += run
        for one in leaf_hashes[place:]:
            self.add(one)

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _joined(self.hashes)


def _path(level: int, index: int, size: int, node: Node) -> list[bytes]:
    """The siblings of a perfect subtree on the path to the root of a tree of `size` leaves."""
    proof = []
    for height in range(level, (size - 1).bit_length()):
        start = ((index >> (height - level)) ^ 1) << height
        if start < size:  # else there is no sibling, and the hash goes up unchanged
            covered = subtrees(start, min(start + (1 << height), size))
            proof.append(_joined([node(*subtree) for subtree in covered]))
    return proof


def _joined(hashes: Sequence[bytes]) -> bytes:
    """One hash over adjacent subtrees, the largest first."""
    if not hashes:
        return EMPTY_ROOT
    return reduce(lambda right, left: node_hash(left, right), reversed(hashes))


def _are_hashes(given: Iterable[bytes]) -> bool:
    return all(len(one) == HASH_BYTES for one in given)
