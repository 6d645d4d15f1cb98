"""What may be shown only once, over SQL (gateway.ports_access.Replays): it survives restarts, and workers share it.

Whoever comes while a batch is under way shares the next one. A store that cannot be asked lets nobody in.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from adapters.stores import sql
from adapters.stores.access_file import AccessFile
from adapters.stores.postgres import PostgresConnection
from gateway.domain import sentences as say
from gateway.domain.errors import AccessUnavailable

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

_CHUNK = 256
_WAITING = 10_000
_CLOSE_SECONDS = 10.0
#: between two clearings of what is over
_CLEAR_SECONDS = 60.0
_KEEP = "INSERT OR IGNORE INTO access_replays (key, until) VALUES (?, ?)"
_CLEAR = "DELETE FROM access_replays WHERE until < $1"
_KEEP_MANY = (
    "INSERT INTO access_replays (key, until) SELECT * FROM unnest($1::bytea[], $2::float8[])"
    " ON CONFLICT DO NOTHING RETURNING key"
)


class _Shown(NamedTuple):
    key: bytes
    until: float
    done: "asyncio.Future[bool]"


#: which of them are new, or why that cannot be known
_Found = Sequence[bool] | Exception


class SqliteReplays:
    """A thread that writes for everybody who waits; the loop never waits for the disk."""

    def __init__(self, url: str, state_dir: Path) -> None:
        """Opens the file with the first use."""
        self._file = AccessFile(url, state_dir)
        self._clearing = _Clearing()
        self._waiting: list[_Shown] = []
        self._busy = self._closed = False
        self._batches: queue.SimpleQueue[Sequence[_Shown] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_for_ever, name="replays", daemon=True)
        self._thread.start()

    async def first(self, key: bytes, until: float) -> bool:
        """Whether the key is new; remembered until then. AccessUnavailable when that cannot be known."""
        if self._closed:
            raise AccessUnavailable(say.REPLAYS_CLOSED)
        row = _row(key, until, self._waiting)
        if not self._busy:
            self._hand_over()
        return await row.done

    async def close(self) -> None:
        """Write what waits, then end the thread."""
        self._closed = True
        if not self._busy:
            self._batches.put(None)
        await asyncio.to_thread(self._thread.join, _CLOSE_SECONDS)

    def _hand_over(self) -> None:
        rows, self._waiting = self._waiting[:_CHUNK], self._waiting[_CHUNK:]
        self._busy = bool(rows)
        if rows:
            self._batches.put(rows)
        elif self._closed:
            self._batches.put(None)

    def _settled(self, rows: Sequence[_Shown], found: _Found) -> None:
        _settle(rows, found)
        self._hand_over()

    def _write_for_ever(self) -> None:
        while (rows := self._batches.get()) is not None:
            try:
                found: _Found = self._file.use(partial(_keep_sqlite, rows, self._clearing))
            except Exception as error:  # noqa: BLE001 -- the thread lives on, nobody may wait in vain
                found = error
            with contextlib.suppress(RuntimeError):  # the loop was closed, nobody waits any more
                rows[0].done.get_loop().call_soon_threadsafe(self._settled, rows, found)
        self._file.close()


class PostgresReplays:
    """A task that writes for everybody who waits."""

    def __init__(self, url: str) -> None:
        """Connects with the first use."""
        self._connection = PostgresConnection(url, AccessUnavailable)
        self._clearing = _Clearing()
        self._waiting: list[_Shown] = []
        self._task: asyncio.Task[None] | None = None

    async def first(self, key: bytes, until: float) -> bool:
        """Whether the key is new; remembered until then. AccessUnavailable when that cannot be known."""
        row = _row(key, until, self._waiting)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all(), name="replays")
        return await row.done

    async def close(self) -> None:
        """Write what waits, then close the connection."""
        if self._task is not None:
            await self._task
        await self._connection.close()

    async def _write_all(self) -> None:
        while self._waiting:
            rows, self._waiting = self._waiting[:_CHUNK], self._waiting[_CHUNK:]
            try:
                found: _Found = await _keep_postgres(self._connection, self._clearing, rows)
            except Exception as error:  # noqa: BLE001 -- nobody may wait in vain
                found = error
            _settle(rows, found)


def open_replays(url: str, state_dir: Path) -> SqliteReplays | PostgresReplays:
    """Where the log at `url` is: a file of its own beside SQLite's, a table in PostgreSQL."""
    return PostgresReplays(url) if sql.is_postgres(url) else SqliteReplays(url, state_dir)


def _row(key: bytes, until: float, waiting: list[_Shown]) -> _Shown:
    if len(waiting) >= _WAITING:
        raise AccessUnavailable(say.TOO_MANY_REPLAYS)
    row = _Shown(key, until, asyncio.get_running_loop().create_future())
    waiting.append(row)
    return row


def _settle(rows: Sequence[_Shown], found: _Found) -> None:
    if isinstance(found, Exception):
        why = found.said if isinstance(found, AccessUnavailable) else say.REPLAYS_FAILED
        for row in rows:
            if not row.done.done():
                row.done.set_exception(AccessUnavailable(why))
        return
    for row, new in zip(rows, found, strict=True):
        if not row.done.done():
            row.done.set_result(new)


class _Clearing:
    """Whether it is time to clear."""

    def __init__(self) -> None:
        self._next = 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _CLEAR_SECONDS
        return True


def _keep_sqlite(rows: Sequence[_Shown], clearing: _Clearing, connection: sqlite3.Connection) -> list[bool]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = [connection.execute(_KEEP, row[:2]).rowcount == 1 for row in rows]
        if clearing.due():
            connection.execute(_CLEAR.replace("$", "?"), (time.time(),))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return found


async def _keep_postgres(
    connection: PostgresConnection, clearing: _Clearing, rows: Sequence[_Shown]
) -> list[bool]:
    async def work(asked: "asyncpg.Connection[Any]") -> list[bool]:
        kept = await asked.fetch(_KEEP_MANY, [row.key for row in rows], [row.until for row in rows])
        new = {bytes(row["key"]) for row in kept}
        found = []
        for row in rows:  # of two alike in one batch, the first is the new one
            found.append(row.key in new)
            new.discard(row.key)
        if clearing.due():
            await asked.execute(_CLEAR, time.time())
        return found

    return await connection.use(work)
