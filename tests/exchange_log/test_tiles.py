"""Tiles: however a log grows, it ends with the same tiles and roots, and proofs out of tiles are the same proofs."""

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.exchange_log.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    root_from,
)
from gateway.exchange_log.tiles import (
    TILE,
    Growth,
    TileId,
    edge_tiles,
    grow,
    nodes_of,
    parse_path,
    path,
    tile_of,
    tiles_of_consistency,
    tiles_of_inclusion,
)
from tests.exchange_log.sample import node_over

#: more than one full tile of level 1, as in the example of the standard
MANY = 70_000
HASHES = [leaf_hash(b"leaf %d" % number) for number in range(MANY)]
NODE = node_over(HASHES)
#: what golang.org/x/mod/sumdb/tlog makes of the same leaves: SHA-256 over path, newline and data of all tiles
TILES_BY_ANOTHER = "74dcbcfaaf77dd2018d98e1755a8e9a5a50cc9017a18d0934723fcfa8b0317b2"
ROOT_BY_ANOTHER = "da0532ff7b2ee56f4067110fc964e9f27b5959f9527bfff3fa501aa7584deaf3"


def tiles_for(size: int) -> Iterator[TileId]:
    """All tiles of a tree of `size` leaves, level by level: what the product keeps must be these."""
    level = 0
    while size:
        yield from (TileId(level, index, TILE) for index in range(size // TILE))
        if size % TILE:
            yield TileId(level, size // TILE, size % TILE)
        level, size = level + 1, size // TILE


def grown(size: int) -> Growth:
    return grow(0, {}, HASHES[:size])


WHOLE = grown(MANY)


@pytest.mark.parametrize(
    ("tile", "text"),
    [
        (TileId(0, 0, 256), "tile/0/000"),
        (TileId(0, 1234067, 256), "tile/0/x001/x234/067"),
        (TileId(0, 1234, 56), "tile/0/x001/234.p/56"),
        (TileId(2, 0, 1), "tile/2/000.p/1"),
        (TileId(63, 999, 255), "tile/63/999.p/255"),
        (TileId(1, 1000, 256), "tile/1/x001/000"),
    ],
)
def test_path_is_the_one_of_the_standard(tile: TileId, text: str) -> None:
    assert path(tile) == text
    assert parse_path(text) == tile


@given(st.integers(0, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_path_is_read_back(level: int, index: int, width: int) -> None:
    assert parse_path(path(TileId(level, index, width))) == TileId(level, index, width)


@pytest.mark.parametrize(
    "text",
    [
        *"/tile/0/000 tile/0/0 tile/00/000 tile/64/000 tile/0/000.p/0 tile/0/000.p/256 tile/0/000.p/01 tile/0/x000/001"
        " tile/0/001/234 tile/0/x001 tile/0/x001/x234 tile/entries/000 tile/0/٠٠٠ tile/-1/000 tile/0/000/".split(),
        "",
        "tile/0/000\n",
        " tile/0/000",
    ],
)
def test_any_other_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a tile has a path"):
        parse_path(text)


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        assert path(parse_path(text)) == text
    except ValueError as error:
        assert "a tile has a path" in str(error)  # noqa: PT017 -- either outcome is right


def test_tiles_of_the_example_are_those_that_the_standard_counts() -> None:
    tiles = list(tiles_for(70_000))
    assert sum(tile.level == 0 and tile.width == TILE for tile in tiles) == 273
    assert [tile for tile in tiles if tile.width < TILE] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert edge_tiles(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tiles_for(256)) == [(0, 0, 256), (1, 0, 1)]
    assert edge_tiles(256) == [(1, 0, 1)]
    assert list(tiles_for(0)) == edge_tiles(0) == []


def test_tiles_and_root_equal_those_of_another_implementation() -> None:
    state = hashlib.sha256()
    for tile in tiles_for(MANY):
        state.update(path(tile).encode() + b"\n" + WHOLE.tiles[tile])
    assert state.hexdigest() == TILES_BY_ANOTHER
    assert WHOLE.root.hex() == ROOT_BY_ANOTHER


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(st.integers(0, 3), st.integers(0, 700), st.sampled_from([255, 256, 257, 512])), max_size=9
    )
)
def test_growth_in_any_batches_gives_the_same_tiles_and_roots(batches: list[int]) -> None:
    stored: dict[TileId, bytes] = {}
    size, edge = 0, dict[TileId, bytes]()
    for batch in batches:
        growth = grow(size, edge, HASHES[size : size + batch])
        assert growth.root == root(HASHES[: growth.size])
        assert list(growth.edge) == edge_tiles(growth.size)
        stored |= growth.tiles
        size, edge = growth.size, growth.edge
    expected = grown(size)
    assert {tile: stored[tile] for tile in tiles_for(size)} == expected.tiles
    assert edge == expected.edge


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_536, 65_537, MANY])
def test_growth_makes_exactly_the_tiles_of_its_size(size: int) -> None:
    growth = grown(size)
    assert list(growth.tiles) == list(tiles_for(size))
    assert {tile: len(hashes) for tile, hashes in growth.tiles.items()} == {
        tile: 32 * tile.width for tile in tiles_for(size)
    }


def test_growth_writes_only_tiles_that_change() -> None:
    before = grown(70_000)
    growth = grow(before.size, before.edge, [leaf_hash(b"one more")])
    assert list(growth.tiles) == [TileId(0, 273, 113)]
    assert list(growth.edge) == edge_tiles(70_001)
    assert grow(before.size, before.edge, []) == Growth({}, before.root, before.size, before.edge)
    assert grow(0, {}, []) == Growth({}, EMPTY_ROOT, 0, {})


@pytest.mark.parametrize(
    ("edge", "hashes"),
    [({}, []), ({TileId(0, 0, 3): bytes(64)}, []), ({TileId(0, 0, 3): bytes(96)}, [b"short"])],
    ids=["no edge", "short edge", "short hash"],
)
def test_growth_refuses_an_edge_or_a_hash_of_another_size(
    edge: dict[TileId, bytes], hashes: list[bytes]
) -> None:
    with pytest.raises(ValueError, match="hash"):
        grow(3, edge, hashes)


WIDEST = {(tile.level, tile.index): hashes for tile, hashes in WHOLE.tiles.items()}


@settings(deadline=None)
@given(st.data())
def test_proofs_from_tiles_equal_proofs_from_hashes(data: st.DataObject) -> None:
    size = data.draw(st.one_of(st.integers(1, 1200), st.integers(65_500, MANY)))
    index = data.draw(st.integers(0, size - 1))
    asked: set[TileId] = set()

    def tile(wanted: TileId) -> bytes:
        asked.add(wanted)
        return WIDEST[wanted.level, wanted.index][: 32 * wanted.width]

    node = nodes_of(size, tile)
    assert root_from(size, node) == root_from(size, NODE)
    asked.clear()
    assert inclusion_proof(index, size, node) == inclusion_proof(index, size, NODE)
    assert asked == tiles_of_inclusion(index, size) <= set(tiles_for(size))
    asked.clear()
    assert consistency_proof(index, size, node) == consistency_proof(index, size, NODE)
    assert asked == tiles_of_consistency(index, size) <= set(tiles_for(size))


@given(st.integers(1, 900), st.data())
def test_wider_tile_serves_for_a_partial_one(size: int, data: st.DataObject) -> None:
    """A log may drop a partial tile once it has a wider one (C2SP tlog-tiles, partial tiles)."""
    index = data.draw(st.integers(0, size - 1))
    node = nodes_of(size, lambda tile: WIDEST[tile.level, tile.index])
    assert inclusion_proof(index, size, node) == inclusion_proof(index, size, NODE)


def test_node_that_no_tile_has_is_refused() -> None:
    node = nodes_of(300, lambda tile: grown(300).tiles[tile][:-32])
    with pytest.raises(ValueError, match=r"tile/0/001\.p/44 is too short"):
        node(0, 299)
    for level, index in ((0, 300), (8, 1), (9, 0), (-1, 0), (0, -1)):
        with pytest.raises(ValueError, match="has no subtree"):
            tile_of(level, index, 300)
