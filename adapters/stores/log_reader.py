"""Reads of the log: entries, searches, tiles and proofs in SQL (gateway.ports.exchange_log.LogReader and LogTree).

Proofs are made from tiles only, a handful of them, in one statement: they cost the same however long the log is.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from adapters.stores.database import Database, ReadKind
from adapters.stores.log_search import BLOCKS, FewStatement, SearchStatement, is_walk, span, window
from adapters.stores.sequence_batch import BLOCK, hash_key
from adapters.stores.sifting import UNTAGGED, AppendedRow, Sifting, TagKeys, UntaggedRows
from gateway.domain import sentences as say
from gateway.domain.errors import LogAltered
from gateway.exchange_log.merkle import HASH_BYTES, consistency_proof, inclusion_proof
from gateway.exchange_log.merkle import leaf_hash as hash_of
from gateway.exchange_log.tiles import TILE, TileId, nodes_of, tiles_of_consistency, tiles_of_inclusion
from gateway.ports.exchange_log import LogEntry, LogSearch
from gateway.telemetry import log

#: entries of an export that are held at a time
_PAGE = 256
_LEAVES = "SELECT e.idx, a.leaf FROM log_entries e CROSS JOIN append_log a WHERE a.seq = e.seq AND"
_ENTRY = f"{_LEAVES} e.idx = $1"
_ENTRY_OF = f"{_LEAVES} e.hash = $1"
# The index of a SQLite file is in runs of entries; the newest run comes first.
_ENTRY_OF_IN_RUNS = (
    "WITH RECURSIVE run(number) AS (SELECT size / 65536 FROM log_state"
    " UNION ALL SELECT number - 1 FROM run WHERE number > 0)"
    " SELECT e.idx, a.leaf FROM run CROSS JOIN log_entries e CROSS JOIN append_log a"
    " WHERE e.idx / 65536 = run.number AND e.hash = $1 AND a.seq = e.seq"
)
_RANGE = f"{_LEAVES} e.idx >= $1 AND e.idx < $2 ORDER BY e.idx LIMIT $3"
#: records that a search with a bound of time looks through at once
_WALK = 32_768
#: a word that fewer records have leads such a search: all of them are looked at at once
_FEW = 1_000
_SIZE = "SELECT size FROM log_state"
#: beyond any log
_NO_BLOCK = 1 << 50
# Written, neither numbered nor refused; the condition on the leaf is the store's own.
_WAITING = (
    "SELECT a.seq, a.leaf, a.tag FROM log_state s CROSS JOIN append_log a WHERE a.seq > s.floor_seq AND {contains} > 0"
    " AND NOT EXISTS (SELECT 1 FROM log_entries e WHERE e.idx >= s.floor_size AND e.seq = a.seq)"
    " AND NOT EXISTS (SELECT 1 FROM log_quarantine q WHERE q.seq = a.seq) ORDER BY a.seq DESC LIMIT 64"
)
_WAITING_SQLITE = _WAITING.format(contains="instr(a.leaf, CAST($1 AS BLOB))")
_WAITING_POSTGRES = _WAITING.format(contains="position(convert_to(CAST($1 AS text), 'UTF8') IN a.leaf)")
_KEYS = "SELECT wrapped FROM period_keys WHERE period = $1"
_CHECKPOINT = "SELECT note FROM log_checkpoints ORDER BY size DESC LIMIT 1"
_CHECKPOINT_OF = "SELECT note FROM log_checkpoints WHERE size = $1"


def bytes_of(value: object) -> bytes:
    """A column as bytes, also where its value was changed to text or a number in SQLite."""
    return value if isinstance(value, bytes) else str(value).encode()


def entry_from(row: Sequence[Any]) -> LogEntry:
    """An entry of a row (index, leaf), or (index, leaf, beginning of the hash under which it was numbered)."""
    index, leaf = row[0], bytes_of(row[1])
    return LogEntry(index, leaf, len(row) > 2 and hash_key(hash_of(leaf)) != row[2])


class SqlLogReader:
    """Entries, searches and the tree of the log in one database."""

    __slots__ = ("_database", "_few", "_keys", "_walk")

    def __init__(
        self, database: Database, keys: TagKeys | None = None, walk: int = _WALK, few: int = _FEW
    ) -> None:
        """Over a database with the tables of the log.

        `keys` show which waiting records a process of this log wrote; without them none are known. `walk`: records
        that a search with a bound of time looks through at once; `few`: so many are looked at whatever they are.
        """
        self._walk, self._few = walk, few
        self._keys = keys
        self._database = database

    async def entry(self, index: int) -> LogEntry | None:
        """The record at an index; None when there is none, or none any more."""
        rows = await self._database.read(_ENTRY, index, way=ReadKind.PROOF)
        return entry_from(rows[0]) if rows else None

    async def entry_of(self, leaf_hash: bytes) -> LogEntry | None:
        """The record that a receipt names; None while it waits for its place, and for any other hash.

        LogAltered when there was such a record and its leaf is another one now.
        """
        if len(leaf_hash) != HASH_BYTES:
            return None
        text = _ENTRY_OF if self._database.arrays else _ENTRY_OF_IN_RUNS
        key = hash_key(leaf_hash)
        found = {
            hash_of(one.leaf): one
            for one in map(entry_from, await self._database.read(text, key, way=ReadKind.PROOF))
        }
        if leaf_hash in found:
            return found[leaf_hash]
        for digest, one in found.items():
            # Entered under this key and hashed to another one: the leaf is not what it was.
            if hash_key(digest) != key:
                log().error("log.record_altered", log_index=one.index)
                raise LogAltered(say.RECORD_NOT_OF_RECEIPT(index=one.index))
        return None

    async def entries(self, start: int, end: int) -> AsyncIterator[LogEntry]:
        """Records from index `start` to before `end` in their order, in constant memory."""
        while rows := await self._database.read(_RANGE, start, end, _PAGE, way=ReadKind.SEARCH):
            for row in rows:
                yield entry_from(row)
            start = rows[-1][0] + 1

    async def search(self, wanted: LogSearch, before: int | None, count: int) -> Sequence[LogEntry]:
        """The newest `count` matching records, newest first; `before` is the last index of the page before."""
        return await self._found(wanted, await self._window(wanted, before), count)

    async def _found(
        self, wanted: LogSearch, within: tuple[int, int], count: int, leader: str = ""
    ) -> list[LogEntry]:
        statement = self._statement(wanted, within, count, leader)
        if statement is None:
            return []
        rows = await self._database.read(statement.text, *statement.values, way=ReadKind.SEARCH)
        return [entry_from(row) for row in rows]

    async def search_within(
        self, wanted: LogSearch, before: int | None, count: int, seconds: float
    ) -> tuple[Sequence[LogEntry], int | None]:
        """The newest matches among the records that can be looked through in about so many seconds.

        And the index before which the search goes on; None if it found `count`, or looked through all.
        """
        if not is_walk(wanted):
            return await self.search(wanted, before, count), None
        start, end = await self._window(wanted, before)
        for (size,) in await self._database.read(_SIZE, way=ReadKind.SEARCH):
            end = min(end, size)
        if leader := await self._rare(wanted, (start, end)):
            return await self._found(wanted, (start, end), count, leader), None
        found: list[LogEntry] = []
        until = time.monotonic() + seconds
        while start < end and len(found) < count:
            low = max(start, end - self._walk)
            found += await self._found(wanted, (low, end), count - len(found))
            end = low
            if time.monotonic() >= until and len(found) < count and start < end:
                return found, end
        return found, None

    async def _rare(self, wanted: LogSearch, within: tuple[int, int]) -> str:
        """The given word that the fewest records have; blank where many have each of them."""
        counting = FewStatement(wanted, within, self._few, arrays=self._database.arrays)
        if not counting.text:
            return ""
        rows = await self._database.read(counting.text, *counting.values, way=ReadKind.SEARCH)
        name, count = min(rows, key=lambda row: row[1])
        return str(name) if count < self._few else ""

    async def waiting(self, exchange: str) -> Sequence[bytes]:
        """Leaves of an exchange's newest records that wait for their place, newest first.

        Only rows that a process of this log wrote; a row inserted by hand is not refused yet.
        """
        if self._keys is None:
            return []
        text = _WAITING_POSTGRES if self._database.arrays else _WAITING_SQLITE
        rows = [
            AppendedRow(seq, bytes_of(leaf), None if tag is None else bytes_of(tag))
            for seq, leaf, tag in await self._database.read(text, exchange, way=ReadKind.PROOF)
        ]
        if not rows:
            return []
        sifting = await asyncio.to_thread(Sifting, rows)
        untagged = UntaggedRows()
        if sifting.untagged:
            found = UntaggedRows(*(await self._database.read(UNTAGGED, way=ReadKind.PROOF))[0])
            untagged = await asyncio.to_thread(found.taken, self._keys.roots)
        wrapped = {
            month: bytes_of(row[0])
            for month in sifting.months
            for row in await self._database.read(_KEYS, month, way=ReadKind.PROOF)
        }
        sifting.check_tags(await asyncio.to_thread(self._keys.opened, wrapped), untagged)
        taken = set(sifting.numbers)
        return [row.leaf for row in rows if row.seq in taken]

    async def places(self, wanted: LogSearch, before: int | None, count: int) -> Sequence[int]:
        """The places of the same records, without reading leaves."""
        statement = self._statement(wanted, await self._window(wanted, before), count)
        if statement is None:
            return []
        return [
            row[0]
            for row in await self._database.read(statement.places, *statement.values, way=ReadKind.SEARCH)
        ]

    async def _window(self, wanted: LogSearch, before: int | None) -> tuple[int, int]:
        """The indexes to search: from, and before."""
        blocks: Sequence[tuple[int, int]] = [(0, 0), (_NO_BLOCK, _NO_BLOCK)]
        if wanted.since or wanted.until:
            blocks = await self._database.read(BLOCKS, *span(wanted), BLOCK, way=ReadKind.SEARCH)
        return window(blocks, before)

    def _statement(
        self, wanted: LogSearch, within: tuple[int, int], count: int, leader: str = ""
    ) -> SearchStatement | None:
        """None when nothing can be found."""
        start, end = within
        if start >= end:
            return None
        return SearchStatement(wanted, within, count, arrays=self._database.arrays, leader=leader)

    async def checkpoint(self, size: int | None = None) -> str:
        """The newest signed note, or that of `size`; empty before the first record, and when there is none."""
        asked = (
            self._database.read(_CHECKPOINT, way=ReadKind.PROOF)
            if size is None
            else self._database.read(_CHECKPOINT_OF, size, way=ReadKind.PROOF)
        )
        rows = await asked
        return str(rows[0][0]) if rows else ""

    async def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The first `width` (1 to 256) hashes of a tile end to end; None when it has not so many."""
        if not 0 < width <= TILE or level < 0 or index < 0:
            return None
        wanted = TileId(level, index, width)
        return (await self._tiles([wanted])).get(wanted)

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """Proof that the tree of `size` leaves has the record at `index`; ValueError for no such tree."""
        tiles = await self._tiles(tiles_of_inclusion(index, size))
        return inclusion_proof(index, size, nodes_of(size, _from(tiles)))

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """Proof that the tree of `new` leaves begins with that of `old`; ValueError for no such tree."""
        tiles = await self._tiles(tiles_of_consistency(old, new))
        return consistency_proof(old, new, nodes_of(new, _from(tiles)))

    async def _tiles(self, wanted: Iterable[TileId]) -> dict[TileId, bytes]:
        """Those that are wide enough, cut to the width asked for: a wider tile has the same beginning."""
        asked = list(wanted)
        if not asked:
            return {}
        places = [number for tile in asked for number in (tile.level, tile.index)]
        pairs = ",".join(
            f"(CAST(${n} AS integer), CAST(${n + 1} AS bigint))" for n in range(1, len(places), 2)
        )
        text = (
            f"SELECT level, idx, hashes FROM log_edge UNION ALL SELECT level, idx, hashes FROM log_tiles"  # noqa: S608 -- numbers of parameters
            f" WHERE (level, idx) IN (VALUES {pairs})"
        )
        held: dict[tuple[int, int], bytes] = {}
        for level, index, hashes in await self._database.read(text, *places, way=ReadKind.PROOF):
            held[level, index] = max(held.get((level, index), b""), bytes_of(hashes), key=len)
        found = {tile: held.get((tile.level, tile.index), b"")[: tile.width * HASH_BYTES] for tile in asked}
        return {tile: hashes for tile, hashes in found.items() if len(hashes) == tile.width * HASH_BYTES}


def _from(tiles: dict[TileId, bytes]) -> Callable[[TileId], bytes]:
    def tile(wanted: TileId) -> bytes:
        if wanted not in tiles:
            raise ValueError(f"the tile {wanted.level}/{wanted.index} is missing or cut short")
        return tiles[wanted]

    return tile
