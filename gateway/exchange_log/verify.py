"""Offline verification of an exported exchange log: the file and the log's public key, no network.

The file is JSON lines in UTF-8. Each line has one form: no spaces, keys in this order.

    {"motlan_export":1,"origin":…,"vkeys":[…],"checkpoint":"<signed note>","from":first index,
     "to":index after the last,"edge":{"start":[hex…],"end":[hex…]},"created":…}
    {"i":index,"leaf":"<leaf bytes as text>"}          for each record, in the order of the log
    {"t":tile,"hashes":"<hex, end to end>"}            after each 256th leaf of the log, and after the last record
    {"end":true,"count":records,"head":"<SHA-256 of line 1 without its newline, hex>"}

The proof: the reader's key signs the checkpoint; the checkpoint has the root of the tree; the hashes left of
`from`, of the records and right of `to` give this root, and no other hashes do (RFC 9162).

To name a wrong record: a `t` line repeats the leaf hashes of the log's tile for the records since the last such line.
The verdict does not depend on them. If the records do not give the root, these hashes show which records were
changed, moved, removed or inserted.

A search result has `"contiguous":false` and no `edge`; its lines are `{"i":…,"leaf":…,"proof":[hex…]}`, each with
an inclusion proof, and no `t` lines. Its line 1 may have `"searched":{"filters":[…],"skipped_periods":[…],
"archives":[…]}`: names of filters, skipped months and archives.

Any line 1 may have `"consistency":{"<older size>":[hex…]}`, and before `created`
`"since":…,"until":…`, the requested time range.

Read in this order: merkle.py (the tree), note.py (signatures), head.py (line 1), this file, span.py (the records
against the root). Besides these, only verdict.py, seen.py and json_text.py of the gateway are imported.
"""

import contextlib
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO, cast

from gateway.exchange_log.head import (
    Head,
    UnusableFile,
    check_checkpoint,
    check_signature,
    check_witnesses,
    hashes_of,
    kept_checkpoint,
    read_head,
)
from gateway.exchange_log.json_text import parsed, written
from gateway.exchange_log.merkle import HASH_BYTES, leaf_hash
from gateway.exchange_log.note import COSIGNATURE, Checkpoint, NoteBroken, NoteVerifier
from gateway.exchange_log.seen import id_in_line
from gateway.exchange_log.span import TILE, LogRange, Single
from gateway.exchange_log.verdict import Verdict

#: bytes of a line; a longer one ends the reading
LONGEST_LINE = 1 << 20
#: lines beyond the range of line 1, before the reading ends
MOST_SURPLUS = 1_000

_HASHES = re.compile(r"(?:[0-9a-f]{64})+", re.ASCII)
_PROGRESS_BYTES = 1 << 20
_NEWLINE = 0x0A
_INDEX = b'{"i":'
_GZIP = b"\x1f\x8b"
_STRANGE_LINE = "the line is not written as an export writes it"


def verify_export(
    file: BinaryIO,
    vkeys: Sequence[str],
    *,
    witnesses: Sequence[str] = (),
    checkpoint: str | None = None,
    since: str | None = None,
    strict: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Verdict:
    """Verify an export in one pass and constant memory.

    The file may be compressed by gzip. `vkeys`: the log's public keys, not taken from the file; old and new ones after
    a key change. `witnesses`: public keys of witnesses that must have signed the checkpoint: each saw this log, and no
    other, grow to it. `checkpoint`: a signed note; the file must be for it, or for an older one with the note's own
    consistency proof (see head.py). `since`: a signed note kept earlier; the log must extend it. `strict`: each record
    must be canonical JSON. `progress` is called with the number of further bytes read.

    Raises NoteBroken for an unreadable or missing key of the log, and OSError. Faults of the file or the notes are
    findings, not errors.
    """
    verifiers = [NoteVerifier.parse(vkey) for vkey in vkeys]
    if not any(one.kind != COSIGNATURE for one in verifiers):
        raise NoteBroken("give the public key of the log")
    others = [NoteVerifier.parse(vkey) for vkey in witnesses]
    if any(one.kind != COSIGNATURE for one in others):
        raise NoteBroken("this is the key of a log, not of a witness")
    verdict = Verdict()
    start = file.tell() if file.seekable() else None
    lines = _numbered(file, progress)
    try:
        head = read_head(next(lines, (1, b""))[1])
        check_signature(head, verifiers, verdict)
        check_witnesses(head, others, verdict)
        older = kept_checkpoint(since, "since", head, verifiers, verdict)
        check_checkpoint(checkpoint, head, verifiers, verdict)
        _ExportLines(head, verdict, lines, strict=strict).read(older)
        _look_for_late(file, start, verdict)
    except UnusableFile as reason:
        verdict.conclude("file", str(reason), reason.line)
    return verdict


def _look_for_late(file: BinaryIO, start: int | None, verdict: Verdict) -> None:
    """Read the file again, if ids came that are older than those in memory: some may be repeated."""
    ids = verdict.ids
    if ids.uncounted or (ids.late and start is None):
        what = "give a file, not a pipe" if start is None else "export and verify shorter stretches"
        verdict.leave_open(
            "twice", f"{len(ids.late) + ids.uncounted} records are out of time, they may stand twice: {what}"
        )
    if not ids.late or start is None:
        return
    file.seek(start)
    firsts: dict[bytes, int] = {}
    with contextlib.suppress(UnusableFile):  # reported by the first reading
        for number, line in _numbered(file, None):
            record_id = id_in_line(line)
            index = line[len(_INDEX) : line.find(b",")]
            if record_id in ids.late and line.startswith(_INDEX) and index.isdigit():
                first = firsts.setdefault(record_id, int(index))
                if first != int(index):
                    verdict.add_twice(first, number, int(index))


def _numbered(file: BinaryIO, progress: Callable[[int], object] | None) -> Iterator[tuple[int, bytes]]:
    """The lines of a file without their newlines, numbered from 1. Raises Unusable if one has no end."""
    unheard = number = 0
    plain = _plain(file)
    try:
        while line := plain.readline(LONGEST_LINE):
            number += 1
            unheard += len(line)
            if progress and unheard >= _PROGRESS_BYTES:
                progress(unheard)
                unheard = 0
            if line[-1] != _NEWLINE:
                raise UnusableFile("the line has no end: the file was cut off, or it is no export", number)
            yield number, line[:-1]
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise UnusableFile("the compressed file is damaged or was cut off", number + 1) from None
    if progress:
        progress(unheard)


def _plain(file: BinaryIO) -> BinaryIO:
    """The file, decompressed if needed."""
    if isinstance(file, io.BufferedReader):
        start = file.peek(len(_GZIP))[: len(_GZIP)]
    else:
        start = file.readline(len(_GZIP)) if file.seekable() else b""
        if start:
            file.seek(-len(start), io.SEEK_CUR)
    return cast("BinaryIO", gzip.GzipFile(fileobj=file)) if start == _GZIP else file


class _ExportLines:
    """The lines after line 1."""

    def __init__(
        self, head: Head, verdict: Verdict, lines: Iterator[tuple[int, bytes]], *, strict: bool
    ) -> None:
        self._head = head
        self._verdict = verdict
        self._lines = lines
        self._strict = strict
        #: index of the next record
        self._next = head.first
        self._end = head.end
        #: unreadable lines in the place of records
        self._strange = 0

    def read(self, older: Checkpoint | None) -> None:
        """Read them all, whatever is wrong with some, and judge the whole."""
        if self._head.contiguous:
            log_range = LogRange(self._head, self._verdict, older)
            last = self._each(partial(self._of_range, log_range))
            log_range.close(last)
        else:
            single = Single(self._head, self._verdict, older)
            self._each(partial(self._of_search, single))
            single.close()
        self._verdict.order()

    def _each(self, take: Callable[[int, bytes], None]) -> int:
        """Take every line up to the last one; returns its number."""
        line = 1
        room = self._head.end - self._head.first
        most = room + room // TILE + MOST_SURPLUS
        try:
            for line, text in self._lines:
                if line > most:
                    what = "the file goes on far beyond its range: the rest was not read"
                    self._verdict.conclude("file", what, line)
                    return line
                if text.startswith(b'{"end":'):
                    self._check_end(line, _members(text))
                    return line
                take(line, text)
        except UnusableFile as reason:
            self._verdict.conclude("file", str(reason), reason.line)
            return line
        self._verdict.conclude("end", "the last line is missing: the file was cut off", line)
        return line

    def _of_range(self, log_range: LogRange, line: int, text: bytes) -> None:
        leaf = self._leaf_in_turn(line, text)
        if leaf is not None:
            log_range.record(leaf_hash(leaf), line)
            return
        members = _members(text)
        names = tuple(members)
        if names == ("i", "leaf") and (leaf := self._leaf(line, members)) is not None:
            log_range.record(leaf_hash(leaf), line)
        elif names == ("t", "hashes") and (hashes := _end_to_end(members["hashes"])) is not None:
            log_range.hashes(members["t"], hashes, line)
        elif log_range.unreadable(line):
            self._strange_record(line)
        else:
            self._verdict.add("line", _STRANGE_LINE, line)

    def _of_search(self, single: Single, line: int, text: bytes) -> None:
        members = _members(text)
        if tuple(members) == ("i", "leaf", "proof") and (leaf := self._leaf(line, members)) is not None:
            single.record(leaf_hash(leaf), members["i"], _hashes_or_none(members["proof"]), line)
        else:
            self._strange_record(line)

    def _strange_record(self, line: int) -> None:
        """A line where a record belongs and none can be read: in a range of the log it is the next one."""
        self._verdict.add("line", _STRANGE_LINE, line, self._next if self._head.contiguous else None)
        self._next += self._head.contiguous
        self._strange += 1

    def _leaf_in_turn(self, line: int, text: bytes) -> bytes | None:
        """The leaf of a line as nearly all are: the next record, nothing but quotes escaped. None for others.

        Cut out without reading the line as JSON, which takes half the time.
        """
        index = self._next
        start = b'{"i":%d,"leaf":"' % index
        if index == self._end or not text.startswith(start) or not text.endswith(b'"}'):
            return None
        escaped = text[len(start) : -2]
        leaf = escaped.translate(None, b"\\")
        # Right if each backslash has a quote after it and each quote a backslash before it.
        if not len(escaped) - len(leaf) == escaped.count(b'\\"') == leaf.count(b'"'):
            return None
        self._next = index + 1
        self._verdict.count(leaf, line, index, strict=self._strict)
        return leaf

    def _leaf(self, line: int, members: dict[str, Any]) -> bytes | None:
        """The leaf of any record's line, after its place was looked at; None if it is none."""
        index, text = members["i"], members["leaf"]
        if type(index) is not int or type(text) is not str:
            return None
        leaf: bytes = text.encode()
        self._check_order(index, line)
        self._verdict.count(leaf, line, index, strict=self._strict)
        return leaf

    def _check_order(self, index: int, line: int) -> None:
        if not self._head.first <= index < self._head.end:
            self._verdict.add("order", f"record {index} is not within the range of line 1", line, index)
        elif index < self._next:
            self._verdict.add("order", f"record {index} stands here out of order, or again", line, index)
        else:
            if self._head.contiguous and index > self._next:
                what = f"records {self._next} to {index - 1} are missing before this one"
                self._verdict.add("missing", what, line, self._next)
            self._next = index + 1

    def _check_end(self, line: int, members: dict[str, Any]) -> None:
        if tuple(members) != ("end", "count", "head") or members["end"] is not True:
            self._verdict.conclude("end", "the last line is not written as an export writes it", line)
        elif members["count"] != (there := self._verdict.records + self._strange):
            what = f"the last line counts {members['count']} records, the file has {there}"
            self._verdict.conclude("count", what, line)
        elif members["head"] != self._head.digest:
            self._verdict.conclude("head", "line 1 is not as it was written: its digest is another one", 1)
        if next(self._lines, None) is not None:
            self._verdict.conclude("end", "something follows after the last line", line + 1)


def _members(line: bytes) -> dict[str, Any]:
    """The members of a line; none when it is not JSON, or is written in another way than an export does."""
    try:
        members = parsed(line)
        return members if type(members) is dict and written(members) == line else {}
    except (TypeError, ValueError):
        return {}


def _hashes_or_none(texts: Sequence[str]) -> list[bytes]:
    """Nothing for what is not hashes: no proof."""
    try:
        return hashes_of(texts)
    except (TypeError, ValueError):
        return [b""]


def _end_to_end(text: object) -> list[bytes] | None:
    """The hashes of one text; None if it is none of hashes."""
    if type(text) is not str or not _HASHES.fullmatch(text):
        return None
    hashes = bytes.fromhex(text)
    return [hashes[place : place + HASH_BYTES] for place in range(0, len(hashes), HASH_BYTES)]
