"""The exchange log in SQLite: one thread commits for all waiting callers.

A batch is one INSERT of many rows, in its own transaction: the interpreter's lock is given up once for the
insertion, the commit and the fsync together, so a busy loop slows a batch down once and not once per row.
Rows gather in the loop while a batch is under way, and for a moment after one that had company: a lonely record
never waits, many at once share a transaction.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from adapters.schema.migration import transaction
from adapters.stores.batch import (
    QUEUE_LIMIT,
    PendingRecord,
    RefusedRecord,
    WorkRefused,
    check_found,
    keys_of,
    refusal_of,
    refuse,
    settle,
    steps_of,
)
from adapters.stores.database import WorkStep
from adapters.stores.high_water import HEAD_SQLITE, HighWater, LogHead
from adapters.stores.same_file import SameFile
from adapters.stores.sqlite import connect, reason_of
from gateway.domain import sentences as say
from gateway.domain.errors import LogRolledBack, LogUnavailable

_T = TypeVar("_T")
_CLOSE_SECONDS = 10.0
_CHUNK = 256
#: pause after a batch of several rows, in which more of them come together
_GATHER_SECONDS = 0.002
#: nothing was written then
_REFUSED = frozenset({
    sqlite3.SQLITE_ERROR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
})  # fmt: skip
#: what is wrong with a row, and with no other of its batch
_FAULTS_OF_A_ROW = (
    sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError,
    UnicodeEncodeError,
)  # fmt: skip
#: of one statement: a place for each value of a wide row is far below SQLite's limit
_ROWS = 256
_HEAD = f"SELECT {HEAD_SQLITE}"
# Once in all: a month that ever had keys gets no others.
_KEEP = "INSERT INTO period_keys SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM log_periods WHERE period = ?1)"


class SqliteStore:
    """The append table and the period keys in one file, which `adapters.stores.sql` has migrated."""

    __slots__ = (
        "_batches",
        "_busy",
        "_closed",
        "_connection",
        "_high_water",
        "_path",
        "_queued",
        "_same",
        "_thread",
        "_waiting",
        "commits",
    )

    def __init__(self, path: Path, high_water: HighWater | None = None) -> None:
        """Starts the writing thread; it opens the file with its first batch."""
        self._path = path
        self._high_water = high_water
        self._same = SameFile(path)
        self._batches: queue.SimpleQueue[Sequence[PendingRecord] | None] = queue.SimpleQueue()
        self._waiting: list[PendingRecord] = []
        #: waiting or being written
        self._queued = 0
        #: a batch is under way, or about to be
        self._busy = False
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        #: transactions so far
        self.commits = 0
        self._thread = threading.Thread(target=self._write_for_ever, name="exchange-log", daemon=True)
        self._thread.start()

    def submit(self, row: PendingRecord) -> None:
        """Queue one row; its future is settled when it is durable or cannot be. LogUnavailable when full."""
        if self._closed or self._queued >= QUEUE_LIMIT:
            raise LogUnavailable(say.LOG_CLOSED if self._closed else say.TOO_MANY_FOR_DISK)
        self._queued += 1
        self._waiting.append(row)
        if not self._busy:
            self._busy = True
            row.done.get_loop().call_soon(self._hand_over)

    async def recent(self, count: int) -> list[bytes]:
        """The newest leaves, newest first."""
        sql = "SELECT CAST(leaf AS BLOB) FROM append_log ORDER BY seq DESC LIMIT ?"
        rows = await self._aside(lambda connection: connection.execute(sql, (count,)).fetchall())
        return [row[0] for row in rows]

    async def probe(self) -> None:
        """Write a trial row durably and delete it; LogUnavailable when that fails."""
        await self._aside(_probe)

    async def wrapped(self, period: str) -> bytes | None:
        """The wrapped keys of a period, or None."""
        return await self._aside(lambda connection: _wrapped(connection, period))

    async def keep(self, period: str, wrapped: bytes) -> bytes:
        """Store new keys durably; keys stored earlier stay in use. LogUnavailable when those were deleted."""
        await self._aside(lambda connection: connection.execute(_KEEP, (period, wrapped)).close())
        return keys_of(period, await self.wrapped(period))

    async def close(self) -> None:
        """Write what is queued, then end the thread."""
        if not self._closed:
            self._closed = True
            while self._waiting:
                self._hand_over()
            self._batches.put(None)
        await asyncio.to_thread(self._thread.join, _CLOSE_SECONDS)

    async def _aside(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """The result of the work, and nothing after `close`: only what is queued is still written then."""
        if self._closed:
            raise LogUnavailable(say.LOG_CLOSED)
        return await asyncio.to_thread(self._with_connection, work)

    def _with_connection(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            with closing(connect(self._path)) as connection:
                self._same.check()
                return work(connection)
        except sqlite3.Error as error:
            raise LogUnavailable(reason_of(error)) from None

    def _hand_over(self) -> None:
        """Give the writer the waiting rows."""
        rows, self._waiting = self._waiting[:_CHUNK], self._waiting[_CHUNK:]
        self._busy = bool(rows)
        if rows:
            self._batches.put(rows)

    def _write_for_ever(self) -> None:
        while (rows := self._batches.get()) is not None:
            error, refused = self._write(rows)
            # RuntimeError: the loop was closed, no caller waits.
            with contextlib.suppress(RuntimeError):
                rows[0].done.get_loop().call_soon_threadsafe(self._settled, rows, error, refused)
        self._disconnect()

    def _write(self, rows: Sequence[PendingRecord]) -> tuple[LogUnavailable | None, Sequence[RefusedRecord]]:
        """Why nothing was written, and the rows whose work could not be done: those were not written."""
        refused: Sequence[RefusedRecord] = ()
        try:
            if self._connection is None:
                self._connection = connect(self._path)
                self._connection.execute("SELECT 1 FROM append_log LIMIT 1").close()
                self._same.connected()
                self._compare(self._connection)
            if any(row.work is not None for row in rows):
                with transaction(self._connection):
                    rows, refused = _worked(self._connection, rows)
                    newest = _inserted(self._connection, rows) if rows else 0
            else:
                newest = _inserted(self._connection, rows)
            # After the commit: what went into a file that is not at its place any more is lost with this process.
            self._same.check()
            if self._high_water is not None and rows:
                self._high_water.answered(newest, rows[-1].id)
        except Exception as error:  # noqa: BLE001 -- the thread lives on, each caller needs its error
            # A fresh connection next time: it also recovers from a disk or a file that came back.
            self._disconnect()
            if isinstance(error, LogRolledBack):
                return error, ()
            unwritten = getattr(error, "sqlite_errorcode", 0) & 0xFF in _REFUSED
            return (LogUnavailable if unwritten else LogUnavailable.perhaps)(reason_of(error)), ()
        self.commits += 1
        return None, refused

    def _compare(self, connection: sqlite3.Connection) -> None:
        if self._high_water is not None:
            expected = self._high_water.expect()
            head = connection.execute(_HEAD, expected.parameters).fetchone()
            self._high_water.compare(expected, LogHead(*head))

    def _settled(
        self, rows: Sequence[PendingRecord], error: LogUnavailable | None, refused: Sequence[RefusedRecord]
    ) -> None:
        self._queued -= len(rows)
        refuse(refused)
        settle(rows, error)
        if len(rows) > 1:
            rows[0].done.get_loop().call_later(_GATHER_SECONDS, self._hand_over)
        else:
            self._hand_over()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._same.disconnected()
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def _inserted(connection: sqlite3.Connection, rows: Sequence[PendingRecord]) -> int:
    """Insert the leaves in one statement; the number of the last row."""
    sql = "INSERT INTO append_log (id, leaf, tag) VALUES (?,?,?)" + ",(?,?,?)" * (len(rows) - 1)
    return connection.execute(sql, [part for row in rows for part in row[:3]]).lastrowid or 0


def _worked(
    connection: sqlite3.Connection, rows: Sequence[PendingRecord]
) -> tuple[Sequence[PendingRecord], list[RefusedRecord]]:
    """Do the work of all rows; the rows whose work is done, and those of which nothing is.

    Called within a transaction that has done nothing yet. Only when the work of some row cannot be done there is a
    savepoint for each row: SQLite copies every page that changes while one is open.
    """
    if _failed(connection, rows) is None:
        return rows, []
    connection.execute("ROLLBACK").close()
    connection.execute("BEGIN IMMEDIATE").close()
    done: list[PendingRecord] = []
    refused: list[RefusedRecord] = []
    for row in rows:
        error = None if row.work is None else _failed_alone(connection, row)
        if error is None:
            done.append(row)
        else:
            refused.append((row, refusal_of(error)))
    return done, refused


def _failed(connection: sqlite3.Connection, rows: Sequence[PendingRecord]) -> Exception | None:
    """Do the work of these rows; why it cannot be done: then some of it may be."""
    try:
        for step in steps_of(rows):
            check_found(step.statement, _ran(connection, step), len(step.rows))
    except (WorkRefused, *_FAULTS_OF_A_ROW) as error:
        return error
    return None


def _failed_alone(connection: sqlite3.Connection, row: PendingRecord) -> Exception | None:
    """Do the work of one row, or nothing of it: then why."""
    connection.execute("SAVEPOINT work").close()
    error = _failed(connection, (row,))
    if error is not None:
        connection.execute("ROLLBACK TO work").close()
    connection.execute("RELEASE work").close()
    return error


def _ran(connection: sqlite3.Connection, step: WorkStep) -> int:
    """How many rows of its table it changed.

    Rows are filled up with empty ones to a power of two: few statements are parsed, and few are run. Each of them waits
    for the interpreter's lock.
    """
    before, rows = connection.total_changes, step.rows
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        count = 1 << (len(part) - 1).bit_length()
        values = [one for row in part for one in row]
        values += (None,) * (len(part[0]) * (count - len(part)))
        connection.execute(step.statement.sqlite(count), values).close()
    return connection.total_changes - before


def _probe(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO write_probe VALUES (zeroblob(16384))")
    connection.execute("DELETE FROM write_probe")


def _wrapped(connection: sqlite3.Connection, period: str) -> bytes | None:
    row = connection.execute(
        "SELECT CAST(wrapped AS BLOB) FROM period_keys WHERE period = ?", (period,)
    ).fetchone()
    return bytes(row[0]) if row else None
