"""The records of an export against the root of its checkpoint: a range of the log, or single records.

Both take records in the order of the file and name wrong records in the verdict (see verify.py).
"""

from collections.abc import Iterator, Sequence

from gateway.exchange_log.head import Head, UnusableFile
from gateway.exchange_log.merkle import HASH_BYTES, Frontier, subtrees, verify_consistency, verify_inclusion
from gateway.exchange_log.note import Checkpoint
from gateway.exchange_log.verdict import Verdict

#: leaves of one tile: records between two lines of hashes
TILE = 256

#: instead of the hash of an unreadable record
_UNREADABLE = bytes(HASH_BYTES)
_DIFFERENCES = {
    "changed": "it is not the record that the log keeps the hash of",
    "moved": "another record of the log is in its place",
    "missing": "the record was removed",
    "inserted": "the log has no such record here",
}


class LogRange:
    """Consecutive records: the root over edges and leaves must be the signed root."""

    def __init__(self, head: Head, verdict: Verdict, older: Checkpoint | None) -> None:
        """Raises Unusable if the edges have another number of hashes than the range needs."""
        self._right = list(subtrees(head.end, head.checkpoint.size))
        try:
            self._tree = Frontier(head.first, head.start_edge)
        except ValueError:
            raise UnusableFile(_edge_wrong(head, "left of `from`")) from None
        if len(self._right) != len(head.end_edge):
            raise UnusableFile(_edge_wrong(head, "right of `to`"))
        self._head = head
        self._verdict = verdict
        self._older = older
        #: root of the records at the size of the older checkpoint
        self._root_then: bytes | None = None
        #: the tree of the stored hashes, separate from the first difference on
        self._kept: Frontier | None = None
        self._kept_whole = True
        #: index of the first record of the next line of hashes
        self._place = head.first
        self._hashes: list[bytes] = []
        self._lines: list[int] = []

    def record(self, leaf: bytes, line: int) -> None:
        """One more record, by its leaf hash."""
        if len(self._hashes) >= 2 * TILE:
            self._verdict.add("hashes", "the line of hashes before this record is missing", line)
            self._grow_without()
        self._hashes.append(leaf)
        self._lines.append(line)

    def unreadable(self, line: int) -> bool:
        """Note an unreadable line; False if a line of hashes was expected here, else it counts as a record."""
        if self._hashes and len(self._hashes) == self._room():
            self._grow_without()
            return False
        self.record(_UNREADABLE, line)
        return True

    def hashes(self, tile: object, kept: list[bytes], line: int) -> None:
        """The stored leaf hashes of the records since the last such line."""
        if type(tile) is not int or tile != self._place // TILE or len(kept) != self._room():
            self._verdict.add("hashes", "these are not the hashes that belong here", line)
            self._grow_without()
            if type(tile) is int:  # whole tiles may be missing before it
                self._place = max(self._place, min((tile + 1) * TILE, self._head.end))
            return
        if kept != self._hashes:
            for code, at, there in _differences(self._hashes, kept):
                place = self._lines[at] if at < len(self._lines) else line
                # A changed leaf is reported as changed, even if it is no record.
                self._verdict.withdraw("record", self._place + at)
                self._verdict.add(code, _DIFFERENCES[code], place, self._place + there)
            self._kept = self._kept or Frontier(self._tree.size, self._tree.hashes)
        if self._kept:
            self._kept.extend(kept)
        self._place += len(kept)
        self._grow()

    def close(self, line: int) -> None:
        """After the last record: compare with the signed root."""
        if self._hashes:
            self._verdict.add("hashes", "the line of hashes after the last record is missing", line)
            self._grow_without()
        if self._place < self._head.end:
            what = f"records {self._place} to {self._head.end - 1} are missing"
            self._verdict.conclude("missing", what, line, self._place)
        self._grow()  # the older tree may end here
        self._check_older()
        if self._reaches_root(self._tree):
            self._excuse_records()
        else:
            self._verdict.conclude("root", self._why())

    def _room(self) -> int:
        return min(TILE - self._place % TILE, self._head.end - self._place)

    def _grow(self) -> None:
        """Add the collected leaves to the tree; note the root at the size of the older tree."""
        upto = self._older.size - self._tree.size if self._older else -1
        if 0 <= upto <= len(self._hashes):
            self._tree.extend(self._hashes[:upto])
            self._root_then = self._tree.root()
            del self._hashes[:upto]
        self._tree.extend(self._hashes)
        self._hashes.clear()
        self._lines.clear()

    def _grow_without(self) -> None:
        self._kept_whole = False
        self._place += len(self._hashes)
        self._grow()

    def _reaches_root(self, tree: Frontier) -> bool:
        try:
            for (level, _), subtree in zip(self._right, self._head.end_edge, strict=True):
                tree.add(subtree, level)
        except ValueError:
            return False
        return tree.root() == self._head.checkpoint.root

    def _excuse_records(self) -> None:
        """The records give the signed root: a line of hashes was wrong, not a record."""
        what = "the line of hashes has another hash for this record; the record itself is the log's"
        self._verdict.findings = [
            one._replace(code="hashes", what=what) if one.what in _DIFFERENCES.values() else one
            for one in self._verdict.findings
        ]

    def _why(self) -> str:
        says = "the records do not make the root that was signed"
        if self._kept and self._kept_whole and self._reaches_root(self._kept):
            return f"{says}, the hashes that the log keeps do: only the records named here were altered"
        if self._kept:
            return f"{says}, nor do the hashes in the file: more was altered than the records named here"
        return f"{says}: the edge, the range or the checkpoint is wrong, or records and their hashes both are"

    def _check_older(self) -> None:
        if self._older:
            check_growth(self._head, self._older, self._root_then, self._verdict)


class Single:
    """Records of a search: each has its own proof."""

    def __init__(self, head: Head, verdict: Verdict, older: Checkpoint | None) -> None:
        """Nothing yet."""
        self._head = head
        self._verdict = verdict
        self._older = older

    def record(self, leaf: bytes, index: int, proof: Sequence[bytes], line: int) -> None:
        """One more record, by its leaf hash."""
        checkpoint = self._head.checkpoint
        if not verify_inclusion(leaf, index, checkpoint.size, proof, checkpoint.root):
            what = "the record and its proof do not make the root that was signed"
            self._verdict.withdraw("record", index)
            self._verdict.add("proof", what, line, index)

    def close(self) -> None:
        """After the last record."""
        if self._older:
            check_growth(self._head, self._older, None, self._verdict)


def _edge_wrong(head: Head, side: str) -> str:
    return (
        f"the edge in line 1 has not the hashes that belong {side} in the log of {head.checkpoint.size} records: the "
        "checkpoint was exchanged for one of another size, or the range or the edge was changed"
    )


def _not_shown(head: Head, size: int) -> str:
    what = "it holds single records"
    if head.contiguous:
        what = f"it {f'begins with record {head.first}' if head.first > size else f'ends before record {head.end}'}"
    return (
        f"this file can neither show nor refute that the log of {size} records grew into this one, for {what} and "
        f"line 1 has no consistency proof from size {size}; export it again with that proof: motlan log export … "
        f"--grown-from and the file of that checkpoint (or a stretch that begins at record {size} or before, and ends "
        f"there or behind: motlan log export --from {size}), and verify that with the same checkpoint"
    )


def check_growth(head: Head, older: Checkpoint, root_then: bytes | None, verdict: Verdict) -> None:
    """Check growth since the older checkpoint, by a proof in line 1 or by the records themselves."""
    now = head.checkpoint
    if older.size > now.size:
        what = (
            f"the log had {older.size} records then and has {now.size} in this file: it was rolled back, "
            "unless the file was made before the checkpoint that you gave"
        )
        verdict.conclude("since", what, index=now.size)
        return
    proof = [] if older.size in {0, now.size} else head.consistency.get(older.size)
    if proof is None and root_then is None:
        verdict.leave_open("since", _not_shown(head, older.size))
        return
    if proof is None:
        grown = root_then == older.root
    else:
        grown = verify_consistency(older.size, older.root, now.size, now.root, proof)
    if grown:
        verdict.since = older.size
    else:
        verdict.conclude(
            "since", f"the first {older.size} records are not those of the checkpoint that you kept"
        )


def _differences(got: Sequence[bytes], kept: Sequence[bytes]) -> Iterator[tuple[str, int, int]]:
    """Differences as (code, index in `got`, index in `kept`), without unreadable records."""
    known = set(kept)
    if len(got) == len(kept):
        for place, (one, other) in enumerate(zip(got, kept, strict=True)):
            if one not in {other, _UNREADABLE}:
                yield "moved" if one in known else "changed", place, place
        return
    there = set(got)
    front = next(
        (n for n, (a, b) in enumerate(zip(got, kept, strict=False)) if a != b), min(len(got), len(kept))
    )
    missing = [("missing", front, place) for place, one in enumerate(kept) if one not in there]
    surplus = [
        ("inserted", place, min(place, len(kept) - 1))
        for place, one in enumerate(got)
        if one not in known and one != _UNREADABLE
    ]
    # A repeated record is in both.
    yield from [*missing, *surplus] or [("inserted" if len(got) > len(kept) else "missing", front, front)]
