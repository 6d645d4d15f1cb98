"""Proofs for auditors and for holders of receipts, as the HTTP contract writes them."""

from collections.abc import Awaitable, Iterable
from typing import Any

from gateway.anchors.heads import Heads
from gateway.domain import sentences as say
from gateway.domain.errors import BadRequest, LogAltered, NotFound
from gateway.domain.problems import ProblemCode
from gateway.domain.sentences import Sentence
from gateway.exchange_log.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Node,
    leaf_hash,
    root_from,
    subtrees,
    verify_consistency,
    verify_inclusion,
)
from gateway.exchange_log.note import Checkpoint, split_note
from gateway.exchange_log.tiles import TILE, TileId, nodes_of, tile_of
from gateway.ports.exchange_log import LogEntry, LogHistory, LogReader, LogTree
from gateway.telemetry import log

_RETRY_SECONDS = 1


class TreeProofs:
    """Proofs from the tree of one log. Each proof is checked before it leaves; raises LogAltered if it is wrong."""

    def __init__(
        self, reader: LogReader, tree: LogTree, heads: Heads | None = None, history: LogHistory | None = None
    ) -> None:
        """Without `heads` there are no cosignatures; without a history pruned records have no proofs."""
        self._reader = reader
        self._tree = tree
        self._heads = heads
        self._history = history

    async def checkpoint(self) -> tuple[str, Checkpoint]:
        """The newest signed note with its cosignatures, and its checkpoint.

        Raises NotFound before the first record has its index.
        """
        note = await self._tree.checkpoint()
        return _opened(note if self._heads is None else await self._heads.with_lines(note))

    async def witnessed(self, at_least: int = 0) -> tuple[str, Checkpoint]:
        """The same, or one some seconds older that witnesses signed, if it has `at_least` so many records."""
        return (
            await self.checkpoint() if self._heads is None else _opened(await self._heads.witnessed(at_least))
        )

    async def tile(self, wanted: TileId) -> bytes | None:
        """The hashes of a tile."""
        return await self._tree.tile(*wanted)

    async def of_receipt(self, hash_: bytes, size: int | None) -> dict[str, Any]:
        """The inclusion proof of a receipt's leaf."""
        entry = await self._reader.entry_of(hash_)
        if entry is not None:
            return await self.inclusion(entry, size)
        place = await self._pruned(hash_)
        if place is None:
            raise NotFound(say.NO_SUCH_HASH, code=ProblemCode.RECORD_UNKNOWN, retry_after=_RETRY_SECONDS)
        return {**await self._included(place, hash_, size), "pruned": True}

    async def inclusion(self, entry: LogEntry, size: int | None = None) -> dict[str, Any]:
        """The inclusion proof of a record in the tree of `size` leaves (default: the newest)."""
        return await self._included(entry.index, leaf_hash(entry.leaf), size)

    async def _included(self, place: int, hash_: bytes, size: int | None) -> dict[str, Any]:
        size, root = await self._head(size, at_least=place + 1)
        hashes = await _made(self._tree.inclusion(place, size), place)
        if not verify_inclusion(hash_, place, size, hashes, root):
            raise _altered(say.RECORD_NOT_IN_TREE(index=place), place)
        return {
            "leaf_index": place,
            "tree_size": size,
            "leaf_hash": hash_.hex(),
            "root_hash": root.hex(),
            "hashes": [one.hex() for one in hashes],
        }

    async def evidence(self, entry: LogEntry, size: int, root: bytes) -> dict[str, Any]:
        """The record's own bytes and its inclusion proof, right or wrong: the reader verifies it.

        `verified`: whether it is right. The hashes are empty where the tree has lost them.
        """
        hash_ = leaf_hash(entry.leaf)
        try:
            hashes = await self._tree.inclusion(entry.index, size)
        except ValueError:
            hashes = []
        return {
            "leaf": entry.leaf.decode(errors="replace"),
            "leaf_index": entry.index,
            "tree_size": size,
            "leaf_hash": hash_.hex(),
            "root_hash": root.hex(),
            "hashes": [one.hex() for one in hashes],
            "verified": verify_inclusion(hash_, entry.index, size, hashes, root),
        }

    async def consistency(self, old: int, new: int | None) -> dict[str, Any]:
        """The consistency proof between two sizes."""
        new, root = await self._head(new, at_least=old)
        _, before = await self._head(old)
        proof = await _made(self._tree.consistency(old, new))
        if not verify_consistency(old, before, new, root, proof):
            raise _altered(say.TREE_NOT_GROWN(new=new, old=old))
        return {
            "size1": old,
            "size2": new,
            "root1": before.hex(),
            "root2": root.hex(),
            "proof": [one.hex() for one in proof],
        }

    async def nodes(self, size: int, wanted: Iterable[tuple[int, int]]) -> Node:
        """`node` of merkle.py for these perfect subtrees of a tree of `size` leaves."""
        held: dict[TileId, bytes] = {}
        for tile in {tile_of(level, index, size) for level, index in wanted}:
            hashes = await self._tree.tile(*tile)
            if hashes is None:
                raise lost_tile(tile)
            held[tile] = hashes
        return nodes_of(size, held.__getitem__)

    async def root(self, size: int) -> bytes:
        """The root of the tree of `size` leaves. Raises BadRequest if the log has no such tree."""
        return (await self._head(size))[1]

    async def _pruned(self, hash_: bytes) -> int | None:
        """The index of a pruned record with this hash, from the tiles."""
        for place in await self._history.places(hash_) if self._history else ():
            number, offset = divmod(place, TILE)
            hashes = await self._tree.tile(0, number, offset + 1)
            if hashes is not None and hashes[offset * HASH_BYTES :] == hash_:
                return place
        return None

    async def _head(self, size: int | None, at_least: int = 0) -> tuple[int, bytes]:
        """A size of the log and its root. Raises BadRequest for any other size."""
        _, newest = _opened(await self._tree.checkpoint())
        if size is None or size == newest.size:
            size, root = newest.size, newest.root
        elif not 0 <= size <= newest.size:
            raise BadRequest(say.SIZE_AT_MOST(size=newest.size), code=ProblemCode.SIZE_WRONG)
        else:
            root = root_from(size, await self.nodes(size, subtrees(0, size))) if size else EMPTY_ROOT
            proof = await _made(self._tree.consistency(size, newest.size))
            if not verify_consistency(size, root, newest.size, newest.root, proof):
                raise _altered(say.TREE_NOT_GROWN(new=newest.size, old=size))
        if size < at_least:
            raise BadRequest(say.SIZE_AT_LEAST(at_least=at_least), code=ProblemCode.SIZE_WRONG)
        return size, root


def _opened(note: str) -> tuple[str, Checkpoint]:
    if not note:
        raise NotFound(say.NO_CHECKPOINT, code=ProblemCode.LOG_EMPTY, retry_after=_RETRY_SECONDS)
    return note, Checkpoint.parse(split_note(note)[0])


async def _made(proof: Awaitable[list[bytes]], index: int | None = None) -> list[bytes]:
    """A proof in a signed tree. Raises LogAltered if its tiles are missing or short."""
    try:
        return await proof
    except ValueError as error:
        raise _altered(say.TREE_GONE(why=error), index) from None


def lost_tile(tile: TileId) -> LogAltered:
    """The error for a missing tile of the log."""
    return _altered(say.TILE_GONE(level=tile.level, index=tile.index))


def _altered(sentence: Sentence, index: int | None = None) -> LogAltered:
    log().error("log.proof_broken", log_index=index)
    return LogAltered(sentence)
