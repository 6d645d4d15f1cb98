"""The hash tree against RFC 9162's own definition, and against known answers."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange_log.merkle import leaf_hash, node_hash, root

LEAVES = st.lists(st.binary(max_size=40), max_size=40)


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


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ([b""], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ],
)
def test_known_roots(leaves: list[bytes], expected: str) -> None:
    assert root([leaf_hash(leaf) for leaf in leaves]).hex() == expected
