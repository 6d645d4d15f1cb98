"""Checks leaves, hashes of tiles and search tables of the log (gateway.ports.exchange_log.LogInspection)."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.stores.database import Database, ReadKind
from adapters.stores.log_marks import LostKeys, ends
from adapters.stores.log_prunings import ARCHIVES, PRUNINGS, WAITING, Archive, is_told, unarchived
from adapters.stores.log_reader import bytes_of
from adapters.stores.sequence_batch import BLOCK, COLUMNS, Rows, hash_key, searched_rows
from gateway.exchange_log.merkle import HASH_BYTES, leaf_hash
from gateway.exchange_log.record import decode
from gateway.exchange_log.tiles import TILE
from gateway.ports.exchange_log import Altered, SubjectRow

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
# All rows of a tile. Their index begins with the outcome, of which there are few: each is asked for by itself.
_SOURCES = (
    "WITH RECURSIVE o(outcome, number) AS (SELECT min(outcome), 1 FROM log_sources UNION ALL"
    " SELECT (SELECT min(outcome) FROM log_sources WHERE outcome > o.outcome), o.number + 1 FROM o"
    " WHERE o.outcome IS NOT NULL AND o.number < $3)"
    " SELECT s.source, s.idx, s.outcome, s.period FROM o CROSS JOIN log_sources s"
    " WHERE s.outcome = o.outcome AND s.idx >= $1 AND s.idx < $2 LIMIT $4"
)
# The rows of the search by person in their own order: none of their indexes begins with the place.
_SUBJECTS = (
    "SELECT s.subject, s.idx, s.period, a.leaf FROM (SELECT subject, idx, period FROM log_subjects"
    " WHERE (subject, idx, period) > ($1, $2, $3) ORDER BY subject, idx, period LIMIT $4) s"
    " LEFT JOIN log_entries e ON e.idx = s.idx AND e.period = s.period"
    " LEFT JOIN append_log a ON a.seq = e.seq ORDER BY s.subject, s.idx, s.period"
)
_PRUNED = "SELECT coalesce(max(below), 0), (SELECT min(idx) FROM log_entries) FROM log_pruned"
# seq + 0: for max(seq) PostgreSQL walks along the index of seq, through all that lies beyond the tile.
# Written, below the mark up to which all is numbered, not refused, and in none of these places. Numbers of rows and
# places have about one order: what lies between the last row before this tile and the last one of it, or the mark at
# the log's end.
_UNNUMBERED = (
    "SELECT a.seq, a.leaf FROM log_state s CROSS JOIN append_log a WHERE a.seq > (SELECT CASE WHEN $1 = 0 THEN 0"
    " ELSE coalesce((SELECT max(seq + 0) FROM log_entries WHERE idx >= $1 - $3 AND idx < $1),"
    " (SELECT min(seq + 0) FROM log_entries WHERE idx >= $1 AND idx < $2)) END)"
    " AND a.seq <= CASE WHEN s.size <= $2 THEN s.floor_seq ELSE"
    " (SELECT max(seq + 0) FROM log_entries WHERE idx >= $1 AND idx < $2) END AND a.seq <= s.floor_seq"
    " AND a.seq NOT IN (SELECT seq FROM log_entries WHERE idx >= $1 AND idx < $2)"
    " AND a.seq NOT IN (SELECT seq FROM log_quarantine) ORDER BY a.seq LIMIT $4"
)
_PLACE = "SELECT 1 FROM log_entries WHERE hash = $1 AND seq = $2"
#: the finding for a row that no record makes
_INVENTED = "its record makes no such row in"

_THERE = "SELECT subject, idx, period FROM log_subjects WHERE (subject, idx, period) IN (VALUES {})"
#: rows that are asked for in one statement
_ROWS = 256
#: outcomes, and rows of one tile in the search by source, beyond which nothing is looked at: records have fewer
_MOST_OUTCOMES = 64
_MOST_SOURCES = 100_000


class SqlLogInspection:
    """Inspects the log in one database."""

    __slots__ = ("_database", "_lost_keys")

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database
        self._lost_keys = LostKeys()

    async def altered(self, start: int, end: int) -> Sequence[Altered]:
        """What is wrong with the records of one tile, from `start` to before `end`."""
        start = max(start, await self._numbering())
        if start >= end:
            return []
        rows = await self._database.read(_ENTRIES, start, end, way=ReadKind.SEARCH)
        tiles = await self._database.read(_TILE, start // TILE, way=ReadKind.SEARCH)
        hashes = max((bytes_of(row[0]) for row in tiles), key=len, default=b"")
        found, expected = await asyncio.to_thread(_compared, rows, hashes, start, end)
        found += _in_search(rows, expected, await self._there(start, end, expected["log_subjects"]))
        found += _beyond(rows, await self._database.read(_BLOCK, start // BLOCK, BLOCK, way=ReadKind.SEARCH))
        if len(rows) == end - start:  # else the rows whose places are missing would be reported twice
            lost = await self._lost(start, end)
            found += [Altered(start, "a record that was written here has no place") for _ in lost]
        # Pruning may have gone on meanwhile.
        numbering = await self._numbering()
        return [one for one in found if one.index >= numbering]

    async def invented(self, after: SubjectRow, count: int) -> tuple[Sequence[Altered], SubjectRow | None]:
        """What is wrong with the next `count` rows of the search by person, and the last of them, None at the end."""
        rows = await self._database.read(_SUBJECTS, *after, count, way=ReadKind.SEARCH)
        found = await asyncio.to_thread(_not_made, rows)
        numbering = await self._numbering()
        last = tuple(rows[-1][:3]) if len(rows) == count else None
        return [one for one in found if one.index >= numbering], last

    async def pruned(self) -> Sequence[Altered]:
        """What the mark of pruning lacks: its record in the log, or its archives."""
        below, *_ = (await self._database.read(_PRUNED, way=ReadKind.SEARCH))[0]
        if not below:
            return []
        archives = [Archive(*row) for row in await self._database.read(ARCHIVES, way=ReadKind.SEARCH)]
        found = unarchived(below, archives)
        for text in (PRUNINGS, WAITING):
            leaves = [bytes_of(leaf) for (leaf,) in await self._database.read(text, way=ReadKind.SEARCH)]
            if is_told(below, archives, leaves):
                return found
        return [*found, Altered(below - 1, "it lies below the mark of pruning, of which no record tells")]

    async def marks(self) -> Sequence[Altered]:
        """Wrong marks of the log: its end, and the months without keys."""
        return [*await ends(self._database), *await self._lost_keys.altered(self._database)]

    async def _there(self, start: int, end: int, subjects: Rows) -> Mapping[str, set[tuple[Any, ...]]]:
        """The rows of a tile in the search by source, and those in the search by person that were expected."""
        sources = await self._database.read(
            _SOURCES, start, end, _MOST_OUTCOMES, _MOST_SOURCES, way=ReadKind.SEARCH
        )
        found: set[tuple[Any, ...]] = set()
        kinds = ("bytea" if self._database.arrays else "blob", "bigint", "text")
        for place in range(0, len(subjects), _ROWS):
            values = [value for row in subjects[place : place + _ROWS] for value in row]
            listed = ",".join(
                "(" + ",".join(f"CAST(${n + at} AS {kind})" for at, kind in enumerate(kinds)) + ")"
                for n in range(1, len(values), len(kinds))
            )
            found |= {
                tuple(row)
                for row in await self._database.read(_THERE.format(listed), *values, way=ReadKind.SEARCH)
            }
        return {"log_sources": {tuple(row) for row in sources}, "log_subjects": found}

    async def _numbering(self) -> int:
        """The lowest record that must be there: pruning deletes from the lowest record up to the mark.

        A mark alone is no proof: with it alone, an attacker could delete single records below it.
        """
        below, lowest = (await self._database.read(_PRUNED, way=ReadKind.SEARCH))[0]
        return int(below if lowest is None else min(below, lowest))

    async def _lost(self, start: int, end: int) -> list[int]:
        """Rows written at about these places that have none, though the log's mark is beyond them."""
        rows = await self._database.read(_UNNUMBERED, start, end, TILE, _ROWS, way=ReadKind.SEARCH)
        if not self._database.arrays:
            return [seq for seq, _ in rows]
        # On PostgreSQL some have their place further on, where their number was drawn long before they were seen.
        return [
            seq
            for seq, leaf in rows
            if not await self._database.read(
                _PLACE, hash_key(leaf_hash(bytes_of(leaf))), seq, way=ReadKind.SEARCH
            )
        ]


def _compared(
    rows: Sequence[Any], hashes: bytes, start: int, end: int
) -> tuple[list[Altered], Mapping[str, Rows]]:
    """What is wrong with leaves and entries, and the rows of the other tables that there must be."""
    found: list[Altered] = []
    expected: dict[str, Rows] = {"log_subjects": [], "log_sources": []}
    there = {row[0]: row for row in rows}
    for index in range(start, end):
        row = there.get(index)
        if row is None or row[-1] is None:
            found.append(Altered(index, "the record is missing"))
            continue
        leaf = bytes_of(row[-1])
        digest = leaf_hash(leaf)
        place = index % TILE * HASH_BYTES
        if hashes[place : place + HASH_BYTES] != digest:
            found.append(Altered(index, "the record and its hash in the tile differ"))
            continue
        made = searched_rows(index, row[1], digest, leaf, row[_NAMES.index("time")])
        found += _differences(index, row, made["log_entries"][0])
        for table in expected:
            expected[table] += made[table]
    return found, expected


def _in_search(
    rows: Sequence[Any], expected: Mapping[str, Rows], there: Mapping[str, set[tuple[Any, ...]]]
) -> Iterator[Altered]:
    """Rows that a table lacks, and rows in it that no record makes; those of a missing record are reported with it."""
    known = {row[0] for row in rows if row[-1] is not None}
    for table, wanted in expected.items():
        for row in wanted:
            if row not in there[table]:
                yield Altered(row[1], f"its row is missing in {table}")
        for row in there[table].difference(wanted):
            if row[1] in known:
                yield Altered(row[1], f"{_INVENTED} {table}")


def _not_made(rows: Sequence[Any]) -> list[Altered]:
    """Rows of the search by person that no record makes; those without a place are reported at the first place."""
    return [
        Altered(index if isinstance(index, int) else 0, f"{_INVENTED} log_subjects")
        for subject, index, month, leaf in rows
        if leaf is None or not _is_named(bytes_of(leaf), subject, month)
    ]


def _is_named(leaf: bytes, subject: bytes, month: str) -> bool:
    """Whether a record of this month names the subject."""
    try:
        members = decode(leaf)
        return subject.hex() in members["subjects"].values() and members["time"].startswith(month)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def _beyond(rows: Sequence[Any], spans: Sequence[Any]) -> Iterator[Altered]:
    """Records that a search by time would miss: their block says that it has none of that time."""
    place = _NAMES.index("time")
    for row in rows:
        if not any(_is_between(low, high, row[place]) for low, high in spans):
            yield Altered(row[0], "its time lies outside the span of its block")


def _is_between(low: object, high: object, time: object) -> bool:
    if not (isinstance(low, str) and isinstance(high, str) and isinstance(time, str)):
        return False
    return low <= time <= high


def _differences(index: int, row: Sequence[Any], made: Sequence[Any]) -> Iterator[Altered]:
    for name, stored, right in zip(_NAMES, row, made, strict=False):
        if stored != right:
            yield Altered(index, f"its column {name} in the search is not that of the record")
