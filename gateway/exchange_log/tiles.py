"""The tree cut into tiles of up to 256 hashes (C2SP tlog-tiles), and its growth: pure functions over bytes.

A tile of level 0 holds leaf hashes; one of level n+1 holds the roots of full tiles of level n. A full tile never
changes again. The last tile of a level may be partial; a wider one with the same beginning takes its place
as the tree grows. Reading and storing tiles is left to the caller.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.exchange_log.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Node,
    consistency_proof,
    inclusion_proof,
    root,
    root_from,
)

#: hashes of a full tile
TILE = 256

_TILE_LEVELS = 8  # 2**8 hashes
_HIGHEST = 63
_PATH = re.compile(r"tile/(0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


class TileId(NamedTuple):
    """Which tile: `level` from 0, `index` from 0 within the level, `width` 1 to 256 hashes."""

    level: int
    index: int  # type: ignore[assignment]  # hides an unused method of tuples
    width: int


class Growth(NamedTuple):
    """A tree after growth: tiles to store, and the edge for the next growth."""

    #: new full tiles and new partial ones, each as its hashes concatenated (32 bytes each)
    tiles: dict[TileId, bytes]
    root: bytes
    size: int
    #: the partial tiles of the grown tree, `edge_tiles(size)`
    edge: dict[TileId, bytes]


def path(tile: TileId) -> str:
    """Where the tile is served: `tile/0/x001/234.p/56`, without a leading slash."""
    *high, low = f"{tile.index:,}".replace(",", "/").split("/")
    groups = [*(f"x{int(group):03}" for group in high), f"{int(low):03}"]
    partial = "" if tile.width == TILE else f".p/{tile.width}"
    return f"tile/{tile.level}/{'/'.join(groups)}{partial}"


def parse_path(text: str) -> TileId:
    """The tile of a path. Raises ValueError for any text that `path` does not write."""
    match = _PATH.fullmatch(text)
    if match:
        level, index, width = match.groups()
        tile = TileId(int(level), int(re.sub("[x/]", "", index)), int(width or TILE))
        if tile.level <= _HIGHEST and path(tile) == text:
            return tile
    raise ValueError("a tile has a path as in tile/0/x001/234.p/56")


def edge_tiles(size: int) -> list[TileId]:
    """The partial tile of each level that has one, lowest first: enough to grow.

    A full last tile is not included: its root is in the level above.
    """
    counts = [size >> (_TILE_LEVELS * level) for level in range(_levels(size))]
    return [TileId(level, count // TILE, count % TILE) for level, count in enumerate(counts) if count % TILE]


def grow(size: int, edge: Mapping[TileId, bytes], leaf_hashes: Sequence[bytes]) -> Growth:
    """Append leaf hashes to a tree of `size` leaves; `edge` has the tiles `edge_tiles(size)`.

    Costs one hash for each new leaf and O(log size) more. ValueError when a tile of the edge is missing or has
    another width than it says, or when a hash has not 32 bytes.
    """
    if any(len(one) != HASH_BYTES for one in leaf_hashes):
        raise ValueError("a leaf hash has 32 bytes")
    kept = {tile: _checked(edge.get(tile, b""), tile) for tile in edge_tiles(size)}
    tiles: dict[TileId, bytes] = {}
    rising: Iterable[bytes] = leaf_hashes
    for level in range(_levels(size + len(leaf_hashes))):
        rising = list(_filled(level, size >> (_TILE_LEVELS * level), kept, rising, tiles))
    size += len(leaf_hashes)
    grown = {tile: tiles.get(tile) or kept[tile] for tile in edge_tiles(size)}
    top = root_from(size, nodes_of(size, grown.__getitem__)) if size else EMPTY_ROOT
    return Growth(tiles, top, size, grown)


def _filled(
    level: int, count: int, kept: Mapping[TileId, bytes], rising: Iterable[bytes], tiles: dict[TileId, bytes]
) -> Iterator[bytes]:
    """Append hashes to a level with `count` of them; yields the root of each tile that becomes full."""
    index, width = divmod(count, TILE)
    fresh = list(rising)
    if not fresh:
        return
    row = _split(kept[TileId(level, index, width)]) + fresh if width else fresh
    for number, offset in enumerate(range(0, len(row), TILE), index):
        hashes = row[offset : offset + TILE]
        tiles[TileId(level, number, len(hashes))] = b"".join(hashes)
        if len(hashes) == TILE:
            yield root(hashes)


def nodes_of(size: int, tile: Callable[[TileId], bytes]) -> Node:
    """The `node` function of merkle.py for a tree of `size` leaves, from its tiles.

    `tile` returns the hashes of a tile end to end; it may give a wider tile than asked for, for the wider one
    has the same beginning. The function raises ValueError for too short a tile and for a node beyond the tree.
    """

    def node(level: int, index: int) -> bytes:
        asked = tile_of(level, index, size)
        inside = level % _TILE_LEVELS
        start = ((index << inside) % TILE) * HASH_BYTES
        hashes = tile(asked)[start : start + (HASH_BYTES << inside)]
        if len(hashes) != HASH_BYTES << inside:
            raise ValueError(f"{path(asked)} is too short")
        return root(_split(hashes))

    return node


def tile_of(level: int, index: int, size: int) -> TileId:
    """The tile with `node(level, index)` in a tree of `size` leaves. Raises ValueError beyond it."""
    if level < 0 or index < 0 or (index + 1) << level > size:
        raise ValueError(f"a tree of {size} leaves has no subtree {index} of level {level}")
    tile_level, inside = divmod(level, _TILE_LEVELS)
    number = (index << inside) // TILE
    return TileId(tile_level, number, min(TILE, (size >> (_TILE_LEVELS * tile_level)) - number * TILE))


def tiles_of_inclusion(index: int, size: int) -> set[TileId]:
    """The tiles that `inclusion_proof(index, size, nodes_of(size, …))` asks for; ValueError as there."""
    asked: set[TileId] = set()
    inclusion_proof(index, size, _recorder(size, asked))
    return asked


def tiles_of_consistency(old: int, new: int) -> set[TileId]:
    """The tiles that `consistency_proof(old, new, nodes_of(new, …))` asks for; ValueError as there."""
    asked: set[TileId] = set()
    consistency_proof(old, new, _recorder(new, asked))
    return asked


def _recorder(size: int, asked: set[TileId]) -> Node:
    def node(level: int, index: int) -> bytes:
        asked.add(tile_of(level, index, size))
        return EMPTY_ROOT

    return node


def _levels(size: int) -> int:
    return -(-size.bit_length() // _TILE_LEVELS)


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[place : place + HASH_BYTES] for place in range(0, len(hashes), HASH_BYTES)]


def _checked(hashes: bytes, tile: TileId) -> bytes:
    if len(hashes) != tile.width * HASH_BYTES:
        raise ValueError(f"{path(tile)} has not {tile.width} hashes")
    return hashes
