"""Proofs for auditors and for holders of receipts, as the HTTP contract writes them."""

from collections.abc import Iterable
from typing import Any

from gateway.domain.errors import BadRequest, LogAltered, LogUnavailable, NotFound
from gateway.exchange_log.merkle import (
    EMPTY_ROOT,
    Node,
    leaf_hash,
    root_from,
    subtrees,
    verify_consistency,
    verify_inclusion,
)
from gateway.exchange_log.note import Checkpoint, split_note
from gateway.exchange_log.tiles import TileId, nodes_of, tile_of
from gateway.ports import LogEntry, LogReader, LogTree
from gateway.telemetry import log

_RETRY_SECONDS = 1


class Proofs:
    """What the tree of one log proves. Each proof is checked before it leaves; LogAltered when it does not hold."""

    def __init__(self, reader: LogReader, tree: LogTree) -> None:
        """Reads only."""
        self._reader = reader
        self._tree = tree

    async def checkpoint(self) -> tuple[str, Checkpoint]:
        """The newest signed note and what it says; NotFound before the first record has its place."""
        note = await self._tree.checkpoint()
        if not note:
            raise NotFound("the log has no checkpoint yet", code="log_empty", retry_after=_RETRY_SECONDS)
        return note, Checkpoint.parse(split_note(note)[0])

    async def tile(self, wanted: TileId) -> bytes | None:
        """The hashes of a tile."""
        return await self._tree.tile(*wanted)

    async def of_receipt(self, hash_: bytes, size: int | None) -> dict[str, Any]:
        """The inclusion proof of the leaf that a receipt names."""
        entry = await self._reader.entry_of(hash_)
        if entry is None:
            what = "no record in the tree has this hash; one that was just written gets its place within 10 seconds"
            raise NotFound(what, code="record_unknown", retry_after=_RETRY_SECONDS)
        return await self.inclusion(entry, size)

    async def inclusion(self, entry: LogEntry, size: int | None = None) -> dict[str, Any]:
        """The inclusion proof of a record in the tree of `size` leaves, else in the newest one."""
        size, root = await self._head(size, at_least=entry.index + 1)
        hashes = await self._tree.inclusion(entry.index, size)
        leaf = leaf_hash(entry.leaf)
        if not verify_inclusion(leaf, entry.index, size, hashes, root):
            raise _altered(f"the record {entry.index} is not in the tree that was signed", entry.index)
        return {
            "leaf_index": entry.index,
            "tree_size": size,
            "leaf_hash": leaf.hex(),
            "root_hash": root.hex(),
            "hashes": [one.hex() for one in hashes],
        }

    async def consistency(self, old: int, new: int | None) -> dict[str, Any]:
        """The proof that the log only grew between two sizes."""
        new, root = await self._head(new, at_least=old)
        _, before = await self._head(old)
        proof = await self._tree.consistency(old, new)
        if not verify_consistency(old, before, new, root, proof):
            raise _altered(f"the tree of {new} records did not grow out of its own first {old}")
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
                raise LogUnavailable("a tile of the log is missing")
            held[tile] = hashes
        return nodes_of(size, held.__getitem__)

    async def _head(self, size: int | None, at_least: int = 0) -> tuple[int, bytes]:
        """A size that the log has, and its root; BadRequest for any other."""
        _, newest = await self.checkpoint()
        if size is None or size == newest.size:
            size, root = newest.size, newest.root
        elif not 0 <= size <= newest.size:
            raise BadRequest(
                f"the log has {newest.size} records: ask for a size up to that", code="size_wrong"
            )
        else:
            root = root_from(size, await self.nodes(size, subtrees(0, size))) if size else EMPTY_ROOT
            proof = await self._tree.consistency(size, newest.size)
            if not verify_consistency(size, root, newest.size, newest.root, proof):
                raise _altered(f"the tree of {newest.size} records did not grow out of its own first {size}")
        if size < at_least:
            raise BadRequest(f"ask for a size of at least {at_least}", code="size_wrong")
        return size, root


def _altered(what: str, index: int | None = None) -> LogAltered:
    log().error("log.proof_broken", log_index=index)
    return LogAltered(what)
