"""The hash tree of the exchange log (RFC 9162, section 2.1): pure functions over bytes.

Leaves and nodes are hashed under different prefixes, so that no node can pass for a leaf.
"""

import hashlib
from collections.abc import Sequence

_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf bytes."""
    return hashlib.sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and the hashes of the two children."""
    return hashlib.sha256(_NODE + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes that fit in memory; the empty tree is SHA-256 of nothing."""
    if not hashes:
        return hashlib.sha256().digest()
    level = list(hashes)
    while len(level) > 1:
        # An odd hash at the end rises unchanged: the same tree as the RFC's split at powers of two.
        odd = level[-1:] if len(level) % 2 else []
        level = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)] + odd
    return level[0]
