"""The stored log compared with itself (gateway.ports.LogInspection): leaves, hashes of tiles, tables of the search."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.stores.reading import BY_INDEX, Reading, open_reading
from adapters.stores.sequence_batch import BLOCK, COLUMNS, Rows, hash_key, searched_rows
from gateway.exchange_log.merkle import HASH_BYTES, leaf_hash
from gateway.exchange_log.tiles import TILE
from gateway.ports_log import Altered

_NAMES = COLUMNS["log_entries"].split()
_ENTRIES = (
    f"SELECT {', '.join(f'e.{name}' for name in _NAMES)}, a.leaf FROM log_entries e"  # noqa: S608 -- our own column names
    " LEFT JOIN append_log a ON a.seq = e.seq WHERE e.idx >= $1 AND e.idx < $2 ORDER BY e.idx"
)
_TILE = (
    "SELECT hashes FROM log_tiles WHERE level = 0 AND idx = $1"
    " UNION ALL SELECT hashes FROM log_edge WHERE level = 0 AND idx = $1"
)
# The span of times in a block, and in the last one, which is incomplete.
_BLOCK = (
    "SELECT low, high FROM log_blocks WHERE block = $1"
    " UNION ALL SELECT time_low, time_high FROM log_state WHERE size / $2 = $1"
)
_PRUNED = "SELECT coalesce(max(below), 0), (SELECT min(idx) FROM log_entries) FROM log_pruned"
# Written, below the mark up to which all is numbered, and in none of these places. Numbers of rows and places have
# about one order: what lies between the last row before this tile and the last one of it, or the mark at the log's end.
_UNNUMBERED = (
    "SELECT a.seq, a.leaf FROM log_state s CROSS JOIN append_log a WHERE a.seq > (SELECT CASE WHEN $1 = 0 THEN 0"
    " ELSE coalesce((SELECT max(seq) FROM log_entries WHERE idx >= $1 - $3 AND idx < $1),"
    " (SELECT min(seq) FROM log_entries WHERE idx >= $1 AND idx < $2)) END)"
    " AND a.seq <= CASE WHEN s.size <= $2 THEN s.floor_seq ELSE"
    " (SELECT max(seq) FROM log_entries WHERE idx >= $1 AND idx < $2) END AND a.seq <= s.floor_seq"
    " AND a.seq NOT IN (SELECT seq FROM log_entries WHERE idx >= $1 AND idx < $2) ORDER BY a.seq LIMIT $4"
)
_PLACE = "SELECT 1 FROM log_entries WHERE hash = $1 AND seq = $2"
#: table -> columns that make a row of it, beside the month
_KEYS = {"log_subjects": ("subject", "idx"), "log_sources": ("source", "idx", "outcome")}
#: rows that are asked for in one statement
_ROWS = 256


class SqlLogInspection:
    """Looks at the log in one database."""

    __slots__ = ("_reading",)

    def __init__(self, reading: Reading) -> None:
        """Closes `reading` with itself."""
        self._reading = reading

    async def altered(self, start: int, end: int) -> Sequence[Altered]:
        """What is wrong with the records of one tile, from `start` to before `end`."""
        start = max(start, await self._standing())
        if start >= end:
            return []
        rows = await self._reading.fetch(_ENTRIES, start, end)
        tiles = await self._reading.fetch(_TILE, start // TILE)
        hashes = max((bytes(row[0]) for row in tiles), key=len, default=b"")
        # Pruning may have gone on meanwhile.
        start = max(start, await self._standing())
        found, expected = await asyncio.to_thread(_compared, rows, hashes, start, end)
        found += _beyond(rows, await self._reading.fetch(_BLOCK, start // BLOCK, BLOCK))
        if len(rows) == end - start:  # else the rows whose places are missing would be told twice
            lost = await self._lost(start, end)
            found += [Altered(start, "a record that was written here has no place") for _ in lost]
        for table, wanted in expected.items():
            there = await self._there(table, [row[: len(_KEYS[table])] for row in wanted])
            found += [
                Altered(row[1], f"its row is missing in {table}")
                for row in wanted
                if row[: len(_KEYS[table])] not in there
            ]
        return found

    async def _there(self, table: str, wanted: Sequence[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
        """Those of the rows that the table has."""
        columns = _KEYS[table]
        kinds = {"subject": "bytea" if self._reading.arrays else "blob", "idx": "bigint"}
        found: set[tuple[Any, ...]] = set()
        for place in range(0, len(wanted), _ROWS):
            part = wanted[place : place + _ROWS]
            values = [value for row in part for value in row]
            numbers = iter(range(1, len(values) + 1))
            listed = ",".join(
                "("
                + ",".join(f"CAST(${next(numbers)} AS {kinds.get(name, 'text')})" for name in columns)
                + ")"
                for _ in part
            )
            names = ", ".join(columns)
            text = f"SELECT {names} FROM {table} WHERE ({names}) IN (VALUES {listed})"  # noqa: S608 -- our own names
            found |= {tuple(row) for row in await self._reading.fetch(text, *values)}
        return found

    async def _standing(self) -> int:
        """The lowest record that must be there: pruning takes them from the lowest one up, to the mark at most.

        A mark alone excuses nothing: else whoever sets one could take single records out from below it.
        """
        below, lowest = (await self._reading.fetch(_PRUNED))[0]
        return int(below if lowest is None else min(below, lowest))

    async def _lost(self, start: int, end: int) -> list[int]:
        """Rows that were written about here and have no place, though the log's mark says that they have one."""
        rows = await self._reading.fetch(_UNNUMBERED, start, end, TILE, _ROWS)
        if not self._reading.arrays:
            return [seq for seq, _ in rows]
        # On PostgreSQL some have their place further on, where their number was drawn long before they were seen.
        return [
            seq
            for seq, leaf in rows
            if not await self._reading.fetch(_PLACE, hash_key(leaf_hash(bytes(leaf))), seq)
        ]

    async def close(self) -> None:
        """Free connections."""
        await self._reading.close()


def open_inspection(url: str, state_dir: Path) -> SqlLogInspection:
    """What looks at the log at `url`, which `open_log` has opened before."""
    return SqlLogInspection(open_reading(url, state_dir, BY_INDEX))


def _compared(
    rows: Sequence[Any], hashes: bytes, start: int, end: int
) -> tuple[list[Altered], Mapping[str, Rows]]:
    """What is wrong with leaves and entries, and the rows of the other tables that there must be."""
    found: list[Altered] = []
    expected: dict[str, Rows] = {table: [] for table in _KEYS}
    there = {row[0]: row for row in rows}
    for index in range(start, end):
        row = there.get(index)
        if row is None or row[-1] is None:
            found.append(Altered(index, "the record is missing"))
            continue
        leaf = row[-1].encode() if isinstance(row[-1], str) else bytes(row[-1])
        digest = leaf_hash(leaf)
        place = index % TILE * HASH_BYTES
        if hashes[place : place + HASH_BYTES] != digest:
            found.append(Altered(index, "the record and its hash in the tile differ"))
            continue
        made = searched_rows(index, row[1], digest, leaf, row[_NAMES.index("time")])
        found += _differences(index, row, made["log_entries"][0])
        for table in _KEYS:
            expected[table] += made[table]
    return found, expected


def _beyond(rows: Sequence[Any], spans: Sequence[Any]) -> Iterator[Altered]:
    """Records that a search by time would miss: their block says that it has none of that time."""
    place = _NAMES.index("time")
    for row in rows:
        if not any(low <= row[place] <= high for low, high in spans):
            yield Altered(row[0], "its time lies outside the span of its block")


def _differences(index: int, row: Sequence[Any], made: Sequence[Any]) -> Iterator[Altered]:
    for name, stored, right in zip(_NAMES, row, made, strict=False):
        if stored != right:
            yield Altered(index, f"its column {name} in the search is not that of the record")
