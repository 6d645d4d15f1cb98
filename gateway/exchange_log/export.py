"""The lines of an export, as verify.py reads them: pure functions."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from gateway.exchange_log.merkle import Node, subtrees

#: form of the file
FORM = 1


def first_line(
    *,
    checkpoint: str,
    origin: str,
    vkeys: Sequence[str],
    first: int,
    end: int,
    created: str,
    edge: Mapping[str, Sequence[bytes]] | None,
    consistency: Mapping[int, Sequence[bytes]] | None = None,
    asked: tuple[str, str] = ("", ""),
    searched: Mapping[str, Sequence[str]] | None = None,
) -> bytes:
    """Line 1, without its newline.

    `checkpoint`: the signed note. `first`, `end`: index range of the records. `edge`: from `edges`, None for a search
    result. `consistency`: proofs from older sizes. `created`: RFC 3339 UTC. `asked`: the requested time range, empty
    text for an open end. `searched`: of a search `filters`, `skipped_periods` and `archives`, by their names.
    """
    head: dict[str, Any] = {
        "motlan_export": FORM,
        "origin": origin,
        "vkeys": list(vkeys),
        "checkpoint": checkpoint,
        "from": first,
        "to": end,
    }
    if edge is None:
        head |= {"contiguous": False, **({"searched": searched} if searched else {})}
    else:
        head["edge"] = {side: _hex(hashes) for side, hashes in edge.items()}
    if consistency:
        head["consistency"] = {str(size): _hex(proof) for size, proof in consistency.items()}
    head |= {name: moment for name, moment in zip(("since", "until"), asked, strict=True) if moment}
    return orjson.dumps({**head, "created": created})


def edges(first: int, end: int, size: int, node: Node) -> dict[str, list[bytes]]:
    """Hashes of the subtrees left of `first` and right of `end` in a tree of `size` leaves."""
    return {
        "start": [node(*subtree) for subtree in subtrees(0, first)],
        "end": [node(*subtree) for subtree in subtrees(end, size)],
    }


def record_line(index: int, leaf: bytes, proof: Sequence[bytes] | None = None) -> bytes:
    """One record, with its inclusion proof in a search result. Raises ValueError if the leaf is not UTF-8."""
    line: dict[str, Any] = {"i": index, "leaf": leaf.decode()}
    if proof is not None:
        line["proof"] = _hex(proof)
    return orjson.dumps(line)


def hashes_line(tile: int, hashes: Iterable[bytes]) -> bytes:
    """The stored leaf hashes of the records since the last such line, in this tile."""
    return orjson.dumps({"t": tile, "hashes": b"".join(hashes).hex()})


def last_line(count: int, first_line: bytes) -> bytes:
    """The last line: the number of records, and the digest of line 1."""
    return orjson.dumps({"end": True, "count": count, "head": hashlib.sha256(first_line).hexdigest()})


def _hex(hashes: Iterable[bytes]) -> list[str]:
    return [one.hex() for one in hashes]
