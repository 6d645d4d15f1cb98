"""Pruning: records leave the database when an archive has them; tiles, checkpoints and hashes stay for ever.

First the mark is set (`log_pruned`), which opens the triggers below it for good; then rows go in small steps, each
a transaction that takes whole records: the leaf, what was searched, the entry, and leaves the beginning of its hash.
After a crash between two steps the next call goes on. Nothing reads the rows below the mark meanwhile
but searches, which find what is still there. At the end months that became empty give their disk space back.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from adapters.stores.database import Database, Many, Statement
from adapters.stores.months import drop_empty_months
from adapters.stores.sequence_batch import BLOCK, COLUMNS, RUN, Rows, enter
from gateway.domain import sentences as say
from gateway.domain.errors import LogUnavailable
from gateway.ports.exchange_log import Archived

#: records of one step
_STEP = 512
_STRAGGLERS = 10_000
_PRUNED = "SELECT coalesce(max(below), 0) FROM log_pruned"
_STATE = "SELECT size, floor_size FROM log_state"
_LOWEST = "SELECT min(idx) FROM log_entries WHERE idx < $1"
_ROWS = (
    "SELECT e.idx, e.seq, e.hash, e.period, a.leaf FROM log_entries e LEFT JOIN append_log a ON a.seq = e.seq"
    " WHERE e.idx >= $1 AND e.idx < $2 ORDER BY e.idx"
)
_BLOCK_AFTER = (
    "SELECT min(block), (SELECT coalesce(max(block) + 1, 0) FROM log_blocks)"
    " FROM log_blocks WHERE block >= $1 AND high >= $2"
)
_FIRST_LATE = "SELECT min(idx) FROM log_entries WHERE idx >= $1 AND idx < $2 AND time >= $3"
_LAST_EARLY = "SELECT max(idx) FROM log_entries WHERE idx >= $1 AND idx < $2 AND time < $3"
# Where records of both sides stand mixed: the place up to which early ones outweigh late ones the most.
_BALANCE = (
    "SELECT idx, balance FROM (SELECT idx,"
    " sum(CASE WHEN time < $3 THEN 1 WHEN time >= $4 THEN -1 ELSE 0 END) OVER (ORDER BY idx) AS balance"
    " FROM log_entries WHERE idx >= $1 AND idx <= $2) b ORDER BY balance DESC, idx LIMIT 1"
)
_TIME = "SELECT time FROM log_entries WHERE idx = $1"
# Another pruning may run at the same time, or the server may still work for a killed one: existing rows stay.
_ARCHIVE = (
    "INSERT INTO log_archives SELECT CAST($1 AS bigint), CAST($2 AS bigint), CAST($3 AS text), CAST($4 AS text),"
    " CAST($5 AS text), CAST($6 AS text), CAST($7 AS text)"
    " WHERE NOT EXISTS (SELECT 1 FROM log_archives WHERE first = $1) ON CONFLICT DO NOTHING"
)
# A leaf's number is at most that of the last entry below the mark where numbers and places have one order (SQLite);
# where they have not, the entries themselves open the way (0004), and the number opens nothing.
_MARK = (
    "INSERT INTO log_pruned SELECT CAST($1 AS bigint), CAST($2 AS bigint), CAST($3 AS text)"
    " WHERE NOT EXISTS (SELECT 1 FROM log_pruned WHERE below >= $1) ON CONFLICT DO NOTHING"
)
_DELETE_LEAF = "DELETE FROM append_log WHERE seq = $1"
_DELETE_ENTRY = "DELETE FROM log_entries WHERE idx = $1 AND period = $2"
_DELETE_SUBJECT = "DELETE FROM log_subjects WHERE subject = $1 AND idx = $2 AND period = $3"
_DELETE_SOURCE = "DELETE FROM log_sources WHERE source = $1 AND idx = $2 AND outcome = $3 AND period = $4"
_KEEP_HASH = (
    "INSERT INTO log_pruned_hashes SELECT CAST($1 AS bigint), CAST($2 AS bigint), CAST($3 AS bigint)"
    " WHERE NOT EXISTS (SELECT 1 FROM log_pruned_hashes WHERE run = $1 AND hash = $2 AND idx = $3)"
    " ON CONFLICT DO NOTHING"
)


class SqlLogRetention:
    """The administrator's access to one log (gateway.ports.exchange_log.LogRetention and LogPruning)."""

    def __init__(self, database: Database) -> None:
        """Over a database with the tables."""
        self._database = database
        #: whether numbers of rows have the order of places, as in SQLite
        self._ordered = not database.arrays

    async def pruned(self) -> tuple[int, int]:
        """The place below which the log is pruned, and the place up to which it may be pruned now."""
        [(below,)] = await self._database.read(_PRUNED)
        [(_, floor)] = await self._database.read(_STATE)
        return below, floor

    async def end_of_month(self, start: int, until: str, late: str) -> int:
        """The place behind the last record older than `until` of those from `start` on, before those from `late` on.

        Both are times as records have them. Where such records stand mixed, as of a clock that was wrong, the fewer
        ones stay with their neighbours.
        """
        [(size, _)] = await self._database.read(_STATE)
        end = await self._first_late(start, size, late)
        if end < size and (mixed := await self._mixed(end, size, until, late)):
            return mixed
        [(last,)] = await self._database.read(_LAST_EARLY, start, end, until)
        return start if last is None else int(last) + 1

    async def _mixed(self, start: int, size: int, until: str, late: str) -> int:
        """The place behind the early records that outweigh the late ones from `start` on; 0 when none do."""
        [(last,)] = await self._database.read(_LAST_EARLY, start, size, until)
        if last is None:
            return 0
        [(place, balance)] = await self._database.read(_BALANCE, start, last, until, late)
        return int(place) + 1 if balance > 0 else 0

    async def time_at(self, place: int) -> str | None:
        """The time of the record at a place; None where there is none."""
        rows = await self._database.read(_TIME, place)
        return str(rows[0][0]) if rows else None

    async def prune(self, archives: Sequence[Archived], below: int, created: str) -> AsyncIterator[int]:
        """Delete records below a place that these archives have; yields the number deleted so far."""
        await self._open(archives, below, created)
        gone = 0
        while (lowest := (await self._database.read(_LOWEST, below))[0][0]) is not None:
            rows = await self._database.read(_ROWS, lowest, min(lowest + _STEP, below))
            await self._database.write(*_removal(rows))
            gone += len(rows)
            yield gone
        await self._sweep(below)
        if not self._ordered:
            await drop_empty_months(self._database)

    async def _open(self, archives: Sequence[Archived], below: int, created: str) -> None:
        known = {row[0] for row in await self._database.read("SELECT first FROM log_archives")}
        fresh = [
            (one.first, one.count, one.month, one.latest, one.name, one.sha256, created)
            for one in archives
            if one.first not in known
        ]
        before, floor = await self.pruned()
        if below > floor:
            raise LogUnavailable(say.JUST_NUMBERED)
        changes: list[Statement | Many] = [Many(_ARCHIVE, fresh)] if fresh else []
        if below > before:
            changes.append((_MARK, (below, await self._seq_before(below), created)))
        if changes:
            await self._database.write(*changes)

    async def _seq_before(self, below: int) -> int:
        if not self._ordered:
            return 0
        [(seq,)] = await self._database.read("SELECT max(seq + 0) FROM log_entries WHERE idx = $1", below - 1)
        return int(seq or 0)

    async def _first_late(self, start: int, size: int, late: str) -> int:
        """The first place from `start` on with a time from `late` on: blocks tell where to look."""
        block, tail = (await self._database.read(_BLOCK_AFTER, start // BLOCK, late))[0]
        while block is not None and block < tail:
            here = await self._database.read(
                _FIRST_LATE, max(start, block * BLOCK), (block + 1) * BLOCK, late
            )
            if here[0][0] is not None:
                return int(here[0][0])
            block, tail = (await self._database.read(_BLOCK_AFTER, block + 1, late))[0]
        rest = await self._database.read(_FIRST_LATE, max(start, tail * BLOCK), size, late)
        return size if rest[0][0] is None else int(rest[0][0])

    async def _sweep(self, below: int) -> None:
        """Rows that no leaf names, as those inserted by hand."""
        for table, statement in (("log_subjects", _DELETE_SUBJECT), ("log_sources", _DELETE_SOURCE)):
            columns = COLUMNS[table].replace(" ", ", ")
            text = f"SELECT {columns} FROM {table} WHERE idx < $1 LIMIT {_STRAGGLERS}"  # noqa: S608 -- our own names
            while rows := await self._database.read(text, below):
                await self._database.write(Many(statement, rows))


def _removal(rows: Sequence[tuple[Any, ...]]) -> list[Many]:
    """One step: delete all rows of these records, leaves first (see 0004); their hashes stay."""
    searched: dict[str, Rows] = {"log_entries": [], "log_subjects": [], "log_sources": []}
    for idx, seq, _, period, leaf in rows:
        if leaf is not None:
            enter(searched, idx, seq, b"", leaf, f"{period}-")
    return [
        Many(_KEEP_HASH, [(idx // RUN, hash_, idx) for idx, _, hash_, _, _ in rows]),
        Many(_DELETE_LEAF, [(row[1],) for row in rows]),
        Many(_DELETE_SUBJECT, searched["log_subjects"]),
        Many(_DELETE_SOURCE, searched["log_sources"]),
        Many(_DELETE_ENTRY, [(row[0], row[3]) for row in rows]),
    ]
