"""Archives: whole months of the log as signed files, each an export that `motlan verify-log` verifies offline.

An archive is a range by index: it ends with the last record of its month. A file counts only with its note:
the note is written last, and both are renamed when they are durable.
"""

import gzip
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from gateway.audit.proofs import TreeProofs
from gateway.audit.range_lines import LineStream, RangeLines
from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import LogUnavailable
from gateway.exchange_log.durable import DRAFT, replace_file, replacing
from gateway.exchange_log.note import NoteBroken, NoteSigner
from gateway.keeping.archive_note import ENDING, ArchiveNote, name_of, note_beside, unverified
from gateway.keeping.months import Month
from gateway.ports.clock import Clock
from gateway.ports.exchange_log import LogReader, LogRetention

_LEVEL = 6
_RECORD = b'{"i":'


class ArchiveStores(NamedTuple):
    """The log's stores, signers and folder of archives."""

    reader: LogReader
    proofs: TreeProofs
    retention: LogRetention
    folder: Path
    #: the current key first
    signers: Sequence[NoteSigner]
    #: public keys for the first line
    vkeys: Sequence[str]
    clock: Clock


class Archiver:
    """Writes missing archives."""

    def __init__(self, stores: ArchiveStores, progress: Callable[[int], object] | None = None) -> None:
        """`progress` is called with each record."""
        self._stores = stores
        self._progress = progress

    async def write(self, last: Month) -> AsyncIterator[ArchiveNote]:
        """Write the archives up to a month, in order. Raises LogUnavailable, OSError."""
        folder = self._stores.folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in folder.glob(f".*{DRAFT}"):
            left.unlink(missing_ok=True)
        note, head = await self._stores.proofs.checkpoint()
        start, month = self._reached((await self._stores.retention.pruned())[0])
        while start < head.size:
            month = max(month, await self._month_from(start, head.size))
            end = start
            while end == start:
                if month > last:
                    return
                end = min(await self._end(start, month), head.size)
                month = month if end > start else month.plus(1)
            yield await self._one(note, head.origin, month, start, end)
            start = end

    async def _end(self, start: int, month: Month) -> int:
        """The index after a month's records from `start` on."""
        following = month.plus(1)
        return await self._stores.retention.end_of_month(start, following.begins, following.surely_begun)

    async def _month_from(self, start: int, size: int) -> Month:
        """The month that begins at an index: that of its record, unless more records of an earlier month follow.

        Then the record's clock was ahead, and it stays with them.
        """
        month = await self._month_at(start)
        for place in range(start + 1, size):
            if await self._end(start, month.plus(-1)) == start:
                break
            month = min(month, await self._month_at(place))
        return month

    async def _month_at(self, place: int) -> Month:
        time = await self._stores.retention.time_at(place)
        if time is None:
            raise LogUnavailable(say.RECORD_NOT_THERE(index=place))
        return Month.parse(time[:7])

    def _reached(self, below: int) -> tuple[int, Month]:
        """The end and the month of the last gapless archive from the first record in the database on."""
        month = Month(1, 1)
        ends: dict[int, ArchiveNote] = {}
        for one in notes_in(self._stores.folder):
            if (self._stores.folder / one.name).exists():
                ends[one.first] = max(ends.get(one.first, one), one, key=lambda kept: kept.end)
        while below in ends:
            month = Month.parse(ends[below].month)
            below = ends[below].end
        return below, month

    async def _one(self, note: str, origin: str, month: Month, first: int, end: int) -> ArchiveNote:
        stores = self._stores
        name = name_of(origin, str(month), first, end - first)
        made = RangeLines(stores.reader.entries, stores.proofs)
        lines = await made.lines(note, stores.vkeys, first, end, rfc3339(stores.clock.now()))
        sha256, latest = await self._written(stores.folder / name, lines)
        signed = ArchiveNote(origin, name, str(month), first, end - first, latest, sha256)
        text = signed.text()
        replace_file(note_beside(stores.folder / name), stores.signers[0].sign(text).encode())
        return signed

    async def _written(self, path: Path, lines: LineStream) -> tuple[str, str]:
        """The digest of the file, and the time of the latest record in it."""
        latest = b""
        with replacing(path) as raw:
            digest = _Digesting(raw)
            with gzip.GzipFile("", "wb", _LEVEL, cast("BinaryIO", digest), mtime=0) as file:
                async for line in lines:
                    file.write(line + b"\n")
                    if line.startswith(_RECORD):
                        latest = max(latest, _time(line))
                        if self._progress is not None:
                            self._progress(1)
        return digest.sha256.hexdigest(), latest.decode("ascii", "replace") or "-"


def notes_in(folder: Path) -> list[ArchiveNote]:
    """The notes in a folder, in the order of the log; their signatures are not checked."""
    found = []
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            found.append(unverified(path))
        except (NoteBroken, OSError):
            continue
    return sorted(found, key=lambda one: (one.first, one.count))


class _Digesting:
    """A file that is hashed as it is written."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.sha256 = hashlib.sha256()

    def write(self, content: bytes) -> int:
        """As of the file."""
        self.sha256.update(content)
        return self._raw.write(content)

    def flush(self) -> None:
        """As of the file."""
        self._raw.flush()


def _time(line: bytes) -> bytes:
    """The time of a record, at the end of its leaf; empty for another leaf."""
    return line[-37:-13] if line[-48:-37] == b'\\"time\\":\\"' else b""
