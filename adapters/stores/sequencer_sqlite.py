"""The sequence in SQLite, in a thread of its own.

SQLite has one writer at a time and gives out row numbers in the order of commits, so whatever lies beyond the last
number seen is new, and nothing appears below it later. Leaves that others wrote are read, decoded and hashed before
the write lock is taken, and rows are inserted many to a statement: the writer of records, which waits for that lock,
waits for little, and a busy interpreter slows a batch down a few times and not once per row.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson

from adapters.stores.high_water import HEAD_SQLITE, ExpectedLog, HighWater, LogHead
from adapters.stores.log_search import BLOCKS, window
from adapters.stores.same_file import SameFile
from adapters.stores.sequence_batch import (
    BATCH_ROWS,
    BLOCK,
    COLUMNS,
    LEASE_SECONDS,
    NEWEST_NOTE,
    QUARANTINE,
    RUN,
    STATE,
    Batch,
    LogStateRow,
    Numbering,
    OwnRow,
    OwnRows,
    Rows,
    edge_of,
    now_text,
)
from adapters.stores.sifting import TAGGED, UNTAGGED, AppendedRow, RefusedRow, Sifting, TagKeys, UntaggedRows
from adapters.stores.sqlite import connect, reason_of
from gateway.domain.errors import LogUnavailable

#: rows of a transaction when few wait: the writer of records waits for the write lock meanwhile
_FEW = 256
#: rows of one INSERT, halved until what is left over fits
_ROWS = 128
# Search indexes are written all over: their pages are kept, up to 64 MB. And the log of pages is brought into the file
# by this connection rather than by the one that writes records.
_SETTINGS = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 2000"
_STATE = f"SELECT {STATE} FROM log_state"  # noqa: S608 -- our own column names
_LOOK = f"SELECT floor_seq, {HEAD_SQLITE} FROM log_state"  # noqa: S608 -- our own names
_NEW_STATE = (
    "UPDATE log_state SET size = ?, floor_seq = ?, floor_size = ?, time_low = ?, time_high = ?, vkey = ?,"
    " lease_owner = ?, lease_until = ?"
)
_WAITING = "SELECT coalesce(max(seq), 0) - (SELECT floor_seq FROM log_state) FROM append_log"
_GIVE_BACK = "UPDATE log_state SET lease_until = 0 WHERE lease_owner = ?"
# Whatever the type that somebody wrote: a row that cannot be numbered would stop all after it.
_FRESH = "SELECT seq, CAST(id AS BLOB) FROM append_log WHERE seq > ? ORDER BY seq LIMIT ?"
_WRITTEN = (
    "SELECT seq, CAST(leaf AS BLOB), CAST(tag AS BLOB) FROM append_log"
    " WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq"
)
_KEYS = (
    "SELECT period, CAST(wrapped AS BLOB) FROM period_keys WHERE period IN (SELECT value FROM json_each(?))"
)
# In the run of 65 536 entries that the index begins with.
_ENTERED = (
    "SELECT hash FROM log_entries WHERE idx / 65536 = ?1 AND hash IN (SELECT value FROM json_each(?2))"
    " UNION ALL SELECT hash FROM log_pruned_hashes WHERE run = ?1 AND hash IN (SELECT value FROM json_each(?2))"
)
_QUARANTINE = QUARANTINE.replace("$", "?")
_OPEN_UNTAGGED = "UPDATE log_untagged SET until = ?, seal = ? WHERE seal IS NULL"
_BLOCKS = BLOCKS.replace("$", "?")
_EDGE = (
    "INSERT INTO log_edge VALUES (?, ?, ?)"
    " ON CONFLICT (level) DO UPDATE SET idx = excluded.idx, hashes = excluded.hashes"
)


class SqliteSequence:
    """The sequence tables in one file, which `adapters.stores.sql` has migrated."""

    __slots__ = (
        "_connection",
        "_keys",
        "_looked",
        "_numbering",
        "_owner",
        "_path",
        "_same",
        "_thread",
        "high_water",
        "limit",
        "own",
        "refused",
        "size",
    )

    def __init__(
        self,
        path: Path,
        numbering: Numbering,
        keys: TagKeys,
        owner: str,
        high_water: HighWater,
        limit: int = BATCH_ROWS,
    ) -> None:
        """`owner` names this process in the lease, `keys` check the tags of rows."""
        self._path = path
        self.high_water = high_water
        self._keys = keys
        #: whether this process has looked if the day of the upgrade begins
        self._looked = False
        self._same = SameFile(path)
        self._numbering = numbering
        self._owner = owner
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sequencer")
        self.limit = limit
        self.own = OwnRows()
        self.refused: Counter[str] = Counter()
        self.size = 0

    async def number(self) -> int:
        """Number one batch; 0 when there is nothing to do or another process does it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._number)

    async def close(self) -> None:
        """Give the lease back, close the file and end the thread."""
        self._thread.submit(self._leave)
        await asyncio.to_thread(self._thread.shutdown)

    def _number(self) -> int:
        try:
            if self._connection is None:
                self._connection = connect(self._path)
                self._connection.executescript(_SETTINGS)
            self._same.check()
            expected = self.high_water.expect()
            numbered, head = self._head(self._connection, expected)
            self.high_water.follow(expected, head, numbered)
            self._open_untagged(self._connection)
            return self._batches(self._connection)
        except sqlite3.Error as error:
            self._disconnect()
            raise LogUnavailable(reason_of(error)) from None
        except BaseException:
            self._disconnect()
            raise

    def _batches(self, connection: sqlite3.Connection) -> int:
        waiting: int = connection.execute(_WAITING).fetchone()[0]
        if not waiting:
            self.own.clear()
        if waiting >= self.limit:
            return self._batch(connection, self.limit)
        total = 0
        while total < waiting and (numbered := self._batch(connection, _FEW)):
            total += numbered
        return total

    def _batch(self, connection: sqlite3.Connection, limit: int) -> int:
        """Decode and hash first, then lock: if another process numbered records meanwhile, nothing is written."""
        connection.execute("BEGIN")
        state = LogStateRow(*connection.execute(_STATE).fetchone())
        self.size = state.size
        mine = state.leased_to(self._owner, time.time())
        rows = dict(connection.execute(_FRESH, (state.floor_seq, limit)).fetchall()) if mine else {}
        if not rows:
            connection.execute("COMMIT")
            self.own.clear()
            return 0
        own = {seq: self.own.take(record_id) for seq, record_id in rows.items()}
        sifting = self._sifted(connection, rows, own)
        held = {level: (idx, hashes) for level, idx, hashes in connection.execute("SELECT * FROM log_edge")}
        notes = connection.execute(NEWEST_NOTE).fetchall()
        note = notes[0][0] if notes else ""
        if note != self.high_water.note:  # not the one of a moment ago
            expected = self.high_water.expect()
            self.high_water.compare(expected, self._head(connection, expected)[1])
        connection.execute("COMMIT")
        fresh = sifting.merged(own)
        edge = edge_of(state.size, held)
        self._numbering.check(state, edge, note)
        batch = self._numbering.batch(state, edge, fresh) if fresh else None
        connection.execute("BEGIN IMMEDIATE")
        if LogStateRow(*connection.execute(_STATE).fetchone()) != state:
            connection.execute("ROLLBACK")
            self.own.keep_taken()
            return 0
        self._write(connection, state, batch, sifting.refused, max(rows))
        connection.execute("COMMIT")
        self.own.drop_taken()
        if batch is not None:
            self.high_water.signed(batch.head, batch.note)
        self.refused.update(one.reason for one in sifting.refused)
        self.size = state.size + len(fresh)
        return len(rows)

    @staticmethod
    def _head(connection: sqlite3.Connection, expected: ExpectedLog) -> tuple[int, LogHead]:
        """Up to which row of `append_log` the tree goes, and what the file says of itself."""
        numbered, *head = connection.execute(_LOOK, expected.parameters).fetchone()
        return numbered, LogHead(*head)

    def _sifted(
        self, connection: sqlite3.Connection, rows: Mapping[int, bytes], own: Mapping[int, OwnRow | None]
    ) -> Sifting:
        """What this process did not write: read, checked by its tag, looked for in the tree."""
        others = [seq for seq, row in own.items() if row is None]
        if not others:
            return Sifting([])
        found = connection.execute(_WRITTEN, (_json(others),)).fetchall()
        sifting = Sifting([AppendedRow(*row) for row in found])
        wrapped = dict(connection.execute(_KEYS, (_json(sifting.months),)).fetchall())
        untagged = UntaggedRows()
        if sifting.untagged:
            untagged = UntaggedRows(*connection.execute(UNTAGGED).fetchone()).taken(self._keys.roots)
        sifting.check_tags(self._keys.opened(wrapped), untagged)
        there = self._entered(connection, sifting)
        sifting.check_once(there, (rows[seq] for seq, row in own.items() if row is not None))
        self.own.take_all(sifting.ids)
        return sifting

    def _entered(self, connection: sqlite3.Connection, sifting: Sifting) -> set[int]:
        """Hashes that the tree has: a leaf that came twice has one time, so it is among the entries of that time."""
        first, last = sifting.times
        blocks = connection.execute(_BLOCKS, (first, f"{last}~", BLOCK)).fetchall() if last else []
        start, end = window(blocks, None)
        wanted = _json(sifting.hashes)
        found: set[int] = set()
        for run in range(start // RUN, -(-end // RUN)):
            found.update(row[0] for row in connection.execute(_ENTERED, (run, wanted)))
        return found

    def _open_untagged(self, connection: sqlite3.Connection) -> None:
        """Begin the day of the upgrade, in the first process of this release that numbers this log."""
        if self._looked:
            return
        untagged = UntaggedRows(*connection.execute(UNTAGGED).fetchone())
        if untagged.unopened and not connection.execute(TAGGED).fetchall():
            connection.execute(_OPEN_UNTAGGED, untagged.opened(self._keys.roots.newest(), time.time())[1:])
        self._looked = True

    def _write(
        self,
        connection: sqlite3.Connection,
        state: LogStateRow,
        batch: Batch | None,
        refused: Sequence[RefusedRow],
        seq: int,
    ) -> None:
        created = now_text()
        connection.executemany(_QUARANTINE, [(*row, created) for row in refused])
        lease = (self._owner, time.time() + LEASE_SECONDS)
        if batch is None:
            span = (state.time_low, state.time_high)
            connection.execute(_NEW_STATE, (state.size, seq, state.size, *span, state.vkey, *lease))
            return
        for table, rows in batch.rows.items():
            _insert(connection, table, rows)
        connection.executemany(_EDGE, batch.edge)
        connection.execute(
            "INSERT INTO log_checkpoints VALUES (?, ?, ?)", (batch.size, batch.note, batch.created)
        )
        span = (batch.time_low, batch.time_high)
        connection.execute(_NEW_STATE, (batch.size, seq, batch.size, *span, self._numbering.vkey, *lease))

    def _leave(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # else it expires
            if self._connection is not None:
                self._connection.execute(_GIVE_BACK, (self._owner,))
        self._disconnect()

    def _disconnect(self) -> None:
        self.own.keep_taken()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _json(values: Sequence[object]) -> str:
    return orjson.dumps(values).decode()


def _insert(connection: sqlite3.Connection, table: str, rows: Rows) -> None:
    columns = COLUMNS[table].split()
    place = f"({','.join('?' * len(columns))})"
    start, step = 0, _ROWS
    while start < len(rows):
        while step > len(rows) - start:
            step //= 2
        statement = f"INSERT INTO {table} ({','.join(columns)}) VALUES {','.join([place] * step)}"  # noqa: S608 -- our own names
        connection.execute(statement, [value for row in rows[start : start + step] for value in row])
        start += step
