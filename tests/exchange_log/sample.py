"""Logs to prove things about: invented records, a signed checkpoint, and exports as the product writes them."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from io import BytesIO
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.exchange_log.export import edges, first_line, hashes_line, last_line, record_line
from gateway.exchange_log.merkle import Node, consistency_proof, inclusion_proof, leaf_hash, node_hash, root
from gateway.exchange_log.note import Checkpoint, NoteSigner
from gateway.exchange_log.tiles import TILE
from gateway.exchange_log.verdict import Verdict
from gateway.exchange_log.verify import verify_export

ORIGIN = "log.motlan.example/main"


def with_hashes(records: Iterable[tuple[int, bytes, bytes]]) -> Iterator[bytes]:
    """The lines of consecutive records, each given as (index, leaf, hash in the tile), and their lines of hashes."""
    hashes: list[bytes] = []
    place = 0
    for place, leaf, kept in records:
        yield record_line(place, leaf)
        hashes.append(kept)
        if place % TILE == TILE - 1:
            yield hashes_line(place // TILE, hashes)
            hashes.clear()
    if hashes:
        yield hashes_line(place // TILE, hashes)


def key(number: int) -> Ed25519PrivateKey:
    """A key that is the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def node_over(hashes: Sequence[bytes]) -> Node:
    """The hashes of perfect subtrees, straight from their definition."""

    @cache
    def node(level: int, index: int) -> bytes:
        if level == 0:
            return hashes[index]
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


def record(number: int) -> dict[str, Any]:
    """The members of a leaf of form 1."""
    return {
        "agency": "UBND xã Bản Mẫu",
        "exchange": f"01KA{number:022}",
        "fields": {"applicant.full_name": f"{number:016x}"},
        "id": f"01KB{number:022}",
        "notes": {},
        "period": "2026-11",
        "phase": "outcome" if number % 2 else "intent",
        "procedure": "1.004873",
        "result": 'a "quoted" word' if number % 50 == 7 else "answered",
        "sealed": "",
        "time": f"2026-11-25T08:{number // 60000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}Z",
        "v": 1,
    }


def leaf_of(members: dict[str, Any]) -> bytes:
    """Leaf bytes as record.py writes them."""
    return orjson.dumps(members, option=orjson.OPT_SORT_KEYS)


class Log:
    """A log of `size` records under a key."""

    def __init__(self, size: int, *, origin: str = ORIGIN, signer: NoteSigner | None = None) -> None:
        self.origin = origin
        self.signer = signer or NoteSigner(origin, key(1))
        self.leaves = [leaf_of(record(number)) for number in range(size)]
        self.hashes = [leaf_hash(leaf) for leaf in self.leaves]
        self.node = node_over(self.hashes)

    def root(self, size: int | None = None) -> bytes:
        return root(self.hashes[:size])

    def checkpoint(self, size: int | None = None) -> str:
        size = len(self.leaves) if size is None else size
        return self.signer.sign(Checkpoint(self.origin, size, self.root(size)).text())

    def head(self, first: int, end: int, **changes: Any) -> bytes:
        given: dict[str, Any] = {
            "checkpoint": self.checkpoint(),
            "origin": self.origin,
            "vkeys": [self.signer.vkey],
            "first": first,
            "end": end,
            "created": "2026-11-25T09:00:00Z",
            "edge": edges(first, end, len(self.leaves), self.node),
        }
        return first_line(**(given | changes))

    def range_lines(self, first: int = 0, end: int | None = None, **changes: Any) -> list[bytes]:
        """The lines of a contiguous export."""
        end = len(self.leaves) if end is None else end
        head = self.head(first, end, **changes)
        body = with_hashes((index, self.leaves[index], self.hashes[index]) for index in range(first, end))
        return [head, *body, last_line(end - first, head)]

    def found(self, *indexes: int) -> list[bytes]:
        """The lines of a search result."""
        size = len(self.leaves)
        head = self.head(0, size, edge=None)
        proofs = [inclusion_proof(index, size, self.node) for index in indexes]
        lines = [
            record_line(index, self.leaves[index], proof)
            for index, proof in zip(indexes, proofs, strict=True)
        ]
        return [head, *lines, last_line(len(lines), head)]

    def growth(self, old: int) -> dict[int, list[bytes]]:
        return {old: consistency_proof(old, len(self.leaves), self.node)}

    def verify(self, lines: Sequence[bytes], **options: Any) -> Verdict:
        return verify_export(BytesIO(joined(lines)), [self.signer.vkey], **options)


def joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)
